"""Ends by faults in a row: the rules, and that it does not matter how the ledger is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.conductor.fold import Fold
from shared.contracts.batch import Batch, Row
from shared.contracts.envelope import ModelSpec
from shared.facts import Fact
from tests.flow.world import MODELS, batch

GOOD, UNREAD, REJECTED, EMPTY, DOWN, OTHER = "good", "unread", "rejected", "empty", "down", "other"
LOST, CHARGED = "timeout", "error"  # paid, perhaps, and no reply
EVENTS = (GOOD, UNREAD, REJECTED, EMPTY, LOST, CHARGED, DOWN, OTHER)

Event = tuple[str, str, float]  # what happened, to which role, at what time

ROLES = ("engineer", "checker", "target", "embedding", "judge")
APART = MODELS | {r: ModelSpec(provider="openai", model_name=f"model-of-{r}") for r in ROLES}
MODELS_AS_JSON = {role: spec.model_dump() for role, spec in APART.items()}


def facts_of(events: list[Event]) -> list[Fact]:
    """Each event is a slot of its own."""
    facts = []
    for slot, (what, role, at) in enumerate(events):
        envelope: dict[str, Any] = {"models": MODELS_AS_JSON, "status": "in_progress", "reason": None}
        why = {"code": "provider_error", "detail": f"words {slot}", "role": role}
        match what:
            case "good" | "unread" | "timeout" | "error":
                call = {"id": f"c{slot}", "role": role, "cost": 1, "unread": f"words {slot}" if what == UNREAD else ""}
                call |= {"finish": what if what in (LOST, CHARGED) else "stop"}
                facts.append(Fact(slot + 1, f"calls.checker.b.{slot}.0.1", json.dumps(call).encode(), at))
                continue
            case "rejected":
                station, envelope["status"] = "finished", "failed"
                envelope["reason"] = why | {"kind": REJECTED}
            case "empty" | "down":
                station, envelope["reason"] = "parked", why | {"kind": what if what == EMPTY else ""}
            case _:
                station, envelope["status"] = "finished", "discarded"
                envelope["reason"] = why | {"code": "duplicate"}
        facts.append(Fact(slot + 1, f"problems.{station}.b.{slot}.0", json.dumps(envelope).encode(), at))
    return facts


def start(models: Any = APART) -> Batch:
    return batch(1000).model_copy(update={"id": "b", "models": models, "created_at": 0.0})


def folded(events: list[Event], *cuts: int, models: Any = APART) -> Batch:
    """The batch after these events, read in chunks that end at `cuts`."""
    rows: dict[str, Row] = {}
    found, facts = start(models), facts_of(events)
    for begin, end in zip((0, *cuts), (*cuts, len(facts)), strict=True):
        fold = Fold(1, {"b": found}, rows)
        fold.run(facts[begin:end])
        rows, found = rows | fold.changed, fold.after.get("b", found)
    return found


def row(what: str, count: int, role: str = "target", every: float = 0.0, begin: float = 0.0) -> list[Event]:
    return [(what, role, begin + every * i) for i in range(count)]


@pytest.mark.parametrize(
    ("events", "ends"),
    [
        (row(REJECTED, 4), False),
        (row(REJECTED, 5), True),
        (row(GOOD, 1) + row(REJECTED, 19), False),
        (row(GOOD, 1) + row(REJECTED, 20), True),
        (row(REJECTED, 4) + row(GOOD, 1) + row(REJECTED, 19), False),
        (row(GOOD, 1, "engineer") + row(REJECTED, 5), True),
        (row(REJECTED, 4) + row(GOOD, 9, "engineer") + row(REJECTED, 1), True),
        (row(REJECTED, 4) + row(REJECTED, 4, "checker"), False),
        (row(REJECTED, 4) + row(UNREAD, 1) + row(REJECTED, 1), True),
        (row(UNREAD, 19), False),
        (row(UNREAD, 20), True),
        (row(UNREAD, 19) + row(GOOD, 1) + row(UNREAD, 19), False),
        (row(UNREAD, 19) + row(LOST, 5) + row(UNREAD, 1), True),
        (row(UNREAD, 19) + row(GOOD, 9, "judge") + row(UNREAD, 19, "judge"), False),
        (row(EMPTY, 10, every=60 / 9), True),
        (row(EMPTY, 10, every=59 / 9), False),
        (row(EMPTY, 9, every=60.0), False),
        (row(EMPTY, 100) + row(EMPTY, 1, begin=60.0), True),
        (row(EMPTY, 9, every=9.0) + row(DOWN, 50) + row(EMPTY, 1, begin=90.0), True),
        (row(GOOD, 1) + row(EMPTY, 500, every=9.0), False),
        (row(EMPTY, 9, every=9.0) + row(GOOD, 1) + row(EMPTY, 500, every=9.0), False),
        (row(GOOD, 1, "judge") + row(EMPTY, 10, every=9.0), True),
        (row(REJECTED, 4) + row(LOST, 5) + row(CHARGED, 5) + row(REJECTED, 1), True),
        (row(EMPTY, 9, every=9.0) + row(CHARGED, 9) + row(EMPTY, 1, begin=90.0), True),
        (row(DOWN, 500, every=60.0), False),
        (row(LOST, 500, every=60.0), False),
        (row(OTHER, 500), False),
    ],
)
def test_what_ends_a_batch(events: list[Event], ends: bool) -> None:
    found = folded(events)
    assert (found.error is not None) == ends
    if ends:
        assert found.error is not None
        assert found.error.startswith("target openai/model-of-target: ")
        assert found.error.endswith(f"words {len(events) - 1}"), "the last words"


def test_a_model_that_replied_in_another_role_gives_replies() -> None:
    one = APART | {"judge": APART["target"].model_copy(update={"temperature": 0.5})}
    events = row(GOOD, 1, "judge") + row(EMPTY, 10, every=9.0)
    assert folded(events, models=one).error is None


def test_the_first_end_stands() -> None:
    found = folded(row(REJECTED, 5) + row(UNREAD, 20))
    assert found.error is not None
    assert "5 requests in a row were rejected" in found.error


events = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.sampled_from(("target", "checker")), st.floats(0, 1000)), max_size=60
)
# long runs of one kind, as chance alone hardly ever makes them
runs = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(1, 22), st.sampled_from(("target", "checker")), st.floats(0, 9)),
    max_size=8,
).map(lambda parts: [event for what, count, role, every in parts for event in row(what, count, role, every)])


@settings(max_examples=300, deadline=None)
@given(st.one_of(events, runs), st.data())
def test_chunks_change_nothing(happened: list[Event], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(happened)), max_size=6)))
    assert folded(happened, *cuts) == folded(happened)


@settings(max_examples=300, deadline=None)
@given(runs)
def test_an_end_needs_its_count_since_the_last_readable_reply(happened: list[Event]) -> None:
    """The rule once more, told backwards from the first place where it holds."""

    def due(upto: int) -> bool:
        what, role, at = happened[upto - 1]
        of_role = [event for event in happened[:upto] if event[1] == role]
        good = [i for i, event in enumerate(of_role) if event[0] == GOOD]
        since = of_role[good[-1] + 1 :] if good else of_role
        count = sum(event[0] == what for event in since)
        match what:
            case "rejected":
                return count >= (20 if good else 5)
            case "unread":
                return count >= 20
            case "empty":
                first = min(event[2] for event in since if event[0] == EMPTY)
                return not good and count >= 10 and at - first >= 60
        return False

    assert (folded(happened).error is not None) == any(due(upto) for upto in range(1, len(happened) + 1))


def test_words_of_who_waits_go_with_the_next_readable_reply() -> None:
    found = folded(row(DOWN, 3, begin=5.0, every=1.0))
    assert (found.waiting, found.waiting_role, found.waiting_since) == ("words 2", "target", 5.0)
    found = folded(row(DOWN, 3) + row(GOOD, 1, "engineer"))
    assert found.waiting == "words 2"
    for role in ("target", ""):
        found = folded(row(DOWN, 3, role) + row(GOOD, 1))
        assert (found.waiting, found.waiting_role, found.waiting_since) == (None, "", None)


def test_what_is_not_a_role_is_nobodys_streak() -> None:
    assert folded(row(REJECTED, 50, "nobody") + row(UNREAD, 50, "") + row(EMPTY, 50, "x", every=9.0)).streaks == {}
