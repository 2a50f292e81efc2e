"""What is known of a request whose reply never came as a whole: the status that it began with, whether its connection
ever stood, and whether that had carried one before, which its server then may have closed just as this one went out."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx2


@dataclass(slots=True)
class Connection:
    """The one that the request of this task goes through."""

    traced: bool = False  #: whether we would hear of it if it stood
    stood: bool = False
    reused: bool = False
    status: int | None = None  #: of the reply, once it began
    since: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since the request went out."""
        return time.monotonic() - self.since


CONNECTION: ContextVar[Connection] = ContextVar("connection")


def watched(client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """The client, its aiohttp sessions telling `CONNECTION` which connection they take.

    The SDK's transport has a place for a session of one's own, but no public way to it.
    """
    transports: list[Any] = [client._transport, *client._mounts.values()]
    for transport in transports:
        if hasattr(transport, "get_client"):
            transport.client = _session_maker(transport)
    client.event_hooks["response"].append(_began)
    return client


async def _began(response: httpx2.Response) -> None:
    if connection := CONNECTION.get(None):
        connection.status = response.status_code


def _session_maker(transport: Any) -> Any:
    def make() -> aiohttp.ClientSession:
        transport.client = None  # so that it makes its own
        session: aiohttp.ClientSession = transport.get_client()
        session.trace_configs.append(_trace())
        return session

    return make


def _trace() -> aiohttp.TraceConfig:
    async def begun(*_: Any) -> None:
        if connection := CONNECTION.get(None):
            connection.traced = True

    async def stands(*_: Any) -> None:
        if connection := CONNECTION.get(None):
            connection.stood = True

    async def reused(*_: Any) -> None:
        if connection := CONNECTION.get(None):
            connection.stood = connection.reused = True

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(begun)
    trace.on_connection_create_end.append(stands)
    trace.on_connection_reuseconn.append(reused)
    trace.freeze()
    return trace
