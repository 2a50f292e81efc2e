"""What providers answer, or do not, and which fault that is."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from shared.errors import Fault, Permanent, Refused, Rejected, Transient
from shared.llm.clients import open_wire
from shared.llm.wire import Answer, Empty, Lost, Unreached, Wire
from tests.contract.test_providers.server import (
    KEY,
    Play,
    Server,
    ask,
    bad_gzip_with,
    chat,
    cut,
    cut_in_the_body_with,
    drip,
    fails,
    fault,
    hang,
    model,
    not_http,
    says,
    settings,
)

# what is said back


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (chat("cut of", "length"), Answer("cut of", "length", 7, 3)),
        (chat(None, refusal="I will not"), Answer("I will not", "refused", 7, 3)),
        (chat("half", "content_filter"), Answer("half", "content_filter", 7, 3)),
        (chat(None, "content_filter"), Answer("", "refused", 7, 3)),
        (chat("half", "MAX_TOKENS"), Answer("half", "length", 7, 3)),
        (chat("half", "SAFETY"), Answer("half", "content_filter", 7, 3)),
        (chat("x", "tool_calls"), Answer("x", "tool_calls", 7, 3)),
        (chat("x", "eos_token"), Answer("x", "eos_token", 7, 3)),
        (chat(None), Answer("", "stop", 7, 3)),
        (chat("x", None, usage=None), Answer("x", "stop", None, None)),
        (chat("x", usage=("many", -1)), Answer("x", "stop", None, None)),
        (chat([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), Answer("ab", "stop", 7, 3)),
        (chat(["a", {"type": "image_url"}, {"text": {"value": "b"}}]), Answer("ab", "stop", 7, 3)),
        (chat({"type": "text", "text": "a"}), Answer("a", "stop", 7, 3)),
        (chat({"answer": 0.1}), Answer('{"answer": 0.1}', "stop", 7, 3)),
        (chat({"answer": 0.12345678901234567}), Answer("", "stop", 7, 3)),
        (chat({"answer": "4"}), Answer('{"answer": "4"}', "stop", 7, 3)),
        (chat([{"type": "refusal", "refusal": "I will not"}]), Answer("I will not", "refused", 7, 3)),
        (chat("half a pair: \ud800"), Answer("half a pair: ?", "stop", 7, 3)),
    ],
)
async def test_replies(wire: Wire, server: Server, body: Any, answer: Answer) -> None:
    server.script = [says(body)]
    assert await ask(wire) == answer


THOUGHT, CALL = "so it is 4", '{"answer": "4"}'


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"reasoning_content": THOUGHT}, "reasoning_content"),
        ({"reasoning_content": "", "reasoning": THOUGHT}, "reasoning"),
        ({"reasoning": {"text": THOUGHT}}, "reasoning"),
        ({"thinking": THOUGHT}, "thinking"),
        ({"reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]}, "reasoning_details"),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"},
                                {"type": "reasoning.summary", "summary": THOUGHT}]}, "reasoning_details"),
        ({"thinking_blocks": [{"type": "thinking", "thinking": THOUGHT, "signature": "x"}]}, "thinking_blocks"),
        ({"provider_specific_fields": {"reasoning_content": THOUGHT}}, "reasoning_content"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]}, "content"),
        ({"content": [{"type": "reasoning", "text": THOUGHT}]}, "content"),
        ({"content": [{"text": THOUGHT, "thought": True}]}, "content"),
    ],
)  # fmt: skip
async def test_thinking_of_its_own_place_is_told_from_the_reply(
    wire: Wire, server: Server, message: dict[str, Any], name: str
) -> None:
    server.script = [says(chat(**{"text": message.get("content"), **without(message)}))]
    answer = await ask(wire)
    assert (answer.text, answer.thinking, answer.elsewhere) == ("", THOUGHT, ((name, THOUGHT),))
    content = [*message.get("content", []), {"type": "text", "text": CALL}]
    server.script = [says(chat(**{"text": content, **without(message)}))]
    answer = await ask(wire)
    assert (answer.text, answer.thinking, answer.elsewhere) == (CALL, THOUGHT, ())


def without(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "content"}


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": CALL}}]}, "tool_calls"),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {"answer": "4"}}}]}, "tool_calls"),
        ({"tool_calls": [{"type": "custom", "custom": {"name": "f", "input": CALL}}]}, "tool_calls"),
        ({"function_call": {"name": "f", "arguments": CALL}}, "function_call"),
        ({"parsed": {"answer": "4"}}, "parsed"),
        ({"content": [{"type": "tool_use", "name": "f", "input": {"answer": "4"}}]}, "content"),
    ],
)
async def test_what_a_call_of_a_tool_says_is_found(
    wire: Wire, server: Server, message: dict[str, Any], name: str
) -> None:
    server.script = [says(chat(message.get("content"), "tool_calls", **without(message)))]
    answer = await ask(wire)
    assert (answer.text, answer.elsewhere) == ("", ((name, CALL),))


@pytest.mark.parametrize(
    "message",
    [{"tool_calls": 5}, {"tool_calls": [None, 5, {"function": 5}]}, {"function_call": []}, {"reasoning": 5},
     {"reasoning_details": [[[[[[[[["deep"]]]]]]]]]}, {"refusal": {}}, {"parsed": []}, {"thinking_blocks": {"x": 1}},
     {"provider_specific_fields": "x"}],
)  # fmt: skip
async def test_odd_fields_beside_the_content_harm_nothing(wire: Wire, server: Server, message: dict[str, Any]) -> None:
    server.script = [says(chat("x", **message))]
    assert (await ask(wire)).text == "x"


async def test_a_completion_is_read_like_a_chat(wire: Wire, server: Server) -> None:
    server.script = [says({"choices": [{"text": "x", "finish_reason": "stop"}]})]
    assert await ask(wire) == Answer("x", "stop", None, None)


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", "null", "{}", '{"choices": []}', '{"choices": [{}]}', '{"choices": [{"message": null}]}',
     '{"error": {"message": "hm"}}', '{"choices": [{"message": {"content": 5}}]}', "[" * 100_000, '{"choices',
     '"a string"', "5", "true", '{"choices": null}', '{"choices": {}}', 'data: {"choices": []}\n\ndata: [DONE]\n\n'],
)  # fmt: skip
async def test_a_body_that_is_no_reply_was_not_paid(wire: Wire, server: Server, body: str) -> None:
    server.script = [says(body)]
    error = await fault(wire)
    assert type(error) is Empty
    assert f"(asked {server.url}/v1/chat/completions)" in str(error)


@pytest.mark.parametrize("play", [not_http, bad_gzip_with(200)])
async def test_what_cannot_be_unpacked_is_no_reply(wire: Wire, server: Server, play: Play) -> None:
    server.script = [play]
    assert type(await fault(wire)) is Empty


@pytest.mark.parametrize("play", [cut, cut_in_the_body_with(200)])
async def test_a_connection_that_breaks_may_have_been_paid(wire: Wire, server: Server, play: Play) -> None:
    server.script = [play]
    assert isinstance(await fault(wire), Lost)
    assert len(server.seen) == 1


@pytest.mark.parametrize("play", [hang, drip])
async def test_no_reply_in_time_may_have_been_paid(hasty: Wire, server: Server, play: Play) -> None:
    server.script = [play]
    error = await fault(hasty)
    assert isinstance(error, Lost)
    assert "no reply within 0.3 s" in str(error)
    assert "STUMPER_CALL_TIMEOUT" in str(error)
    assert len(server.seen) == 1


async def test_nobody_there_was_not_paid(provider: str, unused_tcp_port: int) -> None:
    wire = open_wire(provider, settings(provider, f"http://127.0.0.1:{unused_tcp_port}"))
    error = await fault(wire)
    await wire.close()
    assert type(error) is Unreached
    assert "cannot connect" in str(error)


async def test_a_connection_that_does_not_come_to_stand_in_time_was_not_paid(provider: str) -> None:
    """The server's queue is full, so nobody answers the first packet."""
    with contextlib.ExitStack() as full:
        listening = full.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listening.getsockname()
        for _ in range(3):
            other = full.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(address)
        wire = open_wire(provider, settings(provider, f"http://127.0.0.1:{address[1]}", call_timeout=0.5))
        error = await fault(wire)
        await wire.close()
    assert type(error) is Unreached


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


