"""The core: attempts, waits, breaker, limiter; against a wire that plays a script, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Permanent, Refused, Rejected, Stopped, Transient, Waiting
from shared.llm import breaker, limiter
from shared.llm.breaker import Breaker
from shared.llm.clients import ModelClients, RawReply
from shared.llm.limiter import Limiter
from shared.llm.wire import Adjusted, Answer, Lost, Wire
from shared.settings import Settings

T = TypeVar("T")

SPEC = ModelSpec(provider="simulator", model_name="sim-weak")
OK = Answer("fine", "stop", 100, 10)


class FakeClock:
    """Goes on to the next timer when nothing else is left to do."""

    def __init__(self) -> None:
        self._now = 5000.0
        self._timers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def time(self) -> float:
        return 1.75e9 + self._now

    async def sleep(self, seconds: float) -> None:
        await self._timer(seconds)

    async def wait(self, future: asyncio.Future[T], seconds: float) -> T:
        either: set[asyncio.Future[Any]] = {future, self._timer(seconds)}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            future.cancel()
            raise TimeoutError
        return future.result()

    async def run(self, *work: Coroutine[Any, Any, Any]) -> list[Any]:
        """Results or exceptions of `work`, time passing as fast as it can."""
        tasks = [asyncio.ensure_future(one) for one in work]
        while not all(task.done() for task in tasks):
            await self.settle()
            if not all(task.done() for task in tasks):
                self._next()
        return await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Until everybody waits for a timer, or for ever."""
        for _ in range(50):
            await asyncio.sleep(0)

    def _timer(self, seconds: float) -> asyncio.Future[None]:
        timer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._timers, (self._now + seconds, next(self._order), timer))
        return timer

    def _next(self) -> None:
        assert self._timers, "everybody waits for ever"
        when, _, timer = heapq.heappop(self._timers)
        if not timer.done():
            self._now = max(self._now, when)
            timer.set_result(None)


Play = Exception | Answer | Callable[[], Awaitable[Answer]]


