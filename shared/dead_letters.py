"""Dead letters: what a stage gave up on. Listed, shown, replayed and dropped from the gateway and the command line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared import lines, subjects
from shared.contracts.batch import Row
from shared.contracts.envelope import Slip
from shared.facts import Fact
from shared.ledger import Ledger
from shared.streams import DEAD

MAX_RAW = 64 * 1024  #: characters kept of a message that could not be read


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that a stage gave up on. `id` is `<stage>.<batch>.<slot>.<hop>`."""

    id: str
    stage: str
    batch_id: str
    slot: str  #: a number, but for messages on subjects that are not ours
    hop: int
    error: str
    faults: int
    envelope: dict[str, Any] | None  #: None: it could not be read
    raw: str | None  #: the start of a message that could not be read
    at: float  #: Unix seconds
    line: str = lines.PROBLEMS  #: which a letter does not say: those of before could not

    def payload(self) -> bytes:
        said = asdict(self)
        if self.line == lines.PROBLEMS:
            del said["line"]
        return json.dumps(said).encode()


_LETTER = TypeAdapter(DeadLetter)


def letter(
    line: str,
    stage: str,
    batch_id: str,
    slot: int | str,
    hop: int,
    *,
    error: str,
    at: float,
    faults: int = 0,
    envelope: Slip | None = None,
    raw: bytes | None = None,
) -> DeadLetter:
    return DeadLetter(
        id=f"{stage}.{batch_id}.{slot}.{hop}", stage=stage, batch_id=batch_id, slot=str(slot), hop=hop,
        error=error, faults=faults, envelope=envelope.model_dump(mode="json") if envelope else None,
        raw=raw.decode("utf-8", "replace")[:MAX_RAW] if raw is not None else None, at=at, line=line,
    )  # fmt: skip


def _read(fact: Fact) -> DeadLetter:
    """One that is not of our making is shown as it is, so that it can be dropped."""
    stage, batch_id, slot, _ = [*fact.subject.split(".")[1:], "", "", "", ""][:4]
    try:
        found = _LETTER.validate_json(fact.data)
    except ValidationError as error:
        words = f"this is no dead letter of ours: {error.errors()[0]['msg']}"
        found = letter(lines.PROBLEMS, stage, batch_id, slot, 0, error=words, at=fact.time, raw=fact.data)
    return replace(found, id=fact.subject.removeprefix("dead."))


async def listing(ledger: Ledger, after: int = 0, limit: int = 500) -> list[DeadLetter]:
    """Oldest first; at most `limit` with a sequence number above `after`."""
    return [_read(fact) for fact in await ledger.read(after, subject="dead.>", stream=DEAD, limit=limit)]


async def of_batch(ledger: Ledger, batch_id: str) -> list[DeadLetter]:
    found: list[DeadLetter] = []
    after = 0
    while facts := await ledger.read(after, subject=f"dead.*.{batch_id}.>", stream=DEAD):
        after = facts[-1].seq
        found += [_read(fact) for fact in facts]
    return found


async def keep_facts(ledger: Ledger, dead: DeadLetter) -> None:
    """Copy what a replay needs, its slot's calls and the fact before, beside the letter: the ledger may give their
    space back. Doing it again does no harm. Raises StreamFull."""
    if not dead.slot.isdecimal():
        return
    slot = int(dead.slot)
    after = 0
    while facts := await ledger.read(after, subject=subjects.slot_calls(dead.batch_id, slot)):
        after = facts[-1].seq
        for fact in facts:
            await ledger.publish_once(subjects.kept(fact.subject), fact.data)
    before = await ledger.last(subjects.hop_span(dead.line, dead.batch_id, slot, dead.hop - 1)) if dead.hop else None
    if before:
        await ledger.publish_once(subjects.kept(before.subject), before.data)


async def _fact(ledger: Ledger, letter_id: str) -> Fact | None:
    if any(not part for part in letter_id.split(".")) or any(c in letter_id for c in "*> \t\r\n"):
        return None
    return await ledger.last(f"dead.{letter_id}", stream=DEAD)


async def find(ledger: Ledger, letter_id: str) -> DeadLetter | None:
    fact = await _fact(ledger, letter_id)
    return _read(fact) if fact else None


async def drop(ledger: Ledger, letter_id: str) -> bool:
    """False where there is no such letter."""
    fact = await _fact(ledger, letter_id)
    if fact is None:
        return False
    await ledger.delete(DEAD, fact.seq)
    return True


async def replay(ledger: Ledger, dead: DeadLetter, row: Row | None) -> int:
    """Send the piece of work to its stage again, at the slot's next hop, and drop the letter; returns that hop.

    Its calls are kept, so what was paid is not paid again, though its batch runs and gives ledger back. Where the
    letter's message could not be read, the station before does its work again, from its journal.

    `row` is what the store knows of it. Raises ValueError where no readable envelope is left.
    """
    stage, envelope = await _source(ledger, dead)
    await keep_facts(ledger, dead)
    slot = int(dead.slot)
    span = subjects.slot_span(dead.line, dead.batch_id, slot)
    newest = await ledger.last(span)
    parsed = subjects.parse(newest.subject) if newest else None
    known = parsed.hop if isinstance(parsed, subjects.StationSubject) else 0
    hop = max(dead.hop, int((row or {}).get("hop", 0)), known) + 1
    replays = max(envelope.replays, int((row or {}).get("envelope", {}).get("replays", 0))) + 1
    again = envelope.but(
        hop=hop,
        route=envelope.route[1:] if envelope.route[:1] == [stage] else envelope.route,
        faults=0,
        replays=replays,
        status=None,
        reason=None,
        not_before=None,
    )
    subject = subjects.station(dead.line, stage, dead.batch_id, slot, hop)
    # a refusal means that another has just sent it on, which is as good
    await ledger.publish_once(subject, again.model_dump_json().encode(), span=span, after=newest.seq if newest else 0)
    await drop(ledger, dead.id)
    return hop


async def _source(ledger: Ledger, dead: DeadLetter) -> tuple[str, Slip]:
    """The letter's stage and envelope, else those of the fact that its message followed."""
    try:
        if dead.envelope is not None:
            return dead.stage, Slip.model_validate(dead.envelope)
        span = subjects.hop_span(dead.line, dead.batch_id, int(dead.slot), dead.hop - 1)
        before = await ledger.last(span) or await ledger.last(subjects.kept(span), stream=DEAD)
        parsed = subjects.parse(before.subject.removeprefix(subjects.kept(""))) if before else None
        if before and isinstance(parsed, subjects.StationSubject):
            envelope = Slip.model_validate_json(before.data)
            return envelope.route[0] if parsed.stage == subjects.PARKED else parsed.stage, envelope
    except (ValueError, IndexError):
        pass
    raise ValueError("the dead letter holds no readable envelope, so it cannot be replayed")
