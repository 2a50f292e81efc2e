"""Every provider of the table on the wire: the real SDK against a server that plays a script."""

from __future__ import annotations

import asyncio
import base64
import json
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import pytest
from aiohttp import web
from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Fault, Permanent, Refused, Rejected, Transient
from shared.llm.clients import ModelClients, RawReply, open_wire
from shared.llm.providers import PROVIDERS
from shared.llm.wire import Adjusted, Answer, Lost, Wire
from shared.settings import Settings

KEY = "sk-proj-0123456789abcdefghijklmnop"

# what points a provider at the server; a new one needs its line
SETTINGS: dict[str, Callable[[str], dict[str, Any]]] = {
    "openai": lambda url: {"openai_base_url": f"{url}/v1", "openai_api_key": KEY},
    "simulator": lambda url: {"simulator_url": url},
}

Play = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Verdict(BaseModel):
    valid: bool
    reason: str | None = None


class Written(BaseModel):
    problem: str
    hints: dict[str, str]


class Server:
    """Plays `script` one request after another, the last line for ever; keeps what it was sent."""

    def __init__(self) -> None:
        self.script: list[Play] = []
        self.seen: list[web.Request] = []
        self.bodies: list[Any] = []
        self.url = ""

    async def play(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.seen.append(request)
        return await (self.script.pop(0) if len(self.script) > 1 else self.script[0])(request)


def says(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Play:
    async def play(_: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=text, status=status, headers=headers, content_type="application/json")

    return play


def chat(text: Any = "ok", finish: str | None = "stop", *, usage: Any = (7, 3), **message: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}]
    }
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return body


def fails(status: int, message: str = "no", code: str | None = None, param: str | None = None, **headers: str) -> Play:
    error = {"error": {"message": message, "type": "an_error", "code": code, "param": param}}
    return says(error, status, {name.replace("_", "-"): value for name, value in headers.items()})


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def cut(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


async def cut_in_the_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"choices": [')
    assert request.transport
    request.transport.close()
    return response


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def not_http(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.write(b"SMTP at your service\r\n\r\n")
    request.transport.close()
    return web.Response()


async def bad_gzip(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.play)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def settings(provider: str, url: str, **more: Any) -> Settings:
    return Settings(_env_file=None, **{"call_timeout": 5.0, **SETTINGS[provider](url), **more})


@pytest.fixture
async def wire(provider: str, server: Server) -> AsyncIterator[Wire]:
    wire = open_wire(provider, settings(provider, server.url))
    yield wire
    await wire.close()


@pytest.fixture
async def hasty(provider: str, server: Server) -> AsyncIterator[Wire]:
    wire = open_wire(provider, settings(provider, server.url, call_timeout=0.3))
    yield wire
    await wire.close()


def model(name: str = "some-model", **more: Any) -> ModelSpec:
    return ModelSpec(provider="openai", model_name=name, **more)


async def ask(wire: Wire, spec: ModelSpec | None = None, schema: type[BaseModel] | None = None) -> Answer:
    return await wire.complete(spec or model(), "be exact", "1 + 1?", schema)


async def fault(wire: Wire) -> Fault:
    with pytest.raises(Fault) as caught:
        await ask(wire)
    assert caught.value.__context__ is None, "the SDK's exception holds the request and with it the key"
    for text in (str(caught.value), repr(caught.value)):
        assert KEY not in text
        assert "0123456789" not in text
    return caught.value


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


# what is said back


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (chat("cut of", "length"), Answer("cut of", "length", 7, 3)),
        (chat(None, refusal="I will not"), Answer("I will not", "refused", 7, 3)),
        (chat("half", "content_filter"), Answer("half", "refused", 7, 3)),
        (chat(None), Answer("", "stop", 7, 3)),
        (chat("x", None, usage=None), Answer("x", "stop", None, None)),
        (chat("x", usage=("many", -1)), Answer("x", "stop", None, None)),
        (chat([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), Answer("ab", "stop", 7, 3)),
        (chat("half a pair: \ud800"), Answer("half a pair: ?", "stop", 7, 3)),
    ],
)
async def test_replies(wire: Wire, server: Server, body: Any, answer: Answer) -> None:
    server.script = [says(body)]
    assert await ask(wire) == answer


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", "null", "{}", '{"choices": []}', '{"choices": [{}]}', '{"choices": [{"message": null}]}',
     '{"error": {"message": "overloaded"}}', '{"choices": [{"message": {"content": 5}}]}', "[" * 100_000, '{"choices'],
)  # fmt: skip
async def test_a_body_that_is_no_reply_may_have_been_paid(wire: Wire, server: Server, body: str) -> None:
    server.script = [says(body)]
    assert isinstance(await fault(wire), Lost)


@pytest.mark.parametrize("play", [cut, cut_in_the_body, not_http, bad_gzip])
async def test_a_connection_that_breaks_may_have_been_paid(wire: Wire, server: Server, play: Play) -> None:
    server.script = [play]
    assert isinstance(await fault(wire), Lost)
    assert len(server.seen) == 1


@pytest.mark.parametrize("play", [hang, drip])
async def test_no_reply_in_time_may_have_been_paid(hasty: Wire, server: Server, play: Play) -> None:
    server.script = [play]
    error = await fault(hasty)
    assert isinstance(error, Lost)
    assert "no reply in time" in str(error)
    assert len(server.seen) == 1


