"""The gateway's reading and writing of values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.acceptance import new_id
from services.gateway.schemas.batches import BatchDetail
from services.gateway.schemas.common import BATCH_ID, dollars, nano_dollars
from services.gateway.schemas.status import StatusReply
from services.gateway.schemas.taxonomy import flatten, shipped, unflatten
from shared import lines
from shared.contracts.batch import Batch, Kind, TopicSpec, Wish
from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import BatchStatus

SPEC = ModelSpec(provider="simulator", model_name="m")
MODELS = dict.fromkeys(lines.of("problems").all_roles, SPEC)


def batch(**fields: object) -> Batch:
    wish = Wish(num_problems=10, max_attempts=100)
    return Batch.model_validate(
        {"id": "b" * 24, "created_at": 0.0, "wish": wish, "models": MODELS, "topics": list(shipped())} | fields
    )


def test_the_shipped_taxonomy() -> None:
    taxonomy = unflatten(list(shipped()))
    assert set(taxonomy) == {
        "Algebra", "Calculus", "Number Theory", "Combinatorics", "Probability", "Linear Algebra", "Geometry",
    }  # fmt: skip
    assert all(6 <= len(topics) <= 10 for topics in taxonomy.values())
    assert flatten(dict(taxonomy)) == list(shipped())


def test_a_stored_taxonomy_is_shown_whatever_it_holds() -> None:
    stored = [TopicSpec(subject="a\u3164", topic=" b\n", level="\u0301", description="x" * 3000)]
    shown = json.loads(BatchDetail.of(batch(topics=stored), 0.0).model_dump_json())
    assert shown["taxonomy"] == {"a\u3164": {" b\n": {"level": "\u0301", "description": "x" * 3000}}}


def test_a_cap_is_never_rounded_to_none() -> None:
    assert nano_dollars(None) is None
    assert nano_dollars(1e-300) == 1
    assert nano_dollars(0.1) == 100_000_000
    assert nano_dollars(1e9) == 10**18
    assert dollars(None) is None


@given(st.integers(1, 10**15))
def test_money_survives_the_edge(nano: int) -> None:
    assert nano_dollars(dollars(nano)) == nano


@given(st.text(), st.text())
def test_ids_are_safe_and_belong_to_key_and_caller(key: str, caller: str) -> None:
    import re

    assert re.match(BATCH_ID, new_id(key, caller))
    assert re.match(BATCH_ID, new_id(None, caller))
    assert new_id(None, caller) != new_id(None, caller)
    assert new_id(key, caller) == new_id(key, caller)
    assert new_id(key + "x", caller) != new_id(key, caller) != new_id(key, caller + "x")
    kinds: list[tuple[str, Kind]] = [("problems", "generation"), ("problems", "augmentation"), ("texts", "text")]
    assert len({new_id(key, caller, line, kind) for line, kind in kinds}) == len(kinds)


def test_a_key_of_before_stands_for_the_same_batch() -> None:
    assert new_id("order-1", "anybody") == "q2gj2lso2eh6q36h5nhls63j"


def test_a_batch_that_ended_has_no_eta_and_a_fixed_rate() -> None:
    running = batch(status=BatchStatus.RUNNING, counts={"valid": 4}, started_at=0.0)
    assert StatusReply.of(running, 120.0).rate_per_minute == 2.0
    assert StatusReply.of(running, 120.0).eta_seconds == 180.0
    ended = running.model_copy(update={"status": BatchStatus.COMPLETED, "finished_at": 60.0})
    assert StatusReply.of(ended, 9999.0).rate_per_minute == 4.0
    assert StatusReply.of(ended, 9999.0).eta_seconds is None


def test_progress_stays_within_bounds() -> None:
    assert StatusReply.of(batch(counts={"valid": 30}, started_at=1.0), 1.0).progress_percentage == 100.0
    assert StatusReply.of(batch(), 1.0).progress_percentage == 0.0
