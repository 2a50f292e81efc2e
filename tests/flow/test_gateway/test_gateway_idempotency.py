"""The same Idempotency-Key: the same reply, and one effect."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from shared import subjects
from shared.contracts.statuses import BatchStatus
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running

BODY = {"num_problems": 4, "taxonomy": {"Algebra": ["Roots"]}}


@pytest.fixture
def key() -> dict[str, str]:
    """One that no other test uses: tests share a ledger."""
    return {"Idempotency-Key": f"order-{uuid.uuid4()}"}


async def test_the_same_key_gives_the_same_reply(gateway: Gateway, key: dict[str, str]) -> None:
    first, second = [await gateway.post(BODY, **key) for _ in range(2)]
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    assert await gateway.batches() == 1


async def test_twenty_at_once_make_one_batch(gateway: Gateway, key: dict[str, str]) -> None:
    replies = await asyncio.gather(*(gateway.post(BODY, **key) for _ in range(20)))
    assert {reply.status_code for reply in replies} == {202}
    (batch_id,) = {reply.json()["batch_id"] for reply in replies}
    assert await gateway.batches() == 1
    facts = await gateway.ledger.read(0, subject=subjects.batch_requested(batch_id))
    assert len(facts) == 1


async def test_two_gateways_at_once_make_one_batch(settings: Settings, key: dict[str, str]) -> None:
    async with running(settings) as one, running(settings) as other:
        replies = await asyncio.gather(*(g.post(BODY, **key) for g in (one, other) * 10))
        assert len({reply.text for reply in replies}) == 1
        assert await one.batches() == 1


async def test_the_races_have_one_winner_in_each_store(
    store_settings: Settings, nats_url: str, key: dict[str, str]
) -> None:
    async with running(store_settings.model_copy(update={"nats_url": nats_url})) as gateway:
        replies = await asyncio.gather(*(gateway.post(BODY, **key) for _ in range(20)))
        assert len({reply.text for reply in replies}) == 1
        assert await gateway.batches() == 1
        batch_id = replies[0].json()["batch_id"]
        assert (await gateway.client.get(f"/api/batches/{batch_id}")).json()["status"] == "queued"
        assert (await gateway.client.get("/api/problems/all")).json() == []
        assert (await gateway.client.delete(f"/api/batches/{batch_id}")).status_code == 202


async def test_without_a_key_each_post_is_a_batch(gateway: Gateway) -> None:
    assert len({(await gateway.post(BODY)).json()["batch_id"] for _ in range(3)}) == 3


async def test_a_key_stands_for_its_batch_after_it_ended(gateway: Gateway, key: dict[str, str]) -> None:
    first = await gateway.post(BODY, **key)
    batch = await gateway.store.batches.get(first.json()["batch_id"])
    assert batch is not None
    await gateway.projected(batch, status=BatchStatus.COMPLETED, purged=True)
    await gateway.ledger.purge(batch.id, vectors=True, dead=True)
    again = await gateway.post(BODY, **key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert await gateway.ledger.last(subjects.batch_requested(batch.id)) is None, "announced again"


async def test_another_body_is_refused(gateway: Gateway, key: dict[str, str]) -> None:
    await gateway.post(BODY, **key)
    assert_problem(await gateway.post(BODY | {"num_problems": 5}, **key), 422, "Idempotency-Key")
    assert await gateway.batches() == 1


async def test_a_body_is_the_same_however_it_is_written(gateway: Gateway, key: dict[str, str]) -> None:
    one = await gateway.post(BODY | {"target_model": "openai/gpt-4.1"}, **key)
    spelled = {"target_model": {"model_name": "gpt-4.1", "provider": "openai"}}
    assert (await gateway.post(spelled | BODY, **key)).json() == one.json()


async def test_the_key_of_a_deleted_batch_is_spent(gateway: Gateway, key: dict[str, str]) -> None:
    batch_id = (await gateway.post(BODY, **key)).json()["batch_id"]
    await gateway.client.delete(f"/api/batches/{batch_id}")
    assert_problem(await gateway.post(BODY, **key), 409)
    await gateway.store.batches.bury(batch_id)
    assert_problem(await gateway.post(BODY, **key), 409)


async def test_callers_do_not_share_keys(settings: Settings, key: dict[str, str]) -> None:
    async with running(settings.model_copy(update={"api_keys": ["alpha-key", "beta-key"]})) as gateway:
        replies = [
            await gateway.post(BODY, **key, **{"X-API-Key": api_key})
            for api_key in ("alpha-key", "beta-key", "alpha-key")
        ]
        ids = [reply.json()["batch_id"] for reply in replies]
        assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize("bad", ["", "a b", "x" * 256, "k\u00e9y"])
async def test_keys_are_checked(gateway: Gateway, bad: str) -> None:
    reply = await gateway.client.post("/api/generation", json=BODY, headers={b"Idempotency-Key": bad.encode("latin-1")})
    assert_problem(reply, 422, "Idempotency-Key")
    assert await gateway.batches() == 0
