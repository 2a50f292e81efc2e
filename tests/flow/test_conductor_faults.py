"""Faults in a row end a batch with the provider's words, and leave one with good replies alone. On both stores."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from services.conductor.conductor import Conductor
from services.conductor.sweep import Sweep
from shared import subjects
from shared.contracts.batch import Batch
from shared.contracts.call import CallFact
from shared.contracts.envelope import Ending
from shared.contracts.problem import Problem, ProblemStatus
from shared.contracts.statuses import BatchStatus, Flag, Reason, Status
from shared.controls import read_flags
from shared.facts import Fact
from tests.flow.world import MODEL, World, batch

Engineer = Callable[[World, Problem], Awaitable[None]]
WORDS = "400 no system role here"


async def conducted(
    world: World, conductor: Conductor, batch_id: str, engineer: Engineer, *, rounds: int = 400
) -> Batch:
    """The batch at its end, or after so many rounds. Its problems go no further than the engineer."""
    sweep, read = Sweep(conductor), 0
    await conductor.resume()
    for _ in range(rounds):
        await world.step(conductor)
        await sweep.run()
        stopped = batch_id in await read_flags(world.ledger)
        for fact in await world.ledger.read(read, subject=f"problems.engineer.{batch_id}.>"):
            read = fact.seq
            problem = Problem.model_validate_json(fact.data)
            await (finish(world, problem, Status.CANCELLED) if stopped else engineer(world, problem))
        found = await world.batch(batch_id)
        if found.ended and not found.in_flight:
            await world.check(batch_id)
            break
    return found


async def news_of(world: World, found: Batch) -> Any:
    """The error in its newest change of state."""
    fact = await world.ledger.last(subjects.batch_changed(found.id, found.changes))
    assert fact is not None
    return json.loads(fact.data)["error"]


async def reply(world: World, problem: Problem, unread: str = "") -> None:
    fact = CallFact(
        id=uuid.uuid4().hex[:16], stage="engineer", batch_id=problem.batch_id, slot=problem.slot, since=problem.since,
        n=1, role="engineer", model=MODEL, hash="h", cost=10, at=time.time(), unread=unread,
    )  # fmt: skip
    subject = subjects.call("engineer", problem.batch_id, problem.slot, problem.since, 1)
    assert await world.ledger.publish_once(subject, fact.model_dump_json().encode())


async def finish(world: World, problem: Problem, status: Status, why: Ending | None = None) -> None:
    await world.put(subjects.FINISHED, problem.but(hop=problem.hop + 1, status=status, reason=why))


def by_provider(kind: str) -> Ending:
    return Ending(code=Reason.PROVIDER_ERROR, detail=WORDS, kind=kind, role="engineer")


async def rejected(world: World, problem: Problem) -> None:
    await finish(world, problem, Status.FAILED, by_provider("rejected"))


async def unreadable(world: World, problem: Problem) -> None:
    await reply(world, problem, WORDS)
    await finish(world, problem, ProblemStatus.DISCARDED, Ending(code=Reason.MALFORMED, detail=WORDS))


async def empty(world: World, problem: Problem) -> None:
    parked = problem.but(hop=problem.hop + 1, route=["engineer", *problem.route], reason=by_provider("empty"))
    await world.put(subjects.PARKED, parked.but(not_before=1.0))


@pytest.mark.parametrize(
    ("engineer", "count", "words"),
    [(rejected, 5, "5 requests in a row were rejected"), (unreadable, 20, "20 replies in a row could not be read")],
)
async def test_what_every_request_meets_ends_the_batch(
    world: World, engineer: Engineer, count: int, words: str
) -> None:
    new = await world.accept(batch(500, max_in_flight=count))
    done = await conducted(world, world.conductor(), new.id, engineer)
    assert done.status is BatchStatus.FAILED
    assert done.error == f"engineer {MODEL}: {words}; the last: {WORDS}" == await news_of(world, done)
    assert done.issued <= 2 * count
    assert await read_flags(world.ledger) == {new.id: Flag.ENDED}


class Hurried:
    """A ledger whose facts lie a thousand times as far apart."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self._began = time.time()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def read(self, *args: Any, **kwargs: Any) -> list[Fact]:
        facts = await self._ledger.read(*args, **kwargs)
        return [replace(fact, time=self._began + 1000 * (fact.time - self._began)) for fact in facts]


async def test_answers_that_are_no_replies_end_the_batch_after_a_minute(world: World) -> None:
    """Their problems wait, so that no attempt is burnt; but not for ever."""
    new = await world.accept(batch(500, max_in_flight=3, max_attempts=3))
    found = await conducted(world, world.conductor(), new.id, empty, rounds=9)
    assert found.streaks["engineer"].empty > 10
    assert (found.status, found.waiting, found.issued) == (BatchStatus.RUNNING, WORDS, 3)
    done = await conducted(world, world.conductor(ledger=Hurried(world.ledger)), new.id, empty)
    assert done.status is BatchStatus.FAILED
    assert done.error is not None
    assert done.error.startswith(f"engineer {MODEL}: ")
    assert done.error.endswith(f"held no reply; the last: {WORDS}")


async def test_a_stray_rejection_among_good_replies_ends_nothing(world: World) -> None:
    async def engineer(world: World, problem: Problem) -> None:
        if problem.slot % 2:
            await rejected(world, problem)
        else:
            await reply(world, problem)
            await finish(world, problem, ProblemStatus.VALID)

    new = await world.accept(batch(30))
    done = await conducted(world, world.conductor(), new.id, engineer)
    assert (done.status, done.counts.get("valid", 0), done.error) == (BatchStatus.COMPLETED, 30, None)
    assert done.reasons["provider_error"] > 5


async def test_too_few_attempts_for_an_end_by_faults_still_say_why(world: World) -> None:
    new = await world.accept(batch(3, max_attempts=3))
    done = await conducted(world, world.conductor(), new.id, rejected)
    assert (done.status, done.error) == (BatchStatus.EXHAUSTED, None)
    words = f"3 of 3 problems ended as provider_error; the last: engineer {MODEL}: {WORDS}"
    assert done.shortfall == words == await news_of(world, done)
