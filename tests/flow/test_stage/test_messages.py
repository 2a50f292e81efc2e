"""A message in hand: kept, stopped by a flag, finished or given back at the end of the process."""

from __future__ import annotations

import asyncio

import pytest

from shared import dead_letters
from shared.consumers import consumer
from shared.contracts.outcome import Outcome, Passed
from shared.contracts.problem import Problem
from shared.contracts.statuses import Flag, Status
from shared.controls import set_flag, set_floor
from shared.ledger import Ledger
from shared.replica import replicas
from shared.settings import settings
from tests.flow.stages import envelope, give, running, settled, until


async def test_no_message_is_handled_twice_however_long_it_takes(ledger: Ledger) -> None:
    """More messages than workers, handlers longer than ack_wait: heartbeats run from the fetch on."""
    runs: list[int] = []
    release = asyncio.Event()

    async def handler(problem: Problem) -> Outcome:
        runs.append(problem.slot)
        await release.wait()
        return Passed(problem)

    async with running(handler), running(handler):
        for slot in range(12):
            await give(ledger, envelope(slot))
        while len(runs) < 8:
            await asyncio.sleep(0.02)
        loop = asyncio.get_running_loop()
        end = loop.time() + 4  # more than two ack_waits
        while loop.time() < end:
            await asyncio.sleep(0.1)
        assert len(runs) == 8
        release.set()
        await settled(ledger)
    assert sorted(runs) == list(range(12))


@pytest.mark.parametrize(
    ("flag", "replays", "end"),
    [
        (Flag.CANCELLED, 0, "finished"),
        (Flag.ENDED, 0, "finished"),
        (Flag.ENDED, 1, "solver"),
        (Flag.PAUSED, 0, "parked"),
    ],
)
async def test_flags(ledger: Ledger, flag: Flag, replays: int, end: str) -> None:
    async def handler(problem: Problem) -> Outcome:
        return Passed(problem)

    await set_flag(ledger, "b", flag)
    async with running(handler):
        await give(ledger, envelope(0, replays=replays))
        await settled(ledger)
    fact = await ledger.last("problems.*.b.0.2")
    assert fact is not None
    assert fact.subject.split(".")[1] == end


async def test_a_flag_set_while_running_is_seen_at_once(ledger: Ledger) -> None:
    entered, seen = asyncio.Event(), asyncio.Event()

    async def handler(problem: Problem) -> Outcome:
        entered.set()
        await seen.wait()
        return Passed(problem)

    async with running(handler) as app:
        await give(ledger, envelope(0))
        await entered.wait()
        await set_flag(ledger, "b", Flag.CANCELLED)
        await give(ledger, envelope(1))
        finished = Problem.model_validate_json((await until(ledger, "problems.finished.b.1.2"))[0].data)
        assert finished.status == Status.CANCELLED
        seen.set()
        await settled(ledger)
    assert app is not None


async def test_draining_finishes_what_runs_and_gives_back_the_rest(ledger: Ledger) -> None:
    runs: list[int] = []
    release = asyncio.Event()

    async def handler(problem: Problem) -> Outcome:
        runs.append(problem.slot)
        await release.wait()
        return Passed(problem)

    async with running(handler) as app:
        for slot in range(7):
            await give(ledger, envelope(slot))
        while len(runs) < 4:
            await asyncio.sleep(0.02)
        stopping = asyncio.create_task(app.stop())
        await asyncio.sleep(0)
        release.set()
        await stopping
        assert len(runs) == 4
        assert len(await ledger.read(0, subject="problems.solver.>")) == 4
        async with running(handler):
            await until(ledger, "problems.solver.>", 7)
            await settled(ledger)
    assert sorted(runs) == list(range(7))


async def test_what_is_given_up_at_the_end_of_the_grace_may_still_be_booked(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUMPER_GRACE", "0.1")
    settings.cache_clear()
    entered, booked = asyncio.Event(), asyncio.Event()

    async def handler(problem: Problem) -> Outcome:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await ledger.publish_once("calls.checker.b.0.1.1xa", b"lost")
            booked.set()
            raise
        raise AssertionError

    async with running(handler):
        await give(ledger, envelope(0))
        await entered.wait()
    assert booked.is_set()


async def test_replicas_come_and_leave(ledger: Ledger) -> None:
    async def handler(problem: Problem) -> Outcome:
        return Passed(problem)

    async with running(handler), running(handler):
        assert [r["service"] for r in await replicas(ledger)] == ["checker", "checker"]
    assert await replicas(ledger) == []


async def test_what_comes_while_draining_is_given_back_once(ledger: Ledger) -> None:
    """Neither spun on until it looks like poison, nor lost."""
    release, entered = asyncio.Event(), asyncio.Event()

    async def handler(problem: Problem) -> Outcome:
        entered.set()
        await release.wait()
        return Passed(problem)

    async with running(handler) as app:
        await give(ledger, envelope(0))
        await entered.wait()
        stopping = asyncio.create_task(app.stop())
        await asyncio.sleep(0)
        for slot in range(1, 5):
            await give(ledger, envelope(slot))
        while (info := await consumer(ledger, "checker")) and info["num_ack_pending"] < 2:
            await asyncio.sleep(0.02)
        release.set()
        await stopping
        info = await consumer(ledger, "checker")
        assert info is not None
        assert info["delivered"]["consumer_seq"] <= 3
        async with running(handler):
            await until(ledger, "problems.solver.>", 5)
            await settled(ledger)
    assert await dead_letters.listing(ledger) == []


async def test_what_lies_below_the_floor_is_left_alone(ledger: Ledger) -> None:
    """A message of a slot that has ended and given its space back: a conductor that had lost NATS sent it late."""
    ran = []

    async def handler(problem: Problem) -> Outcome:
        ran.append(problem.slot)
        return Passed(problem)

    await set_floor(ledger, "b", 2)
    async with running(handler):
        for slot in (0, 1, 2):
            await give(ledger, envelope(slot))
        await give(ledger, envelope(3, replays=1))
        await until(ledger, "problems.solver.b.*.2", count=2)
        await settled(ledger)
    assert sorted(ran) == [2, 3]


async def test_what_another_took_further_is_not_published(ledger: Ledger) -> None:
    release, entered = asyncio.Event(), asyncio.Event()

    async def handler(problem: Problem) -> Outcome:
        entered.set()
        await release.wait()
        return Passed(problem)

    async with running(handler):
        await give(ledger, envelope(0))
        await entered.wait()
        await give(ledger, envelope(0, hop=3), stage="solver")  # as a sweep does, which takes the handler for dead
        release.set()
        await settled(ledger)
    assert [f.subject for f in await ledger.read(0, subject="problems.>")] == [
        "problems.checker.b.0.1",
        "problems.solver.b.0.3",
    ]
