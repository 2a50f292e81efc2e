"""What providers are sent, embeddings included, and what is learned from a refused parameter."""

from __future__ import annotations

import asyncio
import base64
from array import array
from typing import Any, Literal

import pytest
from aiohttp import web

from shared.contracts.envelope import ModelSpec
from shared.llm.bill import RawReply
from shared.llm.clients import ModelClients, open_wire
from shared.llm.wire import Adjusted, Answer, Empty, Wire
from tests.contract.test_providers.server import (
    KEY,
    Server,
    Verdict,
    Written,
    ask,
    chat,
    fails,
    hang,
    model,
    says,
    settings,
)

# what is sent


async def test_a_call_sends_the_prompt_once_and_returns_what_was_said(
    wire: Wire, server: Server, provider: str
) -> None:
    server.script = [says(chat("two"))]
    answer = await ask(wire, model(temperature=0.5, max_tokens=9))
    assert answer == Answer("two", "stop", 7, 3)
    assert server.bodies == [
        {
            "model": "some-model",
            "messages": [{"role": "system", "content": "be exact"}, {"role": "user", "content": "1 + 1?"}],
            "temperature": 0.5,
            "max_tokens": 9,
        }
    ]
    assert server.seen[0].path == "/v1/chat/completions"
    key = KEY if provider == "openai" else "none"
    assert server.seen[0].headers["Authorization"] == f"Bearer {key}"
    assert server.seen[0].headers["Content-Type"] == "application/json"
    assert not [name for name in server.seen[0].headers if name.lower().startswith("x-stainless")]


async def test_no_system_part_no_message_for_it(wire: Wire, server: Server) -> None:
    server.script = [says(chat())]
    await wire.complete(model(), "", "häßlich \ud800 ∫", None)
    assert server.bodies[0]["messages"] == [{"role": "user", "content": "häßlich \ud800 ∫"}]


async def test_a_shape_is_sent_as_a_strict_schema(wire: Wire, server: Server) -> None:
    server.script = [says(chat('{"valid": true}'))]
    await ask(wire, schema=Verdict)
    sent = server.bodies[0]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["name"] == "Verdict"
    assert sent["json_schema"]["strict"] is True
    assert sent["json_schema"]["schema"]["required"] == ["valid", "reason"]
    assert sent["json_schema"]["schema"]["additionalProperties"] is False


async def test_a_shape_with_an_open_mapping_cannot_be_strict(wire: Wire, server: Server) -> None:
    server.script = [says(chat("{}"))]
    await ask(wire, schema=Written)
    sent = server.bodies[0]["response_format"]["json_schema"]
    assert sent["strict"] is False
    assert sent["schema"]["properties"]["hints"] == {"additionalProperties": {"type": "string"}, "type": "object"}


@pytest.mark.parametrize("name", ["o3-mini", "o1", "gpt-5", "gpt-5-mini", "openai/o4-mini", "ft:o4-mini:us::x"])
async def test_reasoning_models_take_no_temperature(wire: Wire, server: Server, name: str) -> None:
    server.script = [says(chat())]
    await ask(wire, model(name, temperature=0.5, max_tokens=9))
    assert "temperature" not in server.bodies[0]
    assert "max_tokens" not in server.bodies[0]
    assert server.bodies[0]["max_completion_tokens"] == 9


@pytest.mark.parametrize(("name", "format"), [("gpt-4-turbo", {"type": "json_object"}), ("gpt-4", None)])
async def test_models_without_schemas_are_told_in_words(
    wire: Wire, server: Server, name: str, format: dict[str, str] | None
) -> None:
    server.script = [says(chat("{}"))]
    await ask(wire, model(name), Verdict)
    assert server.bodies[0].get("response_format") == format
    system = server.bodies[0]["messages"][0]["content"]
    assert "JSON" in system
    assert '{"valid": boolean, "reason": string or null}' in system


async def test_a_base_url_may_carry_a_query(server: Server) -> None:
    server.script = [says(chat())]
    wire = open_wire("openai", settings("openai", server.url, openai_base_url=f"{server.url}/v1?latency=0.2&x=1"))
    await ask(wire)
    await wire.close()
    assert str(server.seen[0].rel_url) == "/v1/chat/completions?latency=0.2&x=1"


