"""Many calls to one model: 429s, the limit, the breaker, and letting go."""

from __future__ import annotations

import asyncio
import itertools
from random import Random
from typing import Any

import pytest

from shared.errors import Permanent, Rejected, Stopped, Waiting
from shared.llm import breaker, lane, limiter, trouble
from shared.llm.bill import RawReply
from shared.llm.breaker import Breaker
from shared.llm.limiter import Limiter
from shared.llm.wire import Adjusted, Answer, Empty, Lost, Unsent
from tests.unit.llm_world import OK, World, down, later, limited


@pytest.fixture
def world() -> World:
    return World()


# 429


async def test_a_429_holds_all_siblings_for_the_time_that_it_names(world: World) -> None:
    world.wire.script = [limited(12.0), OK]
    start = world.clock.now()
    outcomes = await world.clock.run(world.ask(), *(later(world, 1.0) for _ in range(5)))
    assert all(isinstance(outcome, RawReply) for outcome in outcomes)
    assert world.wire.sent[0] == start
    assert all(start + 12 <= at <= start + 13 for at in world.wire.sent[1:])
    assert len(set(world.wire.sent[1:])) == 6, "not all at the same time"


async def test_whoever_is_told_to_wait_longer_than_it_may_comes_back_then(world: World) -> None:
    world.wire.script = [limited(300.0)]
    start = world.clock.now()
    first, second = await world.clock.run(world.ask(), later(world, 1.0))
    assert isinstance(first, Waiting)
    assert isinstance(second, Waiting)
    assert 300 <= first.seconds <= 301
    assert "429 slow down" in str(second)
    assert world.clock.now() == start + 1
    assert len(world.wire.sent) == 1


async def test_endless_429s_end_in_waiting_even_where_others_are_answered(world: World) -> None:
    world.wire.script = [limited(), OK, limited(), limited()]
    outcomes = await world.clock.run(world.ask(), world.ask())
    assert {type(outcome) for outcome in outcomes} == {Waiting, RawReply}


async def test_waits_add_up_to_the_time_that_a_handler_may_wait() -> None:
    world = World(wait_in_place=30.0)
    world.wire.script = [limited(20.0)]
    start = world.clock.now()
    outcome = await world.one()
    assert isinstance(outcome, Waiting)
    assert len(world.wire.sent) == 2
    assert world.clock.now() - start <= 30


def test_one_episode_of_429s_cuts_the_limit_once() -> None:
    limits = Limiter(100)
    for at in (0, 1, 14.9):
        limits.limited(at, None)
    assert limits.limit == 80
    limits.limited(15.1, 60.0)
    assert limits.limit == 64
    limits.limited(15.1 + 74.9, None)
    assert limits.limit == 64
    limits.limited(15.1 + 75.1, None)
    assert limits.limit == 51


def test_the_limit_stays_above_zero_and_grows_back_slowly() -> None:
    limits = Limiter(40)
    for episode in range(40):
        limits.limited(episode * 16.0, None)
    assert limits.limit == 1
    now, grown = 40 * 16.0, []
    for _ in range(60):
        now += limiter.CLEAN
        limits.succeeded(now, limits.limit)
        limits.succeeded(now, limits.limit)  # once in a clean time
        grown.append(limits.limit)
    assert grown[:3] == [2, 3, 4]
    assert grown[-1] == 40


def test_the_limit_does_not_grow_unless_it_holds_us_back_or_while_calls_fail() -> None:
    limits = Limiter(40)
    limits.limited(0, None)
    limits.succeeded(100, limits.limit - 1)
    limits.failed(100)
    limits.succeeded(105, limits.limit)
    assert limits.limit == 32
    limits.succeeded(110, limits.limit)
    assert limits.limit == 33


async def test_no_more_calls_are_out_than_the_limit() -> None:
    world = World(workers=3)
    world.wire.script = [lambda: world.takes(1.0)]
    outcomes = await world.clock.run(*(world.ask() for _ in range(20)))
    assert all(isinstance(outcome, RawReply) for outcome in outcomes)
    assert world.wire.most_out == 3


async def test_whoever_gets_no_turn_comes_back_later() -> None:
    world = World(workers=1)
    world.wire.script = [lambda: world.takes(100.0)]
    first, second = await world.clock.run(world.ask(), later(world, 1.0))
    assert isinstance(first, RawReply)
    assert isinstance(second, Waiting)
    assert "busy" in str(second)
    assert len(world.wire.sent) == 1
    assert isinstance(await world.one(), RawReply)


