"""The log of accepted pieces: compare-and-append, so that replicas decide one after the other.

A replica compares with all that it has read, then appends on the condition that nothing was appended since. If
something was, it reads that first and decides again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

import numpy as np

from services.embedder.entries import Entry, Fits, Near, OtherDimensions, Vector
from shared import subjects
from shared.contracts.envelope import Similar
from shared.errors import Permanent, StreamFull
from shared.ledger import Ledger
from shared.quality import jaccard
from shared.quality.signatures import highest
from shared.streams import VECTORS

log = logging.getLogger(__name__)

MAX_SPACES = 64  #: spaces kept in memory; the least recently used is read again when needed
MAX_BYTES = 512 * 1024**2  #: of all spaces together, but for the one in use
FULL = (
    "VECTORS, the stream that keeps embeddings of what was accepted, is full: delete ended batches, or raise "
    "STUMPER_LEDGER_MAX_BYTES, of which it may take half"
)
CLOSEST = 3  #: neighbours reported with a piece


class Space:
    """The accepted pieces of one scope, as far as this process has read them. `signed`: with signatures."""

    def __init__(self, ledger: Ledger, name: str, *, signed: bool) -> None:
        self._ledger = ledger
        self._name = name
        self._signed = signed
        self._turn = asyncio.Lock()  # rivals within a process wait here, which is cheaper than being refused
        self._forget()

    def _forget(self) -> None:
        self._last = 0
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._matrix: Vector = np.empty((0, 0), dtype=np.float32)
        self._signatures: list[bytes] = []

    @property
    def nbytes(self) -> int:
        return self._matrix.nbytes + sum(map(len, self._signatures))

    async def remember(self, entry: Entry, fits: Fits) -> Near:
        """What comes close to the entry, which is appended if it fits; see `entries.Remember`.

        Raises OtherDimensions, and Permanent where the log is full.
        """
        subject = subjects.vector(self._name, entry.batch_id, entry.slot)
        async with self._turn:
            while True:
                near = self._near(entry)
                if near.known or not fits(near):
                    return near
                headers = {
                    "Nats-Expected-Last-Subject-Sequence": str(self._last),
                    "Nats-Expected-Last-Subject-Sequence-Subject": f"vectors.{self._name}.>",
                }
                try:
                    seq = await self._ledger.publish(subject, entry.payload(), headers)
                except StreamFull as error:  # time frees nothing here: embeddings go with their batches
                    full = Permanent(FULL)
                    full.role = "embedding"
                    raise full from error
                if seq is not None:
                    self._add(entry)
                    self._last = seq
                    return near
                if not await self._catch_up():
                    self._forget()  # the log is not the one that we read: it was purged or made anew
                    await self._catch_up()

    async def _catch_up(self) -> bool:
        before = self._last
        while facts := await self._ledger.read(self._last, subject=f"vectors.{self._name}.>", stream=VECTORS):
            for fact in facts:
                _, _, batch_id, slot = fact.subject.split(".")
                try:
                    self._add(Entry.read(batch_id, int(slot), fact.data, signed=self._signed))
                except (OtherDimensions, ValueError) as error:
                    log.warning("skipped an entry of the log: %s", error, extra={"subject": fact.subject})
                self._last = fact.seq
        return self._last > before

    def _add(self, entry: Entry) -> None:
        vector = entry.vector
        if vector.size != self._matrix.shape[1]:
            if self._ids:
                raise OtherDimensions(vector.size, self._matrix.shape[1])
            self._matrix = np.empty((256, vector.size), dtype=np.float32)
        if len(self._ids) == len(self._matrix):
            self._matrix = np.concatenate([self._matrix, np.empty_like(self._matrix)])
        self._matrix[len(self._ids)] = vector
        self._rows[entry.id] = len(self._ids)
        self._ids.append(entry.id)
        self._signatures.append(entry.signature)

    def _near(self, entry: Entry) -> Near:
        """By vector all others of the log; by signature those before it, so that an entry that is found in the log
        after a crash has the same uniqueness as when it was appended."""
        row = self._rows.get(entry.id)
        if row is None:
            return Near(self._closest(entry.vector, row), self._overlap(entry.signature, len(self._ids)))
        overlap = self._overlap(self._signatures[row], row)
        return Near(self._closest(self._matrix[row], row), overlap, known=True)

    def _closest(self, vector: Vector, own: int | None) -> list[Similar]:
        if not self._ids:
            return []
        if vector.size != self._matrix.shape[1]:
            raise OtherDimensions(vector.size, self._matrix.shape[1])
        cosines = self._matrix[: len(self._ids)] @ vector
        if own is not None:
            cosines[own] = -1.0
        best = np.argsort(cosines)[::-1][:CLOSEST]
        return [Similar(id=self._ids[i], similarity=round(float(cosines[i]), 6)) for i in best if cosines[i] > 0]

    def _overlap(self, signature: bytes, before: int) -> Similar | None:
        others = self._signatures[:before]
        if not signature or not others or not (most := highest(signature, others)):
            return None
        closest = next(row for row, other in enumerate(others) if jaccard(signature, other) >= most)
        return Similar(id=self._ids[closest], similarity=round(most, 6))


class Spaces:
    """The spaces of one line that this process knows."""

    def __init__(self, ledger: Ledger, *, signed: bool = False) -> None:
        self._ledger = ledger
        self._signed = signed
        self._spaces: OrderedDict[str, Space] = OrderedDict()

    async def remember(self, name: str, entry: Entry, fits: Fits) -> Near:
        """See `entries.Remember`."""
        space = self._spaces.pop(name, None) or Space(self._ledger, name, signed=self._signed)
        self._spaces[name] = space
        while len(self._spaces) > 1 and (
            len(self._spaces) > MAX_SPACES or sum(s.nbytes for s in self._spaces.values()) > MAX_BYTES
        ):
            self._spaces.popitem(last=False)
        return await space.remember(entry, fits)
