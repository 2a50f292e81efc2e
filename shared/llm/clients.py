"""Asking a provider: attempts, waits and lanes. The adapters say what went wrong; here it is decided what to do."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Fault, Permanent, Rejected, Transient
from shared.llm.bill import Bill, RawReply
from shared.llm.clock import Clock, Patience, SystemClock
from shared.llm.first_reply import FirstReply
from shared.llm.lane import Lane, Turn
from shared.llm.openai_wire import OpenAIWire
from shared.llm.providers import PROVIDERS, configured
from shared.llm.wire import Adjusted, Charged, Lost, Unsent, Wire
from shared.settings import Settings

ATTEMPTS = 3  # requests for one call
FREE_TRIES = 5  # further ones, which nobody worked on: a parameter was refused, or the request never arrived
BACKOFF = 1.0  # s; the most before the second attempt, doubles for the next
REMEMBERED = 1000  # roles of batches

A = TypeVar("A")
MayBegin = Callable[[], None]
Lose = Callable[[RawReply], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One question to one model. See `ModelClients.complete`."""

    spec: ModelSpec
    sent: int  #: characters
    send: Callable[[], Awaitable[A]]
    knock: Callable[[], Awaitable[None]]
    lane: Lane
    first: FirstReply
    may_begin: MayBegin
    lose: Lose
    embeds: bool = False


class ModelClients:
    """All models of a process. Connects at the first call; must be closed in the loop that it was used in."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        rng: Random | None = None,
        wires: Callable[[str, Settings], Wire] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._rng = rng or Random()
        self._open_wire = wires or open_wire
        self._wires: dict[str, Wire] = {}
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._firsts: OrderedDict[str, FirstReply] = OrderedDict()
        self._bill = Bill(settings.prices)

    async def complete(
        self,
        spec: ModelSpec,
        system: str,
        user: str,
        schema: type[BaseModel] | None,
        *,
        may_begin: MayBegin,
        lost: Lose,
        group: str = "",
    ) -> RawReply:
        """Ask for a text, of the shape of `schema` where one is given. See `_call` for what is raised.

        `group`: those whose requests are alike, one role of one batch. Until the first good reply to one of them, the
        first that is rejected holds the others.

        A reply that was refused or broke off was paid for, so it is returned: `finish` is `refused` or `length`.
        """
        lane, wire = self._reach(spec)
        call = Call(
            spec=spec,
            sent=len(system) + len(user),
            send=lambda: wire.complete(spec, system, user, schema),
            knock=lambda: wire.knock(spec),
            lane=lane,
            first=self._first(group),
            may_begin=may_begin,
            lose=lost,
        )
        answer, latency = await self._call(call)
        raw = self._bill.reply(spec, answer, call.sent, self._clock.time(), latency)
        lane.output_tokens += (raw.output_tokens - lane.output_tokens) * (0.1 if lane.output_tokens else 1)
        return raw

    async def embed(
        self, spec: ModelSpec, text: str, *, may_begin: MayBegin, lost: Lose, group: str = ""
    ) -> tuple[list[float], RawReply]:
        """The text's vector. See `_call` for what is raised, and Refused."""
        lane, wire = self._reach(spec)
        call = Call(
            spec=spec,
            sent=len(text),
            send=lambda: wire.embed(spec, text),
            knock=lambda: wire.knock(spec),
            lane=lane,
            first=self._first(group),
            may_begin=may_begin,
            lose=lost,
            embeds=True,
        )
        (vector, answer), latency = await self._call(call)
        return vector, self._bill.reply(spec, answer, call.sent, self._clock.time(), latency)

    def waiting(self) -> list[dict[str, Any]]:
        """The models whose calls wait now: `model` (`provider/name`), `since` (Unix seconds), and their `words`."""
        troubles = ((lane.name, lane.trouble()) for lane in self._lanes.values())
        return [
            {"model": name, "since": trouble.since, "words": trouble.words} for name, trouble in troubles if trouble
        ]

    async def close(self) -> None:
        await asyncio.gather(*(wire.close() for wire in self._wires.values()))
        self._wires.clear()
        self._lanes.clear()

    def _reach(self, spec: ModelSpec) -> tuple[Lane, Wire]:
        lane = self._lanes.get((spec.provider, spec.model_name))
        if lane is None:
            if why_not := configured(spec.provider, self._settings):
                raise Permanent(why_not)
            if spec.provider not in self._wires:
                self._wires[spec.provider] = self._open_wire(spec.provider, self._settings)
            self._bill.prepare(spec)
            lane = Lane(str(spec), self._settings.workers, self._clock, self._rng)
            self._lanes[spec.provider, spec.model_name] = lane
        return lane, self._wires[spec.provider]

    def _first(self, group: str) -> FirstReply:
        if not group:
            return FirstReply()
        first = self._firsts.setdefault(group, FirstReply())
        self._firsts.move_to_end(group)
        if len(self._firsts) > REMEMBERED:
            self._firsts.popitem(last=False)
        return first

    async def _call(self, call: Call[A]) -> tuple[A, float]:
        """At most `ATTEMPTS` requests, none begun later than `call_timeout` after the first; waits included.

        `may_begin` is called before each request, and what it raises is let through. `lose` is awaited for each
        request that was or may have been paid but has no reply that could be used.

        Raises Permanent and Rejected; Waiting while the provider is down, limiting or on probation; and Transient
        where it answers others meanwhile but never this request: trying for ever would be of no use, or cost money
        for ever.
        """
        lane = call.lane
        patience = Patience(self._clock, self._settings.wait_in_place)
        started = _Count.of(lane)
        first: float | None = None
        failures, losses, refusals, free = 0, 0, 0, 0
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
                if refusals >= ATTEMPTS and lane.answers > started.answers:
                    raise Rejected(str(outcome))  # the model takes others', only never this one
                continue
            assert isinstance(outcome, Transient), "all else was raised"
            losses += isinstance(outcome, Lost)
            failures += 1
            first = begun if first is None else first
            if failures >= ATTEMPTS or self._clock.now() - first >= self._settings.call_timeout:
                others_answered = lane.answers > started.answers
                alone = lane.failures - started.failures == failures
                if others_answered and not outcome.limited and (losses or alone):
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
        match outcome:
            case Adjusted() if free >= FREE_TRIES:
                raise Rejected(f"{call.spec}: no way of asking was accepted: {outcome}")
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


def open_wire(name: str, settings: Settings) -> Wire:
    """The adapter of a configured provider; it connects at its first request."""
    provider = PROVIDERS[name]
    key = provider.key(settings) if provider.key else None
    return OpenAIWire(
        provider.base_url(settings),
        key.get_secret_value().strip() if key else None,
        timeout=settings.call_timeout,
        connections=max(1000, 4 * settings.workers),
    )