# the breaker


async def test_after_some_failures_in_a_row_nobody_calls_and_then_one_probes(world: World) -> None:
    world.wire.script = [down()]
    for _ in range(2):
        await world.one()
    opened_at = world.clock.now()
    outcomes = await world.clock.run(*(world.ask() for _ in range(20)))
    assert all(isinstance(outcome, Waiting) for outcome in outcomes)
    after = [at for at in world.wire.sent if at > opened_at + 1]
    # one at a time, each later than the one before
    assert len(after) < 8
    assert all(b - a >= breaker.FIRST_PAUSE for a, b in itertools.pairwise(after))


async def test_a_probe_that_is_answered_lets_all_through(world: World) -> None:
    world.wire.script = [*(down() for _ in range(breaker.THRESHOLD)), OK]
    outcomes = await world.clock.run(*(world.ask() for _ in range(30)))
    assert all(isinstance(outcome, RawReply) for outcome in outcomes)
    assert len(world.wire.sent) == breaker.THRESHOLD + 30


async def test_a_429_does_not_open_the_breaker(world: World) -> None:
    world.wire.script = [*(limited() for _ in range(breaker.THRESHOLD * 2)), OK]
    outcomes = await world.clock.run(*(world.ask() for _ in range(10)))
    assert all(isinstance(outcome, RawReply) or "429" in str(outcome) for outcome in outcomes)
    assert len(world.wire.sent) > breaker.THRESHOLD * 2


async def test_a_probe_that_was_stopped_or_cancelled_leaves_its_place(world: World) -> None:
    world.wire.script = [down()]
    for _ in range(3):
        await world.one()
    await world.passes(60.0)
    world.stop_after = world.begun
    assert isinstance(await world.one(), Stopped)
    world.stop_after = None
    forever = asyncio.get_running_loop().create_future()
    world.wire.script = [lambda: forever]
    probe = asyncio.ensure_future(world.ask())
    await world.clock.settle()
    probe.cancel()
    await world.clock.settle()
    assert probe.cancelled()
    world.wire.script = [OK]
    assert isinstance(await world.one(), RawReply)


def test_open_times_double_up_to_a_minute_and_start_anew_after_a_success() -> None:
    switch = Breaker()
    now, pauses = 0.0, []
    for _ in range(breaker.THRESHOLD - 1):
        switch.failed(now, "x", probe=False)
    assert switch.closed
    switch.failed(now, "x", probe=False)
    for _ in range(7):
        pauses.append(switch.pause(now))
        switch.failed(now, "another that was out already", probe=False)
        now += pauses[-1]
        assert switch.pause(now) == 0
        assert not switch.closed
        switch.failed(now, "x", probe=True)
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    switch.succeeded()
    for _ in range(breaker.THRESHOLD):
        switch.failed(now, "x", probe=False)
    assert switch.pause(now) == 2


async def test_a_breaker_opened_by_answers_that_are_none_stays_open_for_seconds_only(world: World) -> None:
    world.wire.script = [Empty("no reply")]
    for _ in range(12):
        outcome = await world.one()
        assert isinstance(outcome, Waiting)
        assert outcome.kind == "empty"
        assert outcome.seconds <= 2 * lane.AWAY
        await world.passes(outcome.seconds)
    gaps = [b - a for a, b in itertools.pairwise(world.wire.sent)]
    assert max(gaps) <= 2 * lane.AWAY + breaker.LONGEST_PAUSE_OF_ONE_THAT_ANSWERS + 1
    assert world.losses == []


async def test_before_a_probe_it_is_asked_for_nothing_whether_anybody_is_there(world: World) -> None:
    world.wire.script = [Lost("no reply in time")]
    for _ in range(3):
        await world.one()
    lost = len(world.losses)
    world.wire.nobody_there = True
    for _ in range(5):
        assert isinstance(await world.one(), Waiting)
    assert len(world.losses) == lost, "no call that might be paid went out"
    assert len(world.wire.knocks) >= 3
    world.wire.nobody_there = False
    world.wire.script = [OK]
    await world.passes(breaker.LONGEST_PAUSE)
    assert isinstance(await world.one(), RawReply)
    knocks = len(world.wire.knocks)
    await world.one()
    assert len(world.wire.knocks) == knocks


