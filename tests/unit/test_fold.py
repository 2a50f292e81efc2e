"""The fold: counters are a function of the ledger up to a place, however it is cut, repeated or interrupted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.conductor.fold import Fold
from shared import lines
from shared.contracts.batch import Batch, Row
from shared.facts import Fact
from tests.flow.world import MODELS, batch

Chunk = list[Fact]


@st.composite
def histories(draw: st.DrawFn) -> Chunk:
    """Facts as stages write them: hops rise, with ghosts, late calls and rubbish in between."""
    slots = draw(st.integers(1, 6))
    hops = dict.fromkeys(range(slots), -1)
    facts = []
    for seq in range(1, draw(st.integers(1, 60)) + 1):
        slot = draw(st.integers(0, slots - 1))
        kind = draw(st.sampled_from(["problem"] * 6 + ["call", "call", "ghost", "rubbish"]))
        if kind == "call":
            data: Any = {"id": f"c{seq}", "slot": slot, "cost": draw(st.sampled_from([None, 5, 7])), "input_tokens": 1}
            data |= {
                "role": draw(st.sampled_from(["checker", "judge", "?"])),
                "unread": draw(st.sampled_from(["", "x"])),
            }
            subject = f"calls.checker.b.{slot}.1.{seq}"
        elif kind == "rubbish":
            data, subject = draw(st.sampled_from(["x", 3, None, []])), f"problems.checker.b.{slot}.-1"
        else:
            ghost = kind == "ghost" and hops[slot] >= 0
            hop = draw(st.integers(0, hops[slot])) if ghost else hops[slot] + 1
            hops[slot] = max(hops[slot], hop)
            stage = draw(st.sampled_from([*lines.of("problems").stages, "parked", "finished"]))
            status = draw(st.sampled_from(["valid", "valid", "solved", "discarded", "failed", "cancelled"]))
            reason: Any = {"code": "duplicate"} if status == "discarded" else None
            if stage == "parked" or status == "failed":
                kind, role = draw(st.sampled_from(["", "rejected", "empty"])), draw(st.sampled_from(["", "checker"]))
                reason = {"code": "provider_error", "detail": f"words {seq}", "kind": kind, "role": role}
            data = {
                "models": {role: spec.model_dump() for role, spec in MODELS.items()},
                "hop": hop,
                "status": status,
                "reason": reason,
            }
            subject = f"problems.{stage}.b.{slot}.{hop}"
        facts.append(Fact(seq, subject, json.dumps(data).encode(), float(seq)))
    return facts


class Memory:
    """A store that keeps what the conditions of the real one let through."""

    def __init__(self) -> None:
        self.batch: Batch = batch(3).model_copy(update={"id": "b"})
        self.rows: dict[str, Row] = {}
        self.calls: dict[str, Any] = {}

    def fold(self, facts: Chunk) -> Fold:
        fold = Fold(1, {"b": self.batch}, dict(self.rows))
        fold.run(facts)
        return fold

    def write_rows(self, fold: Fold) -> None:
        self.calls |= {call["id"]: call for call in fold.calls}
        for row_id, row in fold.changed.items():
            old = self.rows.get(row_id)
            if old is None or row["hop"] > old["hop"] or (row["hop"], row["place"]) == (old["hop"], old["place"]):
                self.rows[row_id] = row

    def write_batch(self, fold: Fold) -> None:
        before = fold.batches["b"]
        if "b" in fold.after and self.batch.applied == before.applied:
            self.batch = fold.after["b"]

    def result(self) -> tuple[Any, ...]:
        b = self.batch
        states = {i: (r["hop"], r["status"], r["stage"], r["rank"], r["reason"]) for i, r in self.rows.items()}
        bill = (b.calls, b.cost, b.unpriced_calls, b.input_tokens)
        words = (b.error, b.streaks, b.details, b.waiting, b.waiting_role, b.waiting_since)
        return b.counts, b.reasons, b.accepted, b.issued, bill, words, states


def reference(facts: Chunk) -> Memory:
    memory = Memory()
    fold = memory.fold(facts)
    memory.write_rows(fold)
    memory.write_batch(fold)
    return memory


@settings(max_examples=300, deadline=None)
@given(histories(), st.data())
def test_crashes_and_cuts_change_nothing(facts: Chunk, data: st.DataObject) -> None:
    """Chunks of any length; after each a crash may lose the batch's write, or both."""
    memory, at = Memory(), 0
    while at < len(facts):
        chunk = facts[at : at + data.draw(st.integers(1, 20))]
        fate = data.draw(st.sampled_from(["done", "done", "rows only", "nothing", "no checkpoint"]))
        fold = memory.fold(chunk)
        if fate != "nothing":
            memory.write_rows(fold)
        if fate in ("done", "no checkpoint"):
            memory.write_batch(fold)
        if fate == "done":
            at += len(chunk)
    assert memory.result() == reference(facts).result()


