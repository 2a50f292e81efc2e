"""The simulator through OpenAI's own SDK, on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from aiohttp import web
from openai import AsyncOpenAI
from pydantic import BaseModel

from services.checker.logic import RESOLVE, REVIEW, Review
from services.engineer.logic import WRITE, Draft
from services.simulator.app import create_app, runner
from services.simulator.models import MODELS, tokens
from shared.contracts.ask import Rendered
from shared.grading.judge import JUDGE, Judgement
from shared.grading.replies import Answer
from shared.llm.shapes import in_words, response_format

ROOT = Path(__file__).parents[2]


@dataclass
class Simulator:
    """A running simulator with an SDK client and a plain one."""

    url: str
    sdk: AsyncOpenAI
    http: aiohttp.ClientSession

    async def ask(self, prompt: Rendered, reply: type[BaseModel] | None, model: str = "sim-strong", **more: Any) -> str:
        if reply is not None:
            more["response_format"] = response_format(reply)
        completion = await self.sdk.chat.completions.create(
            model=model,
            messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            **more,
        )
        return completion.choices[0].message.content or ""

    async def write(self, variation: int = 1, **more: Any) -> Draft:
        return Draft.model_validate_json(await self.ask(writing(variation), Draft, **more))

    async def bill(self, query: str = "") -> dict[str, Any]:
        async with self.http.get(f"{self.url}/sim/bill{query}") as response:
            return dict(await response.json())

    async def put_plan(self, plan: object) -> tuple[int, dict[str, Any]]:
        async with self.http.put(f"{self.url}/sim/plan", json=plan) as response:
            return response.status, await response.json()


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[Simulator]:
    async with (
        AsyncOpenAI(api_key="any", base_url=f"{url}/v1", max_retries=0, timeout=20) as sdk,
        aiohttp.ClientSession() as http,
    ):
        yield Simulator(url, sdk, http)


@asynccontextmanager
async def serving(data: Path, seed: int = 0) -> AsyncIterator[Simulator]:
    served = runner(create_app(data, seed))
    await served.setup()
    try:
        await web.TCPSite(served, "127.0.0.1", 0).start()
        host, port = served.addresses[0]
        async with clients(f"http://{host}:{port}") as simulator:
            yield simulator
    finally:
        await served.cleanup()


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with serving(tmp_path) as running:
        yield running


def writing(variation: int) -> Rendered:
    return WRITE.render(
        subject="Algebra",
        topic="Quadratic Equations",
        level="High School",
        description="none",
        technique="none",
        variation=variation,
    )


def reviewing(draft: Draft, answer: str | None = None, hints: str | None = None) -> Rendered:
    return REVIEW.render(
        subject="Algebra",
        topic="Quadratic Equations",
        level="High School",
        description="none",
        problem=draft.problem,
        answer=draft.answer if answer is None else answer,
        hints="\n".join(f"{key}: {hint}" for key, hint in draft.hints.items()) if hints is None else hints,
    )


def judging(reference: str, candidate: str) -> Rendered:
    return JUDGE.render(problem="How much?", answer=reference, candidate=candidate)


def plain(user: str) -> Rendered:
    return Rendered("none", "You help.", user)


class TestTasks:
    async def test_writes_reviews_and_solves_what_it_wrote(self, simulator: Simulator) -> None:
        right = 0
        for variation in range(8):
            draft = await simulator.write(variation)
            assert draft.problem
            assert len(draft.hints) >= 3
            review = Review.model_validate_json(await simulator.ask(reviewing(draft), Review))
            answer = Answer.model_validate_json(await simulator.ask(RESOLVE.render(problem=draft.problem), Answer))
            right += review.valid and answer.answer == draft.answer
        assert right >= 7  # sim-strong slips now and then

    async def test_review_finds_a_wrong_reference(self, simulator: Simulator) -> None:
        draft = await simulator.write()
        prompt = reviewing(draft, answer="123456789/7")
        review = Review.model_validate_json(await simulator.ask(prompt, Review))
        assert (review.valid, review.reason_code) == (False, "wrong_reference")

    async def test_review_finds_a_hint_that_tells(self, simulator: Simulator) -> None:
        drafts = [await simulator.write(variation) for variation in range(12)]
        draft = next(draft for draft in drafts if len(draft.answer) > 1)
        review = Review.model_validate_json(
            await simulator.ask(reviewing(draft, hints=f"0: It is {draft.answer}."), Review)
        )
        assert (review.valid, review.reason_code) == (False, "bad_hints")

    async def test_review_of_what_it_cannot_read(self, simulator: Simulator) -> None:
        draft = Draft(problem="Who wrote this?", answer="42", hints={})
        review = Review.model_validate_json(await simulator.ask(reviewing(draft), Review))
        assert (review.valid, review.reason_code) == (False, "unanswerable")

    async def test_says_that_it_does_not_know(self, simulator: Simulator) -> None:
        text = await simulator.ask(RESOLVE.render(problem="Prove Goldbach's conjecture."), Answer)
        assert json.loads(text) == {"answer": "I don't know"}

    @pytest.mark.parametrize(("candidate", "equal"), [("0.5", True), ("2/4", True), ("0.51", False)])
    async def test_judges(self, simulator: Simulator, candidate: str, equal: bool) -> None:
        judgement = Judgement.model_validate_json(await simulator.ask(judging("1/2", candidate), Judgement))
        assert judgement.equivalent is equal

    async def test_the_keys_in_the_prompt_do_without_a_schema(self, simulator: Simulator) -> None:
        draft = Draft.model_validate_json(await simulator.ask(writing(1), None))
        worded = Rendered("none", in_words(Answer), RESOLVE.render(problem=draft.problem).user)
        as_object = {"type": "json_object"}
        assert set(json.loads(await simulator.ask(worded, None, response_format=as_object))) == {"answer"}
        assert "valid" in json.loads(await simulator.ask(reviewing(draft), None))
        assert "equivalent" in json.loads(await simulator.ask(judging("1", '"valid"'), None))

    async def test_anything_else_is_told_what_it_is(self, simulator: Simulator) -> None:
        assert "simulator" in await simulator.ask(plain("Tell me a joke."), None)

    async def test_a_schema_that_it_cannot_fill_is_refused(self, simulator: Simulator) -> None:
        class Joke(BaseModel):
            joke: str

        completion = await simulator.sdk.chat.completions.parse(
            model="sim-strong", messages=[{"role": "user", "content": "A joke."}], response_format=Joke
        )
        assert "simulator" in (completion.choices[0].message.refusal or "")

    async def test_the_same_requests_get_the_same_replies_in_any_order(self, tmp_path: Path) -> None:
        async def replies(data: Path, order: list[int], seed: int = 0) -> dict[int, list[str]]:
            async with serving(data, seed) as running:
                found: dict[int, list[str]] = {}
                texts = await asyncio.gather(*(running.ask(writing(n), Draft) for n in order))
                for n, text in zip(order, texts, strict=True):
                    found.setdefault(n, []).append(text)
                return {n: sorted(texts) for n, texts in found.items()}

        first = await replies(tmp_path / "a", [1, 2, 3, 1])
        assert first == await replies(tmp_path / "b", [3, 1, 1, 2])
        assert len(set(first[1])) == 2  # asked twice, it says another
        assert first != await replies(tmp_path / "c", [1, 2, 3, 1], seed=1)


class TestWire:
    async def test_usage_and_finish(self, simulator: Simulator) -> None:
        completion = await simulator.sdk.chat.completions.create(
            model="sim-weak", messages=[{"role": "user", "content": "x" * 41}], temperature=0.3, user="me"
        )
        text = completion.choices[0].message.content or ""
        assert completion.usage is not None
        assert completion.usage.prompt_tokens == 11
        assert completion.usage.completion_tokens == tokens(len(text))
        assert completion.choices[0].finish_reason == "stop"

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    async def test_the_limit_of_output_is_kept(self, simulator: Simulator, name: str) -> None:
        completion = await simulator.sdk.chat.completions.create(
            model="sim-weak", messages=[{"role": "user", "content": "Hello"}], extra_body={name: 5}
        )
        assert completion.choices[0].finish_reason == "length"
        assert completion.usage is not None
        assert completion.usage.completion_tokens == 5

    async def test_embeddings_in_both_encodings(self, simulator: Simulator) -> None:
        create = simulator.sdk.embeddings.create
        default = await create(model="sim-embed", input="Compute 7*k for k = 12.")
        floats = await create(model="sim-embed", input="Compute 7*k for k = 12.", encoding_format="float")
        many = await create(model="sim-embed", input=["one", "Compute 7*k for k = 12."])
        assert len(default.data[0].embedding) == 256
        assert default.data[0].embedding == pytest.approx(floats.data[0].embedding, abs=1e-6)
        assert many.data[1].embedding == default.data[0].embedding
        assert [entry.index for entry in many.data] == [0, 1]
        assert default.usage.prompt_tokens == 6

    async def test_models(self, simulator: Simulator) -> None:
        listed = (await simulator.sdk.models.list()).data
        assert {model.id for model in listed} == set(MODELS)
        assert {model.owned_by for model in listed} == {"stumper-simulator"}
        assert (await simulator.sdk.models.retrieve("sim-weak")).id == "sim-weak"

    @pytest.mark.parametrize(
        ("change", "error", "param"),
        [
            ({"model": "gpt-9"}, openai.NotFoundError, "model"),
            ({"model": "sim-embed"}, openai.NotFoundError, "model"),
            ({"stream": True}, openai.BadRequestError, "stream"),
            ({"n": 2}, openai.BadRequestError, "n"),
            ({"messages": []}, openai.BadRequestError, "messages"),
            ({"messages": [{"role": "user", "content": 1}]}, openai.BadRequestError, "messages[0].content"),
            ({"max_tokens": 0}, openai.BadRequestError, "max_tokens"),
            ({"response_format": {"type": "poem"}}, openai.BadRequestError, "response_format"),
            (
                {"response_format": {"type": "json_schema", "json_schema": {"schema": {"$ref": "#/nowhere"}}}},
                openai.BadRequestError,
                "response_format.json_schema.schema",
            ),
        ],
    )
    async def test_bad_requests_name_the_parameter(
        self, simulator: Simulator, change: dict[str, Any], error: type[openai.APIStatusError], param: str
    ) -> None:
        body: dict[str, Any] = {"model": "sim-weak", "messages": [{"role": "user", "content": "Hello"}]} | change
        with pytest.raises(error) as caught:
            await simulator.sdk.post("/chat/completions", cast_to=object, body=body)
        assert caught.value.param == param
        assert (caught.value.code == "model_not_found") is (change.get("model") == "gpt-9")
        assert (await simulator.bill())["calls"] == 0

    @pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
    async def test_what_is_no_json_object(self, simulator: Simulator, text: str) -> None:
        async with simulator.http.post(f"{simulator.url}/v1/chat/completions", data=text) as response:
            assert response.status == 400
            assert "JSON" in (await response.json())["error"]["message"]

    async def test_an_unknown_path_answers_in_the_same_shape(self, simulator: Simulator) -> None:
        async with simulator.http.get(f"{simulator.url}/v1/files") as response:
            assert response.status == 404
            assert "message" in (await response.json())["error"]

    async def test_all_of_sim_says_what_it_is(self, simulator: Simulator) -> None:
        for path in ("healthz", "sim/bill", "sim/plan"):
            async with simulator.http.get(f"{simulator.url}/{path}") as response:
                assert (await response.json())["simulated"] is True


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


class TestBill:
    async def test_counts_every_answered_call_over_restarts(self, tmp_path: Path) -> None:
        usage: list[tuple[str, int, int]] = []

        async def call(simulator: Simulator, model: str) -> None:
            made = await simulator.sdk.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Hello"}]
            )
            assert made.usage is not None
            usage.append((model, made.usage.prompt_tokens, made.usage.completion_tokens))

        async with serving(tmp_path) as simulator:
            await asyncio.gather(*(call(simulator, model) for model in ("sim-strong", "sim-weak") * 3))
            await simulator.sdk.embeddings.create(model="sim-embed", input="four")
        with (tmp_path / "bill.jsonl").open("ab") as file:
            file.write(b'{"at":1,"model":"sim-st')  # a kill in the middle of a line
        async with serving(tmp_path) as simulator:
            await call(simulator, "sim-strong")
            bill = await simulator.bill("?entries=1&since=6")
        assert bill["simulated"] is True
        assert bill["calls"] == 8
        assert bill["cost_nano"] == 20 + sum(MODELS[name].cost(into, out) for name, into, out in usage)
        assert bill["cost_usd"] == pytest.approx(bill["cost_nano"] / 1e9)
        assert bill["by_model"]["sim-strong"]["calls"] == 4
        assert bill["by_model"]["sim-strong"]["output_tokens"] == sum(
            out for name, _, out in usage if name == "sim-strong"
        )
        assert [(entry["n"], entry["model"]) for entry in bill["entries"]] == [(7, "sim-embed"), (8, "sim-strong")]

    async def test_a_since_that_is_no_number(self, simulator: Simulator) -> None:
        assert (await simulator.bill("?entries=1&since=x"))["errors"][0]["field"] == "since"


@contextlib.contextmanager
def process(data: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m services.simulator` with its URL, from its first log line."""
    command = [sys.executable, "-m", "services.simulator", "--data", str(data), *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ | {"STUMPER_LOG_LEVEL": "INFO"}
    ) as child:
        try:
            assert child.stderr is not None
            line = child.stderr.readline()
            found = re.search(r"url=(http://\S+)", line)
            assert found, line
            yield child, found[1]
        finally:
            child.kill()


