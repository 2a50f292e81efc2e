"""Batches: list, one, delete, count."""

from __future__ import annotations

import pytest

from shared.contracts.statuses import BatchStatus, Flag
from shared.controls import read_flags
from tests.flow.test_gateway.conftest import Gateway, assert_problem


async def test_list_is_paged_newest_first(gateway: Gateway) -> None:
    ids = [(await gateway.accepted(name=f"n{n}")).id for n in range(5)]
    first = (await gateway.client.get("/api/batches?per_page=2")).json()
    assert (first["total"], first["page"], first["per_page"]) == (5, 1, 2)
    last = (await gateway.client.get("/api/batches/?per_page=2&page=3")).json()
    beyond = (await gateway.client.get("/api/batches?per_page=2&page=4")).json()
    assert [item["id"] for item in first["items"]] == ids[:-3:-1]
    assert [item["id"] for item in last["items"]] == ids[:1]
    assert (beyond["items"], beyond["total"]) == ([], 5)
    assert first["items"][0]["name"] == "n4"
    assert first["items"][0]["stats"]["valid"] == 0
    assert "taxonomy" not in first["items"][0]


async def test_list_by_status(gateway: Gateway) -> None:
    ended = await gateway.projected(await gateway.accepted(), status=BatchStatus.COMPLETED)
    await gateway.accepted()
    found = (await gateway.client.get("/api/batches?status=completed")).json()
    assert [item["id"] for item in found["items"]] == [ended.id]
    assert (await gateway.client.get("/api/batches?status=running")).json()["total"] == 0


async def test_one_batch_shows_what_was_asked_for(gateway: Gateway) -> None:
    batch = await gateway.accepted(
        name="mine", target_model="openai/gpt-4.1", max_cost_usd=0.5, random_seed=3,
        taxonomy={"Algebra": {"Roots": {"level": "L"}}},
    )  # fmt: skip
    found = (await gateway.client.get(f"/api/batches/{batch.id}")).json()
    assert found["id"] == found["batch_id"] == batch.id
    assert (found["name"], found["status"], found["total_needed"]) == ("mine", "queued", 3)
    assert found["taxonomy"] == {"Algebra": {"Roots": {"level": "L", "description": ""}}}
    assert found["target_model"]["model_name"] == "gpt-4.1"
    assert (found["max_cost_usd"], found["random_seed"]) == (0.5, 3)
    assert found["created_at"].endswith("Z")


async def test_delete_goes_on_until_the_batch_is_gone(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    path = f"/api/batches/{batch.id}"
    for _ in range(2):
        reply = await gateway.client.delete(path)
        assert (reply.status_code, reply.json()) == (
            202, {"batch_id": batch.id, "status": "deleting", "message": "It is being deleted"},
        )  # fmt: skip
        assert (await read_flags(gateway.ledger))[batch.id] is Flag.CANCELLED
        assert (await gateway.client.get(path)).json()["status"] == "deleting"
        assert (await gateway.client.get("/api/batches")).json()["total"] == 0

    await gateway.store.batches.bury(batch.id)
    assert_problem(await gateway.client.delete(path), 404)
    for gone in (
        path,
        f"/api/generation/status/{batch.id}",
        f"/api/problems/batch/{batch.id}/problems",
        f"/api/problems?batch_id={batch.id}",
        f"/api/problems/all?batch_id={batch.id}",
        f"/api/batches/problems/count?batch_id={batch.id}",
    ):
        assert_problem(await gateway.client.get(gone), 404)
    assert_problem(await gateway.client.post(f"/api/generation/{batch.id}/cancel"), 404)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_unknown_batches_are_404(gateway: Gateway, method: str) -> None:
    for batch_id in ("a" * 24, "nope", "problems", "%20" * 20):
        assert_problem(await gateway.client.request(method, f"/api/batches/{batch_id}"), 404)