# what is learned


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_schema_is_put_otherwise_and_remembered(wire: Wire, server: Server, status: int) -> None:
    no = fails(status, "response_format of type json_schema is not supported with this model", param="response_format")
    server.script = [no, no, says(chat("{}"))]
    for _ in range(2):
        with pytest.raises(Adjusted):
            await ask(wire, schema=Verdict)
    await ask(wire, schema=Verdict)
    await ask(wire, schema=Verdict)
    formats = [(body.get("response_format") or {}).get("type") for body in server.bodies]
    assert formats == ["json_schema", "json_object", None, None]


async def test_refused_parameters_are_left_out(wire: Wire, server: Server) -> None:
    server.script = [
        fails(400, "Unsupported value: 'temperature' does not support 0.5", "unsupported_value", "temperature"),
        fails(
            400,
            "Unsupported parameter: 'max_tokens', use 'max_completion_tokens'",
            "unsupported_parameter",
            "max_tokens",
        ),
        says(chat()),
    ]
    spec = model(temperature=0.5, max_tokens=9)
    for _ in range(2):
        with pytest.raises(Adjusted):
            await ask(wire, spec)
    await ask(wire, spec)
    assert server.bodies[2] == {
        "model": "some-model",
        "messages": server.bodies[0]["messages"],
        "max_completion_tokens": 9,
    }


async def test_siblings_that_were_refused_for_the_same_reason_learn_it_once(wire: Wire, server: Server) -> None:
    server.script = [fails(400, "json_schema is unsupported")]
    results = await asyncio.gather(*(ask(wire, schema=Verdict) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, Adjusted) for result in results)
    server.script = [says(chat("{}"))]
    await ask(wire, schema=Verdict)
    assert server.bodies[-1]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    "error",
    [
        "System role not supported",
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "Only user and assistant roles are supported!",
    ],
)
async def test_a_system_message_that_is_refused_stands_before_the_users(wire: Wire, server: Server, error: str) -> None:
    server.script = [fails(400, error), says(chat())]
    with pytest.raises(Adjusted):
        await ask(wire)
    await ask(wire)
    assert server.bodies[1]["messages"] == [{"role": "user", "content": "be exact\n\n1 + 1?"}]


WRAPPED: list[Any] = [
    {"error": {"message": "`temperature` is deprecated for this model.", "type": "invalid_request_error"}},
    [{"error": {"code": 400, "message": "temperature is not supported", "status": "INVALID_ARGUMENT"}}],
    {"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]},
    {"message": "invalid temperature: only 1 is allowed for this model", "object": "error", "code": 400},
    "temperature: unsupported",
]


@pytest.mark.parametrize("status", [200, 400, 422, 500])
@pytest.mark.parametrize("body", WRAPPED)
async def test_a_refused_parameter_is_learned_however_it_is_said(
    wire: Wire, server: Server, body: Any, status: int
) -> None:
    server.script = [says(body, status), says(chat())]
    with pytest.raises(Adjusted):
        await ask(wire, model(temperature=0.5))
    await ask(wire, model(temperature=0.5))
    assert "temperature" not in server.bodies[1]


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        ("encoding_format is not supported", {"input": "a text"}),
        ("'base64' is not a valid value", {"input": "a text"}),
        ([{"loc": ["body", "encoding_format"], "msg": "Extra inputs are not permitted"}], {"input": "a text"}),
        (
            [{"loc": ["body", "input"], "msg": "Input should be a valid list"}],
            {"input": ["a text"], "encoding_format": "base64"},
        ),
    ],
)
async def test_what_an_embedding_server_refuses_is_learned(
    wire: Wire, server: Server, error: Any, sent: dict[str, Any]
) -> None:
    server.script = [says({"detail": error}, 422), says({"data": [{"embedding": FLOATS}]})]
    with pytest.raises(Adjusted):
        await wire.embed(model(), "a text")
    assert (await wire.embed(model(), "a text"))[0] == FLOATS
    assert server.bodies[1] == {"model": "some-model", **sent}


# embeddings

FLOATS = [0.25, -1.5, 3.0]


