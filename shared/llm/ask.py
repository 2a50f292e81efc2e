"""`Ask` as the stages get it: journal first, then the provider; one more try for a reply that cannot be read."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from array import array
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pydantic import BaseModel

from shared.contracts.ask import Rendered, Reply, Role, T, Usage
from shared.contracts.call import CallFact
from shared.contracts.envelope import ModelSpec, Slip
from shared.errors import Fault, TooLong, Unreadable, Waiting
from shared.ledger import Ledger
from shared.llm.bill import RawReply
from shared.llm.clients import ModelClients
from shared.llm.journal import Journal
from shared.llm.recording import keep, read, spoken, writable

MAX_PROMPT_CHARS = 64 * 1024  #: as recorded; what was sent may be longer
MAX_FINISH_CHARS = 64

Lost = Callable[[RawReply], Awaitable[None]]


class Standing(Protocol):
    """Whether the problem is still ours to work on. See `shared.claim.Claim`."""

    async def look(self) -> None: ...

    def may_begin(self) -> None: ...


class Asking:
    """Asks for one problem at one station. See `shared.contracts.ask.Ask` for what it raises."""

    def __init__(self, slip: Slip, stage: str, *, ledger: Ledger, clients: ModelClients, claim: Standing) -> None:
        self._slip = slip
        self._stage = stage
        self._clients = clients
        self._claim = claim
        self._journal = Journal(ledger, stage, slip)

    async def __call__(self, role: Role, prompt: Rendered, reply: type[T]) -> Reply[T]:
        with _role_known(role):
            return await self._ask(role, prompt, reply)

    async def _ask(self, role: Role, prompt: Rendered, reply: type[T]) -> Reply[T]:
        model: ModelSpec = self._slip.models[role]
        fact, recorded = await self._complete(role, model, prompt, prompt.user, reply)
        try:
            return _reply(fact, read(fact, reply), recorded)
        except TooLong:
            raise
        except Unreadable as error:
            again = f"{prompt.user}\n\nYour last reply could not be read: {error}\nReply again, with JSON only."
        if fact.finish == "length" and model.max_tokens:
            model = model.model_copy(update={"max_tokens": model.max_tokens * 2})
        fact, recorded = await self._complete(role, model, prompt, again, reply)
        return _reply(fact, read(fact, reply), recorded)

    async def say(self, role: Role, prompt: Rendered) -> Reply[str]:
        """The reply as plain words, without the thinking before them."""
        with _role_known(role):
            fact, recorded = await self._complete(role, self._slip.models[role], prompt, prompt.user, None)
            return _reply(fact, spoken(fact), recorded)

    async def embed(self, text: str) -> Reply[list[float]]:
        model = self._slip.models["embedding"]
        with _role_known("embedding"):
            fact, recorded = await self._call(
                "embedding", model, Rendered("", "", text), text, None, lambda lost: self._embedding(model, text, lost)
            )
        vector = array("f", base64.b64decode(fact.reply))
        return _reply(fact, vector.tolist(), recorded)

    async def _embedding(self, model: ModelSpec, text: str, lost: Lost) -> RawReply:
        vector, raw = await self._clients.embed(
            model, text, may_begin=self._claim.may_begin, lost=lost, group=self._group("embedding")
        )
        return raw.with_text(base64.b64encode(array("f", vector).tobytes()).decode())

    async def _complete(
        self, role: Role, model: ModelSpec, prompt: Rendered, user: str, reply: type[BaseModel] | None
    ) -> tuple[CallFact, bool]:
        return await self._call(
            role,
            model,
            prompt,
            user,
            reply,
            lambda lost: self._clients.complete(
                model, prompt.system, user, reply, may_begin=self._claim.may_begin, lost=lost, group=self._group(role)
            ),
        )

    def _group(self, role: Role) -> str:
        return f"{self._slip.batch_id}/{role}"

    async def _call(
        self,
        role: Role,
        model: ModelSpec,
        prompt: Rendered,
        user: str,
        reply: type[BaseModel] | None,
        request: Callable[[Lost], Awaitable[RawReply]],
    ) -> tuple[CallFact, bool]:
        """The recorded call with this question, else a new one; and whether it was recorded before.

        A recorded call that answers another question (other prompt, other model) is passed over. A rival's that took
        our number with another question makes ours go on to the next free number: it was paid, so it is used.
        """
        question = _hash(model, prompt.system, user, reply.__name__ if reply else "")
        n = self._journal.take_number()
        while (known := await self._journal.recall(n)) is not None:
            if known.hash == question:
                return known, True
            n = self._journal.take_number()

        def fact(raw: RawReply) -> CallFact:
            return keep(self._fact(n, role, model, question, prompt, user, raw), raw, reply)

        async def lost(raw: RawReply) -> None:
            await self._journal.record_aside(fact(raw))

        await self._claim.look()
        ours = fact(await request(lost))
        while (standing := await self._journal.record(ours)).hash != question:
            ours = ours.model_copy(update={"n": self._journal.take_number(), "id": uuid.uuid4().hex[:16]})
        return standing, False

    def _fact(
        self, n: int, role: Role, model: ModelSpec, question: str, prompt: Rendered, user: str, raw: RawReply
    ) -> CallFact:
        slip = self._slip
        return CallFact(
            id=uuid.uuid4().hex[:16],
            stage=self._stage,
            batch_id=slip.batch_id,
            slot=slip.slot,
            since=slip.since,
            n=n,
            role=role,
            model=model,
            hash=question,
            prompt_version=prompt.version,
            system=writable(prompt.system),
            prompt=writable(user[:MAX_PROMPT_CHARS]),
            finish=writable(raw.finish[:MAX_FINISH_CHARS]),
            input_tokens=raw.input_tokens,
            cached_tokens=raw.cached_tokens,
            output_tokens=raw.output_tokens,
            estimated=raw.estimated,
            cost=raw.cost,
            latency=raw.latency,
            at=time.time(),
        )


def _hash(model: ModelSpec, system: str, user: str, shape: str) -> str:
    parts = (model.model_dump_json(), system, user, shape)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@contextmanager
def _role_known(role: Role) -> Iterator[None]:
    try:
        yield
    except (Fault, Waiting) as error:
        error.role = role
        raise


def _reply(fact: CallFact, parsed: Any, recorded: bool) -> Reply[Any]:
    return Reply(
        parsed=parsed,
        text=fact.reply,
        place=fact.place,
        usage=Usage(fact.input_tokens, fact.output_tokens, fact.estimated),
        cost=fact.cost,
        model=str(fact.model),
        latency=fact.latency,
        recorded=recorded,
    )
