"""Time for the core, passed in so that tests need not wait for it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from shared.errors import Waiting

T = TypeVar("T")
COME_BACK = 1.0  # s until what waited in a process that ended is tried in another


class Clock(Protocol):
    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def time(self) -> float:
        """Unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, future: asyncio.Future[T], seconds: float) -> T:
        """The future's result. Raises TimeoutError, and cancels it, after `seconds`."""
        ...


class SystemClock:
    """The machine's."""

    now = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, future: asyncio.Future[T], seconds: float) -> T:
        async with asyncio.timeout(seconds):
            return await future


class Patience:
    """How long one call may still wait in place, over all its attempts."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.left = seconds

    async def sleep(self, seconds: float, why: str) -> None:
        """Raises Waiting at once where the wait would not fit: a worker is not held for nothing."""
        if seconds > self.left:
            raise Waiting(why, seconds)
        self.left -= seconds
        await self._clock.sleep(seconds)

    async def wait(self, future: asyncio.Future[T]) -> T:
        """Raises TimeoutError when patience ends first."""
        began = self._clock.now()
        try:
            return await self._clock.wait(future, self.left)
        finally:
            self.left = max(0.0, self.left - (self._clock.now() - began))


class StoppableClock(SystemClock):
    """The machine's, until the process is told to end: then every wait is over at once, with Waiting."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        self._stopped.set()

    async def sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
                raise Waiting("this process is about to end", COME_BACK)

    async def wait(self, future: asyncio.Future[T], seconds: float) -> T:
        stopped = asyncio.ensure_future(self._stopped.wait())
        both: set[asyncio.Future[Any]] = {future, stopped}
        try:
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if future.done():
            return future.result()
        future.cancel()
        if self._stopped.is_set():
            raise Waiting("this process is about to end", COME_BACK)
        raise TimeoutError