class TestProcess:
    async def test_sigkill_loses_nothing_that_was_answered(self, tmp_path: Path) -> None:
        answered = 0
        with process(tmp_path, "--port", "0") as (child, url):
            async with clients(url) as simulator:

                async def keep_asking() -> None:
                    nonlocal answered
                    with contextlib.suppress(openai.APIConnectionError):
                        while True:
                            await simulator.ask(plain("Hello"), None)
                            answered += 1
                            if answered == 20:
                                child.kill()

                await asyncio.gather(*(keep_asking() for _ in range(4)))
            child.wait()
        async with serving(tmp_path) as simulator:
            calls = (await simulator.bill())["calls"]
        assert answered <= calls <= answered + 4  # those in flight at the kill

    async def test_a_taken_port_is_one_line(self, tmp_path: Path, simulator: Simulator) -> None:
        port = simulator.url.rpartition(":")[2]
        command = [sys.executable, "-m", "services.simulator", "--data", str(tmp_path / "other"), "--port", port]
        child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
        _, told = await child.communicate()
        assert child.returncode == 1
        assert told.decode().splitlines() == [f"The simulator cannot listen on 127.0.0.1:{port}: the port is taken"]

    async def test_sigterm_ends_it_and_its_plan_comes_from_a_file(self, tmp_path: Path) -> None:
        plan = tmp_path / "plan.json"
        plan.write_text('{"faults": [{"kind": "503"}]}')
        with process(tmp_path, "--port", "0", "--plan", str(plan)) as (child, url):
            async with clients(url) as simulator:
                with pytest.raises(openai.InternalServerError):
                    await simulator.ask(plain("Hello"), None)
            child.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(child.wait, 20) == 0
