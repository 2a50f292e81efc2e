"""Asking a provider: attempts, waits and lanes. The adapters say what went wrong; here it is decided what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Self, TypeVar

from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Permanent, Refused, Rejected, Transient, Waiting
from shared.llm import prices
from shared.llm.clock import Clock, Patience, SystemClock
from shared.llm.lane import Lane
from shared.llm.openai_wire import OpenAIWire
from shared.llm.providers import PROVIDERS, configured
from shared.llm.wire import Adjusted, Answer, Lost, Wire
from shared.settings import Settings

ATTEMPTS = 3  # requests for one call
ADJUSTMENTS = 5  # further ones, whose parameters were refused; none of them was worked on
BACKOFF = 1.0  # s; the most before the second attempt, doubles for the next
AWAY = 10.0  # s until a call that got no reply from a failing provider comes back, twice that at most
CHARS_PER_TOKEN = 4  # where nobody counted
GUESSED_OUTPUT = 1000  # tokens of a lost reply, where there was no other yet

A = TypeVar("A")
MayBegin = Callable[[], None]


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply that was paid for. `cost` is in nano-dollars, None where the price is unknown; `latency` in seconds."""

    text: str
    finish: str  #: `stop`, `length`, `refused`, `timeout` (lost), or another word of the provider's
    input_tokens: int
    output_tokens: int
    estimated: bool  #: the tokens are our guess
    cost: int | None
    latency: float

    def with_text(self, text: str) -> Self:
        return replace(self, text=text)


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

    async def complete(
        self,
        spec: ModelSpec,
        system: str,
        user: str,
        schema: type[BaseModel] | None,
        *,
        may_begin: MayBegin,
        lost: Callable[[RawReply], Awaitable[None]],
    ) -> RawReply:
        """Ask for a text, of the shape of `schema` where one is given. See `_call` for what is raised.

        A reply that was refused or broke off was paid for, so it is returned: `finish` is `refused` or `length`.
        """
        lane, wire = self._reach(spec)
        sent = len(system) + len(user)
        answer, latency = await self._call(
            lane, spec, sent, lambda: wire.complete(spec, system, user, schema), may_begin, lost
        )
        raw = self._priced(spec, answer, sent, latency)
        lane.output_tokens += (raw.output_tokens - lane.output_tokens) * (0.1 if lane.output_tokens else 1)
        return raw

    async def embed(
        self,
        spec: ModelSpec,
        text: str,
        *,
        may_begin: MayBegin,
        lost: Callable[[RawReply], Awaitable[None]],
    ) -> tuple[list[float], RawReply]:
        """The text's vector. See `_call` for what is raised, and Refused."""
        lane, wire = self._reach(spec)
        (vector, answer), latency = await self._call(
            lane, spec, len(text), lambda: wire.embed(spec, text), may_begin, lost, embeds=True
        )
        return vector, self._priced(spec, answer, len(text), latency)

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
            lane = Lane(str(spec), self._settings.workers, self._clock, self._rng)
            self._lanes[spec.provider, spec.model_name] = lane
        return lane, self._wires[spec.provider]

    async def _call(
        self,
        lane: Lane,
        spec: ModelSpec,
        sent: int,
        send: Callable[[], Awaitable[A]],
        may_begin: MayBegin,
        lost: Callable[[RawReply], Awaitable[None]],
        *,
        embeds: bool = False,
    ) -> tuple[A, float]:
        """At most `ATTEMPTS` requests, none begun later than `call_timeout` after the first; waits included.

        `may_begin` is called before each request, and what it raises is let through. `lost` is awaited for each
        request that may have been paid but whose reply never came.

        Raises Permanent and Rejected; Waiting while the provider is down or limiting; and Transient where it answers
        others but not this request, or where replies were lost: trying for ever would cost money for ever.
        """
        patience = Patience(self._clock, self._settings.wait_in_place)
        first: float | None = None
        failures, losses, adjusted, answers = 0, 0, 0, lane.answers
        while True:
            turn = await lane.enter(patience)
            begun = self._clock.now()
            try:
                may_begin()
                reply = await send()
            except Adjusted as error:
                lane.succeeded()
                adjusted += 1
                if adjusted > ADJUSTMENTS:
                    raise Rejected(f"{spec}: no way of asking was accepted: {error}") from None
                continue
            except Permanent as error:
                lane.condemned(str(error))
                raise
            except (Rejected, Refused):
                lane.succeeded()
                raise
            except Transient as error:
                lane.failed(turn, error)
                fault = error
            else:
                lane.succeeded()
                return reply, self._clock.now() - begun
            finally:
                lane.leave(turn)

            if isinstance(fault, Lost):
                losses += 1
                await lost(self._lost(spec, lane, sent, self._clock.now() - begun, embeds))
            first = begun if first is None else first
            failures += 1
            if failures == ATTEMPTS or self._clock.now() - first >= self._settings.call_timeout:
                answers_others = lane.answers > answers and not fault.limited
                raise self._gives_up(lane, fault, is_fault=answers_others or losses > 0)
            if not fault.retry_after:  # else all of the lane waits
                await patience.sleep(self._rng.random() * BACKOFF * 2 ** (failures - 1), str(fault))

    def _gives_up(self, lane: Lane, fault: Transient, *, is_fault: bool) -> Exception:
        if is_fault:
            return Transient(str(fault))
        return Waiting(str(fault), max(lane.pause(self._clock.now()), AWAY * (1 + self._rng.random())))

    def _priced(self, spec: ModelSpec, answer: Answer, sent: int, latency: float) -> RawReply:
        inputs, outputs = answer.input_tokens, answer.output_tokens
        estimated = inputs is None or outputs is None
        if inputs is None:
            inputs = _tokens(sent)
        if outputs is None:
            outputs = _tokens(len(answer.text))
        cost = prices.cost(spec, inputs, outputs, self._clock.time())
        return RawReply(answer.text, answer.finish, inputs, outputs, estimated, cost, latency)

    def _lost(self, spec: ModelSpec, lane: Lane, sent: int, latency: float, embeds: bool) -> RawReply:
        outputs = 0 if embeds else min(int(lane.output_tokens) or GUESSED_OUTPUT, spec.max_tokens or 10**9)
        cost = prices.cost(spec, _tokens(sent), outputs, self._clock.time())
        return RawReply("", "timeout", _tokens(sent), outputs, True, cost, latency)


def _tokens(characters: int) -> int:
    return -(-characters // CHARS_PER_TOKEN)


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
