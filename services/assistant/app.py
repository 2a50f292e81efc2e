"""The assistant: answers over request-reply what belongs to no batch. Any number of replicas share the requests."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from faststream.nats import NatsMessage
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.assistant.account import asking
from services.assistant.trial import trial
from shared import subjects
from shared.application import Application
from shared.connection import Broker, Lifeline
from shared.contracts.envelope import ModelSpec
from shared.contracts.trial import TrialReply, TrialRequest
from shared.errors import LedgerUnavailable
from shared.ledger import Ledger
from shared.llm import providers
from shared.llm.clients import ModelClients
from shared.llm.clock import StoppableClock
from shared.replica import leave
from shared.settings import Settings, settings
from shared.watch import Watch

RETRY_EVERY = 0.5  # s between two tries while NATS is away
TRIAL_WITHIN = 20.0  # s; whoever waits for a trial gives up after half a minute
TRIAL_PATIENCE = 8.0  # s that a trial waits for a provider that limits or is down, so that its words are still heard
BOOKING = 2.0  # s after the grace in which calls that are given up are booked

log = logging.getLogger(__name__)


@dataclass
class Assistant:
    """One process."""

    lifeline: Lifeline = field(default_factory=Lifeline)
    clock: StoppableClock = field(default_factory=StoppableClock)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    background: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.broker = Broker("assistant", self.lifeline)
        self.settings: Settings
        self.ledger: Ledger
        self.watch: Watch
        self.clients: ModelClients | None = None
        # a queue group: each request reaches one replica
        self.trials = self.broker.subscriber(subjects.TRIAL, queue="assistant", no_reply=True, decoder=_undecoded)
        self.trials(self.take)

    # ---- life

    async def start(self) -> None:
        """Runs before FastStream begins to consume."""
        self.settings = settings()
        self.ledger = Ledger(await self.broker.connect(), self.settings, self.lifeline)
        self.watch = Watch(self.ledger, "assistant", (), self.settings, report=self._report, made_anew=lambda: None)
        while True:
            try:
                await self.watch.begin()
                break
            except LedgerUnavailable as error:
                log.warning("waiting for the ledger: %s", error)
                await asyncio.sleep(RETRY_EVERY)
        brief = self.settings.model_copy(
            update={
                "wait_in_place": min(self.settings.wait_in_place, TRIAL_PATIENCE),
                "call_timeout": min(self.settings.call_timeout, TRIAL_WITHIN),
            }
        )
        self.clients = ModelClients(brief, clock=self.clock)
        self.background = [asyncio.create_task(chore) for chore in (self.watch.keep(), self.watch.tell())]
        log.info("ready")

    async def drain(self) -> None:
        """No new request; what runs may finish within the grace, and what then is out may be paid, so it is booked."""
        self.lifeline.deliberate = True
        if self.clients is None:  # it never began
            return
        self.clock.stop()
        await self.trials.stop()
        if self.running:
            await asyncio.wait(self.running, timeout=self.settings.grace)
        for task in self.background:
            task.cancel()
        if late := list(self.running):
            for task in late:
                task.cancel()
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
            "holding": len(self.running),
            "waiting": self.clients.waiting() if self.clients else [],
            "providers": [name for name in providers.names() if not providers.configured(name, self.settings)],
        }

    # ---- one request

    async def take(self, message: NatsMessage) -> None:
        task = asyncio.create_task(self._answer(message.raw_message))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _answer(self, message: Msg) -> None:
        try:
            reply = await self._trial(TrialRequest.model_validate_json(message.data).model)
        except ValueError as error:
            reply = TrialReply(reachable=False, error=f"the request cannot be read: {error}")
        except LedgerUnavailable as error:
            reply = TrialReply(reachable=False, error=str(error))
        except asyncio.CancelledError:  # as we end; the call is on the bill
            reply = TrialReply(reachable=False, error="the assistant ends; ask again")
        except Exception as error:  # ours; whoever waits is told at once
            log.exception("a trial broke")
            reply = TrialReply(reachable=False, error=f"the assistant stumbled: {type(error).__name__}")
        try:
            await self.ledger.nc.publish(message.reply, reply.model_dump_json().encode())
        except (NatsError, OSError) as error:
            log.warning("no answer sent: %s", error)

    async def _trial(self, model: ModelSpec) -> TrialReply:
        if why_not := providers.configured(model.provider, self.settings):
            return TrialReply(reachable=False, error=why_not)
        assert self.clients is not None, "requests come after the start"
        try:
            async with asyncio.timeout(TRIAL_WITHIN):
                return await trial(model, asking({"trial": model}, self.ledger, self.clients).say)
        except TimeoutError:  # the call is given up, and on the bill
            return TrialReply(reachable=True, error=f"{model} did not answer within {TRIAL_WITHIN:g} s")


async def _undecoded(message: NatsMessage) -> NatsMessage:
    return message


assistant = Assistant()
app = Application(
    "assistant",
    assistant.broker,
    on_startup=[assistant.start],
    on_shutdown=[assistant.drain],
    after_shutdown=[assistant.close],
)
