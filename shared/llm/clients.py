"""The models of a process: a wire for each provider, a lane for each model."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from random import Random
from typing import Any

from pydantic import BaseModel

from shared import open_files
from shared.contracts.envelope import ModelSpec
from shared.errors import Permanent
from shared.llm.attempts import Attempts, Call, Lose, MayBegin
from shared.llm.bill import Bill, RawReply
from shared.llm.clock import Clock, SystemClock
from shared.llm.first_reply import FirstReply
from shared.llm.lane import Lane
from shared.llm.openai_wire import OpenAIWire
from shared.llm.providers import PROVIDERS, configured
from shared.llm.wire import Wire
from shared.settings import Settings

REMEMBERED = 1000  # roles of batches


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
        self._attempts = Attempts(settings, self._bill, self._clock, self._rng)

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
        """Ask for a text, of the shape of `schema` where one is given. See `Attempts.run` for what is raised.

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
        answer, latency = await self._attempts.run(call)
        raw = self._bill.reply(spec, answer, call.sent, self._clock.time(), latency)
        lane.output_tokens += (raw.output_tokens - lane.output_tokens) * (0.1 if lane.output_tokens else 1)
        return raw

    async def embed(
        self, spec: ModelSpec, text: str, *, may_begin: MayBegin, lost: Lose, group: str = ""
    ) -> tuple[list[float], RawReply]:
        """The text's vector. See `Attempts.run` for what is raised, and Refused."""
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
        (vector, answer), latency = await self._attempts.run(call)
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


def open_wire(name: str, settings: Settings) -> Wire:
    """The adapter of a configured provider; it connects at its first request."""
    provider = PROVIDERS[name]
    key = provider.key(settings) if provider.key else None
    return OpenAIWire(
        provider.base_url(settings),
        key.get_secret_value().strip() if key else None,
        timeout=settings.call_timeout,
        connections=min(max(1000, 4 * settings.workers), open_files.available()),
    )
