"""The lane to one model with one key: whose turn it is, and what all its calls have learned together."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from shared.errors import Permanent, Transient, Waiting
from shared.llm import breaker
from shared.llm.breaker import Breaker
from shared.llm.clock import Clock, Patience
from shared.llm.limiter import Limiter
from shared.llm.probation import Probation
from shared.llm.trouble import Trouble
from shared.llm.wire import Empty

AWAY = 10.0  # s until a call that got no reply from a failing provider comes back, twice that at most
NO_TURN = 5.0  # s until a call that got no turn comes back


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to send one request."""

    probe: bool  #: the one call that tests a provider which fails or refuses
    knock: bool = False  #: ask first whether anybody is there: it failed


NORMAL, RETRIAL, PROBE = Turn(probe=False), Turn(probe=True), Turn(probe=True, knock=True)


class Lane:
    """Calls enter, send one request, tell how it went, and leave."""

    def __init__(self, name: str, ceiling: int, clock: Clock, rng: Random) -> None:
        self.name = name
        self._clock = clock
        self._rng = rng
        self._limiter = Limiter(ceiling)
        self._breaker = Breaker()
        self._probation = Probation()
        self._trouble: Trouble | None = None
        self._in_flight = 0
        self._probing = False
        self._line: deque[asyncio.Future[Turn | None]] = deque()
        self._kind = ""  #: of the last failure, as in `Waiting`
        self._words = ""  #: that condemned it
        self.condemnations = 0
        self.answers = 0  #: good replies so far
        self.failures = 0  #: all that was no reply, a refused request aside
        self.output_tokens = 0.0  #: of a reply, on average; 0 until the first

    async def enter(self, patience: Patience, condemnations: int) -> Turn:
        """Wait for a turn. Raises Waiting, and Permanent where the model was condemned meanwhile: `condemnations` is
        how often it had been when the call began."""
        while True:
            if self.condemnations > condemnations:
                raise Permanent(self._words)
            if pause := self.pause(self._clock.now()):
                # a quarter more, at most 1 s, so that the siblings do not all come back at once
                try:
                    await patience.sleep(pause + self._rng.random() * min(1.0, pause / 4), self._why())
                except Waiting as error:
                    raise self._waiting(str(error), error.seconds) from None
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
        return max(self._limiter.pause(now), self._breaker.pause(now), self._probation.pause(now))

    def trouble(self) -> Trouble | None:
        """Why its calls wait, where they do."""
        now = self._clock.now()
        held = not self._breaker.closed or self._probation.on or self._limiter.pause(now) > 0
        idle = self._in_flight == 0 and not self._line
        found = self._trouble
        if found and found.worth_telling(self._clock.time(), held=held, idle=idle, answered=self.answers > 0):
            return found
        return None

    def answered(self) -> None:
        """A good reply came."""
        now = self._clock.now()
        self.answers += 1
        self._kind = ""
        self._probation.answered(now)
        self._is_up(now)
        if not self._limiter.pause(now):
            self._trouble = None

    def rejected(self) -> None:
        """The provider is there, and would not take this one request."""
        self._is_up(self._clock.now())

    def failed(self, turn: Turn, fault: Transient) -> None:
        """A 429 says that the provider is up; all else counts towards the breaker."""
        now = self._clock.now()
        self.failures += 1
        self._tell(str(fault))
        self._kind = "empty" if isinstance(fault, Empty) else ""
        if fault.retry_after:
            self._limiter.hold(now, fault.retry_after, str(fault))
        if fault.limited:
            self._breaker.succeeded()
            self._limiter.limited(now, fault.retry_after)
        else:
            longest = breaker.LONGEST_PAUSE_OF_ONE_THAT_ANSWERS if self._kind else breaker.LONGEST_PAUSE
            self._breaker.failed(now, str(fault), probe=turn.probe, longest=longest)
            self._limiter.failed(now)

    def refused(self, turn: Turn, why: str) -> bool:
        """Words that no retry mends. True: they were said often enough, and all that wait here hear them."""
        now = self._clock.now()
        self.failures += 1
        self._tell(why)
        self._kind = ""
        self._breaker.succeeded()
        if not self._probation.refused(now, why, probe=turn.probe):
            return False
        self.condemnations += 1
        self._words, self._trouble = why, None
        self._have_all_look()
        return True

    def waiting(self, why: str) -> Waiting:
        """For a call that gives up for now."""
        seconds = AWAY * (1 + self._rng.random())
        return self._waiting(why, max(self.pause(self._clock.now()), seconds))

    def _waiting(self, why: str, seconds: float) -> Waiting:
        return Waiting(why, seconds, self._kind)

    def _tell(self, words: str) -> None:
        at = self._clock.time()
        self._trouble = Trouble(self._trouble.since if self._trouble else at, at, words)

    def _is_up(self, now: float) -> None:
        self._breaker.succeeded()
        self._limiter.succeeded(now, self._in_flight)

    def _free_turn(self) -> Turn | None:
        if not self._breaker.closed or self._probation.on:
            return None if self._probing else RETRIAL if self._breaker.closed else PROBE
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
            raise self._waiting(self._why(), NO_TURN * (1 + self._rng.random())) from None
        finally:
            with suppress(ValueError):  # whoever calls us up has taken the place out
                self._line.remove(place)

    def _call_up(self) -> None:
        """Give free turns to those in line; where nobody may go now, let them all look for themselves."""
        if self.pause(self._clock.now()):
            self._have_all_look()
        while self._line and (turn := self._free_turn()):
            place = self._line.popleft()
            if not place.done():
                place.set_result(self._take(turn))

    def _have_all_look(self) -> None:
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)

    def _why(self) -> str:
        if self._probation.on:
            return f"{self.name} refuses: {self._probation.why}"
        if not self._breaker.closed:
            return f"{self.name} is failing: {self._breaker.why}"
        if self._limiter.pause(self._clock.now()):
            return f"{self.name} asked for a pause: {self._limiter.why}"
        return f"{self.name} is busy: {self._in_flight} calls are out, its limit is {self._limiter.limit}"
