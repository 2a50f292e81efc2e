"""CORS: which pages may call, with preflights and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.errors import StoreUnavailable
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running

KEY, NAMED = "a-key-1234", "https://app.example.com"
ALLOWED = [
    "http://localhost", "http://localhost:5173", "https://localhost:8443", "http://127.0.0.1", "http://127.0.0.1:8501",
    "https://127.0.0.1", "http://[::1]:3000", "http://[::1]", NAMED,
]  # fmt: skip
REFUSED = [
    "null", "*", "", "http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://localhost:80.evil.com",
    "http://localhost@evil.com", "http://evil.com/http://localhost:5173", "http://evil.com#http://localhost",
    "http://localhost:5173.evil.com", "http://evil-localhost:3000", "http://127.0.0.11", "http://127x0x0x1",
    "http://localhost:", "http://localhost:123456", "http://localhost:5173/", "ftp://localhost", "localhost:5173",
    "http://[::1].evil.com", "http://[::2]", "file://", "https://app.example.com.evil.com", "http://app.example.com",
    "https://app.example.com:444", "https://sub.app.example.com", "http://localhost:5173, http://evil.com",
    "http://LOCALHOST.evil.com", "http://\u0131ocalhost", "http://0.0.0.0:3000",
]  # fmt: skip


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Gateway]:
    async with running(settings.model_copy(update={"api_keys": [KEY], "cors_origins": [NAMED]})) as gateway:
        yield gateway


def may_read(reply: httpx.Response, origin: str) -> bool:
    """Whether a browser would hand the reply to a page of this origin."""
    assert "access-control-allow-credentials" not in reply.headers
    assert "origin" in reply.headers["vary"].lower()
    allowed = reply.headers.get("access-control-allow-origin")
    assert allowed in (None, origin)
    return allowed is not None


async def preflight(gateway: Gateway, origin: str, method: str = "POST", path: str = "/api/ask") -> httpx.Response:
    asked = {
        "Origin": origin.encode(),
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,x-api-key",
    }
    return await gateway.client.options(path, headers=asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("origin", ALLOWED)
async def test_pages_of_this_machine_and_named_ones_may_call(guarded: Gateway, origin: str) -> None:
    for path in ("/api/generation", "/api/generation/", "/api/ask", "/nowhere/"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            reply = await preflight(guarded, origin, method, path)
            assert reply.status_code == 200
            assert may_read(reply, origin)
            assert method in reply.headers["access-control-allow-methods"]
            assert "idempotency-key" in reply.headers["access-control-allow-headers"]
            assert reply.headers["x-request-id"]
    reply = await guarded.client.get("/api/batches/", headers={"Origin": origin, "X-API-Key": KEY})
    assert reply.status_code == 200
    assert may_read(reply, origin)
    assert reply.headers["access-control-expose-headers"] == "X-Request-ID, Location, Retry-After"


@pytest.mark.parametrize("origin", REFUSED)
async def test_no_other_page_may(guarded: Gateway, origin: str) -> None:
    reply = await preflight(guarded, origin)
    assert_problem(reply, 400)
    assert not may_read(reply, origin)
    reply = await guarded.client.get("/health", headers={"Origin": origin.encode()})  # type: ignore[dict-item]
    assert reply.status_code == 200
    assert not may_read(reply, origin)


async def test_errors_can_be_read_too(guarded: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError

    async def is_away(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    origin = {"Origin": ALLOWED[1]}
    key = origin | {"X-API-Key": KEY}
    replies = {
        401: await guarded.client.get("/api/batches", headers=origin),
        404: await guarded.client.get("/nowhere", headers=key),
        405: await guarded.client.patch("/api/generation", headers=key),
        413: await guarded.client.post("/api/generation", headers=key | {"Content-Length": "99999999"}),
        422: await guarded.client.post("/api/generation", json={}, headers=key),
    }
    monkeypatch.setattr(guarded.store.batches, "list", fails)
    replies[500] = await guarded.client.get("/api/batches", headers=key)
    monkeypatch.setattr(guarded.store.batches, "list", is_away)
    replies[503] = await guarded.client.get("/api/batches", headers=key)
    for status, reply in replies.items():
        assert_problem(reply, status)
        assert may_read(reply, ALLOWED[1]), status


async def test_what_is_no_preflight_goes_the_usual_way(guarded: Gateway) -> None:
    assert_problem(await guarded.client.options("/api/generation", headers={"Origin": ALLOWED[0]}), 401)
    reply = await guarded.client.options("/health")
    assert_problem(reply, 405)
    assert reply.headers["vary"] == "Origin"
    refused = await preflight(guarded, ALLOWED[0], "TRACE")
    assert "TRACE" in assert_problem(refused, 400)["detail"]


async def test_a_page_cannot_start_a_batch_without_a_preflight(gateway: Gateway) -> None:
    body = b'{"num_problems": 1}'
    for content_type in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {"Origin": "https://evil.example"} | ({"Content-Type": content_type} if content_type else {})
        assert_problem(await gateway.client.post("/api/generation", content=body, headers=headers), 422)
    assert await gateway.batches() == 0
