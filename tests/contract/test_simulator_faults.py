"""The simulator's latency and faults, as OpenAI's SDK meets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from services.checker.logic import Review
from services.engineer.logic import Draft
from shared.llm.shapes import response_format
from tests.contract.simulated import Simulator, plain, reviewing, serving, writing


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with serving(tmp_path) as running:
        yield running


class TestPlan:
    @pytest.mark.parametrize(
        ("kind", "error", "code"),
        [
            ("429", openai.RateLimitError, "rate_limit_exceeded"),
            ("no_quota", openai.RateLimitError, "insufficient_quota"),
            ("unknown_key", openai.AuthenticationError, "invalid_api_key"),
            ("500", openai.InternalServerError, None),
            ("503", openai.InternalServerError, None),
        ],
    )
    async def test_faults_that_cost_nothing(
        self, simulator: Simulator, kind: str, error: type[openai.APIStatusError], code: str | None
    ) -> None:
        await simulator.put_plan({"faults": [{"kind": kind, "retry_after": 0.25}]})
        with pytest.raises(error) as caught:
            await simulator.ask(plain("Hello"), None)
        assert caught.value.code == code
        headers = caught.value.response.headers
        assert headers.get("retry-after-ms") == (None if kind in ("no_quota", "unknown_key") else "250")
        if kind == "429":
            assert headers["retry-after"] == "1"
            assert headers["x-ratelimit-remaining-requests"] == "0"
            assert headers["x-ratelimit-reset-requests"] == "0.25s"
        assert (await simulator.bill())["calls"] == 0

    async def test_hang_never_answers(self, simulator: Simulator) -> None:
        await simulator.put_plan({"faults": [{"kind": "hang"}]})
        with pytest.raises(openai.APITimeoutError):
            await simulator.ask(plain("Hello"), None, timeout=0.2)
        assert (await simulator.bill())["calls"] == 0

    async def test_hung_calls_do_not_hold_up_the_end(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as simulator:
            await simulator.put_plan({"faults": [{"kind": "hang"}]})
            call = asyncio.create_task(simulator.ask(plain("Hello"), None))
            await asyncio.wait({call}, timeout=0.1)
        with pytest.raises(openai.APIError):
            await call

    async def test_cut_ends_the_connection_in_the_middle(self, simulator: Simulator) -> None:
        await simulator.put_plan({"faults": [{"kind": "cut", "first": 1}]})
        with pytest.raises(openai.APIConnectionError):
            await simulator.ask(plain("Hello"), None)
        assert (await simulator.bill("?entries=1"))["entries"][0]["outcome"] == "cut"
        assert await simulator.ask(plain("Hello"), None)

    async def test_paid_and_useless(self, simulator: Simulator) -> None:
        for kind in ("malformed", "truncated", "refused"):
            await simulator.put_plan({"faults": [{"kind": kind}]})
            asked: Any = response_format(Draft)
            completion = await simulator.sdk.chat.completions.create(
                model="sim-strong", messages=[{"role": "user", "content": writing(1).user}], response_format=asked
            )
            message = completion.choices[0].message
            assert completion.choices[0].finish_reason == ("length" if kind == "truncated" else "stop")
            assert bool(message.refusal) is (kind == "refused")
            with pytest.raises(json.JSONDecodeError):
                json.loads(message.content or "")
        entries = (await simulator.bill("?entries=1"))["entries"]
        assert [entry["outcome"] for entry in entries] == ["malformed", "truncated", "refused"]

    async def test_an_embedding_may_be_malformed(self, simulator: Simulator) -> None:
        await simulator.put_plan({"faults": [{"kind": "refused"}, {"kind": "malformed", "task": "embed"}]})
        with pytest.raises(ValueError, match="No embedding data"):
            await simulator.sdk.embeddings.create(model="sim-embed", input="Hello")

    async def test_a_wrong_reference_is_found_by_its_review(self, simulator: Simulator) -> None:
        await simulator.put_plan({"faults": [{"kind": "wrong_reference"}]})
        draft = await simulator.write()
        review = Review.model_validate_json(await simulator.ask(reviewing(draft), Review))
        assert review.reason_code == "wrong_reference"

    async def test_latency_is_waited_and_a_client_that_goes_pays_nothing(self, simulator: Simulator) -> None:
        await simulator.put_plan({"latency": {"kind": "uniform", "low": 100, "high": 200}})
        with pytest.raises(openai.APITimeoutError):
            await simulator.ask(plain("Hello"), None, timeout=0.2)
        assert await simulator.ask(plain("Hello"), None, extra_query={"latency": "0.01"})
        assert (await simulator.bill())["calls"] == 1

    async def test_a_fault_for_one_request_by_its_query(self, simulator: Simulator) -> None:
        query = {"fault": "429", "model": "sim-weak", "first": "1"}
        assert await simulator.ask(plain("Hello"), None, "sim-strong", extra_query=query)
        with pytest.raises(openai.RateLimitError):
            await simulator.ask(plain("Hello"), None, "sim-weak", extra_query=query)
        assert await simulator.ask(plain("Hello"), None, "sim-weak", extra_query=query)
        with pytest.raises(openai.BadRequestError, match="latency"):
            await simulator.ask(plain("Hello"), None, extra_query={"latency": "soon"})

    async def test_put_get_and_reset(self, simulator: Simulator) -> None:
        status, told = await simulator.put_plan({"latency": 0.5, "faults": [{"kind": 503, "first": 2}]})
        assert (status, told["latency"]) == (200, {"kind": "fixed", "seconds": 0.5})
        status, told = await simulator.put_plan({"faults": [{"kind": "503", "rate": 7}]})
        assert (status, told["errors"][0]["field"]) == (422, "faults.0.rate")
        async with simulator.http.get(f"{simulator.url}/sim/plan") as response:
            assert (await response.json())["faults"][0]["first"] == 2
        async with simulator.http.delete(f"{simulator.url}/sim/plan") as response:
            assert (await response.json())["faults"] == []