async def test_nobody_there_was_not_paid(provider: str, unused_tcp_port: int) -> None:
    wire = open_wire(provider, settings(provider, f"http://127.0.0.1:{unused_tcp_port}"))
    error = await fault(wire)
    await wire.close()
    assert isinstance(error, Transient)
    assert not isinstance(error, Lost)
    assert "cannot connect" in str(error)


STATUSES: list[tuple[int, str, str | None, type[Fault]]] = [
    (401, "Incorrect API key provided", "invalid_api_key", Permanent),
    (402, "Insufficient balance", None, Permanent),
    (403, "Country not supported", None, Permanent),
    (404, "The model `x` does not exist", "model_not_found", Permanent),
    (404, "no such page", None, Permanent),
    (307, "elsewhere", None, Permanent),
    (400, "The model `x` does not exist or you do not have access to it", "model_not_found", Permanent),
    (400, "Billing hard limit has been reached", "billing_hard_limit_reached", Permanent),
    (429, "You exceeded your current quota", "insufficient_quota", Permanent),
    (400, "This model's maximum context length is 8192 tokens", "context_length_exceeded", Rejected),
    (400, "anything", None, Rejected),
    (413, "too large", None, Rejected),
    (422, "anything", None, Rejected),
    (418, "a teapot", None, Rejected),
    (429, "Request too large for x: Limit 30000, Requested 50000", "rate_limit_exceeded", Rejected),
    (429, "Rate limit reached", "rate_limit_exceeded", Transient),
    *((status, "hm", None, Transient) for status in (408, 409, 425, 500, 502, 503, 504, 520, 529)),
]


@pytest.mark.parametrize(("status", "words", "code", "kind"), STATUSES)
async def test_every_status_is_one_fault_and_one_request(
    wire: Wire, server: Server, status: int, words: str, code: str | None, kind: type[Fault]
) -> None:
    # the SDK would obey `x-should-retry` and follow `location`, were it let
    server.script = [fails(status, words, code, x_should_retry="true", location="/v1/other", retry_after_ms="1")]
    error = await fault(wire)
    assert type(error) is kind
    assert words in str(error)
    assert str(status) in str(error)
    assert getattr(error, "limited", False) is (status == 429 and kind is Transient)
    assert len(server.seen) == 1


async def test_a_page_of_html_is_not_quoted(wire: Wire, server: Server) -> None:
    server.script = [says("<html><body>Bad gateway at length</body></html>", 502)]
    assert "<" not in str(await fault(wire))


@pytest.mark.parametrize("echo", [KEY, f"Bearer {KEY}", "sk-proj-01234*************mnop", "sk-0123456789…"])
async def test_a_key_that_the_provider_echoes_is_taken_out(server: Server, echo: str) -> None:
    wire = open_wire("openai", settings("openai", server.url))
    server.script = [fails(401, f"Incorrect API key provided: {echo}. See the docs.")]
    error = await fault(wire)
    await wire.close()
    assert "sk-" not in str(error)
    assert "[key]" in str(error)
    assert "See the docs." in str(error)


async def test_a_filter_before_the_model_is_a_refusal_that_costs_nothing(wire: Wire, server: Server) -> None:
    server.script = [fails(400, "Your prompt was flagged", "content_policy_violation")]
    assert await ask(wire) == Answer("Your prompt was flagged", "refused", 0, 0)
    with pytest.raises(Refused):
        await wire.embed(model(), "x")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "7"}, 0.25),
        ({"retry_after": "999999"}, 3600),
        ({"x_ratelimit_reset_requests": "6m0s", "x_ratelimit_remaining_requests": "0"}, 360),
        ({"x_ratelimit_reset_tokens": "20ms", "x_ratelimit_remaining_tokens": "0",
          "x_ratelimit_reset_requests": "6m0s", "x_ratelimit_remaining_requests": "5"}, 0.02),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)  # fmt: skip
async def test_when_to_come_back(wire: Wire, server: Server, headers: dict[str, str], seconds: float | None) -> None:
    server.script = [fails(429, **headers)]
    error = await fault(wire)
    assert isinstance(error, Transient)
    assert error.retry_after == (None if seconds is None else pytest.approx(seconds))


async def test_when_to_come_back_as_a_date(wire: Wire, server: Server) -> None:
    server.script = [fails(429, retry_after=format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True))]
    error = await fault(wire)
    assert isinstance(error, Transient)
    assert error.retry_after is not None
    assert 1000 < error.retry_after <= 1800


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


@pytest.mark.parametrize("sent", [[], "", "###", "AAA=", [1, "x"], [1, None], None, 5, [float("nan")], [float("inf")]])
async def test_what_is_no_vector_may_have_been_paid(wire: Wire, server: Server, sent: Any) -> None:
    server.script = [says({"data": [{"embedding": sent}]})]
    with pytest.raises(Lost):
        await wire.embed(model(), "a text")


# through the core


@pytest.fixture
async def clients(provider: str, server: Server) -> AsyncIterator[ModelClients]:
    clients = ModelClients(settings(provider, server.url))
    yield clients
    await clients.close()


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
    call = asyncio.create_task(clients.complete(spec, "", "x", None, may_begin=lambda: None, lost=nothing_lost))
    await arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await gone.wait()
