"""What has to be true of a batch at its end, whatever happened on the way."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from shared import lines, subjects
from shared.contracts.batch import Batch, Quota
from shared.contracts.problem import ProblemStatus
from shared.contracts.statuses import BatchStatus, Status
from shared.facts import Fact
from tests.system.stack import Stack

EXPECTED_ERRORS = ("dead letter",)  #: what a log may say at level ERROR in any test
IN_FLIGHT = "billed, not recorded"  #: the property of a test


async def facts_of(stack: Stack, batch_id: str) -> list[Fact]:
    """All that the ledger holds of the batch."""
    found: list[Fact] = []
    while facts := await stack.ledger.read(found[-1].seq if found else 0, subject=f"*.*.{batch_id}.>"):
        found += facts
    return found


async def rows_of(stack: Stack, batch_id: str) -> list[dict[str, Any]]:
    return [row async for row in stack.store.problems.stream(batch_id=batch_id)]


async def calls_of(stack: Stack, batch_id: str) -> list[dict[str, Any]]:
    return [call for row in await rows_of(stack, batch_id) for call in await stack.store.calls.of_problem(row["id"])]


async def check_completed(stack: Stack, batch_id: str, wanted: int, *, whole_ledger: bool = True) -> Batch:
    """Exactly the number wanted, and every count and cost in agreement."""
    batch = await stack.ended(batch_id, BatchStatus.COMPLETED)
    assert batch.counts.get(lines.of(batch.line).accepted, 0) == wanted
    await check(stack, batch_id, whole_ledger=whole_ledger)
    return batch


async def check(stack: Stack, batch_id: str, *, whole_ledger: bool = True) -> None:
    """`whole_ledger`: it holds every fact of the batch, none was lost or purged."""
    batch = await stack.batch(batch_id)
    rows = await rows_of(stack, batch_id)
    _check_rows(batch, rows)
    calls = await calls_of(stack, batch_id)
    assert len({call["id"] for call in calls}) == len(calls) == batch.calls == await stack.store.calls.count(batch_id)
    assert sum(call["cost"] for call in calls) == batch.cost, "the batch costs what its calls cost"
    facts = await facts_of(stack, batch_id)
    _check_hops(facts, batch.line)
    if whole_ledger:
        _check_ends(facts, rows, lines.of(batch.line).accepted)
        recorded = [json.loads(fact.data) for fact in facts if fact.subject.startswith("calls.")]
        assert {call["id"] for call in recorded} == {call["id"] for call in calls}
        assert sum(call["cost"] for call in recorded) == batch.cost
    if batch.line != lines.PROBLEMS:
        return
    shown = await stack.status(batch_id)
    assert shown["status"] == batch.status
    assert shown["stats"] == {status: batch.counts.get(status, 0) for status in ENDS} | {"in_progress": 0}


ENDS = [status for status in ProblemStatus if status != ProblemStatus.IN_PROGRESS]


def _check_rows(batch: Batch, rows: list[dict[str, Any]]) -> None:
    """Every slot has one end, and the counters are the rows'; the first to pass are accepted, in each bucket."""
    line = lines.of(batch.line)
    assert [row["slot"] for row in rows] == list(range(batch.issued))
    assert all(row["status"] in list(line.statuses) and row["status"] != Status.IN_PROGRESS for row in rows)
    assert not any(row["stage"] for row in rows)
    kinds = {(row.get("line", lines.PROBLEMS), row.get("kind", "generation")) for row in rows}
    assert kinds <= {(batch.line, batch.kind)}
    assert Counter(row["status"] for row in rows) == batch.counts
    assert Counter(row["reason"] for row in rows if row["reason"]) == batch.reasons
    passed = [row for row in rows if row["status"] in (line.accepted, Status.SURPLUS)]
    passed.sort(key=lambda row: row["rank"])
    assert [row["rank"] for row in passed] == list(range(1, batch.accepted + 1))
    for bucket, quota in (batch.quotas or {"": Quota(wanted=batch.wish.num_problems, accepted=batch.accepted)}).items():
        ends = [row["status"] for row in passed if row["envelope"].get("bucket", "") == bucket]
        over = len(ends) - quota.wanted
        assert ends == [line.accepted] * min(len(ends), quota.wanted) + [Status.SURPLUS] * over
        assert (len(ends), quota.in_flight) == (quota.accepted, 0)


def _check_hops(facts: list[Fact], line: str) -> None:
    places = Counter(fact.subject.split(".", 2)[2] for fact in facts if fact.subject.startswith(f"{line}."))
    assert max(places.values(), default=1) == 1, "a hop has two successors"


def _check_ends(facts: list[Fact], rows: list[dict[str, Any]], accepted: str) -> None:
    """Of each slot the ledger's last word is one end, and the row's is the same."""
    ends: dict[int, list[tuple[int, str]]] = defaultdict(list)
    highest: Counter[int] = Counter()
    for fact in facts:
        place = subjects.parse(fact.subject)
        if not isinstance(place, subjects.StationSubject):
            continue
        highest[place.slot] = max(highest[place.slot], place.hop)
        if place.stage == subjects.FINISHED:
            ends[place.slot].append((place.hop, json.loads(fact.data)["status"]))
    for row in rows:
        slot = row["slot"]
        replays = row["envelope"].get("replays", 0)
        assert len(ends[slot]) == 1 + replays, (slot, ends[slot])
        hop, status = max(ends[slot])
        assert hop == highest[slot] == row["hop"]
        assert (accepted if row["status"] == Status.SURPLUS else row["status"]) == status


async def check_bill(stack: Stack, *batch_ids: str, in_flight: int | None = None) -> int:
    """The simulator's bill since `new_account` is ours, line by line, but for calls in flight at a kill: how many.

    At most as many as the killed stages held (`in_flight`, where given).
    """
    ours: Counter[tuple[Any, ...]] = Counter()
    for batch_id in batch_ids:
        for call in await calls_of(stack, batch_id):
            ours[call["model"]["model_name"], call["input_tokens"], call["output_tokens"], call["cost"]] += 1
    unrecorded = []
    for entry in await stack.billed():
        line = (entry["model"], entry["input_tokens"], entry["output_tokens"], entry["cost_nano"])
        if ours[line]:
            ours[line] -= 1
        else:
            unrecorded.append(entry)
    assert not +ours, f"we recorded calls that were never made: {+ours}"
    limit = stack.in_flight_at_kills if in_flight is None else in_flight
    assert len(unrecorded) <= limit, f"at most {limit} calls were in flight, but not recorded are {unrecorded}"
    return len(unrecorded)


def check_logs(stack: Stack, *expected: str) -> None:
    """Nothing went wrong that nobody expected."""
    for name, logged in stack.logged().items():
        odd = [line for line in logged if " ERROR " in line or " CRITICAL " in line or "Traceback" in line]
        odd = [line for line in odd if not any(words in line for words in (*EXPECTED_ERRORS, *expected))]
        assert not odd, f"{name} logged:\n" + "\n".join(odd[:5])


def in_flight(difference: int, limit: int) -> tuple[str, str]:
    """For `record_property`: billed calls that our books do not have, shown at the end of the run."""
    return IN_FLIGHT, f"{difference} (at most {limit} were in flight)"
