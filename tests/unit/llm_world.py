"""A world for tests of the core: a wire that plays a script, and a clock of the test's own."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Stopped, Transient
from shared.llm.bill import RawReply
from shared.llm.clients import ModelClients
from shared.llm.wire import Answer, Unreached, Wire
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
        self.knocks: list[float] = []  # when
        self.nobody_there = False

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

    async def knock(self, spec: ModelSpec) -> None:
        self.knocks.append(self.clock.now())
        if self.nobody_there:
            raise Unreached("nobody is there")

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


def down() -> Transient:
    return Transient("503 down")


def limited(retry_after: float | None = None) -> Transient:
    return Transient("429 slow down", retry_after, limited=True)


async def later(world: World, seconds: float) -> RawReply:
    await world.clock.sleep(seconds)
    return await world.ask()
