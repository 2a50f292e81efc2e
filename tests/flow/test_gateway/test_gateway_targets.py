"""Another target for a batch, and the matrix of who solved what."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.problem import ProblemStatus, TargetAnswer
from shared.contracts.statuses import BatchStatus
from tests.flow.test_gateway.conftest import Gateway, assert_problem
from tests.flow.test_gateway.test_gateway_problems import row

MODEL = {"provider": "simulator", "model_name": "sim-medium"}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("body", [MODEL, {"target_model": MODEL}])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_target_of_what_comes(gateway: Gateway, method: str, body: Any, slash: str) -> None:
    batch = await gateway.accepted()
    reply = await gateway.client.request(method, f"/api/batches/{batch.id}/target-model{slash}", json=body)
    assert reply.status_code == 200, reply.text
    shown = reply.json()
    assert shown["target_model"] == shown["new_target_model"] == MODEL | {"temperature": None, "max_tokens": None}
    assert shown["batch_id"] == batch.id
    assert "not begun yet" in shown["message"]
    found = await gateway.store.batches.get(batch.id)
    assert found is not None
    assert (str(found.wish.target), found.wish.round) == ("simulator/sim-medium", 0)
    assert str(found.current_models["target"]) == "simulator/sim-medium"
    assert found.models == batch.models


async def test_an_ended_batch_runs_again(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    await gateway.projected(
        batch, status=BatchStatus.COMPLETED, finished_at=1.0, purged=True, counts={"valid": 3}, issued=3
    )
    reply = await gateway.client.patch(f"/api/batches/{batch.id}/target-model?retarget=true", json=MODEL)
    assert (reply.status_code, reply.json()["status"], reply.json()["finished_at"]) == (200, "running", None)
    assert (await gateway.client.get(f"/api/generation/status/{batch.id}")).json()["status"] == "running"
    assert [each.id for each in await gateway.store.batches.open()] == [batch.id], "the sweep looks at it again"
    await gateway.client.patch(f"/api/batches/{batch.id}/target-model?retarget=true", json=MODEL)
    found = await gateway.store.batches.get(batch.id)
    assert found is not None
    assert found.wish.round == 2, "each asks for a round, with an equal model too"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "provider"),
        ({"provider": "simulator"}, "model_name"),
        ({"provider": "nobody", "model_name": "x"}, "provider"),
        (MODEL | {"url": "http://x"}, "url"),
        ({"target_model": MODEL, "more": 1}, "more"),
        ({"target_model": None}, "target_model"),
        ([], "body"),
    ],
)
async def test_what_is_no_model_is_refused(gateway: Gateway, body: Any, field: str) -> None:
    batch = await gateway.accepted()
    reply = await gateway.client.patch(f"/api/batches/{batch.id}/target-model?retarget=true", json=body)
    assert_problem(reply, 422)
    assert field in reply.json()["detail"]
    found = await gateway.store.batches.get(batch.id)
    assert found is not None
    assert found.wish == batch.wish


@pytest.mark.parametrize("query", ["retarget=maybe", "retarget=true&retarget=false", "again=true"])
async def test_queries_are_checked(gateway: Gateway, query: str) -> None:
    batch = await gateway.accepted()
    reply = await gateway.client.patch(f"/api/batches/{batch.id}/target-model?{query}", json=MODEL)
    assert_problem(reply, 422)


async def test_what_cannot_go_on_is_a_conflict(gateway: Gateway) -> None:
    url = "/api/batches/{}/target-model?retarget=true"
    assert_problem(await gateway.client.patch(url.format("nosuch"), json=MODEL), 404)
    batch = await gateway.accepted(max_cost_usd=0.5)
    await gateway.projected(batch, cost=500_000_000)
    assert_problem(await gateway.client.patch(url.format(batch.id), json=MODEL), 409)
    for state in ("cancelled", "deleted"):
        other = await gateway.accepted()
        await gateway.store.batches.wish(other.id, state=state)
        reply = await gateway.client.patch(url.format(other.id), json=MODEL)
        assert_problem(reply, 409)


async def test_a_cap_needs_a_price(gateway: Gateway) -> None:
    batch = await gateway.accepted(max_cost_usd=0.5)
    unknown = {"provider": "simulator", "model_name": "no-such-price"}
    reply = await gateway.client.patch(f"/api/batches/{batch.id}/target-model", json=unknown)
    assert_problem(reply, 422)
    assert "max_cost_usd" in reply.json()["detail"]


async def test_the_matrix(gateway: Gateway) -> None:
    batch = await gateway.accepted()
    weak, strong = "simulator/sim-weak", "simulator/sim-strong"

    def tried(*tries: tuple[str, bool | None, int]) -> list[TargetAnswer]:
        return [
            TargetAnswer(answer=f"{round_}", correct=correct, decided_by="exact", model=model, round=round_)
            for model, correct, round_ in tries
        ]

    rows = [
        row(batch, 0, target_answers=tried((weak, False, 0), (strong, True, 1))),
        row(batch, 1, ProblemStatus.SOLVED, target_answers=tried((weak, True, 0), (strong, None, 1), (weak, False, 2))),
        row(batch, 2, ProblemStatus.DISCARDED, target_answers=[]),
        row(batch, 3, target_answers=tried(("", False, 0))),
    ]
    await gateway.store.problems.put(rows)
    shown = (await gateway.client.get(f"/api/batches/{batch.id}/matrix?per_page=2")).json()
    assert (shown["total"], shown["page"], shown["per_page"], shown["batch_id"]) == (3, 1, 2, batch.id)
    assert [item["slot"] for item in shown["items"]] == [0, 1]
    assert shown["items"][1]["results"][weak] == {"answer": "2", "correct": False, "decided_by": "exact", "round": 2}
    sums = {one.pop("model"): one for one in shown["models"]}
    assert sums[weak] == {"tried": 2, "solved": 0, "failed": 2, "undecided": 0, "pass_rate": 0.0}
    assert sums[strong] == {"tried": 2, "solved": 1, "failed": 0, "undecided": 1, "pass_rate": 1.0}
    assert sums["(not recorded)"]["failed"] == 1
    problem = (await gateway.client.get(f"/api/problems/problem/{batch.id}-1")).json()
    assert (problem["target_model_answer"], problem["pass_rate"], len(problem["target_answers"])) == ("2", 0.0, 3)
    assert_problem(await gateway.client.get("/api/batches/nosuch/matrix"), 404)
