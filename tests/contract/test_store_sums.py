"""What is worked out inside the store, and rows of several batches at once: every scenario against both stores."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.batch import Batch, Row
from shared.store import Store
from tests.contract.store_documents import batch, call, row, vector


def scored(slot: int, score: float | None, batch_id: str = "b1", **fields: Any) -> Row:
    made = row(slot, batch_id, **{"status": "accepted", "kind": "text"} | fields)
    made["envelope"]["quality"] = None if score is None else {"score": score, "parts": {}}
    return made


async def test_a_mean_is_that_of_the_rows_that_have_the_number(store: Store) -> None:
    async def mean() -> float | None:
        return await store.problems.mean("quality.score", status="accepted", kinds=["text"])

    assert await mean() is None
    await store.problems.put([scored(0, None), scored(1, 0.3, status="rejected"), scored(2, 0.3, kind="generation")])
    await store.problems.put(
        [row(3, status="accepted", kind="text"), row(4, envelope=None, status="accepted", kind="text")]
    )
    assert await mean() is None
    await store.problems.put([scored(5, 0.5), scored(0, 1, "b2"), scored(6, 0.0)])
    assert await mean() == pytest.approx(0.5)


async def test_a_mean_is_taken_over_all_rows_however_many(store: Store) -> None:
    for name in ("b1", "b2"):
        await store.problems.put([scored(slot, slot % 2, name, vector=vector(1.0)) for slot in range(1500)])
    await store.problems.put([scored(1500, 1)])
    assert await store.problems.mean("quality.score", status="accepted", kinds=["text"]) == pytest.approx(1501 / 3001)


async def test_rows_of_several_batches_come_in_order_and_without_vectors(store: Store) -> None:
    for name in ("b3", "b1", "b2"):
        await store.problems.put([row(slot, name, vector=vector(0.5), problem="ℝ") for slot in (10, 9, 0)])
    found = await store.problems.of_batches(["b3", "none", "b1"])
    assert found == [row(slot, name, vector=None, problem="ℝ") for name in ("b1", "b3") for slot in (0, 9, 10)]
    assert await store.problems.of_batches([]) == []


async def test_a_tally_sums_by_name(store: Store) -> None:
    assert await store.batches.tally(["text"]) == {"counts": {}, "reasons": {}}

    async def insert(name: str, **fields: Any) -> Batch:
        made = batch(name, **{"kind": "text"} | fields)
        assert await store.batches.insert(made)
        return made

    await insert("b1", counts={"accepted": 3, "writer": 1}, reasons={"duplicate": 2})
    await insert("b2", counts={"accepted": 2**40, "rejected": 5})
    await insert("b3", kind="account", counts={"accepted": 1})
    await insert("b4", kind="generation", counts={"valid": 7}, reasons={"duplicate": 9})
    gone = await insert("b5", counts={"accepted": 100}, reasons={"low_quality": 1})
    await store.batches.wish(gone.id, state="deleted")
    counts = {"accepted": 3 + 2**40, "writer": 1, "rejected": 5}
    assert await store.batches.tally(["text"]) == {"counts": counts, "reasons": {"duplicate": 2}}
    both = await store.batches.tally(["text", "generation"])
    assert both == {"counts": counts | {"valid": 7}, "reasons": {"duplicate": 11}}
    assert await store.batches.tally([]) == {"counts": {}, "reasons": {}}


async def test_tokens_are_summed_by_batch_stage_role_and_prompt(store: Store) -> None:
    await store.calls.put([call(0), call(1, cost=None, cached_tokens=7), call(2, role="reviewer", input_tokens=5)])
    await store.calls.put([call(3, prompt_version="v1/vary@0"), call(4, prompt_version="v1/vary@0"), call(0, 1)])
    await store.calls.put([call(5, stage="embedder"), call(0, 0, "b2", output_tokens=0), call(0, 0, "b3")])
    found = await store.calls.tokens(["b1", "b2", "none"])
    assert sorted(found) == [
        ("b1", "embedder", "engineer", "", 30, 0, 12),
        ("b1", "engineer", "engineer", "", 90, 7, 36),
        ("b1", "engineer", "engineer", "v1/vary@0", 60, 0, 24),
        ("b1", "engineer", "reviewer", "", 5, 0, 12),
        ("b2", "engineer", "engineer", "", 30, 0, 0),
    ]
    assert await store.calls.tokens([]) == []
