"""The ledger's subjects, in the order in which a piece of work meets them. One subject is one fact.

batches.requested.<batch>                       a batch was accepted
batches.changed.<batch>.<n>                     its state changed for the n-th time, or another round begins with it
problems.<stage>.<batch>.<slot>.<hop>           a problem waits for a stage; the message is its envelope
problems.parked.<batch>.<slot>.<hop>            it waits for a time, a resume or a provider
problems.finished.<batch>.<slot>.<hop>          it reached an end
texts.…                                         the same for samples of text; each line has its own first token
calls.<stage>.<batch>.<slot>.<since>.<n>        the stage's n-th model call returned
dead.<stage>.<batch>.<slot>.<hop>               what a stage gave up on (stream DEAD)
kept.calls.…, kept.problems.…, kept.texts.…     facts of a dead letter's slot that the ledger no longer holds (DEAD)
vectors.<space>.<batch>.<slot>                  what an accepted piece is compared by: its embedding (stream VECTORS)
assistant.trial                                 a request that wants a reply; no stream keeps it
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.lines import LINES

PARKED = "parked"
FINISHED = "finished"
TRIAL = "assistant.trial"
MAX_NUMBER = 2**53  #: what every store and client can hold


def batch_requested(batch_id: str) -> str:
    return f"batches.requested.{batch_id}"


def batch_changed(batch_id: str, n: int) -> str:
    return f"batches.changed.{batch_id}.{n}"


def station(line: str, stage: str, batch_id: str, slot: int, hop: int) -> str:
    return f"{line}.{stage}.{batch_id}.{slot}.{hop}"


def hop_span(line: str, batch_id: str, slot: int, hop: int) -> str:
    """All places where the hop could be, whatever its stage."""
    return f"{line}.*.{batch_id}.{slot}.{hop}"


def slot_span(line: str, batch_id: str, slot: int) -> str:
    """All of a slot's stations: its newest fact is the only one that may be acted on."""
    return f"{line}.*.{batch_id}.{slot}.*"


def batch_calls(batch_id: str) -> str:
    return f"calls.*.{batch_id}.>"


def slot_calls(batch_id: str, slot: int) -> str:
    return f"calls.*.{batch_id}.{slot}.>"


def call(stage: str, batch_id: str, slot: int, since: int, n: int | str) -> str:
    return f"calls.{stage}.{batch_id}.{slot}.{since}.{n}"


def dead(stage: str, batch_id: str, slot: int | str, hop: int) -> str:
    return f"dead.{stage}.{batch_id}.{slot}.{hop}"


def vector(space: str, batch_id: str, slot: int) -> str:
    return f"vectors.{space}.{batch_id}.{slot}"


def kept(subject: str) -> str:
    return f"kept.{subject}"


def of_slots(line: str, batch_id: str) -> tuple[str, ...]:
    """The subjects of a batch's slots and their calls: nearly all of the space that it takes."""
    return f"{line}.*.{batch_id}.>", batch_calls(batch_id)


def of_batch(batch_id: str) -> tuple[str, ...]:
    """Every subject of the ledger that belongs to a batch, strays on other lines among them."""
    stations = (f"{line}.*.{batch_id}.>" for line in LINES)
    return f"batches.requested.{batch_id}", f"batches.changed.{batch_id}.>", *stations, batch_calls(batch_id)


@dataclass(frozen=True, slots=True)
class StationSubject:
    line: str
    stage: str  #: or `parked`, or `finished`
    batch_id: str
    slot: int
    hop: int


@dataclass(frozen=True, slots=True)
class CallSubject:
    stage: str
    batch_id: str
    slot: int
    since: int
    n: str


@dataclass(frozen=True, slots=True)
class BatchSubject:
    event: str  #: `requested` or `changed`
    batch_id: str
    n: int = 0


Parsed = StationSubject | CallSubject | BatchSubject


def parse(subject: str) -> Parsed | None:
    """What a subject of the ledger says; None where it is of no form known here."""
    parts = subject.split(".")
    try:
        match parts:
            case [line, stage, batch_id, slot, hop] if line in LINES:
                return StationSubject(line, stage, batch_id, _natural(slot), _natural(hop))
            case ["calls", stage, batch_id, slot, since, n]:
                return CallSubject(stage, batch_id, _natural(slot), _natural(since), n)
            case ["batches", "requested", batch_id]:
                return BatchSubject("requested", batch_id)
            case ["batches", "changed", batch_id, n]:
                return BatchSubject("changed", batch_id, _natural(n))
            case _:
                return None
    except ValueError:
        return None


def _natural(text: str) -> int:
    """Only the one way in which we write a number: `07`, `+7` and `٧` are other subjects, so not ours."""
    number = int(text)
    if not 0 <= number <= MAX_NUMBER or str(number) != text:
        raise ValueError(text)
    return number
