"""The lane to one model with one key: whose turn it is, and what all its calls have learned together."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from shared.errors import Permanent, Transient, Waiting
from shared.llm.breaker import Breaker
from shared.llm.clock import Clock, Patience
from shared.llm.limiter import Limiter

REMEMBERED = 10.0  # s in which a permanent failure is told to the siblings without asking again
NO_TURN = 5.0  # s until a call that got no turn comes back


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to send one request."""

    probe: bool  #: the one call that tests a broken provider


NORMAL, PROBE = Turn(probe=False), Turn(probe=True)


class Lane:
    """Calls enter, send one request, tell how it went, and leave."""

    def __init__(self, name: str, ceiling: int, clock: Clock, rng: Random) -> None:
        self.name = name
        self._clock = clock
        self._rng = rng
        self._limiter = Limiter(ceiling)
        self._breaker = Breaker()
        self._in_flight = 0
        self._probing = False
        self._line: deque[asyncio.Future[Turn | None]] = deque()
        self._permanent = ""
        self._permanent_until = float("-inf")
        self.answers = 0  #: replies so far
        self.output_tokens = 0.0  #: of a reply, on average; 0 until the first

    async def enter(self, patience: Patience) -> Turn:
        """Wait for a turn. Raises Permanent (a sibling has just met it) and Waiting."""
        while True:
            now = self._clock.now()
            if now < self._permanent_until:
                raise Permanent(self._permanent)
            if pause := self.pause(now):
                # a quarter more, at most 1 s, so that the siblings do not all come back at once
                await patience.sleep(pause + self._rng.random() * min(1.0, pause / 4), self._why())
            elif not self._line and (turn := self._free_turn()):
                return self._take(turn)
            elif turn := await self._stand_in_line(patience):
                return turn

    def leave(self, turn: Turn) -> None:
        self._in_flight -= 1
        if turn.probe:
            self._probing = False
        self._call_up()

    def pause(self, now: float) -> float:
        """Seconds until a call may go out at all."""
        return max(self._limiter.pause(now), self._breaker.pause(now))

    def succeeded(self) -> None:
        """The provider answered: with a reply, or by rejecting this one request."""
        self.answers += 1
        self._breaker.succeeded()
        self._limiter.succeeded(self._clock.now(), self._in_flight)

    def failed(self, turn: Turn, fault: Transient) -> None:
        """A 429 says that the provider is up; all else counts towards the breaker."""
        now = self._clock.now()
        if fault.retry_after:
            self._limiter.hold(now, fault.retry_after, str(fault))
        if fault.limited:
            self._breaker.succeeded()
            self._limiter.limited(now, fault.retry_after)
        else:
            self._breaker.failed(now, str(fault), probe=turn.probe)
            self._limiter.failed(now)

    def condemned(self, why: str) -> None:
        """No call will succeed; those that wait hear it without asking."""
        self._breaker.succeeded()
        self._permanent, self._permanent_until = why, self._clock.now() + REMEMBERED

    def _free_turn(self) -> Turn | None:
        if not self._breaker.closed:
            return None if self._probing else PROBE
        return NORMAL if self._in_flight < self._limiter.limit else None

    def _take(self, turn: Turn) -> Turn:
        self._in_flight += 1
        self._probing = self._probing or turn.probe
        return turn

    async def _stand_in_line(self, patience: Patience) -> Turn | None:
        """A turn that is already taken for us; None: look again, things have changed."""
        place: asyncio.Future[Turn | None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            return await patience.wait(place)
        except BaseException as error:
            turn = place.result() if place.done() and not place.cancelled() else None
            if not isinstance(error, TimeoutError):
                if turn:
                    self.leave(turn)
                raise
            if turn:  # it came at the last moment
                return turn
            raise Waiting(self._why(), NO_TURN * (1 + self._rng.random())) from None
        finally:
            with suppress(ValueError):  # whoever calls us up has taken the place out
                self._line.remove(place)

    def _call_up(self) -> None:
        """Give free turns to those in line; where nobody may go now, let them all look for themselves."""
        if not self._line:
            return
        now = self._clock.now()
        look_again = now < self._permanent_until or self.pause(now) > 0
        while self._line:
            turn = None if look_again else self._free_turn()
            if turn is None and not look_again:
                return
            place = self._line.popleft()
            if not place.done():
                place.set_result(self._take(turn) if turn else None)

    def _why(self) -> str:
        if not self._breaker.closed:
            return f"{self.name} is failing: {self._breaker.why}"
        if self._limiter.pause(self._clock.now()):
            return f"{self.name} asked for a pause: {self._limiter.why}"
        return f"{self.name} is busy: {self._in_flight} calls are out, its limit is {self._limiter.limit}"
