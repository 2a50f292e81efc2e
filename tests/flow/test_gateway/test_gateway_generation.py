"""Start, status, cancel."""

from __future__ import annotations

import json
import re
from typing import Any

from services.gateway.schemas.common import BATCH_ID
from services.gateway.schemas.taxonomy import shipped
from shared import subjects
from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import BatchStatus, Flag
from shared.controls import read_flags
from shared.embedded import NatsServer
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running, until

NOBODY = "no engineer and no checker and no solver and no embedder is running; problems wait there until one is"


async def test_a_batch_is_stored_and_announced(gateway: Gateway) -> None:
    reply = await gateway.post({"num_problems": 5, "name": "first"})
    assert reply.status_code == 202
    body = reply.json()
    assert body == {
        "batch_id": body["batch_id"], "status": "started", "message": "Generating 5 valid problems",
        "total_cost": 0.0, "warnings": [NOBODY],
    }  # fmt: skip
    assert re.match(BATCH_ID, body["batch_id"])
    assert reply.headers["location"] == f"/api/generation/status/{body['batch_id']}"

    batch = await gateway.store.batches.get(body["batch_id"])
    assert batch is not None
    assert batch.status is BatchStatus.QUEUED
    assert batch.name == "first"
    assert batch.wish.num_problems == 5
    assert batch.wish.max_attempts == 500
    assert batch.wish.max_in_flight == 256
    assert batch.wish.max_cost is None
    assert batch.topics == list(shipped())
    fact = await gateway.ledger.last(subjects.batch_requested(batch.id))
    assert fact is not None
    assert json.loads(fact.data)["batch_id"] == batch.id


async def test_every_field_reaches_the_batch(gateway: Gateway) -> None:
    batch = await gateway.accepted(
        num_problems=7,
        engineer_model={"provider": "openai", "model_name": "gpt-4.1", "temperature": 0.9, "max_tokens": 900},
        checker_model="openai/o4-mini",
        target_model="simulator/sim-weak",
        embedding_model="openai/text-embedding-3-small",
        taxonomy={"Algebra": ["Roots"], "Calculus": {"Limits": {"level": "High School", "description": "At 0."}}},
        similarity_threshold=0.9,
        max_attempts=40,
        max_in_flight=4,
        max_cost_usd=1.25,
        random_seed=11,
    )
    assert batch.models["engineer"] == ModelSpec(
        provider="openai", model_name="gpt-4.1", temperature=0.9, max_tokens=900
    )
    assert str(batch.models["checker"]) == str(batch.models["judge"]) == "openai/o4-mini"
    assert str(batch.models["target"]) == "simulator/sim-weak"
    assert str(batch.models["embedding"]) == "openai/text-embedding-3-small"
    assert [tuple(topic.model_dump().values()) for topic in batch.topics] == [
        ("Algebra", "Roots", "", ""),
        ("Calculus", "Limits", "High School", "At 0."),
    ]
    assert batch.options["similarity_threshold"] == 0.9
    wish = batch.wish
    assert (wish.num_problems, wish.max_attempts, wish.max_in_flight) == (7, 40, 4)
    assert wish.max_cost == 1_250_000_000
    assert batch.random_seed == 11


async def test_the_judge_is_the_one_asked_for_then_the_configured_then_the_checker(settings: Settings) -> None:
    async with running(settings) as gateway:
        asked = await gateway.accepted(checker_model="openai/a", judge_model="openai/b")
        assert asked.models["judge"].model_name == "b"
    async with running(settings.model_copy(update={"judge_model": "openai/c"})) as gateway:
        assert (await gateway.accepted(checker_model="openai/a")).models["judge"].model_name == "c"
        assert (await gateway.accepted(judge_model="openai/b")).models["judge"].model_name == "b"


async def test_fields_left_at_their_neutral_values_are_accepted(gateway: Gateway) -> None:
    await gateway.accepted(
        use_search=False, confirmations=1, attempts=1, max_pass_rate=0, confirmation_share=1, seeds=[],
        confirmation_models=None, level_weights={}, strategy="balanced", hint_ladder=False,
        novelty_scope="batch", taxonomy=None, max_cost_usd=None, min_pass_rate=0, difficulty="stump",
        decontaminate=[], answer_style=None, concepts=1, use_seed_data=False, benchmark_name="", seed_data=[],
    )  # fmt: skip


async def test_status_of_a_new_batch(gateway: Gateway) -> None:
    batch = await gateway.accepted(num_problems=3)
    reply = await gateway.client.get(f"/api/generation/status/{batch.id}")
    assert reply.status_code == 200
    assert reply.json() == {
        "batch_id": batch.id,
        "status": "queued",
        "total_needed": 3,
        "valid_generated": 0,
        "total_generated": 0,
        "progress_percentage": 0.0,
        "stats": dict.fromkeys(("valid", "solved", "discarded", "surplus", "failed", "cancelled", "in_progress"), 0),
        "reasons": {},
        "stages": dict.fromkeys(("engineer", "checker", "solver", "embedder", "parked"), 0),
        "batch_cost": 0.0,
        "cost_per_valid": None,
        "tokens": {"input": 0, "output": 0, "total": 0},
        "rate_per_minute": None,
        "eta_seconds": None,
        "started_at": None,
        "finished_at": None,
        "error": None,
        "details": {},
        "waiting": [],
        "warnings": [NOBODY],
    }