@settings(max_examples=300, deadline=None)
@given(histories(), st.data())
def test_rivals_change_nothing(facts: Chunk, data: st.DataObject) -> None:
    """Conductors that read at different times and places, and write whenever they wake."""
    memory = Memory()
    positions = [0, 0, 0]
    pending: list[tuple[Fold, bool]] = []
    for _ in range(data.draw(st.integers(0, 40))):
        if pending and data.draw(st.booleans()):
            fold, rows_done = pending.pop(data.draw(st.integers(0, len(pending) - 1)))
            if rows_done:
                memory.write_batch(fold)
            else:
                memory.write_rows(fold)
                pending.append((fold, True))
        else:
            who = data.draw(st.integers(0, 2))
            chunk = facts[positions[who] : positions[who] + data.draw(st.integers(1, 15))]
            # a conductor goes on only from what is counted: its checkpoint is behind the batches
            counted = memory.batch.applied.seq
            if not chunk or chunk[0].seq > counted + 1:
                positions[who] = max(0, min(counted, len(facts)) - data.draw(st.integers(0, 5)))
                continue
            pending.append((memory.fold(chunk), False))
            positions[who] += len(chunk)
    for fold, rows_done in pending:
        if not rows_done:
            memory.write_rows(fold)
        memory.write_batch(fold)
    last = memory.fold(facts)
    memory.write_rows(last)
    memory.write_batch(last)
    assert memory.result() == reference(facts).result()


def test_an_unpriced_call_shows() -> None:
    call = {"id": "x", "slot": 0, "cost": None, "input_tokens": 4, "output_tokens": 5}
    found = reference([Fact(1, "calls.solver.b.0.1.1", json.dumps(call).encode(), 1.0)]).batch
    assert (found.calls, found.unpriced_calls, found.total_cost) == (1, 1, None)
    assert (found.input_tokens, found.output_tokens) == (4, 5)


@pytest.mark.parametrize(
    ("numbers", "tokens", "cost"),
    [
        ('"input_tokens": 2, "output_tokens": 3, "cost": 4', (2, 3), 4),
        ('"input_tokens": 9007199254740993, "output_tokens": 3, "cost": 4', (10**9, 3), 4),
        (f'"input_tokens": 1{"0" * 5000}, "output_tokens": -{"9" * 30}, "cost": 4', (10**9, 0), 4),
        ('"input_tokens": -7, "output_tokens": 3.0, "cost": 4', (0, 3), 4),
        ('"input_tokens": 1e400, "output_tokens": NaN, "cost": 4', (10**9, 0), 4),
        ('"input_tokens": "12", "output_tokens": true, "cost": 4', (0, 0), 4),
        ('"input_tokens": 2, "output_tokens": 3, "cost": -4', (2, 3), None),
        ('"input_tokens": 2, "output_tokens": 3, "cost": 1e30', (2, 3), None),
        ('"input_tokens": 2, "output_tokens": 3, "cost": 123456789012345678901234567890', (2, 3), None),
        ('"input_tokens": 2, "output_tokens": 3, "cost": "4"', (2, 3), None),
        ('"input_tokens": 2, "output_tokens": 3', (2, 3), None),
        ('"input_tokens": 2, "output_tokens": 3, "cost": 4, "model": {"max_tokens": 1e999}', (2, 3), 4),
        ('"input_tokens": 2, "output_tokens": 3, "cost": 4, "latency": Infinity', (2, 3), 4),
    ],
)
def test_a_call_is_on_the_bill_whatever_its_numbers_say(numbers: str, tokens: Any, cost: int | None) -> None:
    """What the store gets of it, any store can hold."""
    memory = reference([Fact(1, "calls.solver.b.0.1.1", f'{{"id": "x", {numbers}}}'.encode(), 1.0)])
    found, (call,) = memory.batch, memory.calls.values()
    assert found.calls == 1
    assert (found.input_tokens, found.output_tokens) == tokens
    assert found.total_cost == cost == call["cost"]
    assert found.unpriced_calls == (cost is None)
    assert (call["input_tokens"], call["output_tokens"]) == tokens
    assert call.get("estimated", False) == (tokens != (2, 3))
    json.dumps(call, allow_nan=False)
