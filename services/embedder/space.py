"""The log of accepted pieces: compare-and-append, so that replicas decide one after the other.

A replica compares with all that it has read, then appends on the condition that nothing was appended since. If
something was, it reads that first and decides again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from services.embedder.entries import Entry, Fits, Near, OtherDimensions, Vector
from shared import subjects
from shared.contracts.envelope import Similar
from shared.errors import Permanent, StreamFull
from shared.ledger import Ledger
from shared.quality.signatures import Hashes, hashes, overlaps
from shared.streams import VECTORS

log = logging.getLogger(__name__)

MAX_SPACES = 64  #: spaces kept in memory; the least recently used is read again when needed
MAX_BYTES = 512 * 1024**2  #: of all spaces together, but for the one in use
FULL = (
    "VECTORS, the stream that keeps embeddings of what was accepted, is full: delete ended batches, or raise "
    "STUMPER_LEDGER_MAX_BYTES, of which it may take half"
)
CLOSEST = 3  #: neighbours reported with a piece


class Rows:
    """Rows of one length and type; there is room for as many again whenever they are full."""

    def __init__(self) -> None:
        self._taken = 0
        self._room: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        return self._taken

    @property
    def nbytes(self) -> int:
        return 0 if self._room is None else self._room.nbytes

    @property
    def width(self) -> int:
        return 0 if self._room is None else int(self._room.shape[1])

    def all(self) -> npt.NDArray[Any]:
        """(n, width). Only where there is a row."""
        assert self._room is not None
        return self._room[: self._taken]

    def append(self, row: npt.NDArray[Any]) -> None:
        if self._room is None:
            self._room = np.empty((256, row.size), dtype=row.dtype)
        elif self._taken == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[self._taken] = row
        self._taken += 1


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
        self._vectors = Rows()
        self._hashes = Rows()

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def nbytes(self) -> int:
        return self._vectors.nbytes + self._hashes.nbytes

    async def remember(self, entry: Entry, fits: Fits) -> Near:
        """What comes close to the entry, which is appended if it fits; see `entries.Remember`.

        Raises OtherDimensions, and Permanent where the log is full.
        """
        subject = subjects.vector(self._name, entry.batch_id, entry.slot)
        async with self._turn:
            while True:
                near = self.near(entry)
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
                    self.add(entry)
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
                    self.add(Entry.read(batch_id, int(slot), fact.data, signed=self._signed))
                except (OtherDimensions, ValueError) as error:
                    log.warning("skipped an entry of the log: %s", error, extra={"subject": fact.subject})
                self._last = fact.seq
        return self._last > before

    def add(self, entry: Entry) -> None:
        """To what was read so far. Raises OtherDimensions."""
        if self._ids and entry.vector.size != self._vectors.width:
            raise OtherDimensions(entry.vector.size, self._vectors.width)
        if self._signed:
            self._hashes.append(hashes([entry.signature])[0])
        self._vectors.append(entry.vector)
        self._rows[entry.id] = len(self._ids)
        self._ids.append(entry.id)

    def near(self, entry: Entry) -> Near:
        """By vector all others of the log; by signature those before it, so that an entry that is found in the log
        after a crash has the same uniqueness as when it was appended. Raises OtherDimensions."""
        row = self._rows.get(entry.id)
        if row is None:
            own = hashes([entry.signature])[0] if self._signed else None
            return Near(self._closest(entry.vector, row), self._overlap(own, len(self._ids)))
        own = self._hashes.all()[row] if self._signed else None
        return Near(self._closest(self._vectors.all()[row], row), self._overlap(own, row), known=True)

    def _closest(self, vector: Vector, own: int | None) -> list[Similar]:
        if not self._ids:
            return []
        if vector.size != self._vectors.width:
            raise OtherDimensions(vector.size, self._vectors.width)
        cosines = self._vectors.all() @ vector
        if own is not None:
            cosines[own] = -1.0
        best = np.argsort(cosines)[::-1][:CLOSEST]
        return [Similar(id=self._ids[i], similarity=round(float(cosines[i]), 6)) for i in best if cosines[i] > 0]

    def _overlap(self, own: Hashes | None, before: int) -> Similar | None:
        if own is None or not before:
            return None
        found = overlaps(own, self._hashes.all()[:before])
        closest = int(found.argmax())
        return Similar(id=self._ids[closest], similarity=round(float(found[closest]), 6)) if found[closest] else None


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
