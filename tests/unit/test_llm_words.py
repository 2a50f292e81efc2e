"""What errors say, wherever they stand, and which fault that is."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.errors import Fault, Permanent, Refused, Rejected, Transient
from shared.llm.openai_bodies import answer_in
from shared.llm.openai_faults import Source
from shared.llm.openai_replies import chat_answer, embedding
from shared.llm.openai_words import error_within, said
from shared.llm.secrets import scrubbed
from shared.llm.wire import Answer, Charged, Empty
from tests.unit.test_llm_usage import JSON

SOURCE = Source("openai/some-model", "a-very-secret-key", 0.0, "http://127.0.0.1:1/v1/chat/completions")


def meant(body: Any) -> Fault:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Fault) as caught:
        answer_in(content, {}, chat_answer, SOURCE)
    return caught.value


CREDITS = "Insufficient credits"
KINDS: list[tuple[Any, type[Fault]]] = [
    # B: key, quota, model
    ({"error": {"message": CREDITS, "code": 402}}, Permanent),
    ({"error": {"message": CREDITS, "code": "402"}}, Permanent),
    ({"error": {"message": CREDITS}}, Permanent),
    ({"error": {"message": "Payment needed", "code": 402}}, Permanent),
    ([{"error": {"message": CREDITS, "code": 402}}], Permanent),
    ({"error": CREDITS}, Permanent),
    ({"detail": CREDITS}, Permanent),
    ({"detail": {"error": {"message": CREDITS}}}, Permanent),
    ({"message": CREDITS, "object": "error"}, Permanent),
    ({"message": "x", "object": "error", "code": 401}, Permanent),
    ({"choices": [{"error": {"message": CREDITS, "code": 402}, "finish_reason": "error"}]}, Permanent),
    ({"choices": [{"message": {"content": "", "error": {"message": "x", "code": 402}}}]}, Permanent),
    ({"choices": [], "error": {"message": "No auth", "code": 401}}, Permanent),
    ({"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}, Permanent),
    ({"code": 401, "msg": "who are you?"}, Permanent),
    ({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, Permanent),
    ({"error": {"status": "UNAUTHENTICATED", "message": "x"}}, Permanent),
    ({"error": {"type": "permission_error", "message": "x"}}, Permanent),
    ({"error": {"message": "ExceededBudget: over your max budget", "code": "400"}}, Permanent),
    (
        {"error": {"type": "ExceededTokenBudget", "message": "Current spend: 0.1; Max Budget for Token: 0.01"}},
        Permanent,
    ),
    ({"error": {"message": "You exceeded your current quota"}}, Permanent),
    ({"error": {"message": "Monthly quota was exceeded", "code": 400}}, Permanent),
    ({"error": {"message": "API key not valid. Please pass a valid API key.", "code": 400}}, Permanent),
    ({"error": {"message": "The model `x` does not exist", "code": None}}, Permanent),
    ({"error": {"message": "model 'x' not found, try pulling it first"}}, Permanent),
    (b"Unauthorized: missing api key", Permanent),
    (b'data: {"error": {"message": "Insufficient credits", "code": 402}}\n\n', Permanent),
    # A: later
    ({"error": {"message": "slow down", "code": 429}}, Transient),
    ({"error": {"message": "Rate limit exceeded: free-models-per-min"}}, Transient),
    ([{"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}], Transient),
    ({"error": {"message": "Bad gateway", "code": 502}}, Transient),
    ({"error": {"message": "Provider returned error", "code": "502", "metadata": {"raw": "overloaded"}}}, Transient),
    ({"error": {"message": "overloaded"}}, Transient),
    ({"choices": [{"error": {"code": 502, "message": "x"}, "finish_reason": "error", "message": {}}]}, Transient),
    (b"upstream connect error or disconnect", Transient),
    # C: this request
    ({"error": {"message": "too long", "code": 413}}, Rejected),
    ({"error": {"message": "x", "type": "invalid_request_error"}}, Rejected),
    ({"error": {"message": "response_format is not supported"}}, Rejected),
    # the model's or a filter's word
    ({"error": {"message": "Your input was flagged", "code": 403}}, Refused),
    # D: no reply
    ({"error": {"message": "hm"}}, Empty),
    ({"error": {"message": "hm", "code": 200}}, Empty),
    ({"error": True}, Empty),
    ({"choices": [{"message": {"content": "half"}, "finish_reason": "error"}]}, Empty),
    ({"choices": None}, Empty),
    ({"choices": []}, Empty),
    ({"choices": [], "prompt_filter_results": [{"content_filter_results": {}}]}, Empty),
    ({}, Empty),
    ([], Empty),
    (None, Empty),
    ("a text", Empty),
    (5, Empty),
    (b"", Empty),
    (b"<html>Insufficient credits</html>", Empty),
    (b'{"choices": [{"message": {"content": "Insufficient credits', Empty),
    (b": keep-alive\n\ndata: [DONE]\n\n", Empty),
    (b"\xff\xfe\x00", Empty),
]


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_an_error_in_a_200_is_an_error_by_its_words_and_code(body: Any, kind: type[Fault]) -> None:
    assert type(meant(body)) is kind


@pytest.mark.parametrize("body", [body for body, _ in KINDS if isinstance(body, dict)])
@pytest.mark.parametrize("usage", [{"prompt_tokens": 7, "completion_tokens": 3}, {"prompt_tokens": 0}, None])
def test_it_was_paid_where_it_has_a_usage(body: dict[str, Any], usage: dict[str, int] | None) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        answer_in(json.dumps({**body, "usage": usage}).encode(), {}, chat_answer, SOURCE)
    if usage and usage["prompt_tokens"]:
        assert isinstance(caught.value, Charged)
        assert caught.value.bill == Answer("", "error", 7, 3)
    else:
        assert isinstance(caught.value, Fault)


def test_an_error_names_its_words_and_its_code() -> None:
    assert str(meant({"error": {"message": CREDITS, "code": "402"}})) == "openai/some-model: 402 Insufficient credits"


def test_a_limit_in_a_200_says_when_to_come_back() -> None:
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
    fault = meant({"error": {"code": 429, "message": "x", "details": [{"reason": "y"}, retry]}})
    assert isinstance(fault, Transient)
    assert (fault.limited, fault.retry_after) == (True, 37)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "Insufficient credits"}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": "error 402"}, "error": None}], "error": None, "message": "ok"},
        {"choices": [{"message": {"content": "x"}}], "error": {}, "detail": "y", "object": "chat.completion"},
    ],
)
def test_a_reply_about_errors_is_a_reply(body: Any) -> None:
    assert answer_in(json.dumps(body).encode(), {}, chat_answer, SOURCE).finish == "stop"


def test_fields_of_a_validation_error_are_named() -> None:
    heard = said({"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs"}]})
    assert (heard.words, heard.param, heard.code) == ("Extra inputs", "body.temperature", "extra_forbidden")


@settings(deadline=None)
@given(JSON | st.dictionaries(st.sampled_from(["choices", "data", "error", "message", "detail", "usage"]), JSON))
def test_any_body_is_a_reply_or_one_of_our_faults(body: Any) -> None:
    content = json.dumps(body).encode()
    for read in (chat_answer, embedding):
        with suppress(Fault, Charged):
            answer_in(content, {}, read, SOURCE)  # type: ignore[arg-type]
    error_within(body)
    said(body)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_so_is_any_content(content: bytes) -> None:
    with suppress(Fault, Charged):
        answer_in(content, {}, chat_answer, SOURCE)


@settings(deadline=None)
@given(JSON)
@example({"loc": True})
@example({"param": 5})
def test_any_error_in_any_wrapping_is_one_of_our_faults(inner: Any) -> None:
    for body in ({"error": inner}, [{"error": inner}], {"choices": [{"error": inner}]}, {"detail": inner}):
        with suppress(Fault, Charged):
            answer_in(json.dumps(body).encode(), {}, chat_answer, SOURCE)


KEYS = [
    "sk-proj-0123456789abcdef", "sk-ant-api03-abc_DEF-123", "sk-or-v1-0123456789", "AIzaSyA0123456789abcdefghij",
    "gsk_0123456789abcdef", "xai-0123456789abcdef", "hf_ABCDEFGHIJ0123456789", "pplx-0123456789abcdef",
    "sk-proj-01234*************mnop", "sk-0123456789…", "a-very-secret-key",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("around", ["Incorrect key: {}. See the docs.", "Bearer {}", "[{}]", "'{}'", "key={}, see"])
def test_keys_are_taken_out(key: str, around: str) -> None:
    text = scrubbed(around.format(key), "a-very-secret-key")
    assert key not in text
    assert "[key]" in text
    assert ("See the docs." in text) is ("docs" in around)


@pytest.mark.parametrize("before", range(150, 220, 3))
def test_a_key_that_lies_across_a_cut_is_taken_out(before: int) -> None:
    for body in ({"choices": [], "x": "y" * before + " a-very-secret-key"}, {"z": "y" * before + " a-very-secret-key"}):
        for content in (json.dumps(body).encode(), json.dumps(body).encode()[:-1]):
            assert "a-very" not in str(meant(content))
    assert "a-very" not in str(meant(b'{"z": "a-very-secret-key' + b" y" * (before // 2)))


@pytest.mark.parametrize(
    "address",
    [
        "https://host/v1beta/models?key=abcdefgh&alt=sse",
        "https://host/v1/x?alt=sse&api_key=abcdefgh",
        "https://host/v1/x?access_token=abcdefgh",
        "https://user:abcdefgh@host/v1",
    ],
)
def test_keys_in_addresses_are_taken_out(address: str) -> None:
    text = scrubbed(f"POST {address} failed", None)
    assert "abcdefgh" not in text
    assert "host/v1" in text


def test_a_short_key_does_not_tear_words_apart() -> None:
    assert scrubbed("none of them knows x or the x-axis", "x") == "none of them knows [key] or the [key]-axis"
    assert scrubbed("another one", "one") == "another [key]"
