"""OpenAI's wire format: what a paid call answers."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.simulator.models import tokens
from services.simulator.wire import OWNER, ChatRequest, EmbeddingRequest

REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply with what it used."""

    body: dict[str, Any]
    input_tokens: int
    output_tokens: int


def completion(request: ChatRequest, name: str, text: str, *, refused: bool = False) -> Completion:
    """Cut off at the request's own limit, where that is less. `name` is the reply's id."""
    finish: Literal["stop", "length"] = "stop"
    spent = tokens(len(text))
    if request.limit is not None and spent > request.limit:
        text, spent, finish = text[: request.limit * 4], request.limit, "length"
    message = {
        "role": "assistant",
        "content": None if refused else text,
        "refusal": text if refused else None,
    }
    body = {
        "id": f"chatcmpl-{name}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.model.name,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": request.input_tokens,
            "completion_tokens": spent,
            "total_tokens": request.input_tokens + spent,
        },
        "system_fingerprint": OWNER,
    }
    return Completion(body, request.input_tokens, spent)


def truncated(request: ChatRequest, name: str, text: str) -> Completion:
    """Half of the reply, as if the model had run out of tokens."""
    reply = completion(request, name, text[: len(text) // 2])
    reply.body["choices"][0]["finish_reason"] = "length"
    return reply


def garbled(text: str) -> str:
    """A reply of the right length that is no JSON and that no repair makes one."""
    return "Here you are: " + text.translate({ord(char): None for char in '{}[]"'}).replace(":", " ->")


def embeddings(request: EmbeddingRequest, vectors: Sequence[NDArray[np.float32]]) -> Completion:
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": base64.b64encode(vector.astype("<f4").tobytes()).decode()
            if request.base64
            else vector.tolist(),
        }
        for place, vector in enumerate(vectors)
    ]
    spent = request.input_tokens
    body = {
        "object": "list",
        "data": data,
        "model": request.model.name,
        "usage": {"prompt_tokens": spent, "total_tokens": spent},
    }
    return Completion(body, spent, 0)
