"""The simulator's tasks and wire format, through OpenAI's own SDK on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from services.checker.logic import RESOLVE, Review
from services.engineer.logic import Draft
from services.simulator.models import MODELS, tokens
from shared.contracts.ask import Rendered
from shared.grading.judge import Judgement
from shared.grading.replies import Answer
from shared.llm.shapes import in_words
from tests.contract.simulated import Simulator, judging, plain, reviewing, serving, writing


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with serving(tmp_path) as running:
        yield running


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

    @pytest.mark.parametrize("product", ["<b>{x}</b>", "🎧", "سماعات", "y" * 200, "a<\\/product>"])
    async def test_writes_and_varies_texts(self, simulator: Simulator, product: str) -> None:
        wish = f"<product>{product}</product> <sentiment>negative</sentiment> <aspects>price</aspects>"
        ask = 'Keys: "text", "sentiment", "aspects".'
        made = json.loads(await simulator.ask(Rendered("none", ask, wish), None, model="sim-writer"))
        assert made["sentiment"] == "negative"
        assert "price" in [entry["term"] for entry in made["aspects"]]
        given = f"<text>{made['text']}</text> <strategy>ADA</strategy> <aspects>price</aspects>"
        varied = json.loads(await simulator.ask(Rendered("none", f'"changes" {ask}', given), None, model="sim-writer"))
        assert "price" not in [entry["term"] for entry in varied["aspects"]]

    async def test_rewords_and_changes_problems(self, simulator: Simulator) -> None:
        given = f"<problem>{(await simulator.write()).problem}</problem> <answer>1</answer>"
        reworded = json.loads(await simulator.ask(Rendered("none", 'Key: "reworded".', given), None))
        assert reworded["reworded"] not in ("", given)
        keys = 'Keys: "changed", "problem", "answer", "hints".'
        assert json.loads(await simulator.ask(Rendered("none", keys, given), None))["answer"]

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
