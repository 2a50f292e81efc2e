"""The log of accepted vectors: compare-and-append, so that replicas decide one after the other.

A replica compares with all that it has read, then appends on the condition that nothing was appended since. If
something was, it reads that first and decides again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

import numpy as np

from services.embedder.logic import OtherDimensions, Vector
from shared import subjects
from shared.contracts.envelope import Similar, problem_id
from shared.contracts.problem import Problem
from shared.errors import Permanent, StreamFull
from shared.ledger import Ledger
from shared.streams import VECTORS

log = logging.getLogger(__name__)

MAX_SPACES = 64  #: spaces kept in memory; the least recently used is read again when needed
MAX_BYTES = 512 * 1024**2  #: of all spaces together, but for the one in use
FULL = (
    "VECTORS, the stream that keeps accepted problems' embeddings, is full: delete ended batches, or raise "
    "STUMPER_LEDGER_MAX_BYTES, of which it may take half"
)
CLOSEST = 3  #: neighbours reported with a problem


class Space:
    """The accepted vectors of one scope, as far as this process has read them."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self._ledger = ledger
        self._name = name
        self._turn = asyncio.Lock()  # rivals within a process wait here, which is cheaper than being refused
        self._forget()

    def _forget(self) -> None:
        self._last = 0
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._matrix: Vector = np.empty((0, 0), dtype=np.float32)

    @property
    def bytes(self) -> int:
        return self._matrix.nbytes

    async def remember(self, problem: Problem, vector: Vector) -> list[Similar]:
        """The closest accepted problems, best first; the vector is appended unless one is too close.

        Raises OtherDimensions, and Permanent where the log is full.
        """
        subject = subjects.vector(self._name, problem.batch_id, problem.slot)
        async with self._turn:
            while True:
                mine = self._rows.get(problem.problem_id)
                near = self._closest(vector if mine is None else self._matrix[mine], problem.problem_id)
                if mine is not None:  # ours, from before a crash: it was accepted
                    return [s for s in near if s.similarity < problem.options.similarity_threshold]
                if near and near[0].similarity >= problem.options.similarity_threshold:
                    return near
                headers = {
                    "Nats-Expected-Last-Subject-Sequence": str(self._last),
                    "Nats-Expected-Last-Subject-Sequence-Subject": f"vectors.{self._name}.>",
                }
                try:
                    seq = await self._ledger.publish(subject, vector.astype("<f4").tobytes(), headers)
                except StreamFull as error:  # time frees nothing here: embeddings go with their batches
                    full = Permanent(FULL)
                    full.role = "embedding"
                    raise full from error
                if seq is not None:
                    self._add(problem.problem_id, vector)
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
                    self._add(problem_id(batch_id, int(slot)), np.frombuffer(fact.data, dtype="<f4"))
                except (OtherDimensions, ValueError) as error:
                    log.warning("skipped an entry of the log: %s", error, extra={"subject": fact.subject})
                self._last = fact.seq
        return self._last > before

    def _add(self, row_id: str, vector: Vector) -> None:
        if not vector.size:
            raise ValueError("an empty vector")
        if vector.size != self._matrix.shape[1]:
            if self._ids:
                raise OtherDimensions(vector.size, self._matrix.shape[1])
            self._matrix = np.empty((256, vector.size), dtype=np.float32)
        if len(self._ids) == len(self._matrix):
            self._matrix = np.concatenate([self._matrix, np.empty_like(self._matrix)])
        self._matrix[len(self._ids)] = vector
        self._rows[row_id] = len(self._ids)
        self._ids.append(row_id)

    def _closest(self, vector: Vector, own: str) -> list[Similar]:
        if not self._ids:
            return []
        if vector.size != self._matrix.shape[1]:
            raise OtherDimensions(vector.size, self._matrix.shape[1])
        cosines = self._matrix[: len(self._ids)] @ vector
        if own in self._rows:
            cosines[self._rows[own]] = -1.0
        best = np.argsort(cosines)[::-1][:CLOSEST]
        return [Similar(id=self._ids[i], similarity=round(float(cosines[i]), 6)) for i in best if cosines[i] > 0]


class Spaces:
    """The spaces that this process knows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._spaces: OrderedDict[str, Space] = OrderedDict()

    async def remember(self, problem: Problem, vector: Vector) -> list[Similar]:
        """See `logic.Remember`. The scope is the problem's batch."""
        name = problem.batch_id
        space = self._spaces.pop(name, None) or Space(self._ledger, name)
        self._spaces[name] = space
        while len(self._spaces) > 1 and (
            len(self._spaces) > MAX_SPACES or sum(s.bytes for s in self._spaces.values()) > MAX_BYTES
        ):
            self._spaces.popitem(last=False)
        return await space.remember(problem, vector)
