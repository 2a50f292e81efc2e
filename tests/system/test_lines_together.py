"""Both lines at once, and variants of problems, on real processes: nothing mixes, every number is exact."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from shared.contracts.statuses import BatchStatus
from tests.system.accounts import check_bill, check_logs, rows_of
from tests.system.stack import Stack

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

WANTED, JOBS, SAMPLES = 8, 50, 2


async def job(stack: Stack, n: int) -> str:
    path = "/api/generate" if n % 3 else "/api/generate-augmented?augmentation_strategies=CDA&augment_ratio=0.5"
    body = {"product": f"headphones {'abc'[n % 3]}{n}", "count": SAMPLES}
    key = {"Idempotency-Key": f"job-{n}"}  # sent twice at once, as by a client that lost patience
    answers = await asyncio.gather(*(stack.api.post(path, json=body, headers=key) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    (job_id,) = {str(answer.json()["job_id"]) for answer in answers}
    return job_id


async def test_problems_their_variants_and_texts_at_once(both: Stack) -> None:
    stack = both
    await stack.simulate(latency=0.02)
    await stack.new_account()
    origin, *jobs = await asyncio.gather(stack.create(WANTED), *(job(stack, n) for n in range(JOBS)))
    await stack.ended(origin, BatchStatus.COMPLETED, valid=WANTED)
    answer = await stack.api.post(
        f"/api/batches/{origin}/augment", json={"strategies": ["reword", "parameters"], "ratio": 0.25}
    )
    assert answer.status_code == 202, answer.text
    variants = str(answer.json()["batch_id"])
    for job_id in jobs:
        await stack.ended(job_id, BatchStatus.COMPLETED, accepted=SAMPLES)
    await stack.ended(variants, BatchStatus.COMPLETED, valid=4)

    rows = await rows_of(stack, variants)
    originals = {row["id"]: row["envelope"] for row in await rows_of(stack, origin) if row["status"] == "valid"}
    written = [row["envelope"] for row in rows if row["envelope"].get("problem")]
    assert {envelope["origin"]["strategy"] for envelope in written} == {"reword", "parameters"}
    for envelope in written:
        source = originals[envelope["origin"]["id"]]
        assert envelope["problem"] != source["problem"]
        if envelope["origin"]["strategy"] == "reword":
            assert envelope["answer"] == source["answer"]
    valid = [row["envelope"] for row in rows if row["status"] == "valid"]
    assert Counter(envelope["origin"]["strategy"] for envelope in valid) == {"reword": 2, "parameters": 2}
    assert all(envelope["confirmations"][0]["agrees"] for envelope in valid)

    assert len(set(jobs)) == JOBS
    owners: dict[str, str] = {}
    total = 0
    for job_id in jobs:
        shown: dict[str, Any] = (await stack.api.get(f"/api/result/{job_id}")).json()
        assert (shown["status"], shown["progress"]) == ("completed", 100)
        samples = shown["result"]["samples"]
        assert len([sample for sample in samples if sample["origin"] is None]) == SAMPLES
        own = await rows_of(stack, job_id)
        assert all(row["line"] == "texts" and "problem" not in row["envelope"] for row in own)
        assert {sample["product"] for sample in samples} == {row["envelope"]["product"] for row in own}
        assert len({sample["product"] for sample in samples}) == 1
        owners |= {sample["id"]: job_id for sample in samples}
        total += len(samples)
    assert len(owners) == total, "a sample belongs to two jobs"
    listed = (await stack.api.get("/api/batches?per_page=500")).json()["items"]
    assert not {item["id"] for item in listed} & set(jobs)
    assert {origin, variants} <= {item["id"] for item in listed}
    health = (await stack.api.get("/api/health")).json()
    assert set(health["stages"]["embedder"]["lags"]) == {"problems", "texts"}
    for batch_id in (origin, variants, *jobs):
        batch = await stack.batch(batch_id)
        assert batch.counts == {
            status: sum(row["status"] == status for row in await rows_of(stack, batch_id)) for status in batch.counts
        }
    await stack.settled()
    await check_bill(stack, origin, variants, *jobs, in_flight=0)
    check_logs(stack)
