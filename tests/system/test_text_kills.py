"""SIGKILL of each service in the middle of a text job: exactly as many as wanted, each call paid once."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable

import pytest

from shared import lines, subjects
from shared.contracts.batch import Batch, Quota, Wish
from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import BatchStatus
from shared.contracts.text import VARIED, Text, TextOptions
from tests.system.accounts import calls_of, check_bill, check_logs, in_flight, rows_of
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

VARIED_WANTED, REST = 8, 16
LATENCY = 0.2


async def begin(stack: Stack) -> Batch:
    """A job for two kinds of samples, by a writer that makes every mistake it can."""
    models = {"writer": "sim-writer-sloppy", "reviewer": "sim-strong", "embedding": "sim-embed"}
    job = Batch(
        id=uuid.uuid4().hex[:20], line="texts", kind="text", route=["writer", "embedder", "writer"],
        created_at=time.time(), wish=Wish(num_problems=VARIED_WANTED + REST, max_attempts=500, max_in_flight=12),
        models={role: ModelSpec(provider="simulator", model_name=name) for role, name in models.items()},
        source={"name": "product", "product": f"headphones {uuid.uuid4().hex[:6]}"},
        options=TextOptions(quality_filter=True, strategies=["CDA", "ADA"], version="v2").model_dump(),
        quotas={VARIED: Quota(wanted=VARIED_WANTED), "": Quota(wanted=REST)},
    )  # fmt: skip
    assert await stack.store.batches.insert(job)
    assert await stack.ledger.publish_once(subjects.batch_requested(job.id), b"{}")
    return job


@pytest.mark.parametrize("victim", ["conductor", *lines.of("texts").stages])
async def test_a_kill_in_the_middle(both: Stack, victim: str, record_property: Callable[[str, object], None]) -> None:
    stack = both
    await stack.simulate(latency=LATENCY)
    job = await begin(stack)

    async def far_enough() -> bool:
        batch = await stack.batch(job.id)
        assert not batch.ended, "too late"
        return batch.accepted >= 4 and (victim == "conductor" or bool(await stack.held(victim)))

    await until(far_enough, "four samples are accepted")
    await stack.kill(victim)
    await stack.revive(victim)
    batch = await stack.ended(job.id, BatchStatus.COMPLETED)

    rows = await rows_of(stack, job.id)
    assert Counter(row["status"] for row in rows) == batch.counts
    accepted = [Text.model_validate(row["envelope"]) for row in rows if row["status"] == "accepted"]
    assert Counter(text.bucket for text in accepted) == {VARIED: VARIED_WANTED, "": REST}
    for text in accepted:
        assert text.quality is not None
        assert text.quality.score >= text.options.min_quality_score
        assert all((text.text or "")[one.start : one.end] == one.term for one in text.aspects)
        tried = {one.strategy for one in text.variants}
        assert tried == ({"CDA", "ADA"} if text.bucket == VARIED else set())
    assert all(row["reason"] for row in rows if row["status"] == "rejected")
    assert batch.counts.get("rejected", 0) > 0, "the filters had work"
    calls = await calls_of(stack, job.id)
    assert len({call["id"] for call in calls}) == len(calls) == batch.calls
    assert sum(call["cost"] for call in calls) == batch.cost
    difference = await check_bill(stack, job.id)
    record_property(*in_flight(difference, stack.in_flight_at_kills))
    check_logs(stack)
