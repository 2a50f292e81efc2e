"""Problems: filtered, one, of a batch, all as a stream; with cost, tokens, embedding and calls."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from services.gateway.routes.problems import CHUNK
from shared import lines
from shared.contracts.batch import Batch, CallRow, Row
from shared.contracts.call import CallFact
from shared.contracts.envelope import Ending, Similar, problem_id
from shared.contracts.problem import Confirmation, Problem, ProblemStatus, TargetAnswer
from shared.contracts.statuses import Reason, Status
from shared.errors import StoreUnavailable
from tests.flow.test_gateway.conftest import Gateway, assert_problem

VECTOR = [0.5, -0.25, 1.0]


def row(batch: Batch, slot: int, status: Status = ProblemStatus.VALID, **fields: Any) -> Row:
    """What the conductor stores of a problem."""
    envelope = Problem(
        batch_id=batch.id, slot=slot, hop=4, route=[], models=batch.models, subject="Algebra", topic="Roots",
        problem=f"What is {slot} + 1?", answer=str(slot + 1), hints={"0": "Count."}, status=status,
        confirmations=[Confirmation(model="m/c", answer="2", agrees=True)],
        target_answers=[TargetAnswer(answer="0", correct=False, decided_by="exact")],
        vector=base64.b64encode(struct.pack("<3f", *VECTOR)).decode(), similar=[Similar(id="x-1", similarity=0.5)],
        prompt_versions={"engineer": "write.v1@0"},
    ).but(**fields)  # fmt: skip
    at_end = status != Status.IN_PROGRESS
    return {
        "id": envelope.problem_id, "batch_id": batch.id, "slot": slot, "hop": envelope.hop, "place": [1, slot + 1],
        "trail": [[1, slot + 1, str(status)]], "subject_of_fact": f"problems.finished.{batch.id}.{slot}.4",
        "stage": "" if at_end else lines.of("problems").stages[1], "status": status, "rank": None,
        "envelope": envelope.model_dump(mode="json"), "created_at": 1_790_000_000.0, "updated_at": 1_790_000_009.0,
        "subject": envelope.subject, "topic": envelope.topic, "level": envelope.level,
        "reason": envelope.reason.code if envelope.reason else None,
    }  # fmt: skip


def call(batch: Batch, slot: int, n: int, cost: int | None) -> CallRow:
    fact = CallFact(
        id=f"{batch.id}-{slot}-{n}", stage="engineer", batch_id=batch.id, slot=slot, since=1, n=n, role="engineer",
        model=batch.models["engineer"], hash="h", system="be exact", prompt="write", reply="{}", finish="stop",
        input_tokens=100, output_tokens=10, cost=cost, latency=0.5, at=1_790_000_000.0 + n,
    )  # fmt: skip
    return fact.model_dump(mode="json") | {"problem_id": problem_id(batch.id, slot), "place": [1, n]}


async def test_a_problem_in_full(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    await gateway.store.problems.put([row(batch, 0)])
    await gateway.store.calls.put([call(batch, 0, 1, 2_000_000), call(batch, 0, 2, 500_000)])
    found = (await gateway.client.get(f"/api/problems/problem/{batch.id}-0")).json()
    assert found == {
        "id": f"{batch.id}-0", "batch_id": batch.id, "slot": 0, "subject": "Algebra", "topic": "Roots", "level": "",
        "question": "What is 0 + 1?", "answer": "1", "hints": {"0": "Count."}, "hints_were_corrected": False,
        "status": "valid", "rejection_reason": None,
        "confirmations": [{"model": "m/c", "answer": "2", "agrees": True}],
        "target_model_answer": "0", "target_answers": [{"answer": "0", "correct": False, "decided_by": "exact"}],
        "pass_rate": 0.0, "difficulty": 1.0, "similar_problems": [{"id": "x-1", "similarity": 0.5}],
        "cost": 0.0025, "tokens": {"input": 200, "output": 20, "total": 220}, "reference": None, "origin": None,
        "prompt_versions": {"engineer": "write.v1@0"},
        "created_at": found["created_at"], "updated_at": found["updated_at"],
    }  # fmt: skip
    assert found["updated_at"].endswith("Z")


async def test_embedding_and_calls_where_asked_for(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    await gateway.store.problems.put([row(batch, 0), row(batch, 1, vector=None)])
    await gateway.store.calls.put([call(batch, 0, 2, None), call(batch, 0, 1, 7)])
    both = (await gateway.client.get(f"/api/problems/problem/{batch.id}-0/?include=embedding,calls")).json()
    assert both["embedding"] == VECTOR
    assert [c["prompt"] for c in both["calls"]] == ["write", "write"]
    assert [c["cost"] for c in both["calls"]] == [7e-9, None]
    assert both["calls"][0]["model"] == "simulator/sim-strong"
    assert both["cost"] is None, "one price is unknown"
    listed = (await gateway.client.get("/api/problems?include=embedding&include=calls")).json()["items"]
    assert [item["embedding"] for item in listed] == [VECTOR, None]
    assert [len(item["calls"]) for item in listed] == [2, 0]
    plain = (await gateway.client.get(f"/api/problems/batch/{batch.id}/problems")).json()["items"][0]
    assert not {"embedding", "calls"} & plain.keys()


async def test_filters_and_pages(gateway: Gateway) -> None:
    one, other = await gateway.accepted(), await gateway.accepted(name="other")
    ending = Ending(code=Reason.DUPLICATE, detail="as 1")
    await gateway.store.problems.put(
        [
            *(row(one, slot) for slot in range(5)),
            row(one, 5, ProblemStatus.DISCARDED, reason=ending),
            row(one, 6, Status.IN_PROGRESS, problem=None, answer=None, target_answers=[], topic="Limits"),
            row(other, 0, ProblemStatus.SOLVED, subject="Geometry"),
        ]
    )

    async def slots(query: str) -> list[int]:
        reply = await gateway.client.get(f"/api/problems?{query}")
        assert reply.status_code == 200, reply.text
        return [item["slot"] for item in reply.json()["items"]]

    assert await slots(f"batch_id={one.id}") == [0, 1, 2, 3, 4, 5, 6]
    assert await slots("status=discarded") == [5]
    assert await slots("reason=duplicate") == [5]
    assert await slots("subject=Geometry") == [0]
    assert await slots("topic=Limits") == [6]
    assert await slots("q=is+3+%2b") == [3]
    assert await slots(f"batch_id={one.id}&per_page=2&page=2") == [2, 3]
    page = (await gateway.client.get(f"/api/problems/batch/{one.id}/problems?per_page=3&page=3")).json()
    assert (len(page["items"]), page["total"], page["page"], page["per_page"]) == (1, 7, 3, 3)
    discarded = (await gateway.client.get("/api/problems?reason=duplicate")).json()["items"][0]
    assert discarded["rejection_reason"] == {"code": "duplicate", "detail": "as 1"}
    waiting = (await gateway.client.get("/api/problems?status=in_progress")).json()["items"][0]
    assert waiting["question"] is waiting["pass_rate"] is waiting["difficulty"] is None
    assert waiting["target_model_answer"] is None
    assert (await gateway.client.get("/api/batches/problems/count")).json() == {
        "count": 8, "total_problems_count": 8,
    }  # fmt: skip
    count = await gateway.client.get(f"/api/batches/problems/count?batch_id={other.id}")
    assert count.json() == {"count": 1, "batch_id": other.id, "problems_count": 1, "batch_name": "other"}


async def test_unknown_problems_are_404(gateway: Gateway) -> None:
    for problem in ("nope", f"{'a' * 24}-1", "x" * 900, "%ff", "a%00b", "$where"):
        assert_problem(await gateway.client.get(f"/api/problems/problem/{problem}"), 404)
    assert_problem(await gateway.client.get(f"/api/problems/batch/{'a' * 24}/problems"), 404)
    assert_problem(await gateway.client.get(f"/api/problems?batch_id={'a' * 24}"), 404)


@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3])
async def test_all_is_a_whole_array_or_lines(gateway: Gateway, count: int) -> None:
    batch = await gateway.accepted()
    await gateway.store.problems.put([row(batch, slot) for slot in range(count)])
    reply = await gateway.client.get("/api/problems/all")
    assert reply.headers["content-type"] == "application/json"
    assert [problem["slot"] for problem in reply.json()] == list(range(count))
    lines = await gateway.client.get("/api/problems/all/", headers={"Accept": "application/x-ndjson"})
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == reply.json()


async def test_all_takes_filters(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    await gateway.store.problems.put([row(batch, 0), row(batch, 1, ProblemStatus.SOLVED)])
    reply = await gateway.client.get(f"/api/problems/all?batch_id={batch.id}&status=solved&include=embedding")
    assert [(problem["slot"], problem["embedding"]) for problem in reply.json()] == [(1, VECTOR)]


async def test_a_stream_that_breaks_does_not_look_whole(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = await gateway.accepted()
    await gateway.store.problems.put([row(batch, slot) for slot in range(CHUNK + 1)])
    sums, asked = gateway.store.calls.sums, 0

    async def breaks(ids: Any) -> dict[str, dict[str, int]]:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise StoreUnavailable("gone")
        return await sums(ids)

    monkeypatch.setattr(gateway.store.calls, "sums", breaks)
    with pytest.raises(RuntimeError, match="already started"):
        await gateway.client.get("/api/problems/all")
