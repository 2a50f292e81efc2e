"""A server that plays a script, and how each provider is pointed at it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Fault
from shared.llm.wire import Answer, Wire
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
        self.bodies.append(await request.json() if request.can_read_body else None)
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


def bad_gzip_with(status: int) -> Play:
    async def play(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=b"not gzip", headers={"Content-Encoding": "gzip"})

    return play


def cut_in_the_body_with(status: int) -> Play:
    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"error": {')
        assert request.transport
        request.transport.close()
        return response

    return play


def settings(provider: str, url: str, **more: Any) -> Settings:
    return Settings(_env_file=None, **{"call_timeout": 5.0, **SETTINGS[provider](url), **more})


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