@pytest.mark.parametrize(
    ("status", "body", "words", "kind"),
    [
        (400, [{"error": {"message": "API key not valid.", "status": "INVALID_ARGUMENT"}}], "not valid", Permanent),
        (400, {"detail": "Budget has been exceeded! Max budget: 5.0"}, "Max budget", Permanent),
        (429, "insufficient_quota", "insufficient_quota", Permanent),
        (429, [{"error": {"code": 429, "message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}}],
         "current quota", Transient),
        (500, {"error": "The model `x` does not exist"}, "`x`", Permanent),
        (403, {"error": {"message": "Your input was flagged", "code": 403}}, "flagged", Refused),
        (403, "<html>Access denied</html>", "Forbidden", Permanent),
        (405, "<html></html>", "Method Not Allowed", Rejected),
        (413, "", "Entity Too Large", Rejected),
        (422, {"detail": [{"loc": ["body", "messages"], "msg": "too many"}]}, "too many", Rejected),
        (400, "plain words", "plain words", Rejected),
        (400, [], "Bad Request", Rejected),
        (400, 5, "5", Rejected),
        (503, {"error": {"message": None, "code": None}}, "Service Unavailable", Transient),
    ],
)  # fmt: skip
async def test_errors_however_they_are_wrapped(
    wire: Wire, server: Server, status: int, body: Any, words: str, kind: type[Fault]
) -> None:
    server.script = [says(body, status)]
    if kind is Refused:
        assert (await ask(wire)).text == "Your input was flagged"
        return
    error = await fault(wire)
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("play", [bad_gzip_with, cut_in_the_body_with])
async def test_an_error_that_cannot_be_read_is_a_fault_too(
    wire: Wire, server: Server, play: Callable[[int], Play], status: int
) -> None:
    server.script = [play(status)]
    error = await fault(wire)
    assert type(error) is {400: Rejected, 401: Permanent, 429: Transient, 500: Transient}[status]
    assert str(status) in str(error)


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
    assert await ask(wire) == Answer("Your prompt was flagged", "refused", 0, 0, paid=False)
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
