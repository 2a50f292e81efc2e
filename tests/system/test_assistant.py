"""Trials of models by real assistants: told as they are, and on the account once, whoever dies."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from services.simulator.models import MODELS
from shared.contracts.batch import ACCOUNT, Batch
from tests.system.accounts import check_logs
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def tried(stack: Stack, **body: str) -> dict[str, Any]:
    answer = await stack.api.post("/api/test-llm", json=body or None)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def booked(stack: Stack, calls: int) -> Batch:
    async def there() -> Batch | None:
        account = await stack.batch(ACCOUNT)
        return account if account.calls >= calls else None

    found: Batch = await until(there, f"{calls} calls are booked")
    assert found.calls == calls == await stack.store.calls.count(ACCOUNT)
    return found


async def test_what_a_model_says_is_told_and_booked(both: Stack) -> None:
    stack = both
    await stack.start("assistant", "assistant.2")
    before = await stack.batch(ACCOUNT)
    shown = await tried(stack)
    assert shown["model"] == "simulator/sim-writer"
    assert shown["results"]["health_check"] is shown["results"]["generation_test"] is True
    assert "simulator" in shown["results"]["test_response"], "a simulated answer says so"
    assert shown["latency"] > 0
    assert shown["cost"] > 0
    many = await asyncio.gather(*(tried(stack, model_name="sim-weak") for _ in range(30)))
    assert all(one["results"]["generation_test"] for one in many)

    account = await booked(stack, before.calls + 31)
    billed = await stack.billed()
    assert len(billed) == 31
    cost = sum(MODELS[one["model"]].cost(one["input_tokens"], one["output_tokens"]) for one in billed)
    assert account.cost - before.cost == cost
    assert round(sum(one["cost"] for one in [shown, *many]) * 1e9) == cost

    async def left() -> bool:
        return len(await stack.ledger.read(0, subject=f"calls.*.{ACCOUNT}.>")) <= 1

    await until(left, "the ledger is rid of them")
    check_logs(stack)


async def test_what_goes_wrong_is_told_in_the_providers_words(stack: Stack) -> None:
    await stack.start("assistant", WAIT_IN_PLACE="1")
    cases = {"sim-strong": ("unknown_key", "401"), "sim-medium": ("429", "429"), "sim-weak": ("refused", "declined")}
    for model, (kind, words) in cases.items():  # what one model met is remembered for a while
        await stack.simulate(0.0, {"kind": kind, "model": model})
        results = (await tried(stack, model_name=model))["results"]
        assert (results["health_check"], results["generation_test"]) == (True, False), kind
        assert words in results["error"], (kind, results)
    no_key = (await tried(stack, provider="openai", model_name="gpt-5-nano"))["results"]
    assert (no_key["health_check"], no_key["generation_test"]) == (False, False)
    assert "OPENAI_API_KEY" in no_key["error"]


async def in_a_call(stack: Stack, name: str) -> None:
    """Its question has gone out to the simulator."""
    port = urlsplit(stack.settings.simulator_url).port

    def out() -> bool:
        connections = psutil.Process(stack.processes[name].pid).net_connections("tcp")
        return any(one.raddr and one.raddr.port == port and one.status == "ESTABLISHED" for one in connections)

    await until(out, f"{name} asks")


async def test_an_assistant_that_is_told_to_end_answers_first(stack: Stack) -> None:
    await stack.start("assistant")
    await stack.simulate(latency=1.0)
    before = await stack.batch(ACCOUNT)
    asked = asyncio.create_task(tried(stack))
    await in_a_call(stack, "assistant")
    stack.processes["assistant"].ask_to_end()
    assert (await asked)["results"]["generation_test"] is True
    assert await stack.processes["assistant"].ended() == 0
    await booked(stack, before.calls + 1)
    assert "no assistant" in (await tried(stack))["results"]["error"]
    check_logs(stack)


async def test_a_call_that_is_given_up_at_the_end_is_on_the_bill(stack: Stack) -> None:
    await stack.start("assistant", GRACE="0.2")
    await stack.simulate(0.0, {"kind": "hang"})
    before = await stack.batch(ACCOUNT)
    asked = asyncio.create_task(tried(stack))
    await in_a_call(stack, "assistant")
    stack.processes["assistant"].ask_to_end()
    assert await stack.processes["assistant"].ended() == 0
    account = await booked(stack, before.calls + 1)
    assert account.cost > before.cost
    assert "ends" in (await asked)["results"]["error"], "whoever waits is told at once"


async def test_one_is_killed_in_a_call_and_another_goes_on(stack: Stack) -> None:
    await stack.start("assistant")
    await stack.simulate(0.0, {"kind": "hang", "first": 1})
    asked = asyncio.create_task(tried(stack))
    await in_a_call(stack, "assistant")
    stack.processes["assistant"].kill()
    await stack.start("assistant.2")
    assert all([(await tried(stack))["results"]["generation_test"] for _ in range(5)])
    assert "did not answer" in (await asked)["results"]["error"]