class ScriptedWire:
    """Plays `script` one request after another, the last line for ever."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.script: list[Play] = [OK]
        self.sent: list[float] = []  # when
        self.out = self.most_out = 0
        self.closed = False

    async def complete(self, spec: ModelSpec, system: str, user: str, schema: type[BaseModel] | None) -> Answer:
        self.sent.append(self.clock.now())
        self.out += 1
        self.most_out = max(self.most_out, self.out)
        try:
            await asyncio.sleep(0)
            play = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if isinstance(play, Exception):
                # a new one each time, as an adapter makes them
                raise type(play)(*play.args, **{k: v for k, v in vars(play).items() if v is not None})
            return play if isinstance(play, Answer) else await play()
        finally:
            self.out -= 1

    async def embed(self, spec: ModelSpec, text: str) -> tuple[list[float], Answer]:
        return [1.0], await self.complete(spec, "", text, None)

    async def close(self) -> None:
        self.closed = True


class World:
    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.wire = ScriptedWire(self.clock)
        self.losses: list[RawReply] = []
        self.begun = 0
        self.stop_after: int | None = None

        def wires(name: str, settings: Settings) -> Wire:
            return self.wire

        self.clients = ModelClients(
            Settings(_env_file=None, **settings),
            clock=self.clock,
            rng=Random(7),
            wires=wires,
        )

    def ask(self, spec: ModelSpec = SPEC, user: str = "hello") -> Coroutine[Any, Any, RawReply]:
        return self.clients.complete(spec, "", user, None, may_begin=self.may_begin, lost=self.lost)

    async def lost(self, raw: RawReply) -> None:
        self.losses.append(raw)

    def may_begin(self) -> None:
        if self.begun == self.stop_after:
            raise Stopped("paused")
        self.begun += 1

    async def one(self, **more: Any) -> Any:
        return (await self.clock.run(self.ask(**more)))[0]

    async def takes(self, seconds: float) -> Answer:
        await self.clock.sleep(seconds)
        return OK

    async def passes(self, seconds: float) -> None:
        await self.clock.run(self.clock.sleep(seconds))


@pytest.fixture
def world() -> World:
    return World()


def down() -> Transient:
    return Transient("503 down")


def limited(retry_after: float | None = None) -> Transient:
    return Transient("429 slow down", retry_after, limited=True)


# attempts


async def test_a_reply_has_its_cost_and_latency(world: World) -> None:
    world.wire.script = [lambda: world.takes(2.0)]
    assert await world.one() == RawReply("fine", "stop", 100, 10, False, 100 * 100 + 10 * 400, 2.0)


async def test_what_nobody_counted_is_estimated(world: World) -> None:
    world.wire.script = [Answer("12345678", "stop", None, None)]
    raw = await world.one(user="x" * 41)
    assert (raw.input_tokens, raw.output_tokens, raw.estimated) == (11, 2, True)


async def test_an_unknown_price_is_none(world: World) -> None:
    assert (await world.one(spec=ModelSpec(provider="simulator", model_name="?"))).cost is None


async def test_an_embedding_comes_with_its_bill(world: World) -> None:
    spec = ModelSpec(provider="simulator", model_name="sim-embed")
    world.wire.script = [Answer("", "stop", 50, 0)]
    embed = world.clients.embed(spec, "x", may_begin=world.may_begin, lost=world.lost)
    ((vector, raw),) = await world.clock.run(embed)
    assert vector == [1.0]
    assert raw.cost == 50 * 20


async def test_it_is_tried_again_after_a_fault(world: World) -> None:
    world.wire.script = [down(), down(), OK]
    assert (await world.one()).text == "fine"
    assert world.begun == len(world.wire.sent) == 3
    first, second = world.wire.sent[1] - world.wire.sent[0], world.wire.sent[2] - world.wire.sent[1]
    assert 0 < first <= 1
    assert 0 < second <= 2


async def test_a_provider_that_is_down_is_waited_for(world: World) -> None:
    world.wire.script = [down()]
    outcome = await world.one()
    assert isinstance(outcome, Waiting)
    assert "503 down" in str(outcome)
    assert 10 <= outcome.seconds <= 20
    assert len(world.wire.sent) == 3


async def test_a_request_that_fails_where_others_are_answered_is_a_fault(world: World) -> None:
    world.wire.script = [down(), OK, down(), down()]
    outcomes = await world.clock.run(world.ask(), world.ask())
    assert {type(outcome) for outcome in outcomes} == {Transient, RawReply}


@pytest.mark.parametrize("error", [Rejected("too long"), Refused("no")])
async def test_a_rejected_request_is_not_sent_again(world: World, error: Exception) -> None:
    world.wire.script = [error]
    assert type(await world.one()) is type(error)
    assert len(world.wire.sent) == 1


async def test_an_adjusted_request_goes_out_at_once_and_is_no_attempt(world: World) -> None:
    world.wire.script = [Adjusted(), Adjusted(), Adjusted(), down(), down(), OK]
    assert (await world.one()).text == "fine"
    assert world.begun == 6
    assert len(set(world.wire.sent[:4])) == 1


async def test_adjusting_comes_to_an_end(world: World) -> None:
    world.wire.script = [Adjusted("use another parameter")]
    outcome = await world.one()
    assert isinstance(outcome, Rejected)
    assert "use another parameter" in str(outcome)
    assert len(world.wire.sent) < 10


async def test_a_stop_goes_through_and_leaves_nothing_behind() -> None:
    world = World(workers=1)
    world.wire.script = [down()]
    world.stop_after = 1
    assert isinstance(await world.one(), Stopped)
    assert len(world.wire.sent) == 1
    world.stop_after, world.wire.script = None, [OK]
    assert isinstance(await world.one(), RawReply)


async def test_a_provider_that_cannot_be_used_is_permanent(world: World) -> None:
    outcome = await world.one(spec=ModelSpec(provider="openai", model_name="gpt-4o"))
    assert isinstance(outcome, Permanent)
    assert str(outcome) == "OPENAI_API_KEY is not set"
    assert isinstance(await world.one(spec=ModelSpec(provider="nobody", model_name="x")), Permanent)


# lost replies


async def test_a_lost_reply_is_reported_as_spent_and_asked_for_again(world: World) -> None:
    world.wire.script = [OK, Lost("no reply"), OK]
    await world.one()
    assert (await world.one(user="x" * 400)).text == "fine"
    # the output is a guess: as long as this model's replies were so far
    assert [(raw.finish, raw.estimated, raw.input_tokens, raw.output_tokens, raw.cost) for raw in world.losses] == [
        ("timeout", True, 100, 10, 100 * 100 + 10 * 400)
    ]


async def test_a_lost_reply_is_never_guessed_above_its_cap(world: World) -> None:
    world.wire.script = [Lost("no reply"), OK]
    await world.one(spec=SPEC.model_copy(update={"max_tokens": 5}))
    assert world.losses[0].output_tokens == 5


async def test_a_lost_embedding_has_no_output(world: World) -> None:
    world.wire.script = [Lost("no reply"), Answer("", "stop", 1, 0)]
    await world.clock.run(world.clients.embed(SPEC, "abcdefgh", may_begin=world.may_begin, lost=world.lost))
    assert (world.losses[0].input_tokens, world.losses[0].output_tokens) == (2, 0)


async def test_losing_every_reply_is_a_fault_as_waiting_for_ever_would_cost_for_ever(world: World) -> None:
    world.wire.script = [Lost("broke off"), Lost("broke off"), down()]
    assert type(await world.one()) is Transient
    assert len(world.losses) == 2


async def test_no_request_begins_after_the_deadline() -> None:
    world = World(call_timeout=60.0)

    async def hangs() -> Answer:
        await world.clock.sleep(60.0)
        raise Lost("no reply in time")

    world.wire.script = [hangs]
    assert type(await world.one()) is Transient
    assert len(world.losses) == len(world.wire.sent) == 1


# permanent failures


async def test_siblings_hear_of_a_permanent_failure_without_asking() -> None:
    world = World(workers=1)
    world.wire.script = [Permanent("bad key")]
    outcomes = await world.clock.run(*(world.ask() for _ in range(50)))
    assert [str(outcome) for outcome in outcomes] == ["bad key"] * 50
    assert len({id(outcome) for outcome in outcomes}) == 50
    assert len(world.wire.sent) == 1
    await world.passes(10.0)
    world.wire.script = [OK]
    assert isinstance(await world.one(), RawReply)


async def test_another_model_is_not_condemned_with_it(world: World) -> None:
    world.wire.script = [Permanent("no such model"), OK]
    await world.one()
    assert isinstance(await world.one(spec=ModelSpec(provider="simulator", model_name="sim-strong")), RawReply)


# 429


async def test_a_429_holds_all_siblings_for_the_time_that_it_names(world: World) -> None:
    world.wire.script = [limited(12.0), OK]
    start = world.clock.now()
    outcomes = await world.clock.run(world.ask(), *(later(world, 1.0) for _ in range(5)))
    assert all(isinstance(outcome, RawReply) for outcome in outcomes)
    assert world.wire.sent[0] == start
    assert all(start + 12 <= at <= start + 13 for at in world.wire.sent[1:])
    assert len(set(world.wire.sent[1:])) == 6, "not all at the same time"


async def later(world: World, seconds: float) -> RawReply:
    await world.clock.sleep(seconds)
    return await world.ask()


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
