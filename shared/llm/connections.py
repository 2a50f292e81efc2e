"""Has a connection carried a request before? Then its server may have closed it just as the next one went out."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2


@dataclass(slots=True)
class Connection:
    """The one that the request of this task goes through."""

    reused: bool = False


CONNECTION: ContextVar[Connection] = ContextVar("connection")


def watched(client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """The client, its aiohttp sessions telling `CONNECTION` which connection they take.

    The SDK's transport has a place for a session of one's own, but no public way to it.
    """
    transports: list[Any] = [client._transport, *client._mounts.values()]
    for transport in transports:
        if hasattr(transport, "get_client"):
            transport.client = _session_maker(transport)
    return client


def _session_maker(transport: Any) -> Any:
    def make() -> aiohttp.ClientSession:
        transport.client = None  # so that it makes its own
        session: aiohttp.ClientSession = transport.get_client()
        session.trace_configs.append(_trace())
        return session

    return make


def _trace() -> aiohttp.TraceConfig:
    async def reused(*_: Any) -> None:
        if connection := CONNECTION.get(None):
            connection.reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(reused)
    trace.freeze()
    return trace
