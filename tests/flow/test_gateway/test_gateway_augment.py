"""Variants of a batch's problems: what is frozen, what is wanted, what is refused; and how their slots begin."""

from __future__ import annotations

import pytest

from services.conductor import sources
from shared.contracts.batch import Batch, Quota
from shared.contracts.problem import Problem, ProblemStatus
from tests.flow.test_gateway.conftest import Gateway, assert_problem
from tests.flow.test_gateway.test_gateway_problems import row


async def with_valid(gateway: Gateway, valid: int = 3) -> Batch:
    batch = await gateway.accepted(num_problems=9)
    ended = [row(batch, slot) for slot in range(valid)]
    await gateway.store.problems.put([*ended, row(batch, valid, status=ProblemStatus.SOLVED)])
    return batch


async def asked(gateway: Gateway, origin: Batch, **body: object) -> Batch:
    reply = await gateway.client.post(f"/api/batches/{origin.id}/augment", json={"strategies": ["reword"]} | body)
    assert reply.status_code == 202, reply.text
    found = await gateway.store.batches.get(reply.json()["batch_id"])
    assert found is not None
    assert reply.headers["location"] == f"/api/generation/status/{found.id}"
    return found


async def test_a_batch_of_variants_is_one_of_its_kind(gateway: Gateway) -> None:
    origin = await with_valid(gateway)
    found = await asked(gateway, origin, strategies=["reword", "parameters"], ratio=0.5, name="more", random_seed=4)
    assert (found.line, found.kind, found.route) == ("problems", "augmentation", origin.route)
    assert found.wish.num_problems == 4, "of half of three problems, rounded up, each of two strategies"
    assert found.quotas == {"reword": Quota(wanted=2), "parameters": Quota(wanted=2)}
    assert (found.models, found.options) == (origin.models, origin.options)
    shown = (await gateway.client.get(f"/api/batches/{found.id}")).json()
    assert (shown["kind"], shown["origin_batch_id"], shown["name"]) == ("augmentation", origin.id, "more")
    listed = (await gateway.client.get("/api/batches")).json()
    assert {item["id"] for item in listed["items"]} == {origin.id, found.id}


async def test_its_slots_begin_with_the_valid_problems_and_no_others(gateway: Gateway) -> None:
    origin = await with_valid(gateway)
    found = await asked(gateway, origin, strategies=["reword", "parameters"], random_seed=4)
    begun = await sources.of(found)(found, range(8), gateway.store)
    problems = [slip for slip in begun if isinstance(slip, Problem) and slip.origin]
    assert [slip.slot for slip in problems] == list(range(8))
    ways = [(slip.origin.id, slip.origin.strategy) for slip in problems if slip.origin]
    assert len(set(ways[:6])) == 6, "every way of varying one comes once before any comes again"
    assert ways[6:] == ways[:2]
    assert [slip.bucket for slip in problems] == [way[1] for way in ways]
    assert {way[0] for way in ways} == {f"{origin.id}-{slot}" for slot in range(3)}
    first = problems[0]
    assert first.origin is not None
    stored = await gateway.store.problems.get(first.origin.id)
    assert stored is not None
    assert (first.origin.problem, first.origin.answer) == (stored["envelope"]["problem"], stored["envelope"]["answer"])
    assert (first.subject, first.topic, first.problem, first.route) == ("Algebra", "Roots", None, origin.route)
    await gateway.store.problems.delete(origin.id)
    assert await sources.of(found)(found, range(8), gateway.store) == begun, "what was frozen outlives its batch"


async def test_the_same_key_makes_one_batch(gateway: Gateway) -> None:
    origin = await with_valid(gateway)
    path, body, key = f"/api/batches/{origin.id}/augment", {"strategies": ["reword"]}, {"Idempotency-Key": "k"}
    first = (await gateway.client.post(path, json=body, headers=key)).json()["batch_id"]
    await gateway.store.problems.put([row(origin, 7)])
    assert (await gateway.client.post(path, json=body, headers=key)).json()["batch_id"] == first
    assert_problem(await gateway.client.post(path, json=body | {"ratio": 0.5}, headers=key), 422, "Idempotency-Key")
    assert (await gateway.post({"num_problems": 3}, **key)).json()["batch_id"] != first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "strategies"),
        ({"strategies": []}, "strategies"),
        ({"strategies": ["reword", "reword"]}, "strategies"),
        ({"strategies": ["CDA"]}, "strategies.0"),
        ({"strategies": ["reword"], "ratio": 0}, "ratio"),
        ({"strategies": ["reword"], "ratio": 2}, "ratio"),
        ({"strategies": ["reword"], "max_cost_usd": -1}, "max_cost_usd"),
        ({"strategies": ["reword"], "engineer_model": "x"}, "engineer_model"),
        ({"strategies": ["reword"], "number": 3}, "number"),
    ],
)
async def test_what_makes_no_sense_is_refused(gateway: Gateway, body: object, field: str) -> None:
    origin = await with_valid(gateway)
    assert_problem(await gateway.client.post(f"/api/batches/{origin.id}/augment", json=body), 422, field)
    assert await gateway.batches() == 1


async def test_without_valid_problems_there_is_nothing_to_vary(gateway: Gateway) -> None:
    origin = await with_valid(gateway, valid=0)
    path = f"/api/batches/{origin.id}/augment"
    assert_problem(await gateway.client.post(path, json={"strategies": ["reword"]}), 409)
    assert_problem(await gateway.client.post(f"/api/batches/{'a' * 24}/augment", json={"strategies": ["reword"]}), 404)
    await gateway.store.batches.wish(origin.id, state="deleted")
    assert_problem(await gateway.client.post(path, json={"strategies": ["reword"]}), 409)
    assert await gateway.batches() == 0
