"""Bytes that are no HTTP, at a real server: a problem too."""

from __future__ import annotations

import asyncio
import json

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from services.gateway.http1 import Http1
from tests.flow.test_gateway.conftest import PROBLEM, until

REST = b"Host: gateway\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        "GET /api/problems?topic=Équations HTTP/1.1\r\n".encode() + REST,
        b"GET /api/batches/\xff HTTP/1.1\r\n" + REST,
        b"GET /api/problems?topic=two words HTTP/1.1\r\n" + REST,
        b"POST /api/generation HTTP/1.1\r\nContent-Length: many\r\n" + REST,
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=ascii,
)
async def test_what_is_no_http_is_told(sent: bytes) -> None:
    server = uvicorn.Server(uvicorn.Config(PlainTextResponse("fine"), port=0, http=Http1, log_config=None))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    replies = []
    for request in (sent, b"GET / HTTP/1.1\r\n" + REST):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        replies.append(await reader.read())
        writer.close()
    server.should_exit = True
    await serving
    head, _, body = replies[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    problem = json.loads(body)
    assert lines[0].startswith("http/1.1 400")
    assert f"content-type: {PROBLEM}" in lines
    assert f"x-request-id: {problem['request_id']}" in lines
    assert (problem["status"], problem["title"]) == (400, "Bad Request")
    assert "percent-encoded" in problem["detail"]
    assert replies[1].endswith(b"fine")
