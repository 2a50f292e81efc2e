"""Providers that fail in every way: what every request meets ends the batch with its words, and soon; what one
request meets does not."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from shared.contracts.statuses import BatchStatus
from tests.system.accounts import check, check_completed
from tests.system.hostile import HTML, Hostile, says
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

STRONG = "simulator/sim-strong"
REFUSAL = '{"error": {"message": "System role is not supported", "type": "invalid_request_error"}}'


@pytest_asyncio.fixture(loop_scope="session")
async def hostile(stack: Stack) -> AsyncIterator[Hostile]:
    """Between the engineer and the simulator."""
    hostile = Hostile(stack.settings.simulator_url)
    await hostile.start()
    await put_before(stack, "engineer", hostile)
    yield hostile
    await hostile.stop()


async def put_before(stack: Stack, stage: str, hostile: Hostile) -> None:
    await stack.kill(stage)
    await stack.start(stage, SIMULATOR_URL=hostile.url)


async def waiting(stack: Stack, batch_id: str) -> list[Any]:
    found: list[Any] = (await stack.status(batch_id))["waiting"]
    return found


async def test_a_refusal_that_every_request_meets_ends_the_batch(stack: Stack, hostile: Hostile) -> None:
    hostile.trick = says(REFUSAL, 400)
    batch_id = await stack.create(100, max_in_flight=50)
    batch = await stack.ended(batch_id, BatchStatus.FAILED)
    error = (await stack.status(batch_id))["error"]
    assert "engineer" in error
    assert STRONG in error
    assert "System role is not supported" in error
    assert batch.issued <= 100, "the attempts are not burnt"
    assert batch.calls == 0
    await check(stack, batch_id)


async def test_with_one_attempt_it_says_why_too(stack: Stack, hostile: Hostile) -> None:
    hostile.trick = says(REFUSAL, 400)
    batch_id = await stack.create(1, max_attempts=1)
    await stack.ended(batch_id, BatchStatus.EXHAUSTED)
    status = await stack.status(batch_id)
    assert "System role is not supported" in status["error"]
    assert "System role is not supported" in status["details"]["provider_error"]


async def test_replies_that_can_never_be_read_end_the_batch(stack: Stack) -> None:
    await stack.simulate(0.05, {"kind": "malformed", "task": "write"})
    batch_id = await stack.create(200, max_in_flight=30)
    batch = await stack.ended(batch_id, BatchStatus.FAILED)
    assert batch.error is not None
    assert batch.error.startswith("engineer ")
    assert "could not be read" in batch.error
    assert batch.issued <= 100
    await check(stack, batch_id)


async def test_answers_that_are_no_replies_are_waited_for_and_then_end_the_batch(
    stack: Stack, hostile: Hostile
) -> None:
    """No attempt is burnt on them, nothing is paid, and a batch does not wait for ever."""
    hostile.trick = says(HTML, content_type="text/html")
    batch_id = await stack.create(12, max_attempts=12)
    (wait,) = await until(lambda: waiting(stack, batch_id), "it says who waits")
    assert (wait["role"], wait["model"]) == ("engineer", STRONG)
    assert wait["words"]
    batch = await stack.ended(batch_id, BatchStatus.FAILED, within=170)
    assert "held no reply" in (await stack.status(batch_id))["error"]
    assert (batch.issued, batch.cost) == (12, 0)
    assert batch.counts == {"cancelled": 12}, "none of them failed"
    await check(stack, batch_id)


async def test_a_model_that_replies_again_is_waited_for(stack: Stack, hostile: Hostile) -> None:
    hostile.trick = says(HTML, content_type="text/html")
    batch_id = await stack.create(4)
    await until(lambda: waiting(stack, batch_id), "it says who waits")
    hostile.trick = None
    await check_completed(stack, batch_id, 4)
    assert await waiting(stack, batch_id) == []


async def test_stray_ones_among_good_replies_end_nothing(stack: Stack, hostile: Hostile) -> None:
    strays = [
        says("<html>Attention required! | a firewall</html>", 403),
        says("<html>404 page not found</html>", 404),
        says('{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}', 401),
        says('{"error": {"message": "Bad request"}}', 400),
        says(HTML),
        says(""),
    ]
    left, count = strays.copy(), itertools.count()

    async def trick(request: web.Request) -> web.StreamResponse | None:
        return await left.pop(0)(request) if left and next(count) % 3 == 2 else None

    hostile.trick = trick
    batch_id = await stack.create(25)
    batch = await check_completed(stack, batch_id, 25)
    assert not left, "each of them was met"
    assert batch.error is None


async def test_a_provider_that_is_down_at_first_contact(stack: Stack, hostile: Hostile) -> None:
    """Status says so, apart from the error; once it is up the batch goes its way."""
    await hostile.stop()
    batch_id = await stack.create(4)

    async def told() -> Any:  # a replica that was killed before may be heard for some seconds more
        return next((wait for wait in await waiting(stack, batch_id) if "connect" in wait["words"]), None)

    wait = await until(told, "it says who waits")
    assert (wait["role"], wait["model"]) == ("engineer", STRONG)
    status = await stack.status(batch_id)
    assert (status["status"], status["error"], status["total_generated"]) == ("running", None, 0)
    await hostile.start()
    assert (await check_completed(stack, batch_id, 4)).error is None
    assert await waiting(stack, batch_id) == []


async def test_a_key_that_nobody_has_is_refused_at_once(stack: Stack) -> None:
    body = {"num_problems": 3, "target_model": "openai/gpt-4o-mini"}
    answer = await stack.api.post("/api/generation", json=body)
    assert answer.status_code == 422
    fields = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert list(fields) == ["target_model"]
    assert "OPENAI_API_KEY" in fields["target_model"]


async def test_a_server_that_changes_its_embedding_model_ends_the_batch(stack: Stack, hostile: Hostile) -> None:
    """At once, naming both dimensions, and with no dead letter."""
    await stack.kill("engineer")
    await stack.start("engineer")
    await put_before(stack, "embedder", hostile)
    batch_id = await stack.create(40, max_in_flight=10)
    await stack.reaches(batch_id, 3)
    vector = {"data": [{"index": 0, "embedding": [0.6, 0.8]}], "usage": {"prompt_tokens": 9, "total_tokens": 9}}
    hostile.trick = says(json.dumps(vector))
    batch = await stack.ended(batch_id, BatchStatus.FAILED)
    assert batch.error is not None
    assert batch.error.startswith("embedding: simulator/sim-embed gives vectors of 2 dimensions")
    assert 3 <= batch.counts.get("valid", 0) < 40
    assert "faults" not in batch.reasons
    assert (await stack.api.get("/api/dead")).json()["items"] == []
    await check(stack, batch_id)
