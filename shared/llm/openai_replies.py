"""Reading OpenAI's reply bodies. A body that is not as it should be raises whatever it runs into."""

from __future__ import annotations

import base64
import math
import sys
from array import array
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.llm.openai_messages import message_in
from shared.llm.usage import usage
from shared.llm.wire import Answer

FILTERED = "content_filter"
FINISHES = {
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length", "incomplete"), "length"),
    **dict.fromkeys(("safety", "refusal", "recitation", "blocklist", "prohibited_content", "spii"), FILTERED),
}

LARGEST = 3.4e38  # a float32
LONGEST_NAME = 200  # characters of a model's name


def chat_answer(body: Any) -> Answer:
    """The first choice's text. A refusal, the model's or a filter's, has `finish` `refused` and its words as text."""
    choice = body["choices"][0]
    message = message_in(choice)
    finish, text = _finish(choice.get("finish_reason")), message.text
    if message.refusal.strip() or (finish == FILTERED and not text.strip()):
        finish, text = "refused", message.refusal or text
    return replace(
        _answer(_sound(text), finish, body),
        thinking=_sound(message.thinking),
        elsewhere=tuple((name, _sound(held)) for name, held in message.elsewhere),
    )


def _finish(sent: Any) -> str:
    """The reason in OpenAI's word where it matters, else in the server's."""
    if not isinstance(sent, str) or not sent:
        return "stop"
    return FINISHES.get(sent.lower(), sent)


def embedding(body: Any) -> tuple[list[float], Answer]:
    """The vector of the first text, sent as a list or as base64 of little-endian float32."""
    sent = next(item["embedding"] for item in body["data"] if not item.get("index"))
    if isinstance(sent, str):
        floats = array("f", base64.b64decode(sent, validate=True))
        if sys.byteorder == "big":
            floats.byteswap()
        vector = floats.tolist()
    else:
        vector = [_float32(x) for x in sent]
    if not any(vector) or not all(map(math.isfinite, vector)):
        raise ValueError("no vector")
    spent = body.get("usage")
    if isinstance(spent, dict):  # some servers name the total only
        body = {**body, "usage": {**spent, "completion_tokens": 0}}
    return vector, replace(_answer("", "stop", body), output_tokens=0)


def _float32(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > LARGEST:
        raise ValueError("no number")
    return float(number)


def _answer(text: str, finish: str, body: Any) -> Answer:
    spent = usage(body.get("usage"))
    return Answer(text, finish, spent.input, spent.output, spent.cached, spent.cost, named(body))


def named(body: Mapping[str, Any]) -> str:
    """The model that answered; empty where it does not say so."""
    model = body.get("model")
    return model if isinstance(model, str) and len(model) <= LONGEST_NAME else ""


def _sound(text: str) -> str:
    """JSON can carry half of a surrogate pair, which nothing after us could encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
