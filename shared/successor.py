"""What follows a station: pure decisions on where a problem goes next, without I/O."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass

from shared import subjects
from shared.contracts.envelope import MAX_ENVELOPE_BYTES, MAX_TEXT_CHARS, Ending, Envelope
from shared.contracts.outcome import Discarded, Outcome, Passed, Solved
from shared.contracts.statuses import Flag, Reason, Status
from shared.dead_letters import DeadLetter, letter
from shared.errors import Fault, Permanent, Rejected, Stopped, Waiting
from shared.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Successor:
    """The fact that follows: the envelope at its next hop, where it goes, and a dead letter where one is due."""

    problem: Envelope | None
    station: str | None  #: a stage, `parked` or `finished`
    dead: DeadLetter | None = None


def after_outcome(stage: str, outcome: Outcome) -> Successor:
    problem = outcome.problem
    match outcome:
        case Passed() if problem.route:
            hop = problem.hop + 1
            onward = problem.but(hop=hop, since=hop, route=problem.route[1:], faults=0, not_before=None)
            return _capped(problem, Successor(onward, problem.route[0]))
        case Passed():
            return _capped(problem, _finished(problem, Status.VALID))
        case Solved():
            return _capped(problem, _finished(problem, Status.SOLVED))
        case Discarded(reason=reason, detail=detail):
            return _capped(problem, _finished(problem, Status.DISCARDED, Ending(code=reason, detail=detail[:2000])))


def after_error(stage: str, problem: Envelope, error: Exception, settings: Settings) -> Successor:
    """What a handler's exception means for its problem."""
    match error:
        case Stopped(state=Flag.PAUSED.value):
            return _parked(stage, problem, not_before=None)
        case Stopped():
            return _finished(problem, Status.CANCELLED)
        case Waiting(seconds=seconds):
            why = _by_provider(error, error.kind)
            return _parked(stage, problem.but(reason=why), not_before=time.time() + seconds)
        case Permanent():
            return _finished(problem, Status.FAILED, _by_provider(error, stops_batch=True))
        case Rejected():
            return _finished(problem, Status.FAILED, _by_provider(error, "rejected"))
    words = f"{type(error).__name__}: {error}"[:2000]
    faults = problem.faults + 1
    log.error("handler raised", exc_info=error, extra={"problem": problem.problem_id, "faults": faults})
    why = Ending(code=Reason.FAULTS, detail=words, role=error.role if isinstance(error, Fault) else "")
    if faults >= settings.max_faults:
        counted = problem.but(faults=faults)
        dead = letter(
            stage,
            problem.batch_id,
            problem.slot,
            problem.hop,
            error=words,
            faults=faults,
            envelope=counted,
            at=time.time(),
        )
        finished = _finished(counted, Status.FAILED, why)
        return Successor(finished.problem, finished.station, dead)
    delay = settings.fault_delay * 2 ** (faults - 1) * random.uniform(0.5, 1.0)
    return _parked(stage, problem.but(faults=faults, reason=why), not_before=time.time() + delay)


def _by_provider(error: Fault | Waiting, kind: str = "", *, stops_batch: bool = False) -> Ending:
    return Ending(
        code=Reason.PROVIDER_ERROR, detail=str(error)[:2000], stops_batch=stops_batch, kind=kind, role=error.role
    )


def unreadable(
    place: subjects.ProblemSubject, raw: bytes | None, error: str, problem: Envelope | None = None
) -> Successor:
    """Give up on a message that cannot be read, or that kills whoever handles it.

    The finished fact of one that cannot be read holds no envelope: only where it was, and why it ended.
    """
    dead = letter(
        place.stage, place.batch_id, place.slot, place.hop, error=error, envelope=problem, raw=raw, at=time.time()
    )
    ending = Ending(code=Reason.POISON, detail=error[:2000])
    known = {"batch_id": place.batch_id, "slot": place.slot, "hop": place.hop, "route": [], "subject": "", "topic": ""}
    stub = problem or Envelope.model_construct(**known)  # type: ignore[arg-type]
    finished = stub.but(hop=place.hop + 1, status=Status.FAILED, reason=ending)
    return Successor(finished, subjects.FINISHED, dead)


def _finished(problem: Envelope, status: Status, ending: Ending | None = None) -> Successor:
    return Successor(problem.but(hop=problem.hop + 1, status=status, reason=ending), subjects.FINISHED)


def _parked(stage: str, problem: Envelope, *, not_before: float | None) -> Successor:
    """The same station again, later: its journal goes on."""
    waiting = problem.but(hop=problem.hop + 1, route=[stage, *problem.route], not_before=not_before)
    return Successor(waiting, subjects.PARKED)


def _capped(before: Envelope, successor: Successor) -> Successor:
    """An envelope above its size ends as malformed, with its texts cut and marked."""
    problem = successor.problem
    assert problem is not None
    texts = [problem.problem or "", problem.answer or "", *problem.hints.values()]
    texts += [c.answer for c in problem.confirmations] + [t.answer for t in problem.target_answers]
    if max(map(len, texts)) <= MAX_TEXT_CHARS and sum(map(len, texts)) * 4 <= MAX_ENVELOPE_BYTES // 2:
        return successor
    cut = problem.but(
        problem=_cut(problem.problem),
        answer=_cut(problem.answer),
        hints={key: _cut(text) or "" for key, text in list(problem.hints.items())[:20]},
        confirmations=[c.model_copy(update={"answer": _cut(c.answer)}) for c in problem.confirmations[:10]],
        target_answers=[t.model_copy(update={"answer": _cut(t.answer)}) for t in problem.target_answers[:10]],
        hop=before.hop,
        vector=None,
    )
    ending = Ending(code=Reason.MALFORMED, detail="a text was longer than its cap and was cut")
    return _finished(cut, Status.DISCARDED, ending)


def _cut(text: str | None, cap: int = 4000) -> str | None:
    return text if text is None or len(text) <= cap else text[:cap] + " […cut]"
