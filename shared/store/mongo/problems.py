"""Problems in MongoDB."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING

from shared.contracts.batch import Row
from shared.store.documents import IN_PROGRESS, join_vector, part_vector
from shared.store.mongo.answers import (
    Collection,
    Document,
    answering,
    of_kinds,
    replacement,
    to_document,
    to_row,
    write_all,
)

_VECTOR = 9  #: BSON's binary subtype for vectors
_FLOAT32 = b"\x27\x00"  #: its header: the type of the numbers, and no padding
_ORDER = [("batch_id", ASCENDING), ("slot", ASCENDING)]
_CHUNK = 200  # rows that a stream holds
_OUTLINE = ("slot", "status", "place", "first")


class MongoProblems:
    """A document is a row; its embedding is a BSON vector in `vector`."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def put(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        documents = [_document(row) for row in rows]
        with answering():
            refused = await write_all(self._collection, [_put(each, upsert=True) for each in documents])
            # Refused by a row that was there, or by a rival's that came in between, perhaps of a lower hop
            if refused:
                await write_all(self._collection, [_put(documents[i], upsert=False) for i in refused])

    async def get(self, problem_id: str) -> Row | None:
        return (await self.get_many([problem_id])).get(problem_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Row]:
        with answering():
            found = await self._collection.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _row(document) for document in found}

    async def stream(
        self, *, batch_id: str | None = None, status: str | None = None, kinds: Sequence[str] | None = None
    ) -> AsyncIterator[Row]:
        if batch_id is not None:
            async for row in self._stream(batch_id, status):
                yield row
            return
        name = ""
        while True:
            later = {**_where(status=status), **of_kinds(kinds), "batch_id": {"$gt": name}}
            with answering():
                found = await self._collection.find_one(later, {"batch_id": 1}, sort=_ORDER)
            if found is None:
                return
            name = found["batch_id"]
            async for row in self._stream(name, status):
                yield row

    async def _stream(self, batch_id: str, status: str | None) -> AsyncIterator[Row]:
        # Pages by slot, not one cursor: a slow reader may take longer than a cursor lives
        condition = _where(batch_id=batch_id, status=status)
        slot = -1
        while True:
            with answering():
                found = self._collection.find({**condition, "slot": {"$gt": slot}}).sort("slot").limit(_CHUNK)
                rows = [_row(document) for document in await found.to_list()]
            if not rows:
                return
            for row in rows:
                yield row
            slot = rows[-1]["slot"]

    async def of_batches(self, batch_ids: Iterable[str]) -> list[Row]:
        with answering():
            found = self._collection.find({"batch_id": {"$in": list(batch_ids)}}, {"vector": 0}).sort(_ORDER)
            return [_row(document) for document in await found.to_list()]

    async def mean(self, field: str, *, status: str, kinds: Sequence[str]) -> float | None:
        steps: list[Document] = [
            {"$match": {**_where(status=status), **of_kinds(kinds)}},
            {"$group": {"_id": None, "mean": {"$avg": f"$envelope.{field}"}}},
        ]
        with answering():
            found = await (await self._collection.aggregate(steps)).to_list()
        return found[0]["mean"] if found else None

    async def in_flight(self, batch_id: str) -> list[Row]:
        with answering():
            found = self._collection.find({"status": IN_PROGRESS, "batch_id": batch_id}).sort(_ORDER)
            return [_row(document) for document in await found.to_list()]

    async def behind(self, batch_id: str, round_: int, *, role: str, limit: int) -> list[Row]:
        condition = {
            "batch_id": batch_id,
            "status": {"$ne": IN_PROGRESS},
            f"envelope.prompt_versions.{role}": {"$exists": True},
            "$or": [{"envelope.round": {"$exists": False}}, {"envelope.round": {"$lt": round_}}],
        }
        with answering():
            found = self._collection.find(condition).sort(_ORDER).limit(limit)
            return [_row(document) for document in await found.to_list()]

    async def slots(self, batch_id: str) -> set[int]:
        with answering():
            found = self._collection.find({"batch_id": batch_id}, {"_id": 0, "slot": 1})
            return {document["slot"] for document in await found.to_list()}

    async def outlines(
        self, batch_id: str, *, start: int = 0, limit: int = 2000, status: str | None = None
    ) -> list[Row]:
        condition = {**_where(batch_id=batch_id, status=status), "slot": {"$gte": start}}
        with answering():
            found = self._collection.find(condition, dict.fromkeys(_OUTLINE, 1) | {"_id": 0}).sort("slot").limit(limit)
            return [{name: document.get(name) for name in _OUTLINE} for document in await found.to_list()]

    async def count(self, batch_id: str | None = None, *, kinds: Sequence[str] | None = None) -> int:
        with answering():
            return await self._collection.count_documents({**_where(batch_id=batch_id), **of_kinds(kinds)})

    async def delete(self, batch_id: str) -> None:
        with answering():
            await self._collection.delete_many({"batch_id": batch_id})

    async def list(
        self,
        *,
        skip: int,
        limit: int,
        batch_id: str | None = None,
        status: str | None = None,
        reason: str | None = None,
        subject: Sequence[str] | None = None,
        topic: Sequence[str] | None = None,
        q: str | None = None,
        kinds: Sequence[str] | None = None,
    ) -> tuple[list[Row], int]:
        condition = _where(batch_id=batch_id, status=status, reason=reason, subject=subject, topic=topic)
        condition |= of_kinds(kinds)
        if q:
            pattern = re.escape(q).replace("\0", r"\x00")
            condition["envelope.problem"] = {"$regex": pattern, "$options": "i"}
        with answering():
            total = await self._collection.count_documents(condition)
            found = self._collection.find(condition).sort(_ORDER).skip(skip).limit(limit)
            return [_row(document) for document in await found.to_list()], total


def _where(**filters: Any) -> Document:
    """Fields that shall have a value, or one of several."""
    given = {name: value for name, value in filters.items() if value is not None}
    return {name: value if isinstance(value, str) else {"$in": list(value)} for name, value in given.items()}


def _put(document: Document, *, upsert: bool) -> Any:
    hop, place = document["hop"], document["place"]
    newer = {"$or": [{"hop": {"$lt": hop}}, {"hop": hop, "place": place}]}
    return replacement(newer, document, upsert=upsert)


def _document(row: Row) -> Document:
    lean, vector = part_vector(row)
    document = to_document(lean)
    if vector is not None:
        document["vector"] = Binary(_FLOAT32 + vector, _VECTOR)
    hints = (document.get("envelope") or {}).get("hints") or {}
    if any("$" in key or "\0" in key for key in hints):  # a model chose the keys, and MongoDB refuses these
        document["envelope"] = {**document["envelope"], "hints": list(hints.items())}
    return document


def _row(document: Document) -> Row:
    vector = document.pop("vector", None)
    row = join_vector(to_row(document), None if vector is None else vector[len(_FLOAT32) :])
    hints = (row.get("envelope") or {}).get("hints")
    if isinstance(hints, list):
        row["envelope"]["hints"] = dict(hints)
    return row
