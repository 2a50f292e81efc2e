"""Models that fail, models that nobody knows, and batches that keep to their own."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.statuses import BatchStatus
from tests.system.accounts import calls_of, check, check_bill, check_completed, check_logs
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

STRONG, MEDIUM, WEAK = "simulator/sim-strong", "simulator/sim-medium", "simulator/sim-weak"


async def test_two_batches_with_different_models_do_not_mix(stack: Stack) -> None:
    await stack.simulate(latency=0.2)
    wishes = {
        "one": {"engineer_model": STRONG, "checker_model": STRONG, "target_model": WEAK, "judge_model": MEDIUM},
        "two": {"engineer_model": MEDIUM, "checker_model": MEDIUM, "target_model": MEDIUM, "judge_model": STRONG},
    }
    ids = {name: await stack.create(12, name=name, **models) for name, models in wishes.items()}
    for name, batch_id in ids.items():
        await check_completed(stack, batch_id, 12)
        for call in await calls_of(stack, batch_id):
            model = call["model"]
            asked = wishes[name].get(f"{call['role']}_model", "simulator/sim-embed")
            assert f"{model['provider']}/{model['model_name']}" == asked, call["role"]
            assert call["batch_id"] == batch_id
    assert await check_bill(stack, *ids.values()) == 0
    check_logs(stack)


async def test_a_provider_that_is_down_holds_up_only_its_own(stack: Stack) -> None:
    """Its batch waits, and nothing of it fails; another one goes its way. When it is back, so is the batch."""
    await stack.simulate(0.1, {"kind": "500", "model": "sim-medium"})
    ill = await stack.create(6, engineer_model=MEDIUM)

    async def parked() -> bool:
        return (await stack.batch(ill)).counts.get("parked", 0) > 0

    await until(parked, "its problems are parked")
    well = await stack.create(20)
    await check_completed(stack, well, 20)
    waiting = await stack.batch(ill)
    assert waiting.status is BatchStatus.RUNNING
    assert waiting.ended_problems == waiting.calls == 0

    await stack.simulate(0.1)
    await check_completed(stack, ill, 6)
    assert await check_bill(stack, ill, well) == 0
    check_logs(stack)


async def test_a_limit_holds_up_only_its_own(stack: Stack) -> None:
    """Whoever is told to come back in an hour waits, parked, and can be cancelled."""
    await stack.simulate(0.1, {"kind": "429", "model": "sim-medium", "retry_after": 3600})
    ill = await stack.create(4, target_model=MEDIUM)

    async def parked() -> bool:
        batch = await stack.batch(ill)
        return batch.in_flight > 0 and batch.counts.get("parked", 0) == batch.in_flight

    await until(parked, "what reached the target is parked")
    well = await stack.create(8)
    await check_completed(stack, well, 8)
    assert (await stack.batch(ill)).status is BatchStatus.RUNNING
    answer = await stack.api.post(f"/api/generation/{ill}/cancel")
    assert answer.status_code == 200
    await stack.ended(ill, BatchStatus.CANCELLED)
    await check(stack, ill)
    assert await check_bill(stack, ill, well) == 0
    check_logs(stack)
    await stack.kill("solver")  # it would hold back for that hour
    await stack.start("solver")


async def test_stray_refusals_end_no_batch_and_the_next_batch_asks_again(stack: Stack) -> None:
    await stack.simulate(
        0.05,
        {"kind": "unknown_key", "model": "sim-weak", "first": 2},
        {"kind": "no_quota", "task": "review", "first": 2},
    )
    batch_id = await stack.create(12)
    await check_completed(stack, batch_id, 12)
    await stack.simulate(0.05, {"kind": "unknown_key", "model": "sim-medium"})
    bad = await stack.create(12, target_model=MEDIUM)
    await stack.ended(bad, BatchStatus.FAILED)
    await stack.simulate(0.05)
    good = await stack.create(12, target_model=MEDIUM)
    await check_completed(stack, good, 12)
    assert await check_bill(stack, batch_id, bad, good) == 0
    check_logs(stack)


@pytest.mark.parametrize(
    ("models", "fault", "words"),
    [
        ({"target_model": "simulator/sim-nonesuch"}, None, "sim-nonesuch"),
        ({"engineer_model": "simulator/sim-nonesuch"}, None, "sim-nonesuch"),
        ({}, {"kind": "unknown_key", "model": "sim-weak"}, "API key"),
        ({}, {"kind": "no_quota", "task": "review"}, "quota"),
    ],
    ids=["unknown target", "unknown engineer", "bad key", "no quota"],
)
async def test_what_no_retry_can_mend_stops_the_batch(
    stack: Stack, models: dict[str, str], fault: dict[str, Any] | None, words: str
) -> None:
    """With the provider's words, and long before its attempts are burnt."""
    for stage in ("checker", "solver"):  # where a model answered well before, its end takes a minute
        await stack.kill(stage)
        await stack.start(stage)
    await stack.simulate(0.05, *([fault] if fault else []))
    batch_id = await stack.create(40, max_in_flight=20, **models)
    batch = await stack.ended(batch_id, BatchStatus.FAILED)
    await check(stack, batch_id)
    assert batch.issued <= 40
    assert batch.counts.get("valid", 0) == 0
    assert words.lower() in (await stack.status(batch_id))["error"].lower()
    assert batch.reasons["provider_error"] > 0
    assert await check_bill(stack, batch_id) == 0
    check_logs(stack)
