"""Text jobs have a lifetime, where the operator set one; and each line keeps its subjects as long as it says."""

from __future__ import annotations

import time
import uuid
from typing import Any

from services.conductor.conductor import Conductor
from services.conductor.sweep import Sweep
from shared import subjects
from shared.contracts.batch import Batch, Wish
from shared.contracts.statuses import BatchStatus
from tests.flow.world import MODEL, World, batch

DAY = 24 * 3600.0


async def conducting(world: World, **changes: Any) -> Conductor:
    world.settings = world.settings.model_copy(update=changes)
    conductor = world.conductor()
    await conductor.resume()
    return conductor


async def ended_job(world: World, ago: float, kind: Any = "text", line: str = "texts") -> str:
    """A job that ended so long ago, with a vector and a fact of its own."""
    job = Batch(
        id=uuid.uuid4().hex[:20], line=line, kind=kind, route=["writer", "embedder"], created_at=time.time() - 2 * ago,
        wish=Wish(num_problems=1, max_attempts=5), models={"writer": MODEL}, status=BatchStatus.COMPLETED,
        finished_at=time.time() - ago, started_at=1.0, accepted=1, issued=1, counts={"accepted": 1},
    )  # fmt: skip
    assert await world.store.batches.insert(job)
    await world.ledger.publish(subjects.vector("space", job.id, 0), b"{}", {})
    await world.ledger.publish_once(subjects.batch_requested(job.id), b"{}")
    return job.id


async def vectors(world: World) -> set[str]:
    return {fact.subject.split(".")[2] for fact in await world.ledger.read(0, stream="VECTORS")}


async def swept(world: World, conductor: Conductor) -> None:
    await world.step(conductor)
    sweep = Sweep(conductor)
    await sweep.run()
    await sweep.run()


async def test_a_job_whose_time_is_over_is_deleted_with_its_vectors(world: World) -> None:
    conductor = await conducting(world, text_ttl=DAY)
    old, young = await ended_job(world, 2 * DAY), await ended_job(world, DAY / 2)
    problems = await ended_job(world, 2 * DAY, "generation", "problems")
    running = await world.accept(batch(1))
    await swept(world, conductor)
    found = await world.store.batches.get_many([old, young, problems, running.id])
    assert {batch_id: one.wish.state for batch_id, one in found.items()} == {
        old: "deleted", young: "running", problems: "running", running.id: "running",
    }  # fmt: skip
    assert (await world.batch(old)).purged, "it is a tombstone"
    assert old not in await vectors(world)
    assert young in await vectors(world)


async def test_for_ever_is_the_default(world: World) -> None:
    conductor = await conducting(world)
    old = await ended_job(world, 3650 * DAY)
    await swept(world, conductor)
    assert (await world.batch(old)).wish.state == "running"
    assert old in await vectors(world)


async def test_each_line_keeps_its_subjects_as_long_as_it_says(world: World) -> None:
    conductor = await conducting(world, purge_after=DAY, text_purge_after=60.0)
    text, problems = await ended_job(world, 3600.0), await ended_job(world, 3600.0, "generation", "problems")
    await swept(world, conductor)
    assert (await world.batch(text)).purged
    assert not (await world.batch(problems)).purged
    assert text in await vectors(world), "later jobs are compared with it"
