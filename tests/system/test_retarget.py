"""Another target for a whole batch, on real processes and both stores: SIGKILL of each that takes part in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.batch import Batch
from shared.contracts.statuses import BatchStatus
from tests.system.accounts import calls_of, check, check_bill, check_logs, in_flight, rows_of
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

WANTED = 12
STAGES = ("solver", "embedder")


async def retargeted(stack: Stack, batch_id: str, model: str) -> dict[str, Any]:
    answer = await stack.api.patch(
        f"/api/batches/{batch_id}/target-model?retarget=true", json={"provider": "simulator", "model_name": model}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["status"], found["finished_at"]) == ("running", None)
    assert found["target_model"]["model_name"] == found["new_target_model"]["model_name"] == model
    return found


async def over(stack: Stack, batch_id: str, round_: int) -> Batch:
    async def ended() -> Batch | None:
        found = await stack.batch(batch_id)
        return found if found.round == round_ and found.ended and not found.retrying and not found.in_flight else None

    found: Batch = await until(ended, f"round {round_} is over")
    return found


@pytest.mark.parametrize("victim", ["conductor", *STAGES, "nats"])
async def test_a_round_is_exact_and_paid_once(
    both: Stack, victim: str, record_property: Callable[[str, object], None]
) -> None:
    stack = both
    await stack.simulate()
    batch_id = await stack.create(WANTED)
    await stack.ended(batch_id, BatchStatus.COMPLETED, valid=WANTED)
    await stack.settled()
    before = {row["slot"]: row for row in await rows_of(stack, batch_id)}
    calls = Counter(call["stage"] for call in await calls_of(stack, batch_id))
    reached = {slot for slot, row in before.items() if "target" in row["envelope"]["prompt_versions"]}

    await stack.simulate(latency={"kind": "uniform", "low": 0.1, "high": 0.5})
    await retargeted(stack, batch_id, "sim-medium")

    async def far_enough() -> bool:
        batch = await stack.batch(batch_id)
        # the embedder knows each problem's vector, so it is never busy for long: kill it while others arrive there
        busy = victim != "solver" or bool(await stack.held(victim))
        return batch.round == 1 and not batch.ended and busy

    await until(far_enough, "the round has begun, and the victim has work")
    await stack.kill(victim)
    await stack.revive(victim)
    done = await over(stack, batch_id, 1)
    await stack.settled()

    rows = {row["slot"]: row for row in await rows_of(stack, batch_id)}
    assert rows.keys() == before.keys(), "nothing is generated again"
    for slot, row in rows.items():
        tries = row["envelope"]["target_answers"]
        if slot not in reached:
            assert row == before[slot]
            continue
        assert row["envelope"]["problem"] == before[slot]["envelope"]["problem"]
        newest = [tried for tried in tries if tried.get("round")]
        assert len(newest) <= 1
        assert all(tried["model"] == "simulator/sim-medium" for tried in newest)
        if row["status"] in ("valid", "surplus", "solved"):
            assert newest[0]["correct"] is (row["status"] == "solved")
    now = Counter(call["stage"] for call in await calls_of(stack, batch_id))
    assert [now[stage] for stage in ("engineer", "checker")] == [calls[stage] for stage in ("engineer", "checker")]
    assert done.status is (BatchStatus.COMPLETED if done.accepted >= WANTED else BatchStatus.EXHAUSTED)
    await check(stack, batch_id)
    difference = await check_bill(stack, batch_id)
    record_property(*in_flight(difference, stack.in_flight_at_kills))

    shown = (await stack.api.get(f"/api/batches/{batch_id}/matrix")).json()
    sums = {one["model"]: one for one in shown["models"]}
    assert sums["simulator/sim-weak"]["failed"] >= WANTED
    again = [row for slot, row in rows.items() if slot in reached]
    solved = sum(row["status"] == "solved" for row in again)
    assert sums["simulator/sim-medium"]["solved"] == solved
    assert [item["slot"] for item in shown["items"]] == sorted(item["slot"] for item in shown["items"])
    check_logs(stack)


async def test_two_rounds_and_the_first_model_again(both: Stack) -> None:
    stack = both
    await stack.simulate()
    batch_id = await stack.create(6)
    await stack.ended(batch_id, BatchStatus.COMPLETED, valid=6)
    for round_, model in ((1, "sim-strong"), (2, "sim-weak")):
        await retargeted(stack, batch_id, model)
        done = await over(stack, batch_id, round_)
        assert done.models["target"].model_name == model
        await stack.settled()
        await check(stack, batch_id)
    rows = await rows_of(stack, batch_id)
    assert {row["envelope"].get("replays", 0) for row in rows} <= {0, 2}
    shown = (await stack.api.get(f"/api/batches/{batch_id}/matrix")).json()
    assert [one["model"] for one in shown["models"]] == ["simulator/sim-weak", "simulator/sim-strong"]
    check_logs(stack)