async def test_a_request_that_never_arrived_is_sent_again_at_once_and_costs_nothing(world: World) -> None:
    world.wire.script = [Unsent("closed"), Unsent("closed"), Unsent("closed"), OK]
    assert isinstance(await world.one(), RawReply)
    assert len(set(world.wire.sent)) == 1
    assert world.losses == []
    world.wire.script = [Unsent("closed")]
    assert isinstance(await world.one(), Waiting)


# what waits, and why


async def test_a_provider_that_is_down_at_first_contact_is_told_of_after_its_first_failure(world: World) -> None:
    assert world.clients.waiting() == []
    world.wire.script = [down(), lambda: world.takes(100.0)]
    at = world.clock.time()
    asked = asyncio.ensure_future(world.clock.run(world.ask()))
    await world.clock.settle()
    assert world.clients.waiting() == [{"model": "simulator/sim-weak", "since": at, "words": "503 down"}]
    await asked
    assert world.clients.waiting() == []


async def test_one_failure_among_good_replies_is_not_worth_a_word(world: World) -> None:
    await world.one()
    world.wire.script = [down(), lambda: world.takes(1.0), OK]
    asked = asyncio.ensure_future(world.clock.run(world.ask()))
    await world.clock.settle()
    assert world.clients.waiting() == []
    await asked


async def test_a_pause_that_the_provider_asked_for_is_told_of_though_earlier_calls_come_back(world: World) -> None:
    world.wire.script = [lambda: world.takes(2.0), limited(3600.0)]
    at = world.clock.time()
    await world.clock.run(world.ask(), later(world, 1.0))
    (waiting,) = world.clients.waiting()
    assert (waiting["since"], waiting["words"]) == (at + 1, "429 slow down")


async def test_what_nobody_waits_for_any_more_is_forgotten(world: World) -> None:
    world.wire.script = [down()]
    await world.one()
    assert world.clients.waiting()
    await world.passes(trouble.STALE + 1)
    assert world.clients.waiting() == []


# letting go


async def test_a_cancelled_call_gives_its_turn_to_the_next() -> None:
    world = World(workers=1)
    forever = asyncio.get_running_loop().create_future()
    world.wire.script = [lambda: forever, OK]
    first, second, third = (asyncio.ensure_future(world.ask()) for _ in range(3))
    await world.clock.settle()
    second.cancel()
    first.cancel()
    await world.clock.settle()
    assert first.cancelled()
    assert second.cancelled()
    assert (await third).text == "fine"


async def test_a_turn_that_comes_with_the_cancellation_is_given_on() -> None:
    world = World(workers=1)
    done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    world.wire.script = [lambda: done, OK]
    first, second, third = (asyncio.ensure_future(world.ask()) for _ in range(3))
    await world.clock.settle()
    done.set_result(OK)
    await first
    second.cancel()  # its turn has come, but it has not run yet
    await world.clock.settle()
    assert second.done()
    assert (await third).text == "fine"


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_everybody_gets_an_outcome_and_no_turn_is_left_taken(seed: int) -> None:
    rng = Random(seed)
    world = World(workers=4, wait_in_place=1000.0)

    async def something() -> Answer:
        await world.clock.sleep(rng.random() * 5)
        kinds: list[Answer | Exception] = [
            OK,
            OK,
            OK,
            down(),
            limited(),
            limited(3.0),
            Lost("gone"),
            Empty("nothing"),
            Unsent("closed"),
            Permanent("403"),
            Rejected("no"),
            Adjusted(),
        ]
        play = rng.choice(kinds)
        if isinstance(play, Answer):
            return play
        raise play

    world.wire.script = [something]

    async def impatient() -> Any:
        task = asyncio.ensure_future(later(world, rng.random() * 20))
        await world.clock.sleep(rng.random() * 30)
        task.cancel()
        return await asyncio.gather(task, return_exceptions=True)

    await world.clock.run(*(impatient() if rng.random() < 0.3 else later(world, rng.random() * 20) for _ in range(100)))
    assert world.wire.most_out <= 5  # the limit, and a probe beside those that were out before
    assert world.wire.out == 0
    world.wire.script = [OK]
    await world.passes(100.0)
    outcomes = await world.clock.run(*(world.ask() for _ in range(20)))
    assert all(isinstance(outcome, RawReply) for outcome in outcomes)


async def test_close_closes_the_wires(world: World) -> None:
    await world.one()
    await world.clients.close()
    assert world.wire.closed
