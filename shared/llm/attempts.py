"""One call: its requests, its waits, and what it comes to in the end. The adapters say what went wrong; here it is
decided what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

from shared.contracts.envelope import ModelSpec
from shared.errors import Fault, Permanent, Rejected, Transient
from shared.llm.bill import Bill, RawReply
from shared.llm.clock import Clock, Patience
from shared.llm.first_reply import FirstReply
from shared.llm.lane import Lane, Turn
from shared.llm.wire import Adjusted, Charged, Lost, Unreached, Unsent
from shared.settings import Settings

ATTEMPTS = 3  # requests for one call
FREE_TRIES = 5  # further ones, which nobody worked on: a parameter was refused, or the request never arrived
MOSTLY = 3  # replies for each failure of a provider that is well
BACKOFF = 1.0  # s; the most before the second attempt, doubles for the next

A = TypeVar("A")
MayBegin = Callable[[], None]
Lose = Callable[[RawReply], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One question to one model. See `Attempts.run`."""

    spec: ModelSpec
    sent: int  #: characters
    send: Callable[[], Awaitable[A]]
    knock: Callable[[], Awaitable[None]]
    lane: Lane
    first: FirstReply
    may_begin: MayBegin
    lose: Lose
    embeds: bool = False


class Attempts:
    """What all calls of a process share."""

    def __init__(self, settings: Settings, bill: Bill, clock: Clock, rng: Random) -> None:
        self._settings = settings
        self._bill = bill
        self._clock = clock
        self._rng = rng

    async def run(self, call: Call[A]) -> tuple[A, float]:
        """At most `ATTEMPTS` requests, none begun later than `call_timeout` after the first; waits included.

        `may_begin` is called before each request, and what it raises is let through. `lose` is awaited for each
        request that was or may have been paid but has no reply that could be used.

        Raises Permanent and Rejected; Waiting while the provider is down, limiting or on probation; and Transient
        where it answers others meanwhile but never this request, each time that it had it: trying for ever would be
        of no use, or cost money for ever.
        """
        lane = call.lane
        patience = Patience(self._clock, self._settings.wait_in_place)
        started = _Count.of(lane)
        first: float | None = None
        failures, losses, unreached, refusals, free = 0, 0, 0, 0, 0
        while True:
            async with call.first.turn(patience):
                turn = await lane.enter(patience, started.condemnations)
                begun = self._clock.now()
                try:
                    outcome = await self._send(call, turn, begun)
                    if not isinstance(outcome, Fault | Adjusted):
                        lane.answered()
                        call.first.answered()
                        return outcome, self._clock.now() - begun
                    self._heard(call, turn, outcome, free)
                finally:
                    lane.leave(turn)

            if isinstance(outcome, Adjusted | Unsent) and free < FREE_TRIES:
                free += 1
                continue
            if isinstance(outcome, Permanent):
                refusals += 1
                if refusals >= ATTEMPTS and started.only_this_one(lane, failures + refusals):
                    raise Rejected(str(outcome))
                continue
            assert isinstance(outcome, Transient), "all else was raised"
            losses += isinstance(outcome, Lost)
            unreached += isinstance(outcome, Unreached)
            failures += 1
            first = begun if first is None else first
            if failures >= ATTEMPTS or self._clock.now() - first >= self._settings.call_timeout:
                lost = losses > 0 and lane.answers > started.answers
                away = outcome.limited or unreached > 0
                if not away and (lost or started.only_this_one(lane, failures + refusals)):
                    raise Transient(str(outcome))
                raise lane.waiting(str(outcome))
            if not outcome.retry_after:  # else all of the lane waits
                await patience.sleep(self._rng.random() * BACKOFF * 2 ** (failures - 1), str(outcome))

    async def _send(self, call: Call[A], turn: Turn, begun: float) -> A | Fault | Adjusted:
        """One request: its reply, or what went wrong, which is on the bill where it was paid."""
        asked = False
        try:
            call.may_begin()
            if turn.knock:
                await call.knock()
            asked = True
            return await call.send()
        except Adjusted as adjusted:
            return adjusted
        except Charged as charged:
            raw = self._bill.reply(call.spec, charged.bill, call.sent, self._clock.time(), self._clock.now() - begun)
            await call.lose(raw)
            return charged.fault
        except Lost as fault:
            await call.lose(self._lost(call, begun))
            return fault
        except Fault as fault:
            return fault
        except asyncio.CancelledError:  # this process ends, and with it whatever the reply would have been
            if asked:
                await call.lose(self._lost(call, begun))
            raise

    def _heard(self, call: Call[Any], turn: Turn, outcome: Fault | Adjusted, free: int) -> None:
        """Tell the lane; raise what is final."""
        lane = call.lane
        if isinstance(outcome, Adjusted) and free >= FREE_TRIES:
            outcome = Rejected(f"{call.spec}: no way of asking was accepted: {outcome}")
        match outcome:
            case Adjusted():
                lane.rejected()
            case Unsent() if free < FREE_TRIES:
                pass
            case Transient():
                lane.failed(turn, outcome)
            case Permanent():
                if lane.refused(turn, str(outcome)):
                    raise outcome
            case Rejected():
                lane.rejected()
                call.first.rejected(str(outcome))
                raise outcome
            case _:  # refused by a filter: an answer, if not a reply
                lane.answered()
                raise outcome

    def _lost(self, call: Call[Any], begun: float) -> RawReply:
        return self._bill.lost(
            call.spec,
            call.sent,
            self._clock.time(),
            self._clock.now() - begun,
            usual=call.lane.output_tokens,
            embeds=call.embeds,
        )


@dataclass(frozen=True, slots=True)
class _Count:
    """What a lane had seen when a call began."""

    answers: int
    failures: int
    condemnations: int

    @classmethod
    def of(cls, lane: Lane) -> _Count:
        return cls(lane.answers, lane.failures, lane.condemnations)

    def only_this_one(self, lane: Lane, own: int) -> bool:
        """Were other calls answered meanwhile, so that it is this call, which failed `own` times, that is never?"""
        answers, failures = lane.answers - self.answers, lane.failures - self.failures
        return answers > 0 and (failures == own or answers >= MOSTLY * failures)
