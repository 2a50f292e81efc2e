"""A server between a stage and the simulator, which plays tricks on some requests and passes on the others."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from aiohttp import web

from shared.embedded import free_port

Trick = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""A reply in place of the simulator's; None: the simulator's."""


def says(text: str, status: int = 200, content_type: str = "application/json") -> Trick:
    """This to every question."""

    async def trick(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type=content_type)

    return trick


HTML = "<!doctype html><html><title>Welcome to nginx!</title></html>"


class Hostile:
    """`start()` listens on `url`, `stop()` no longer does; `trick` may change at any time."""

    def __init__(self, simulator_url: str) -> None:
        self._simulator_url = simulator_url
        self._port = free_port()
        self._runner: web.AppRunner | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.trick: Trick | None = None
        self.asked = 0  #: questions to a model

    async def start(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += request.method == "POST"
        if self.trick and request.method == "POST" and (reply := await self.trick(request)) is not None:
            return reply
        async with httpx.AsyncClient(base_url=self._simulator_url, trust_env=False, timeout=30) as client:
            kept = {"Content-Type": request.content_type}
            answer = await client.request(request.method, request.path_qs, content=await request.read(), headers=kept)
        return web.Response(
            body=answer.content, status=answer.status_code, content_type=answer.headers["content-type"].split(";")[0]
        )


async def body_of(request: web.Request) -> Any:
    return json.loads(await request.read())
