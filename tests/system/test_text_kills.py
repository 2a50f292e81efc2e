"""SIGKILL of each service in turn, and of NATS, in the middle of a text job with variants: exactly as many samples and
variants as wanted, each call paid once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from shared import lines
from shared.contracts.batch import Batch
from shared.contracts.text import VARIED, Text
from tests.system.accounts import check_bill, check_completed, check_logs, in_flight, rows_of
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

COUNT, VARIED_COUNT = 24, 8
STRATEGIES = ("CDA", "ADA")
STAGES = lines.of("texts").stages
LEAST = 0.9  #: a score that a good part of the writer's texts misses


def request() -> dict[str, Any]:
    """By a writer without flaws, so that each variant is a good one."""
    return {
        "url": "/api/generate-augmented",
        "params": {"augmentation_strategies": STRATEGIES, "augment_ratio": VARIED_COUNT / COUNT},
        "json": {
            "product": f"headphones {uuid.uuid4().hex[:6]}", "count": COUNT, "version": "v2",
            "min_quality_score": LEAST,
            "model": "simulator/sim-writer", "reviewer_model": "simulator/sim-strong",
        },
        "headers": {"Idempotency-Key": uuid.uuid4().hex},
    }  # fmt: skip


async def asked(stack: Stack, job: dict[str, Any]) -> str:
    answer = await stack.api.post(**job)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["job_id"])


@pytest.mark.parametrize("victim", ["gateway", "conductor", *STAGES, "nats"])
async def test_a_kill_in_the_middle(both: Stack, victim: str, record_property: Callable[[str, object], None]) -> None:
    stack, job = both, request()
    await stack.simulate(latency={"kind": "uniform", "low": 0.05, "high": 0.4})
    job_id = await asked(stack, job)

    async def far_enough() -> bool:
        batch = await stack.batch(job_id)
        assert not batch.ended, "too late"
        return batch.accepted >= 4 and (victim not in STAGES or bool(await stack.held(victim)))

    await until(far_enough, "four samples are accepted, and the victim has work")
    await stack.kill(victim)
    await stack.revive(victim)
    batch = await check_completed(stack, job_id, COUNT)
    assert await asked(stack, job) == job_id, "asked again, it is the same job"

    await check_samples(stack, batch)
    await check_result(stack, batch)
    difference = await check_bill(stack, job_id)
    record_property(*in_flight(difference, stack.in_flight_at_kills))
    check_logs(stack)


async def check_samples(stack: Stack, batch: Batch) -> None:
    rows = await rows_of(stack, batch.id)
    accepted = [Text.model_validate(row["envelope"]) for row in rows if row["status"] == "accepted"]
    assert Counter(text.bucket for text in accepted) == {VARIED: VARIED_COUNT, "": COUNT - VARIED_COUNT}
    for text in accepted:
        assert text.quality is not None
        assert text.quality.score >= LEAST
        assert all((text.text or "")[one.start : one.end] == one.term for one in text.aspects)
        made = [one.strategy for one in text.variants if one.accepted]
        assert made == (list(STRATEGIES) if text.bucket == VARIED else [])
    assert batch.counts.get("rejected", 0) > 0, "the filter had work"


async def check_result(stack: Stack, batch: Batch) -> None:
    """The gateway shows as many, each variant beside its original, and what it all cost."""
    shown = (await stack.api.get(f"/api/result/{batch.id}")).json()
    assert (shown["status"], shown["progress"], shown["error_message"]) == ("completed", 100, None)
    samples = shown["result"]["samples"]
    assert shown["result"]["total_samples"] == len(samples) == COUNT + VARIED_COUNT * len(STRATEGIES)
    assert len({sample["id"] for sample in samples}) == len({sample["text"] for sample in samples}) == len(samples)
    originals = {sample["id"] for sample in samples if not sample["origin"]}
    assert len(originals) == COUNT
    variants = [sample for sample in samples if sample["origin"]]
    assert {sample["origin"] for sample in variants} <= originals
    assert Counter(sample["strategy"] for sample in variants) == dict.fromkeys(STRATEGIES, VARIED_COUNT)
    assert shown["cost"] == pytest.approx(batch.cost / 1e9, rel=1e-6)
    exported = (await stack.api.get(f"/api/job/{batch.id}/export")).text.splitlines()
    assert len(exported) == len(samples)
