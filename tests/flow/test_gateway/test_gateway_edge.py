"""What holds for every route: request ids, API keys, sizes, the shape of errors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.gateway.edge import MAX_BODY, OPEN
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running

A_KEY, ANOTHER = "first-key-1234", "second-key-5678"


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Gateway]:
    async with running(settings.model_copy(update={"api_keys": [A_KEY, ANOTHER]})) as gateway:
        yield gateway


async def test_a_sane_request_id_comes_back(gateway: Gateway) -> None:
    for path in ("/health", "/api/batches", "/nowhere", "/api/batches/nope"):
        reply = await gateway.client.get(path, headers={"X-Request-ID": "Run_7.a-b"})
        assert reply.headers["x-request-id"] == "Run_7.a-b"
        if reply.is_error:
            assert reply.json()["request_id"] == "Run_7.a-b"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\tb", "é", 'a"b', "a;b"])
async def test_another_request_id_is_replaced(gateway: Gateway, given: str) -> None:
    reply = await gateway.client.get("/health", headers={b"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{32}", reply.headers["x-request-id"])


async def test_errors_of_routing_are_problems(gateway: Gateway) -> None:
    for path in ("/nowhere", "/api/nowhere/", "/%ff%fe", "/api/generation/status"):
        assert_problem(await gateway.client.get(path), 404)
    reply = await gateway.client.delete("/api/generation")
    assert_problem(reply, 405)
    assert reply.headers["allow"] == "POST"
    reply = await gateway.client.patch(f"/api/batches/{'a' * 24}/")
    assert assert_problem(reply, 405)["detail"].startswith("PATCH is not possible at /api/batches/")
    assert reply.headers["allow"] == "GET, DELETE"
    assert_problem(await gateway.client.put("/health"), 405)


async def test_a_body_above_the_limit_is_413(gateway: Gateway) -> None:
    large = b'{"num_problems": 1, "name": "' + b"x" * MAX_BODY + b'"}'
    headers = {"Content-Type": "application/json"}
    assert_problem(await gateway.client.post("/api/generation", content=large, headers=headers), 413)

    for length in (str(MAX_BODY + 1), "9" * 20, "9" * 5000):
        declared = headers | {"Content-Length": length}
        assert_problem(await gateway.client.post("/api/generation", content=b"{}", headers=declared), 413)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 2**20):
            yield large[start : start + 2**20]

    assert_problem(await gateway.client.post("/api/generation", content=chunks(), headers=headers), 413)
    assert await gateway.batches() == 0


async def test_a_failure_of_ours_is_a_500_that_tells_nothing(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(gateway.store.batches, "list", fail)
    reply = await gateway.client.get("/api/batches")
    assert_problem(reply, 500)
    assert "secret" not in reply.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {A_KEY}"},
        {"Authorization": f"bearer {ANOTHER}"},
        {"X-API-Key": A_KEY},
        {"X-API-Key": ANOTHER},
    ],
)
async def test_each_key_opens_either_way(guarded: Gateway, headers: dict[str, str]) -> None:
    assert (await guarded.client.get("/api/batches", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {A_KEY}"},
        {"Authorization": f"Bearer {A_KEY}x"},
        {"Authorization": f"Bearer {A_KEY[:-1]}"},
        {"X-API-Key": ""},
        {"X-API-Key": f"{A_KEY},{ANOTHER}"},
        {"X-API-Key": "clé"},
    ],
)
async def test_anything_else_is_401(guarded: Gateway, headers: dict[str, str]) -> None:
    encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    reply = await guarded.client.post("/api/generation", json={"num_problems": 1}, headers=encoded)
    assert_problem(reply, 401)
    assert reply.headers["www-authenticate"] == "Bearer"
    assert await guarded.batches() == 0


async def test_every_route_but_health_and_docs_needs_a_key(guarded: Gateway) -> None:
    document = (await guarded.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method in operations:
            reply: httpx.Response = await guarded.client.request(method.upper(), path)
            assert (reply.status_code != 401) == (path in OPEN), (method, path)
            assert ("security" in operations[method]) == (path not in OPEN)
    for path in ("/docs", "/docs/", "/health/", "/"):
        assert (await guarded.client.get(path)).status_code == 200
    assert (await guarded.client.get("/nowhere")).status_code == 401
    assert (await guarded.client.get("/api/batches/")).status_code == 401
