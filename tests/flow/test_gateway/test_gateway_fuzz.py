"""Whatever is sent, to any route: no 500, every error a problem that says what was wrong, nothing half stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.settings import Settings
from tests.flow.test_gateway.conftest import PROBLEM, TEXT_PROBLEM, Gateway, running
from tests.flow.test_gateway.test_gateway_problems import row

UNKNOWN = "a" * 24
PATHS = [
    "/", "/health", "/healthz", "/readyz", "/api/health", "/docs", "/openapi.json", "/api/generation",
    "/api/generation/status/{}", "/api/generation/{}/cancel", "/api/generation/{}/pause", "/api/batches",
    "/api/batches/{}", "/api/batches/problems/count", "/api/batches/{}/target-model", "/api/problems",
    "/api/problems/all", "/api/problems/problem/{}", "/api/problems/batch/{}/problems", "/api/dead", "/api/dead/{}",
    "/api/dead/{}/replay", "/api/generate", "/api/generate-enhanced", "/api/generate-augmented", "/api/result/{}",
    "/api/job/{}", "/api/job/{}/export", "/api/jobs", "/api/validate", "/api/config", "/api/quality-stats",
    "/api/batches/{}/augment", "/{}", "/api/{}",
]  # fmt: skip
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "get", "G\u00cbT"]
NASTY = [
    "", " ", "\0", "\x1b[2J", "\r\nX: y", "..", "../..", "//", "*", ">", "$where", "%", "%zz", "'", '"', "\\", "{}",
    "a" * 300,
    "\u200b", "\u202e", "\ud800", "\uffff", "é", "e\u0301", "👨\u200d👩\u200d👧", "null", "NaN", "-1", "0", "1e400",
    "9" * 99, "١٢", "1_000", " 1", "true", "[]", "embedding,calls", "valid", "running", UNKNOWN, UNKNOWN + "-1",
]  # fmt: skip
NAMES = [
    "page", "per_page", "skip", "limit", "status", "reason", "subject", "topic", "q", "batch_id", "include",
    "min_difficulty", "retarget", "", "\0",
]  # fmt: skip

words = st.sampled_from(NASTY) | st.text(max_size=12)
raw = st.binary(max_size=12) | words.map(lambda text: text.encode(errors="surrogatepass"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)
taxonomies = st.dictionaries(words, st.lists(words, max_size=3) | st.dictionaries(words, JSON, max_size=2), max_size=3)
bodies = (
    st.fixed_dictionaries(
        {"num_problems": st.just(1)}, optional={"taxonomy": taxonomies, "name": words, "target_model": words | JSON}
    ).map(lambda body: json.dumps(body).encode())
    | JSON.map(lambda body: json.dumps(body).encode())
    | st.sampled_from(
        [
            b'{"num_problems": 1, "num_problems": 2}', b'{"num_problems": 1, "name": NaN}', b"[" * 5000, b"\xff\xfe[\0",
            b'{"num_problems": 1' + b"0" * 9000 + b"}", b'\xef\xbb\xbf{"num_problems": 1}', b"{", b"\0",
        ]
    )
    | st.binary(max_size=40)
)  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(
        [
            b"content-type", b"accept", b"origin", b"idempotency-key", b"x-request-id", b"authorization", b"x-api-key",
            b"content-length", b"host", b"access-control-request-method", b"x-other",
        ]
    ),
    raw
    | st.sampled_from(
        [b"application/json", b"application/json; charset=utf-16", b"text/plain", b"multipart/form-data", b"y" * 9000]
    ),
    max_size=4,
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A request as a server hands it on: bytes that no client library would let through."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


requests = st.builds(
    Sent,
    method=st.sampled_from(METHODS),
    path=st.builds(
        lambda path, name, slash: path.replace("{}", name) + slash,
        st.sampled_from(PATHS), words, st.sampled_from(["", "/", "//"]),
    ),
    query=st.lists(st.tuples(st.sampled_from(NAMES).map(str.encode), raw), max_size=3).map(
        lambda pairs: b"&".join(name + b"=" + value for name, value in pairs)
    )
    | raw,
    headers=headers | headers.map(lambda given: given | {b"content-type": b"application/json"}),
    body=bodies,
)  # fmt: skip


async def answered(gateway: Gateway, sent: Sent) -> tuple[int, dict[str, str], bytes]:
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": sent.method, "scheme": "http",
        "path": sent.path, "raw_path": sent.path.encode(errors="surrogatepass"), "query_string": sent.query,
        "root_path": "", "headers": list(sent.headers.items()), "client": ("127.0.0.1", 1), "server": ("gateway", 80),
    }  # fmt: skip
    start: dict[str, Any] = {}
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent.body, "more_body": False}

    async def send(message: Any) -> None:
        start.update(message) if message["type"] == "http.response.start" else parts.append(message.get("body", b""))

    await gateway.app(scope, receive, send)
    found = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    return start["status"], found, b"".join(parts)


@pytest.mark.parametrize("api_keys", [[], ["a-key-1234"]], ids=["open", "guarded"])
async def test_nothing_breaks_any_route(settings: Settings, api_keys: list[str]) -> None:
    async with running(settings.model_copy(update={"api_keys": api_keys})) as gateway:
        loop = asyncio.get_running_loop()
        started: set[str] = set()
        if not api_keys:
            batch = await gateway.accepted()
            started.add(batch.id)
            await gateway.store.problems.put([row(batch, slot) for slot in range(3)])

        async def send(sent: Sent) -> None:
            status, found, body = await answered(gateway, sent)
            assert status < 500 or (status, sent.path.strip("/")) == (503, "readyz"), body
            assert found["x-request-id"]
            if status >= 400:
                assert found["content-type"] in (PROBLEM, TEXT_PROBLEM)
                problem = json.loads(body)
                assert isinstance(problem["detail"], str)
                assert problem["detail"]
                assert problem["status"] == status
                assert status != 405 or found["allow"]
            elif status == 202:
                started.add(json.loads(body)["batch_id"])
            elif sent.method == "POST" and sent.path.startswith("/api/generate"):
                started.add(json.loads(body)["job_id"])
            listed, total = await gateway.store.batches.list(status=None, skip=0, limit=1000)
            assert {batch.id for batch in listed} == started
            assert total == len(started)

        @hypothesis_settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(sent=requests)
        def fuzz(sent: Sent) -> None:
            asyncio.run_coroutine_threadsafe(send(sent), loop).result(60)

        await asyncio.to_thread(fuzz)