async def test_status_follows_the_store(gateway: Gateway) -> None:
    batch = await gateway.accepted(num_problems=4)
    counts = {"checker": 2, "parked": 1, "valid": 1, "solved": 2, "discarded": 1, "failed": 1}
    after = await gateway.projected(
        batch, status=BatchStatus.RUNNING, counts=counts, reasons={"duplicate": 1, "faults": 1},
        cost=3_000_000, input_tokens=10, output_tokens=4, started_at=1_790_000_000.0,
    )  # fmt: skip
    status = await _status(gateway, batch.id)
    assert status["status"] == "running"
    assert status["stats"] == {
        "valid": 1, "solved": 2, "discarded": 1, "surplus": 0, "failed": 1, "cancelled": 0, "in_progress": 3,
    }  # fmt: skip
    assert status["stages"] == {"engineer": 0, "checker": 2, "solver": 0, "embedder": 0, "parked": 1}
    assert (status["total_generated"], status["progress_percentage"]) == (5, 25.0)
    assert (status["batch_cost"], status["cost_per_valid"]) == (0.003, 0.003)
    assert status["tokens"] == {"input": 10, "output": 4, "total": 14}
    assert status["started_at"].endswith("Z")
    assert status["eta_seconds"] > 0

    await gateway.projected(
        after, status=BatchStatus.FAILED, error="bad key", unpriced_calls=1, finished_at=1_790_000_060.0
    )
    status = await _status(gateway, batch.id)
    assert (status["status"], status["error"]) == ("failed", "bad key")
    assert status["batch_cost"] is status["cost_per_valid"] is status["eta_seconds"] is None
    assert status["rate_per_minute"] == 1.0


async def test_unknown_batches_are_404(gateway: Gateway) -> None:
    for batch_id in ("a" * 24, "short", "UPPER" * 5, "a*b" * 8, "x" * 500, "%00" * 20, "..%2f" * 5):
        assert_problem(await gateway.client.get(f"/api/generation/status/{batch_id}"), 404)
        assert_problem(await gateway.client.post(f"/api/generation/{batch_id}/cancel"), 404)


async def test_paths_work_with_a_trailing_slash(gateway: Gateway) -> None:
    reply = await gateway.client.post("/api/generation/", json={"num_problems": 1})
    assert reply.status_code == 202
    batch_id = reply.json()["batch_id"]
    assert (await gateway.client.get(f"/api/generation/status/{batch_id}/")).status_code == 200
    assert (await gateway.client.post(f"/api/generation/{batch_id}/cancel/")).status_code == 200


async def test_cancel_sets_wish_and_flag_and_may_be_repeated(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    for _ in range(2):
        reply = await gateway.client.post(f"/api/generation/{batch.id}/cancel")
        assert reply.status_code == 200
        assert reply.json()["batch_id"] == batch.id
        found = await gateway.store.batches.get(batch.id)
        assert found is not None
        assert (found.wish.state, found.wish.rev) == ("cancelled", batch.wish.rev + 1)
        assert (await read_flags(gateway.ledger))[batch.id] is Flag.CANCELLED


async def test_cancel_leaves_an_ended_batch_alone(gateway: Gateway) -> None:
    batch = await gateway.projected(await gateway.accepted(), status=BatchStatus.COMPLETED)
    reply = await gateway.client.post(f"/api/generation/{batch.id}/cancel")
    assert (reply.status_code, reply.json()["status"]) == (200, "completed")
    found = await gateway.store.batches.get(batch.id)
    assert found is not None
    assert found.wish == batch.wish
    assert batch.id not in await read_flags(gateway.ledger)


async def test_cancel_does_not_undo_a_delete(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    assert (await gateway.client.delete(f"/api/batches/{batch.id}")).status_code == 202
    reply = await gateway.client.post(f"/api/generation/{batch.id}/cancel")
    assert (reply.status_code, reply.json()["status"]) == (200, "deleting")
    found = await gateway.store.batches.get(batch.id)
    assert found is not None
    assert found.wish.state == "deleted"


async def test_cancel_works_while_nats_is_away(settings: Settings, own_nats: NatsServer) -> None:
    async with running(settings.model_copy(update={"nats_url": own_nats.url})) as gateway:
        batch = await gateway.accepted()
        own_nats.stop()
        await until(lambda: not gateway.connections._ledger.nc.is_connected)  # type: ignore[union-attr]
        assert (await gateway.client.post(f"/api/generation/{batch.id}/cancel")).status_code == 200
        found = await gateway.store.batches.get(batch.id)
        assert found is not None
        assert found.wish.state == "cancelled"


async def _status(gateway: Gateway, batch_id: str) -> dict[str, Any]:
    reply = await gateway.client.get(f"/api/generation/status/{batch_id}")
    assert reply.status_code == 200
    found: dict[str, Any] = reply.json()
    return found
