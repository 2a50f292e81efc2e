"""What the clients of an older text service send and read: two scripts and a collection of requests, in our words."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

JOB = {"product": "a folding kayak", "count": 3, "version": "v1", "temperature": 0.7}


def checked(answer: httpx.Response, *statuses: int) -> Any:
    """They look for this text in the header of every reply, errors too."""
    assert answer.status_code in statuses, answer.text
    assert "application/json" in answer.headers["content-type"]
    return answer.json()


async def done(stack: Stack, job_id: str) -> dict[str, Any]:
    async def ended() -> dict[str, Any] | None:
        shown: dict[str, Any] = checked(await stack.api.get(f"/api/result/{job_id}"), 200)
        assert 0 <= shown["progress"] <= 100
        return shown if shown["status"] in ("completed", "error") else None

    found: dict[str, Any] = await until(ended, f"the job {job_id} ends")
    return found


async def test_the_walk_of_both_scripts(both: Stack) -> None:
    stack = both
    await stack.start("assistant")
    health = checked(await stack.api.get("/api/health"), 200)
    assert {"status", "redis_connected", "timestamp", "version"} <= health.keys()
    assert health["redis_connected"] is False
    foreseen = checked(await stack.api.post("/api/validate", json=JOB), 200)
    assert {"timestamp", "request", "validation"} <= foreseen.keys()
    assert foreseen["validation"]["valid"] is True
    assert isinstance(foreseen["validation"]["warnings"], list)
    assert all(
        isinstance(foreseen["validation"][name], float | int) for name in ("estimated_cost", "estimated_duration")
    )

    tried = checked(await stack.api.post("/api/test-llm"), 200)["results"]  # no body, no Content-Type
    assert tried["health_check"] is tried["generation_test"] is True
    assert isinstance(tried["test_response"], str)

    started = checked(await stack.api.post("/api/generate", json=JOB), 200)
    assert {"job_id", "status", "created_at", "updated_at", "error_message", "result", "progress"} <= started.keys()
    shown = await done(stack, started["job_id"])
    assert (shown["status"], shown["progress"], shown["error_message"]) == ("completed", 100, None)
    result = shown["result"]
    assert result["total_samples"] == len(result["samples"]) == 3
    assert result["total_tokens_estimated"] == sum(sample["tokens_estimated"] for sample in result["samples"])
    for sample in result["samples"]:
        assert {"id", "generated_at", "text", "prompt_version", "temperature", "metadata"} <= sample.keys()
        assert sample["product"] == JOB["product"]
    assert len({sample["text"] for sample in result["samples"]}) == 3

    small = [
        checked(await stack.api.post("/api/generate", json=JOB | {"product": f"a kayak for {n}", "count": 1}), 200)
        for n in range(3)
    ]
    ends = await asyncio.gather(*(done(stack, job["job_id"]) for job in small))
    assert [end["status"] for end in ends] == ["completed"] * 3


async def test_the_collection_of_requests(both: Stack) -> None:
    stack = both
    await stack.start("assistant")
    checked(await stack.api.get("/api/health"), 200)
    assert {"message", "name", "docs_url", "health_url"} <= checked(await stack.api.get("/"), 200).keys()
    jobs = [
        checked(await stack.api.post("/api/generate", json=JOB | {"product": f"kit {n}", "count": count}), 200)[
            "job_id"
        ]
        for n, count in enumerate((3, 5, 2, 15))
    ]
    for job in jobs[:2]:
        checked(await stack.api.get(f"/api/result/{job}"), 200)
    for unknown in ("replace-with-a-job-id", "no-such-job"):
        assert unknown in checked(await stack.api.get(f"/api/result/{unknown}"), 404)["detail"]
    ended = checked(await stack.api.delete(f"/api/job/{jobs[3]}"), 200)
    assert ended["job_id"] == jobs[3]
    assert ended["status"] in ("cancelled", "already_finished")
    assert ended["message"]
    assert checked(await stack.api.post("/api/validate", json=JOB | {"count": 10}), 200)["validation"]["valid"] is True
    checked(await stack.api.post("/api/test-llm"), 200)
    for wrong, field in (
        ({"product": ""}, "product"),
        ({"count": 1000}, "count"),
        ({"temperature": 5.0}, "temperature"),
    ):
        assert field in checked(await stack.api.post("/api/generate", json=JOB | wrong), 422)["detail"]
