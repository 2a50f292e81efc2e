"""A trial of a model over HTTP: the assistant's answers are played."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.msg import Msg

from services.gateway.routes import trial
from shared.contracts.batch import ACCOUNT, Batch
from shared.contracts.envelope import ModelSpec
from shared.contracts.trial import TrialReply, TrialRequest
from shared.settings import Settings
from shared.subjects import TRIAL
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running

GOOD = TrialReply(reachable=True, text="Here.", latency=0.25, cost=1_000_000, input_tokens=7, output_tokens=3)
PATH = "/api/test-llm"


@contextlib.asynccontextmanager
async def assistant(gateway: Gateway, reply: TrialReply | None) -> AsyncIterator[list[ModelSpec]]:
    """One that answers all with `reply`, or never; yields the models that it was asked to try."""
    asked: list[ModelSpec] = []

    async def answer(message: Msg) -> None:
        asked.append(TrialRequest.model_validate_json(message.data).model)
        if reply:
            await message.respond(reply.model_dump_json().encode())

    subscription = await gateway.ledger.nc.subscribe(TRIAL, queue="assistant", cb=answer)
    await gateway.ledger.nc.flush()
    try:
        yield asked
    finally:
        await subscription.unsubscribe()
        await gateway.ledger.nc.flush()


async def test_neither_a_body_nor_its_type_is_wanted(gateway: Gateway) -> None:
    async with assistant(gateway, GOOD) as asked:
        reply = await gateway.client.post(PATH)
        by_query = await gateway.client.get(PATH)
    assert reply.status_code == by_query.status_code == 200
    shown = reply.json()
    assert set(shown.pop("timestamp")) & set("TZ") == set("TZ")
    model = {"provider": "simulator", "model_name": "sim-writer"}
    assert shown == {
        "results": {
            "health_check": True, "generation_test": True, "model_info": model, "error": None, "test_response": "Here.",
        },
        "latency": 0.25, "model": "simulator/sim-writer", "cost": 0.001,
        "tokens": {"input": 7, "output": 3, "total": 10},
    }  # fmt: skip
    assert by_query.json()["results"] == shown["results"]
    assert [str(model) for model in asked] == ["simulator/sim-writer"] * 2


@pytest.mark.parametrize("way", ["body", "query"])
async def test_the_model_can_be_named(gateway: Gateway, way: str) -> None:
    async def ask(**named: str) -> Any:
        if way == "body":
            return await gateway.client.post(PATH, json=named)
        return await gateway.client.get(PATH, params=named)

    async with assistant(gateway, GOOD) as asked:
        assert (await ask(model_name="sim-weak")).json()["model"] == "simulator/sim-weak"
        assert (await ask(provider="openai", model_name="gpt-5")).json()["model"] == "openai/gpt-5"
        assert (await ask(provider="simulator")).json()["model"] == "simulator/sim-writer"
        assert len(asked) == 3
        assert_problem(await ask(provider="openai"), 422, "model_name")
        problem = assert_problem(await ask(provider="nobody", model_name="x"), 422, "provider")
        assert "openai" in problem["detail"], "those that are known are named"
        assert_problem(await ask(model_name=""), 422, "model_name")
        assert_problem(await ask(model_name="x" * 201), 422, "model_name")
        assert_problem(await ask(provider="simulator", model_name="a\x00b"), 422, "model_name")
        assert_problem(await ask(base_url="http://evil"), 422, "base_url")
        assert len(asked) == 3, "what is refused reaches nobody"


async def test_bodies_that_are_none(gateway: Gateway) -> None:
    headers = {"Content-Type": "application/json"}
    async with assistant(gateway, GOOD) as asked:
        for body in (
            b"{",
            b"[]",
            b"7",
            b'{"provider": 1, "model_name": "x"}',
            b'{"model_name": "a", "model_name": "b"}',
        ):
            assert_problem(await gateway.client.post(PATH, content=body, headers=headers), 422)
        for body in (b"", b"null", b"{}"):
            assert (await gateway.client.post(PATH, content=body, headers=headers)).status_code == 200
    assert len(asked) == 3


async def test_a_failing_provider_is_told_and_no_error(gateway: Gateway) -> None:
    async with assistant(gateway, TrialReply(reachable=True, error="openai: 429 slow down")):
        reply = await gateway.client.post(PATH)
    assert reply.status_code == 200
    shown = reply.json()
    assert shown["results"]["health_check"] is True
    assert shown["results"]["generation_test"] is False
    assert shown["results"]["error"] == "openai: 429 slow down"
    assert "test_response" not in shown["results"], "absent, not null: an older client takes its length"
    assert (shown["latency"], shown["cost"]) == (None, None)


async def test_without_an_assistant_one_hears_so_at_once(gateway: Gateway) -> None:
    reply = await gateway.client.post(PATH)
    assert reply.status_code == 200
    results = reply.json()["results"]
    assert (results["health_check"], results["generation_test"]) == (False, False)
    assert "no assistant is running" in results["error"]


async def test_an_assistant_that_never_answers(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "ANSWERS_WITHIN", 0.2)
    async with assistant(gateway, None) as asked:
        results = (await gateway.client.post(PATH)).json()["results"]
    assert len(asked) == 1
    assert (results["health_check"], results["generation_test"]) == (False, False)
    assert "did not answer within" in results["error"]


async def test_without_nats_it_cannot_be_told(tmp_path: Any) -> None:
    nowhere = Settings(_env_file=None, data_dir=tmp_path, nats_url="nats://127.0.0.1:9", mongo_url=None, api_keys=[])
    async with running(nowhere, connected=False) as gateway:
        assert_problem(await gateway.client.post(PATH), 503)


async def test_many_at_once_get_their_own_answers(gateway: Gateway) -> None:
    async with assistant(gateway, GOOD):
        names = [f"sim-{n}" for n in range(20)]
        found = await asyncio.gather(*(gateway.client.post(PATH, json={"model_name": name}) for name in names))
    assert [reply.json()["model"] for reply in found] == [f"simulator/{name}" for name in names]


async def test_the_account_is_no_batch_that_one_could_touch(gateway: Gateway) -> None:
    assert await gateway.store.batches.insert(Batch.account(1.0))
    for method, path in (
        ("GET", f"/api/batches/{ACCOUNT}"), ("DELETE", f"/api/batches/{ACCOUNT}"),
        ("POST", f"/api/generation/{ACCOUNT}/cancel"), ("GET", f"/api/generation/status/{ACCOUNT}"),
        ("GET", f"/api/result/{ACCOUNT}"), ("DELETE", f"/api/job/{ACCOUNT}"),
    ):  # fmt: skip
        assert_problem(await gateway.client.request(method, path), 404)
    assert (await gateway.client.get("/api/batches")).json()["total"] == 0
    assert (await gateway.client.get("/api/jobs")).json()["total"] == 0
