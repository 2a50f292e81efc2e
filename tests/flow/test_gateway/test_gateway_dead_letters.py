"""Dead letters: list, one, replay, drop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared import subjects
from shared.contracts.batch import Batch
from shared.contracts.problem import Problem
from shared.contracts.statuses import BatchStatus
from shared.dead_letters import letter
from shared.embedded import NatsServer
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running


@pytest.fixture
async def gateway(settings: Settings, own_nats: NatsServer) -> AsyncIterator[Gateway]:
    """On a ledger of its own: a list shows all letters."""
    async with running(settings.model_copy(update={"nats_url": own_nats.url})) as found:
        yield found


async def bury(gateway: Gateway, batch: Batch, slot: int, *, readable: bool = True) -> str:
    """A dead letter of the checker, at hop 2; returns its id."""
    envelope = Problem(
        batch_id=batch.id, slot=slot, hop=2, route=["solver"], models=batch.models, subject="A", topic="B"
    )
    dead = letter(
        "problems",
        "checker", batch.id, slot, 2, error="it raised", at=1_790_000_000.0, faults=5,
        envelope=envelope if readable else None, raw=None if readable else b"\xff{",
    )  # fmt: skip
    await gateway.ledger.publish_once(subjects.dead("checker", batch.id, slot, 2), dead.payload())
    return dead.id


async def test_list_and_one(gateway: Gateway) -> None:
    assert (await gateway.client.get("/api/dead")).json()["total"] == 0
    batch = await gateway.accepted()
    ids = [await bury(gateway, batch, slot, readable=slot != 1) for slot in range(5)]
    page = (await gateway.client.get("/api/dead?per_page=2&page=2")).json()
    assert (page["total"], page["page"], page["per_page"]) == (5, 2, 2)
    assert [item["id"] for item in page["items"]] == ids[2:4]
    assert (await gateway.client.get("/api/dead?page=3&per_page=50")).json()["items"] == []
    one = (await gateway.client.get(f"/api/dead/{ids[1]}/")).json()
    assert (one["stage"], one["slot"], one["hop"], one["faults"]) == ("checker", 1, 2, 5)
    assert (one["envelope"], one["raw"], one["error"]) == (None, "\ufffd{", "it raised")
    assert one["at"].endswith("Z")


async def test_replay_sends_the_problem_on_and_drops_the_letter(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    letter_id = await bury(gateway, batch, 7)
    replies = await asyncio.gather(*(gateway.client.post(f"/api/dead/{letter_id}/replay") for _ in range(3)))
    assert sorted(reply.status_code for reply in replies) == [202, 404, 404]
    (done,) = (reply.json() for reply in replies if reply.status_code == 202)
    assert done == {"id": letter_id, "batch_id": batch.id, "problem_id": f"{batch.id}-7", "hop": 3}
    facts = await gateway.ledger.read(0, subject=f"problems.checker.{batch.id}.7.>")
    assert [fact.subject.split(".")[-1] for fact in facts] == ["3"]
    assert_problem(await gateway.client.get(f"/api/dead/{letter_id}"), 404)


async def test_replay_works_after_the_batch_ended(gateway: Gateway) -> None:
    batch = await gateway.projected(await gateway.accepted(), status=BatchStatus.COMPLETED)
    letter_id = await bury(gateway, batch, 0)
    assert (await gateway.client.post(f"/api/dead/{letter_id}/replay")).status_code == 202


async def test_what_cannot_be_replayed(gateway: Gateway) -> None:
    cancelled, deleted, unreadable = [await gateway.accepted() for _ in range(3)]
    ids = [await bury(gateway, batch, 0) for batch in (cancelled, deleted)]
    ids.append(await bury(gateway, unreadable, 0, readable=False))
    ids.append(await bury(gateway, unreadable.model_copy(update={"id": "never0stored0anywhere"}), 0))
    await gateway.client.post(f"/api/generation/{cancelled.id}/cancel")
    await gateway.client.delete(f"/api/batches/{deleted.id}")
    for letter_id in ids:
        assert_problem(await gateway.client.post(f"/api/dead/{letter_id}/replay"), 409)
        assert (await gateway.client.get(f"/api/dead/{letter_id}")).status_code == 200
    await gateway.store.batches.bury(deleted.id)
    assert_problem(await gateway.client.post(f"/api/dead/{ids[1]}/replay"), 409)
    assert await gateway.ledger.read(0, subject="problems.>") == []


async def test_drop(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    ids = [await bury(gateway, batch, slot) for slot in range(2)]
    assert (await gateway.client.delete(f"/api/dead/{ids[0]}")).status_code == 204
    assert_problem(await gateway.client.delete(f"/api/dead/{ids[0]}"), 404)
    assert [item["id"] for item in (await gateway.client.get("/api/dead")).json()["items"]] == ids[1:]


async def test_unknown_letters_are_404(gateway: Gateway) -> None:
    for letter_id in ("nope", "a.b.0.1", "*.*.*.*", "%3e", "a..b", ".", "x" * 900, "%ff", "a%20b"):
        for method, path in (("GET", ""), ("POST", "/replay"), ("DELETE", "")):
            reply = await gateway.client.request(method, f"/api/dead/{letter_id}{path}")
            if letter_id != ".":  # a client resolves it away
                assert_problem(reply, 404)
