"""Reading OpenAI's reply bodies. A body that is not as it should be raises whatever it runs into."""

from __future__ import annotations

import base64
import math
import sys
from array import array
from typing import Any

from shared.llm.wire import Answer


def chat_answer(body: Any) -> Answer:
    """The first choice's text. A refusal, the model's or a filter's, has `finish` `refused` and its words as text."""
    choice = body["choices"][0]
    message = choice["message"]
    text, refusal = message.get("content"), message.get("refusal")
    finish = choice.get("finish_reason") or "stop"
    if isinstance(text, list):  # some servers send parts
        text = "".join(part.get("text") or "" for part in text)
    if refusal or finish == "content_filter":
        text, finish = refusal or text, "refused"
    if not isinstance(text, str | None) or not isinstance(finish, str):
        raise TypeError("no text")
    return Answer(_sound(text or ""), finish, *_tokens(body.get("usage")))


def embedding(body: Any) -> tuple[list[float], Answer]:
    """The first vector, sent as a list or as base64 of little-endian float32."""
    sent = body["data"][0]["embedding"]
    if isinstance(sent, str):
        floats = array("f", base64.b64decode(sent, validate=True))
        if sys.byteorder == "big":
            floats.byteswap()
        vector = floats.tolist()
    else:
        vector = [float(x) for x in sent]
    if not vector or not all(map(math.isfinite, vector)):
        raise ValueError("no vector")
    inputs, _ = _tokens(body.get("usage"))
    return vector, Answer("", "stop", inputs, 0)


def _tokens(usage: Any) -> tuple[int | None, int | None]:
    """Tokens in and out, None for what the server does not count."""
    if not isinstance(usage, dict):
        return None, None
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    first, second = (int(n) if isinstance(n, int | float) and n >= 0 else None for n in counts)
    return first, second


def _sound(text: str) -> str:
    """JSON can carry half of a surrogate pair, which nothing after us could encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
