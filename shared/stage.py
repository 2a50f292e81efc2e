"""A stage: an independent FastStream consumer around one plain function for each line that it serves.

This is the only place that acks, naks, keeps hold, retries and dead-letters. A handler's end is always a publish, then
an ack: a crash between the two redelivers, the publish is refused as already done, and the ack follows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from faststream import AckPolicy
from faststream.nats import JStream, NatsMessage, PullSub
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared import lines, open_files
from shared.application import Application
from shared.connection import Broker, Lifeline
from shared.errors import LedgerUnavailable
from shared.handling import RETRY_EVERY, Handling, Logic
from shared.ledger import Ledger
from shared.lines import Line
from shared.llm import providers
from shared.llm.clients import ModelClients
from shared.llm.clock import StoppableClock
from shared.quarantine import Quarantine
from shared.replica import leave
from shared.settings import Settings, settings
from shared.streams import LEDGER
from shared.watch import Watch

MakeLogic = Callable[[Ledger], Logic]

BOOKING = 2.0  # s after the grace in which calls that are given up are booked

log = logging.getLogger(__name__)


@dataclass
class Held:
    """A message that this process has fetched and not yet settled."""

    message: Msg
    line: Line
    task: asyncio.Task[None] | None = None
    answerable: bool = True  #: False once its consumer is gone: an answer would reach another message


def build(name: str, logics: Mapping[str, MakeLogic]) -> Application:
    """The FastStream application of stage `name`, for each line that it serves with a consumer of its own. What makes
    a line's logic gets the process's ledger once that is connected."""
    stage = Stage(name, {lines.of(line): make for line, make in logics.items()})
    for line in stage.logics:
        _subscribe(stage, line)
    return Application(
        name, stage.broker, on_startup=[stage.start], on_shutdown=[stage.drain], after_shutdown=[stage.close]
    )


def _subscribe(stage: Stage, line: Line) -> None:
    @stage.broker.subscriber(
        f"{line.name}.{stage.name}.>",
        stream=JStream(LEDGER, declare=False),
        durable=line.consumer(stage.name),
        # one at a time: `take` returns when a worker is free, so that only one message waits beyond the workers,
        # and that one has its heartbeat from the fetch on
        pull_sub=PullSub(batch_size=1, timeout=2),
        ack_policy=AckPolicy.MANUAL,
        decoder=_undecoded,
        no_reply=True,
    )
    async def take(message: NatsMessage) -> None:
        await stage.take(line, message.raw_message)


async def _undecoded(message: NatsMessage) -> NatsMessage:
    return message


@dataclass
class Stage:
    """One process of a stage."""

    name: str
    logics: dict[Line, MakeLogic]
    lifeline: Lifeline = field(default_factory=Lifeline)
    held: dict[str, Held] = field(default_factory=dict)  #: by subject, which is one fact
    quarantine: Quarantine = field(default_factory=Quarantine)
    clock: StoppableClock = field(default_factory=StoppableClock)
    background: list[asyncio.Task[None]] = field(default_factory=list)
    draining: bool = False
    drained: bool = False

    def __post_init__(self) -> None:
        self.broker = Broker(self.name, self.lifeline)
        self.settings: Settings
        self.ledger: Ledger
        self.handling: dict[Line, Handling]
        self.clients: ModelClients | None = None

    # ---- life

    async def start(self) -> None:
        """Runs before FastStream begins to consume."""
        self.settings = settings()
        workers = open_files.fitting(self.settings.workers)
        self.free = asyncio.Semaphore(workers)
        self.ledger = Ledger(await self.broker.connect(), self.settings, self.lifeline)
        self.watch = Watch(
            self.ledger,
            self.name,
            self.logics,
            self.settings,
            report=self._report,
            made_anew=self._made_anew,
        )
        while True:
            try:
                await self.watch.begin()
                break
            except LedgerUnavailable as error:
                log.warning("waiting for the ledger: %s", error)
                await asyncio.sleep(RETRY_EVERY)
        self.clients = ModelClients(self.settings, clock=self.clock)
        flags = self.watch.flags
        self.handling = {
            line: Handling(line, self.name, make(self.ledger), self.ledger, self.clients, flags, self.settings)
            for line, make in self.logics.items()
        }
        chores = (self._heartbeats(), self.watch.keep(), self.watch.tell())
        self.background = [asyncio.create_task(chore) for chore in chores]
        log.info("ready", extra={"workers": workers})

    async def drain(self) -> None:
        """No new work; what runs may finish within the grace; the rest is redelivered to others."""
        self.draining = True
        self.lifeline.deliberate = True
        if self.clients is None:  # it never began
            return
        self.clock.stop()
        running = [held.task for held in self.held.values() if held.task]
        if running:
            log.info("draining", extra={"running": len(running)})
            await asyncio.wait(running, timeout=self.settings.grace)
        self.drained = True
        for task in self.background:
            task.cancel()
        late = []
        for held in list(self.held.values()):
            if held.task and not held.task.done():
                held.task.cancel()
                late.append(held.task)
            await self._answer(held, b"-NAK")
        if late:  # their calls that are out may be paid, and are put on the bill
            await asyncio.wait(late, timeout=BOOKING)
        try:
            await leave(self.ledger, self.watch.replica)
            await self.ledger.nc.flush(2)
        except (LedgerUnavailable, NatsError, TimeoutError, OSError) as error:
            log.warning("left without a word: %s", error)

    async def close(self) -> None:
        if self.clients is not None:
            await self.clients.close()

    def _report(self) -> dict[str, Any]:
        return {
            "holding": len(self.held),
            "waiting": self.clients.waiting() if self.clients else [],
            "providers": [name for name in providers.names() if not providers.configured(name, self.settings)],
        }

    def _made_anew(self) -> None:
        for held in self.held.values():
            held.answerable = False

    async def _heartbeats(self) -> None:
        """Everything held stays ours, from the fetch on."""
        while True:
            await asyncio.sleep(self.settings.ack_wait / 3)
            for held in list(self.held.values()):
                await self._answer(held, b"+WPI")

    # ---- one message

    async def take(self, line: Line, message: Msg) -> None:
        """Take on a message; returns when the next may be fetched."""
        known = self.held.get(message.subject)
        if known:  # redelivered after an outage, while we still work on it: the newer one is answered
            known.message, known.answerable = message, True
            return
        held = self.held[message.subject] = Held(message, line)
        await self.free.acquire()
        if self.draining:
            # `drain` gives it back once. To return would fetch the next one, and the one given back again and again
            if self.drained:
                await self._answer(held, b"-NAK")
            await asyncio.Event().wait()
        held.task = asyncio.create_task(self._work(held))

    async def _work(self, held: Held) -> None:
        try:
            metadata = held.message.metadata
            quarantined = metadata.num_delivered > self.settings.max_deliveries // 2
            turn = self.quarantine.alone(metadata.sequence.stream, metadata.num_delivered)
            async with turn if quarantined else nullcontext():
                if quarantined and self.draining:  # its turn came too late: it is new work
                    await self._answer(held, b"-NAK")
                    return
                await self.handling[held.line].settle(held.message)
                await self._answer(held, b"+ACK")
        except asyncio.CancelledError:
            raise
        except Exception:  # ours, not the handler's: leave the message for another try, and say so
            log.exception("could not settle a message", extra={"subject": held.message.subject})
            await self._answer(held, b'-NAK {"delay": 5000000000}')
        finally:
            self.held.pop(held.message.subject, None)
            self.free.release()

    async def _answer(self, held: Held, word: bytes) -> None:
        """Ack, nak or keep hold. Lost while NATS is away: then the message comes again, which is no harm."""
        if not held.answerable:
            return
        try:
            await self.ledger.nc.publish(held.message.reply, word)
        except (NatsError, OSError) as error:
            log.debug("no answer sent: %s", error)
