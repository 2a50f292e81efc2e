"""Bad input: 422 that names the field, and nothing stored."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from services.gateway.schemas.generation import FULL, GenerationRequest
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running

MANY = {"Algebra": [f"topic {n}" for n in range(6000)], "Calculus": [f"topic {n}" for n in range(6000)]}

BAD = [
    ({}, "num_problems"),
    ({"num_problems": 0}, "num_problems"),
    ({"num_problems": -1}, "num_problems"),
    ({"num_problems": 10**9}, "num_problems"),
    ({"num_problems": 10**400}, "num_problems"),
    ({"num_problems": "5"}, "num_problems"),
    ({"num_problems": 5.5}, "num_problems"),
    ({"num_problems": True}, "num_problems"),
    ({"num_problems": None}, "num_problems"),
    ({"num_problem": 5}, "num_problem"),
    ({"engineer_model": {"provider": "nobody", "model_name": "x"}}, "engineer_model.provider"),
    ({"engineer_model": "nobody/x"}, "engineer_model.provider"),
    ({"checker_model": "no-slash"}, "checker_model"),
    ({"checker_model": {"provider": "openai"}}, "checker_model.model_name"),
    ({"target_model": {"provider": "openai", "model_name": ""}}, "target_model.model_name"),
    ({"target_model": {"provider": "openai", "model_name": "x", "top_p": 1}}, "target_model.top_p"),
    ({"judge_model": {"provider": "openai", "model_name": "x", "temperature": 9}}, "judge_model.temperature"),
    ({"judge_model": {"provider": "openai", "model_name": "x", "max_tokens": 0}}, "judge_model.max_tokens"),
    ({"embedding_model": 7}, "embedding_model"),
    ({"taxonomy": {}}, "taxonomy"),
    ({"taxonomy": []}, "taxonomy"),
    ({"taxonomy": "Algebra"}, "taxonomy"),
    ({"taxonomy": {"Algebra": []}}, "taxonomy.Algebra"),
    ({"taxonomy": {"Algebra": {}}}, "taxonomy.Algebra"),
    ({"taxonomy": {"Algebra": None}}, "taxonomy.Algebra"),
    ({"taxonomy": {"Algebra": "Roots"}}, "taxonomy.Algebra"),
    ({"taxonomy": {"Algebra": ["Roots", "Roots"]}}, "taxonomy.Algebra"),
    ({"taxonomy": {"Algebra": ["Roots", 7]}}, "taxonomy.Algebra.1"),
    ({"taxonomy": {"Algebra": [""]}}, "taxonomy.Algebra.0"),
    ({"taxonomy": {"Algebra": [" "]}}, "taxonomy.Algebra.0"),
    ({"taxonomy": {"Algebra": ["a\u0000b"]}}, "taxonomy.Algebra.0"),
    ({"taxonomy": {"Algebra": ["x" * 201]}}, "taxonomy.Algebra.0"),
    ({"taxonomy": {"": ["Roots"]}}, "taxonomy."),
    ({"taxonomy": {"x" * 201: ["Roots"]}}, "taxonomy." + "x" * 199 + "…"),
    ({"taxonomy": {"Algebra": {"Roots": {"levl": "x"}}}}, "taxonomy.Algebra.Roots.levl"),
    ({"taxonomy": {"Algebra": {"Roots": {"level": 3}}}}, "taxonomy.Algebra.Roots.level"),
    ({"taxonomy": {"Algebra": {"Roots": {"description": "x" * 2001}}}}, "taxonomy.Algebra.Roots.description"),
    ({"taxonomy": {"Algebra": {"Roots": []}}}, "taxonomy.Algebra.Roots"),
    ({"taxonomy": MANY}, "taxonomy"),
    ({"similarity_threshold": 0}, "similarity_threshold"),
    ({"similarity_threshold": 1.01}, "similarity_threshold"),
    ({"similarity_threshold": "0.8"}, "similarity_threshold"),
    ({"max_attempts": 0}, "max_attempts"),
    ({"max_in_flight": 0}, "max_in_flight"),
    ({"max_in_flight": 2001}, "max_in_flight"),
    ({"max_cost_usd": 0}, "max_cost_usd"),
    ({"max_cost_usd": -1}, "max_cost_usd"),
    ({"max_cost_usd": 1, "target_model": "openai/no-such-model-42"}, "max_cost_usd"),
    ({"random_seed": -1}, "random_seed"),
    ({"random_seed": 2**63}, "random_seed"),
    ({"name": ""}, "name"),
    ({"name": "x" * 201}, "name"),
    # not built yet
    ({"use_seed_data": True}, "use_seed_data"),
    ({"benchmark_name": "AIME"}, "benchmark_name"),
    ({"seed_data": [{"problem": "1 + 1?", "answer": "2"}]}, "seed_data"),
    ({"min_pass_rate": 0.1}, "min_pass_rate"),
    ({"difficulty": "rl"}, "difficulty"),
    ({"difficulty": {"attempts": 4, "bands": []}}, "difficulty"),
    ({"decontaminate": ["aime"]}, "decontaminate"),
    ({"answer_style": "json"}, "answer_style"),
    ({"concepts": 3}, "concepts"),
    ({"strategy": "failures"}, "strategy"),
    ({"seeds": [{"question": "1 + 1?"}]}, "seeds"),
    ({"confirmations": 2}, "confirmations"),
    ({"attempts": 4}, "attempts"),
    ({"max_pass_rate": 0.5}, "max_pass_rate"),
    ({"confirmation_models": ["openai/gpt-4.1"]}, "confirmation_models"),
    ({"confirmation_share": 0.5}, "confirmation_share"),
    ({"level_weights": {"High School": 1.0}}, "level_weights"),
    ({"strategy": "yield"}, "strategy"),
    ({"hint_ladder": True}, "hint_ladder"),
    ({"novelty_scope": "all"}, "novelty_scope"),
    ({"novelty_scope": "dataset:abc"}, "novelty_scope"),
]


@pytest.mark.parametrize(("body", "field"), BAD, ids=lambda value: str(value)[:60])
async def test_the_field_is_named_and_nothing_stored(gateway: Gateway, body: dict[str, Any], field: str) -> None:
    first = (await gateway.ledger.state()).last
    complete = {"num_problems": 5} if not any(name.startswith("num_") for name in body) and body else {}
    # exact numbers: a client's JSON encoder would not send all of them
    reply = await gateway.client.post(
        "/api/generation", content=json.dumps(complete | body), headers={"Content-Type": "application/json"}
    )
    problem = assert_problem(reply, 422, field)
    assert field in problem["detail"]
    assert await gateway.batches() == 0
    assert [fact for fact in await gateway.ledger.read(first) if b"num_problems" in fact.data] == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"num_problems=5", b'{"num_problems": 5,}', b"\xff\xfe", b'{"num_problems": "\xff"}', b"null",
        b"[]", b"5", b'"text"', b"[" * 100_000, b'{"a":' * 50_000, b'{"num_problems": ' + b"9" * 5000 + b"}",
        b'{"num_problems": 5, "similarity_threshold": NaN}', b'{"num_problems": 5, "max_cost_usd": Infinity}',
        b'{"num_problems": 5, "max_cost_usd": 1e400}', b'{"num_problems": 5, "name": "\\ud800"}',
        b'{"num_problems": 5, "num_problems": 6}', b'{"num_problems": 5, "max_cost_usd": 1, "max_cost_usd": null}',
        b'{"num_problems": 5, "taxonomy": {"A": ["x"], "A": ["y"]}}', b'{"num_problems": 5, "difficulty": NaN}',
        b'{"num_problems": 5, "\\ud800": 1}', b'{"num_problems": 5, "taxonomy": {"\\ud800": ["x"]}}',
    ],
    ids=lambda content: repr(content[:40]),
)  # fmt: skip
async def test_a_body_that_is_not_what_was_asked(gateway: Gateway, content: bytes) -> None:
    reply = await gateway.client.post("/api/generation", content=content, headers={"Content-Type": "application/json"})
    assert assert_problem(reply, 422)["errors"]
    assert await gateway.batches() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"num_problems": 5, "num_problems": 6}', "num_problems: is given twice in one object"),
        (b'{"num_problems": 5,\n "x": }', "body: not JSON: Expecting value at line 2, column 7"),
        (b'{"num_problems": 5, "name": "\xff"}', "body: not JSON: not UTF-8 at byte 29"),
        (b'{"num_problems": ' + b"9" * 5000 + b"}", "body: holds a number of thousands of digits"),
        (b"[" * 100_000, "body: nested too deep"),
        (b'{"num_problems": 5, "random_seed": -Infinity}', "body: not JSON: -Infinity is no number there"),
    ],
    ids=lambda value: repr(value[:40]),
)
async def test_what_is_no_json_is_told_where(gateway: Gateway, content: bytes, words: str) -> None:
    reply = await gateway.client.post("/api/generation", content=content, headers={"Content-Type": "application/json"})
    assert assert_problem(reply, 422)["detail"] == words


async def test_a_form_is_refused_in_plain_words(gateway: Gateway) -> None:
    reply = await gateway.client.post("/api/generation", data={"num_problems": "5"})
    assert "application/json" in assert_problem(reply, 422, "body")["detail"]


async def test_several_faults_are_all_named_but_not_a_million(gateway: Gateway) -> None:
    reply = await gateway.post({"num_problems": 0, "strategy": 3, "taxonomy": {"Algebra": []}})
    assert_problem(reply, 422, "num_problems", "strategy", "taxonomy.Algebra")
    reply = await gateway.post({"num_problems": 1} | {f"unknown_{n}": 1 for n in range(70)})
    assert len(assert_problem(reply, 422)["errors"]) == 50
    reply = await gateway.post({"num_problems": 1} | {f"unknown_{n}": 1 for n in range(20_000)})
    assert_problem(reply, 422, "body")


async def test_an_unknown_provider_is_told_the_known_ones(gateway: Gateway) -> None:
    reply = await gateway.post({"num_problems": 1, "engineer_model": "nobody/x"})
    assert "openai, simulator" in assert_problem(reply, 422)["detail"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/batches?page=0", "page"),
        (f"/api/batches?page={10**30}", "page"),
        ("/api/batches?per_page=501", "per_page"),
        ("/api/batches?status=nope", "status"),
        ("/api/batches?statuss=running", "statuss"),
        ("/api/problems?reason=nope", "reason"),
        ("/api/problems?min_difficulty=0.5", "min_difficulty"),
        ("/api/problems?include=everything", "include.0"),
        ("/api/problems/all?status=nope", "status"),
        ("/api/problems/problem/a-1?include=x", "include.0"),
        ("/api/dead?page=x", "page"),
        ("/api/batches/problems/count?batch=x", "batch"),
        ("/api/problems?status=valid&status=solved", "status"),
        ("/api/batches?page=1&page=2", "page"),
        (f"/api/batches/{'a' * 24}?include=problems", "include"),
        (f"/api/generation/status/{'a' * 24}?verbose=1", "verbose"),
        ("/api/dead/x?all=1", "all"),
    ],
)
async def test_queries_are_checked_too(gateway: Gateway, path: str, field: str) -> None:
    assert_problem(await gateway.client.get(path), 422, field)


async def test_a_parameter_that_nobody_reads_starts_nothing(gateway: Gateway) -> None:
    reply = await gateway.client.post("/api/generation?max_cost_usd=5", json={"num_problems": 1})
    assert_problem(reply, 422, "max_cost_usd")
    assert await gateway.batches() == 0
    assert (await gateway.client.get("/health?from=probe")).status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
PLAUSIBLE = st.sampled_from([*FULL.values(), 0, 1, 1.0, "openai/gpt-4.1", {}, [], {"A": ["b"]}, {"A": {"b": {}}}])
BODIES = st.fixed_dictionaries(
    {"num_problems": st.integers(-1, 7)},
    optional=dict.fromkeys(GenerationRequest.model_fields.keys() - {"num_problems"}, PLAUSIBLE | JSON),
)


async def test_no_body_breaks_it_or_is_half_stored(settings: Settings) -> None:
    async with running(settings) as gateway:
        loop = asyncio.get_running_loop()
        stored = 0

        async def send(body: Any) -> None:
            nonlocal stored
            reply = await gateway.client.post(
                "/api/generation", content=json.dumps(body), headers={"Content-Type": "application/json"}
            )
            assert reply.status_code in (202, 422), reply.text
            if reply.status_code == 422:
                assert assert_problem(reply, 422)["errors"]
            stored += reply.status_code == 202
            assert await gateway.batches() == stored

        @hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(body=BODIES | JSON)
        def fuzz(body: Any) -> None:
            asyncio.run_coroutine_threadsafe(send(body), loop).result(60)

        await asyncio.to_thread(fuzz)


async def test_a_batch_whose_embeddings_cannot_fit_is_refused(gateway: Gateway) -> None:
    large = {"provider": "openai", "model_name": "text-embedding-3-large"}
    reply = await gateway.post({"num_problems": 100_000, "embedding_model": large})
    assert reply.status_code == 422
    assert [error["field"] for error in reply.json()["errors"]] == ["num_problems"]
    assert "at least 1,248.8 MB" in reply.json()["detail"]
    assert "STUMPER_LEDGER_MAX_BYTES" in reply.json()["detail"]
    assert await gateway.batches() == 0
