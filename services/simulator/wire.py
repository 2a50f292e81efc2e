"""OpenAI's wire format: requests read, errors worded. No sockets here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from services.simulator.models import CREATED, MODELS, Model, tokens

OWNER = "stumper-simulator"


class WireError(Exception):
    """An error as OpenAI words it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    model: Model
    system: str
    user: str  #: what is not the system's, one message a paragraph
    schema: dict[str, Any] | None
    limit: int | None  #: output tokens

    @property
    def input_tokens(self) -> int:
        return tokens(len(self.system) + len(self.user))


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    model: Model
    texts: list[str]
    base64: bool

    @property
    def input_tokens(self) -> int:
        return tokens(sum(map(len, self.texts)))


def read_json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise WireError(400, "We could not parse the JSON body of your request: a JSON object is wanted.")
    return body


def read_chat(body: dict[str, Any]) -> ChatRequest:
    model = _model(body, "chat", "This is not a chat model: ask it at v1/embeddings.")
    if body.get("stream"):
        raise _invalid("stream", "The simulator does not stream.", "unsupported_value")
    if body.get("n", 1) not in (1, None):
        raise _invalid("n", "The simulator makes one choice.", "unsupported_value")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages", "'messages' must be a list with at least one message.")
    system: list[str] = []
    user: list[str] = []
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _invalid(f"messages[{place}]", "A message is an object with 'role' and 'content'.")
        text = _text(message.get("content"), f"messages[{place}].content")
        (system if message["role"] in ("system", "developer") else user).append(text)
    return ChatRequest(model, "\n\n".join(system), "\n\n".join(user), _schema(body), _limit(body))


def read_embedding(body: dict[str, Any]) -> EmbeddingRequest:
    model = _model(body, "embedding", "This is not an embedding model: ask it at v1/chat/completions.")
    texts = body.get("input")
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise _invalid("input", "'input' must be a text or a list of texts, none of them empty.")
    encoding = body.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise _invalid("encoding_format", "'encoding_format' must be 'float' or 'base64'.")
    return EmbeddingRequest(model, texts, encoding == "base64")


def model_entry(name: str) -> dict[str, Any]:
    """WireError 404 where there is no such model."""
    if name not in MODELS:
        raise _no_model(name)
    return {"id": name, "object": "model", "created": CREATED, "owned_by": OWNER}


def model_list() -> dict[str, Any]:
    return {"object": "list", "data": [model_entry(name) for name in MODELS]}


def fault(kind: str, retry_after: float | None) -> WireError:
    """The error reply of a fault that costs nothing: 429, 500, 503, unknown_key, no_quota."""
    wait = {} if retry_after is None else _wait(retry_after)
    if kind == "429":
        seconds = 1.0 if retry_after is None else retry_after
        limits = {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": f"{seconds:g}s",
        }
        message = f"Rate limit reached for requests. Please try again in {seconds:g}s."
        return WireError(429, message, kind="requests", code="rate_limit_exceeded", headers=_wait(seconds) | limits)
    if kind == "no_quota":
        message = "You exceeded your current quota, please check your plan and billing details."
        return WireError(429, message, kind="insufficient_quota", code="insufficient_quota")
    if kind == "unknown_key":
        return WireError(401, "Incorrect API key provided.", code="invalid_api_key")
    if kind == "503":
        return WireError(
            503, "The engine is currently overloaded, please try again later.", kind="server_error", headers=wait
        )
    return WireError(500, "The server had an error while processing your request.", kind="server_error", headers=wait)


def _wait(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(-int(-seconds // 1)), "retry-after-ms": str(round(seconds * 1000))}


def _invalid(param: str, message: str, code: str | None = None) -> WireError:
    return WireError(400, message, param=param, code=code)


def _no_model(name: str) -> WireError:
    return WireError(404, f"The model `{name[:200]}` does not exist.", param="model", code="model_not_found")


def _model(body: dict[str, Any], kind: str, otherwise: str) -> Model:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise _invalid("model", "You must provide a model parameter.")
    if name not in MODELS:
        raise _no_model(name)
    if MODELS[name].kind != kind:
        raise WireError(404, otherwise, param="model")
    return MODELS[name]


def _text(content: object, where: str) -> str:
    """A message's content: a text, or a list of parts of which only texts are taken."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str) for part in content
    ):
        return "\n".join(part["text"] for part in content)
    raise _invalid(where, "The content must be a text or a list of text parts.")


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    asked = body.get("response_format") or {"type": "text"}
    if not isinstance(asked, dict) or asked.get("type") not in ("text", "json_object", "json_schema"):
        raise _invalid("response_format", "'response_format' must be of type text, json_object or json_schema.")
    if asked["type"] != "json_schema":
        return None
    named = asked.get("json_schema")
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(schema, dict):
        raise _invalid("response_format.json_schema.schema", "A JSON schema is wanted.")
    return schema


def _limit(body: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        limit = body.get(name)
        if limit is None:
            continue
        if type(limit) is not int or limit < 1:
            raise _invalid(name, f"'{name}' must be a whole number of at least 1.")
        return limit
    return None
