"""The ledger: the streams, publish-once and read-back.

A fact is published once: the server refuses a second message on its subject (error 10071), so redelivery,
restarts and rivals cannot double it. Reads are stateless (direct get): nothing to go deaf when a stream is
made anew.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js.errors import Error as JetStreamError

from shared import streams, subjects
from shared.connection import Lifeline, connection_options
from shared.errors import LedgerUnavailable, StreamFull
from shared.facts import Fact, StreamState, fact_of, state_of
from shared.settings import Settings
from shared.streams import DEAD, LEDGER, VECTORS

ALREADY_DONE = 10071  # wrong last sequence: the fact is there
STORE_FAILED = 10077  # among other things: the stream is full
RIVAL_AT_WORK = 10164  # replicated streams: a rival's write is in process, ask again
END_OF_BATCH, NOT_FOUND = "204", "404"  # statuses that end an answer to a direct get
TIMEOUT = 10.0  # s; JetStream's default of 0.5 s is too short under load


class Ledger:
    """One process's access to the ledger, over one NATS connection."""

    def __init__(self, nc: Client, settings: Settings, lifeline: Lifeline) -> None:
        self.nc = nc
        self._lifeline = lifeline
        lifeline.client = nc
        self.js = nc.jetstream(timeout=TIMEOUT)
        self.settings = settings
        self._refusals: tuple[float, float] | None = None  # Unix seconds of the first and the last in a row

    @classmethod
    async def connect(cls, settings: Settings, name: str, *, wait: float = 3.0) -> Ledger:
        """Connect; afterwards the connection heals itself, for ever. Raises LedgerUnavailable after `wait` s."""
        lifeline = Lifeline()
        try:
            async with asyncio.timeout(wait):
                nc = await nats.connect(**connection_options(settings, name, lifeline))
        except (OSError, TimeoutError, NatsError) as error:
            raise LedgerUnavailable(f"NATS does not answer: {error}") from error
        return cls(nc, settings, lifeline)

    @property
    def refused_since(self) -> float | None:
        """Unix seconds; since when facts of this process are refused. None where they are taken, or nobody tries."""
        if self._refusals is None or time.time() - self._refusals[1] > 2 * TIMEOUT:
            return None
        return self._refusals[0]

    @property
    def breaks(self) -> int:
        """How often the connection broke: what was followed before may have moved on meanwhile."""
        return self._lifeline.breaks

    async def close(self) -> None:
        self._lifeline.deliberate = True
        if not self.nc.is_closed:
            await self.nc.close()

    # ---- declaring

    async def ensure(self) -> None:
        """Declare streams and buckets, identically everywhere; nobody else does."""
        try:
            await streams.declare(self.js, self.settings)
        except (NatsError, JetStreamError, TimeoutError) as error:
            raise LedgerUnavailable(f"the ledger cannot be declared: {error}") from error

    # ---- facts

    async def publish_once(self, subject: str, data: bytes, *, span: str | None = None, after: int = 0) -> int | None:
        """Publish a fact. Returns its sequence number, or None where it (or a rival of its span) was there.

        `after` is the sequence number that the span's newest message has to have; 0: the span has to be empty.

        Raises LedgerUnavailable where NATS does not answer; the fact may then still land, which is no harm.
        """
        headers = {"Nats-Expected-Last-Subject-Sequence": str(after)}
        if span:
            headers["Nats-Expected-Last-Subject-Sequence-Subject"] = span
        return await self.publish(subject, data, headers)

    async def publish(self, subject: str, data: bytes, headers: dict[str, str]) -> int | None:
        """Publish under the conditions in `headers`; None where they were not met. Raises LedgerUnavailable."""
        is_fact = not subject.startswith("$")
        try:
            sequence = await self._publish(subject, data, headers)
        except LedgerUnavailable:
            if is_fact:
                self._refusals = (self.refused_since or time.time(), time.time())
            raise
        if is_fact:
            self._refusals = None
        return sequence

    async def _publish(self, subject: str, data: bytes, headers: dict[str, str]) -> int | None:
        while True:
            reply = await self.request(subject, data, headers)
            error = reply.get("error")
            if error is None:
                return int(reply["seq"])
            if error.get("err_code") == ALREADY_DONE:
                return None
            if error.get("err_code") == STORE_FAILED and "maximum bytes" in str(error.get("description")):
                raise StreamFull(f"{subject} was refused: its stream is full")
            if error.get("err_code") != RIVAL_AT_WORK:
                raise LedgerUnavailable(f"{subject} was refused: {error.get('description')}")
            await asyncio.sleep(0.02)

    async def request(self, subject: str, data: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """Ask JetStream, and return its answer, which may hold an `error`. Raises LedgerUnavailable, ValueError."""
        try:
            reply = await self.nc.request(subject, data, timeout=TIMEOUT, headers=headers)
        except MaxPayloadError as error:  # no time will heal it
            raise ValueError(f"a message of {len(data)} bytes for {subject} is larger than NATS takes") from error
        except (NatsError, TimeoutError) as error:
            raise LedgerUnavailable(f"NATS does not answer: {error or type(error).__name__}") from error
        answer: dict[str, Any] = json.loads(reply.data)
        return answer

    async def last(self, subject: str, stream: str = LEDGER) -> Fact | None:
        """The newest fact on the subject, which may hold wildcards."""
        body = b"" if "*" not in subject and ">" not in subject else json.dumps({"last_by_subj": subject}).encode()
        path = f"$JS.API.DIRECT.GET.{stream}" + ("" if body else f".{subject}")
        try:
            reply = await self.nc.request(path, body, timeout=TIMEOUT)
        except (NatsError, TimeoutError) as error:
            raise LedgerUnavailable(f"NATS does not answer: {error or type(error).__name__}") from error
        fact = fact_of(reply)
        status = (reply.headers or {}).get("Status")
        if fact is None and status != NOT_FOUND:
            raise LedgerUnavailable(f"{stream} does not answer: status {status}")
        return fact

    async def newest_seq(self, subject: str, stream: str = LEDGER) -> int:
        """The sequence number of the newest message there, as the stream's leader knows it; 0 where there is none."""
        asked = json.dumps({"last_by_subj": subject}).encode()
        reply = await self.request(f"$JS.API.STREAM.MSG.GET.{stream}", asked)
        if "error" not in reply:
            return int(reply["message"]["seq"])
        if reply["error"].get("code") != 404:
            raise LedgerUnavailable(f"{stream} does not answer: {reply['error'].get('description')}")
        return 0

    async def at(self, seq: int, stream: str = LEDGER) -> Fact | None:
        """The fact with this sequence number."""
        facts = await self.read(seq - 1, stream=stream, limit=1)
        return facts[0] if facts and facts[0].seq == seq else None

    async def read(self, after: int, *, subject: str = ">", stream: str = LEDGER, limit: int = 500) -> list[Fact]:
        """Facts with a sequence number above `after`, ascending, at most `limit`; [] = none now."""
        facts: list[Fact] = []
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def take(message: Msg) -> None:
            if done.done():
                return
            fact = fact_of(message)
            # each message names its predecessor in this answer: where one is missing, the next read asks again
            expected = facts[-1].seq if facts else 0
            headers = message.headers or {}
            if fact is None and headers.get("Status") not in (END_OF_BATCH, NOT_FOUND):
                words = headers.get("Description") or f"status {headers.get('Status')}"
                done.set_exception(LedgerUnavailable(f"{stream} does not answer: {words}"))
            elif fact is None or int(headers.get("Nats-Last-Sequence", expected)) != expected:
                done.set_result(None)
            else:
                facts.append(fact)

        inbox = self.nc.new_inbox()
        request = {"seq": after + 1, "batch": limit, "next_by_subj": subject}
        try:
            subscription = await self.nc.subscribe(inbox, cb=take)
            self._lifeline.waiting.add(done)
            try:
                await self.nc.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(request).encode(), reply=inbox)
                _, late = await asyncio.wait({done}, timeout=TIMEOUT)
                if late and not facts:  # some may serve: on a slow line a chunk comes in parts
                    raise LedgerUnavailable(f"{stream} does not answer within {TIMEOUT:.0f} s")
                if not late:
                    done.result()
            finally:
                self._lifeline.waiting.discard(done)
                await subscription.unsubscribe()
        except (NatsError, TimeoutError) as error:
            raise LedgerUnavailable(f"NATS does not answer: {error or type(error).__name__}") from error
        return facts

    async def state(self, stream: str = LEDGER) -> StreamState:
        reply = await self.request(f"$JS.API.STREAM.INFO.{stream}", b"")
        if "error" in reply:
            raise LedgerUnavailable(f"stream {stream}: {reply['error'].get('description')}")
        return state_of(reply)

    async def fill(self) -> float:
        """Share of the ledger's space in use."""
        return (await self.state()).fill

    async def purge(self, batch_id: str, *, vectors: bool, dead: bool) -> None:
        """Drop a batch's subjects; with `vectors` its embeddings, with `dead` its dead letters too."""
        wanted = [(LEDGER, subject) for subject in subjects.of_batch(batch_id)]
        if vectors:
            wanted.append((VECTORS, f"vectors.*.{batch_id}.>"))
        if dead:
            wanted += [(DEAD, f"dead.*.{batch_id}.>"), (DEAD, subjects.kept(f"*.*.{batch_id}.>"))]
        for stream, subject in wanted:
            await self.purge_subject(subject, stream=stream)

    async def purge_subject(self, subject: str, *, before: int = 0, stream: str = LEDGER) -> int:
        """Drop what the subject (which may hold wildcards) matches; with `before` only messages with a lower
        sequence number. Returns how many went."""
        request: dict[str, Any] = {"filter": subject} | ({"seq": before} if before else {})
        reply = await self.request(f"$JS.API.STREAM.PURGE.{stream}", json.dumps(request).encode())
        if "error" in reply:
            raise LedgerUnavailable(f"purge of {subject}: {reply['error'].get('description')}")
        return int(reply.get("purged", 0))

    async def delete(self, stream: str, seq: int) -> None:
        """Drop one message."""
        reply = await self.request(f"$JS.API.STREAM.MSG.DELETE.{stream}", json.dumps({"seq": seq}).encode())
        if "error" in reply and reply["error"].get("code") != 404:
            raise LedgerUnavailable(f"message {seq} of {stream}: {reply['error'].get('description')}")

    async def entries(self, bucket: str) -> dict[str, bytes]:
        """A key-value bucket's content."""
        prefix = f"$KV.{bucket}."
        entries: dict[str, bytes] = {}
        after = 0
        while facts := await self.read(after, subject=f"{prefix}>", stream=f"KV_{bucket}"):
            after = facts[-1].seq
            entries.update({f.subject.removeprefix(prefix): f.data for f in facts})
        return {key: value for key, value in entries.items() if value}  # an empty one marks a purge
