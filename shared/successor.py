"""What follows a station: pure decisions on where a piece of work goes next, without I/O."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass

from shared import lines, subjects
from shared.contracts.envelope import MAX_ENVELOPE_BYTES, MAX_TEXT_CHARS, Ending, Slip
from shared.contracts.outcome import Discarded, Ended, Outcome, Passed
from shared.contracts.statuses import Flag, Reason, Status
from shared.dead_letters import DeadLetter, letter
from shared.errors import Fault, Permanent, Rejected, Stopped, Waiting
from shared.lines import Line
from shared.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Successor:
    """The fact that follows: the envelope at its next hop, where it goes, and a dead letter where one is due."""

    slip: Slip | None
    station: str | None  #: a stage, `parked` or `finished`
    dead: DeadLetter | None = None


def after_outcome(line: Line, stage: str, outcome: Outcome) -> Successor:
    slip = outcome.slip
    match outcome:
        case Passed() if slip.route:
            hop = slip.hop + 1
            onward = slip.but(hop=hop, since=hop, route=slip.route[1:], faults=0, not_before=None)
            return _capped(line, slip, Successor(onward, slip.route[0]))
        case Passed():
            return _capped(line, slip, _finished(slip, line.accepted))
        case Ended(status=status):
            return _capped(line, slip, _finished(slip, status))
        case Discarded(reason=reason, detail=detail):
            ending = Ending(code=reason, detail=detail[:2000])
            return _capped(line, slip, _finished(slip, line.declined, ending))


def after_error(line: Line, stage: str, slip: Slip, error: Exception, settings: Settings) -> Successor:
    """What a handler's exception means for its piece of work."""
    match error:
        case Stopped(state=Flag.PAUSED.value):
            return _parked(stage, slip, not_before=None)
        case Stopped():
            return _finished(slip, Status.CANCELLED)
        case Waiting(seconds=seconds):
            why = _by_provider(error, error.kind)
            return _parked(stage, slip.but(reason=why), not_before=time.time() + seconds)
        case Permanent():
            return _finished(slip, Status.FAILED, _by_provider(error, stops_batch=True))
        case Rejected():
            return _finished(slip, Status.FAILED, _by_provider(error, "rejected"))
    words = f"{type(error).__name__}: {error}"[:2000]
    faults = slip.faults + 1
    log.error("handler raised", exc_info=error, extra={"problem": slip.problem_id, "faults": faults})
    why = Ending(code=Reason.FAULTS, detail=words, role=error.role if isinstance(error, Fault) else "")
    if faults >= settings.max_faults:
        counted = slip.but(faults=faults)
        dead = letter(
            line.name,
            stage,
            slip.batch_id,
            slip.slot,
            slip.hop,
            error=words,
            faults=faults,
            envelope=counted,
            at=time.time(),
        )
        finished = _finished(counted, Status.FAILED, why)
        return Successor(finished.slip, finished.station, dead)
    delay = settings.fault_delay * 2 ** (faults - 1) * random.uniform(0.5, 1.0)
    return _parked(stage, slip.but(faults=faults, reason=why), not_before=time.time() + delay)


def _by_provider(error: Fault | Waiting, kind: str = "", *, stops_batch: bool = False) -> Ending:
    return Ending(
        code=Reason.PROVIDER_ERROR, detail=str(error)[:2000], stops_batch=stops_batch, kind=kind, role=error.role
    )


def unreadable(place: subjects.StationSubject, raw: bytes | None, error: str, slip: Slip | None = None) -> Successor:
    """Give up on a message that cannot be read, or that kills whoever handles it.

    The finished fact of one that cannot be read holds no envelope: only where it was, and why it ended.
    """
    dead = letter(
        place.line, place.stage, place.batch_id, place.slot, place.hop,
        error=error, envelope=slip, raw=raw, at=time.time(),
    )  # fmt: skip
    ending = Ending(code=Reason.POISON, detail=error[:2000])
    known = slip or lines.of(place.line).envelope.stub(place.batch_id, place.slot, place.hop)
    return Successor(known.but(hop=place.hop + 1, status=Status.FAILED, reason=ending), subjects.FINISHED, dead)


def _finished(slip: Slip, status: str, ending: Ending | None = None) -> Successor:
    return Successor(slip.but(hop=slip.hop + 1, status=status, reason=ending), subjects.FINISHED)


def _parked(stage: str, slip: Slip, *, not_before: float | None) -> Successor:
    """The same station again, later: its journal goes on."""
    waiting = slip.but(hop=slip.hop + 1, route=[stage, *slip.route], not_before=not_before)
    return Successor(waiting, subjects.PARKED)


def _capped(line: Line, before: Slip, successor: Successor) -> Successor:
    """An envelope above its size ends as malformed, with its texts cut and marked."""
    slip = successor.slip
    assert slip is not None
    lengths = [len(text) for text in slip.texts()]
    if max(lengths, default=0) <= MAX_TEXT_CHARS and sum(lengths) * 4 <= MAX_ENVELOPE_BYTES // 2:
        return successor
    ending = Ending(code=Reason.MALFORMED, detail="a text was longer than its cap and was cut")
    return _finished(slip.shortened().but(hop=before.hop), line.declined, ending)
