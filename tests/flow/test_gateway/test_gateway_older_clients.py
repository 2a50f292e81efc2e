"""What clients of the systems that came before send and read."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.routes.problems import CHUNK
from tests.flow.test_gateway.conftest import Gateway, assert_problem
from tests.flow.test_gateway.test_gateway_problems import row


async def test_the_root_answers_programs_in_json_and_sends_browsers_on(gateway: Gateway) -> None:
    for accept in ("*/*", "application/json", "", "text/plain", "text/*", "text/html;q=0, */*", "text/htmlx"):
        reply = await gateway.client.get("/", headers={"Accept": accept})
        assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json"), accept
        assert reply.json() == {
            "message": "Synthetic Math Prompts API", "name": "Stumper", "version": reply.json()["version"],
            "description": reply.json()["description"], "docs": "/docs", "docs_url": "/docs", "health": "/health",
            "health_url": "/api/health", "dashboard": None,
        }  # fmt: skip
    for accept in ("text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json, TEXT/HTML; q=0.5"):
        reply = await gateway.client.get("/", headers={"Accept": accept})
        assert (reply.status_code, reply.headers["location"]) == (307, "/docs"), accept
        assert "Accept" in reply.headers["vary"]


async def test_health_has_what_they_read(gateway: Gateway) -> None:
    assert (await gateway.client.get("/health/")).json() == {"status": "healthy"}
    found = (await gateway.client.get("/api/health/")).json()
    assert found["redis_connected"] is False
    assert found["timestamp"].endswith("Z")


async def test_search_is_taken_with_a_warning(gateway: Gateway) -> None:
    reply = await gateway.post({"num_problems": 1, "use_search": True})
    assert reply.status_code == 202
    assert "no search provider" in reply.json()["warnings"][0]
    without = (await gateway.post({"num_problems": 1, "use_search": False})).json()["warnings"]
    assert not any("search" in warning for warning in without)
    assert_problem(await gateway.post({"num_problems": 1, "use_search": "yes"}), 422, "use_search")


async def test_the_main_example_of_the_older_readme(gateway: Gateway) -> None:
    body = {
        "num_problems": 2, "use_search": True, "use_seed_data": False, "benchmark_name": None, "seed_data": [],
        "engineer_model": {"provider": "simulator", "model_name": "sim-strong"},
        "taxonomy": {"Algebra": ["Roots"]},
    }  # fmt: skip
    reply = await gateway.client.post("/api/generation/", json=body)
    assert (reply.status_code, reply.json()["status"], reply.json()["total_cost"]) == (202, "started", 0.0)


@pytest.mark.parametrize("path", ["/api/problems", "/api/problems/batch/{}/problems/", "/api/problems/?batch_id={}"])
async def test_problems_come_bare_with_skip_and_limit(gateway: Gateway, path: str) -> None:
    batch = await gateway.accepted()
    await gateway.store.problems.put([row(batch, slot) for slot in range(2 * CHUNK + 3)])
    path = path.format(batch.id)
    join = "&" if "?" in path else "?"

    async def slots(query: str) -> list[int]:
        reply = await gateway.client.get(f"{path}{join}{query}")
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == "application/json"
        return [item["slot"] for item in reply.json()]

    everything = list(range(2 * CHUNK + 3))
    assert await slots("skip=0") == await slots("limit=1000") == await slots("skip=0&limit=10000") == everything
    assert await slots("skip=7&limit=3") == [7, 8, 9]
    assert await slots("skip=401") == [401, 402]
    assert await slots("skip=1000000000") == []
    assert await slots("limit=1&status=valid") == [0]
    bare = (await gateway.client.get(f"{path}{join}limit=2")).json()
    assert bare == (await gateway.client.get(f"{path}{join}per_page=2")).json()["items"]


async def test_batches_and_letters_come_bare_too(gateway: Gateway) -> None:
    ids = [(await gateway.accepted()).id for _ in range(3)]
    found = (await gateway.client.get("/api/batches/?skip=1&limit=1")).json()
    assert [batch["id"] for batch in found] == [ids[1]]
    assert found == (await gateway.client.get("/api/batches?per_page=1&page=2")).json()["items"]
    assert isinstance((await gateway.client.get("/api/dead?limit=5")).json(), list)


@pytest.mark.parametrize("path", ["/api/problems", "/api/batches", "/api/dead"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("skip=-1", "skip"), ("limit=0", "limit"), ("limit=10001", "limit"), ("skip=x", "skip"), ("limit=", "limit"),
        ("skip=99999999999999999999", "skip"), ("skip=0&page=1", "query"), ("limit=5&per_page=5", "query"),
    ],
)  # fmt: skip
async def test_skip_and_limit_are_checked(gateway: Gateway, path: str, query: str, field: str) -> None:
    assert_problem(await gateway.client.get(f"{path}?{query}"), 422, field)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"num_problems": 5}, "POST /api/generation"),
        ({"num_problems": None, "engineer_model": {}}, "POST /api/generation"),
        ({"product": "a phone", "num_problems": 3}, "POST /api/generation"),
        ([], "must be a JSON object"),
    ],
)
async def test_the_path_that_two_systems_had(gateway: Gateway, body: Any, words: str) -> None:
    for path in ("/api/generate", "/api/generate/"):
        assert words in assert_problem(await gateway.client.post(path, json=body), 422)["detail"]
    assert await gateway.batches() == 0


async def test_both_slashes_work_on_every_route_without_a_redirect(gateway: Gateway) -> None:
    document = (await gateway.client.get("/openapi.json/")).json()
    for path, operations in document["paths"].items():
        for method in operations:
            plain, slashed = [
                await gateway.client.request(method.upper(), path + slash, headers={"Accept": "*/*"})
                for slash in ("", "/")
            ]
            assert plain.status_code == slashed.status_code, (method, path)
            assert not slashed.is_redirect
            assert plain.headers.get("allow") == slashed.headers.get("allow")
            assert slashed.status_code not in (405, 500), (method, path)