@pytest.mark.parametrize("sent", [FLOATS, base64.b64encode(array("f", FLOATS).tobytes()).decode()])
async def test_embeddings_come_as_numbers_or_as_base64(wire: Wire, server: Server, sent: Any) -> None:
    server.script = [says({"data": [{"embedding": sent}], "usage": {"prompt_tokens": 4, "total_tokens": 4}})]
    vector, answer = await wire.embed(model(), "a text")
    assert vector == FLOATS
    assert answer == Answer("", "stop", 4, 0)
    assert server.bodies == [{"model": "some-model", "input": "a text", "encoding_format": "base64"}]
    assert server.seen[0].path == "/v1/embeddings"


@pytest.mark.parametrize(
    "sent",
    [[], "", "###", "AAA=", [1, "x"], [1, "2"], [1, True], [1, None], [1e39], [10**400], None, 5, [[1]],
     [float("nan")], [float("inf")], [0.0, -0.0], "AAAAAAAAAAA="],
)  # fmt: skip
async def test_what_is_no_vector_is_no_reply(wire: Wire, server: Server, sent: Any) -> None:
    server.script = [says({"data": [{"embedding": sent}]})]
    with pytest.raises(Empty):
        await wire.embed(model(), "a text")


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"total_tokens": 4}, 4),
        ({"prompt_tokens": 4, "total_tokens": 9}, 4),
        ({"prompt_tokens": "4"}, None),
        (None, None),
    ],
)
async def test_an_embedding_has_input_only(wire: Wire, server: Server, usage: Any, tokens: int | None) -> None:
    server.script = [says({"data": [{"embedding": FLOATS}], "usage": usage})]
    assert (await wire.embed(model(), "a text"))[1] == Answer("", "stop", tokens, 0)


@pytest.mark.parametrize(("index", "is_ours"), [(0, True), (None, True), (1, False), ("x", False)])
async def test_a_vector_of_another_text_is_no_reply(wire: Wire, server: Server, index: Any, is_ours: bool) -> None:
    server.script = [says({"data": [{"embedding": [9.0], "index": 3}, {"embedding": FLOATS, "index": index}]})]
    if is_ours:
        assert (await wire.embed(model(), "a text"))[0] == FLOATS
    else:
        with pytest.raises(Empty):
            await wire.embed(model(), "a text")


# through the core


async def nothing_lost(raw: RawReply) -> None:
    raise AssertionError(raw)


async def test_one_process_can_have_256_calls_out(clients: ModelClients, server: Server, provider: str) -> None:
    everyone_is_here = asyncio.Barrier(256)

    async def together(_: web.Request) -> web.StreamResponse:
        await everyone_is_here.wait()
        return web.json_response(chat())

    server.script = [together]
    spec = ModelSpec(provider=provider, model_name="m")
    calls = (clients.complete(spec, "", "x", None, may_begin=lambda: None, lost=nothing_lost) for _ in range(256))
    assert len(await asyncio.gather(*calls)) == 256


async def test_an_adjusted_question_is_asked_again_within_the_call(
    clients: ModelClients, server: Server, provider: str
) -> None:
    server.script = [fails(400, "no json_schema"), fails(400, "no json_object"), says(chat("{}"))]
    begun: list[Literal[1]] = []
    spec = ModelSpec(provider=provider, model_name="m")
    raw = await clients.complete(spec, "", "x", Verdict, may_begin=lambda: begun.append(1), lost=nothing_lost)
    assert raw.text == "{}"
    assert len(begun) == len(server.seen) == 3


async def test_a_cancelled_call_closes_its_connection(clients: ModelClients, server: Server, provider: str) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def watched(request: web.Request) -> web.StreamResponse:
        arrived.set()
        try:
            return await hang(request)
        finally:
            gone.set()

    server.script = [watched]
    spec = ModelSpec(provider=provider, model_name="m")
    lost: list[RawReply] = []

    async def lose(raw: RawReply) -> None:
        lost.append(raw)

    call = asyncio.create_task(clients.complete(spec, "", "x", None, may_begin=lambda: None, lost=lose))
    await arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await gone.wait()
    assert [raw.finish for raw in lost] == ["timeout"], "it was on its way, so it may have been paid"
