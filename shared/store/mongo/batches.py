"""Batches and checkpoints in MongoDB."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.contracts.batch import Batch
from shared.contracts.statuses import ENDED
from shared.store.documents import DELETED, TALLIED, canonical, checked, emptied, facts_of, is_open, reopens
from shared.store.mongo.answers import Collection, Document, answering, of_kinds, to_row

_LIVING = {"$ne": DELETED}


class MongoBatches:
    """A document is a Batch, with `open` and `buried` beside its fields."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def insert(self, batch: Batch) -> bool:
        document = {"_id": batch.id, "wish": batch.wish.model_dump(), **facts_of(batch)}
        document["open"] = is_open(batch, batch.wish.state)
        with answering():
            try:
                await self._collection.insert_one(document)
            except DuplicateKeyError:
                return False
        return True

    async def get(self, batch_id: str) -> Batch | None:
        return (await self.get_many([batch_id])).get(batch_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Batch]:
        with answering():
            found = await self._collection.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _batch(document) for document in found}

    async def open(self) -> list[Batch]:
        with answering():
            found = await self._collection.find({"open": True}).sort(_by_age(ASCENDING)).to_list()
        return [_batch(document) for document in found]

    async def wish(self, batch_id: str, **changes: Any) -> Batch | None:
        fields: Document = {f"wish.{name}": value for name, value in checked(changes).items()}
        if reopens(changes):
            fields["open"] = True
        with answering():
            document = await self._collection.find_one_and_update(
                {"_id": batch_id, "wish.state": _LIVING},
                {"$inc": {"wish.rev": 1}, **({"$set": fields} if fields else {})},
                return_document=ReturnDocument.AFTER,
            )
        return _batch(document) if document else None

    async def project(self, before: Batch, after: Batch) -> bool:
        condition = {
            "_id": before.id,
            "applied.epoch": before.applied.epoch,
            "applied.seq": before.applied.seq,
            "wish.rev": before.wish.rev,
            "buried": {"$exists": False},
        }
        facts = facts_of(after) | {"open": is_open(after, before.wish.state)}
        with answering():
            result = await self._collection.update_one(condition, {"$set": facts})
        return result.matched_count == 1

    async def expired(self, kind: str, before: float, limit: int = 100) -> list[str]:
        condition = {
            **of_kinds([kind]),
            "wish.state": _LIVING,
            "status": {"$in": sorted(ENDED)},
            "finished_at": {"$lt": before},
        }
        order = [("finished_at", ASCENDING), ("_id", ASCENDING)]
        with answering():
            found = await self._collection.find(condition, {"_id": True}).sort(order).limit(limit).to_list()
        return [document["_id"] for document in found]

    async def bury(self, batch_id: str) -> None:
        with answering():
            await self._collection.update_one(
                {"_id": batch_id, "wish.state": DELETED}, {"$set": emptied() | {"open": False, "buried": True}}
            )

    async def list(
        self, *, status: str | None, skip: int, limit: int, kinds: Sequence[str] | None = None
    ) -> tuple[list[Batch], int]:
        condition: Document = {"wish.state": _LIVING, **of_kinds(kinds)}
        if status is not None:
            condition["status"] = status
        with answering():
            total = await self._collection.count_documents(condition)
            found = self._collection.find(condition, {"topics": False}).sort(_by_age(DESCENDING))
            documents = await found.skip(skip).limit(limit).to_list()
        return [_batch({**document, "topics": []}) for document in documents], total

    async def tally(self, kinds: Sequence[str]) -> dict[str, dict[str, int]]:
        return {field: await self._tally(field, kinds) for field in TALLIED}

    async def _tally(self, field: str, kinds: Sequence[str]) -> dict[str, int]:
        steps: list[Document] = [
            {"$match": {"wish.state": _LIVING, **of_kinds(kinds)}},
            {"$project": {"each": {"$objectToArray": f"${field}"}}},
            {"$unwind": "$each"},
            {"$group": {"_id": "$each.k", "sum": {"$sum": "$each.v"}}},
        ]
        with answering():
            found = await (await self._collection.aggregate(steps)).to_list()
        return {each["_id"]: each["sum"] for each in found}


def _by_age(direction: int) -> list[tuple[str, int]]:
    return [("created_at", direction), ("_id", ASCENDING)]


def _batch(document: Document) -> Batch:
    return Batch.model_validate(to_row(document))


class MongoCheckpoints:
    """The document is kept as JSON text: MongoDB compares documents field by field in their order."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def get(self, name: str) -> dict[str, Any] | None:
        with answering():
            found = await self._collection.find_one({"_id": name})
        return json.loads(found["document"]) if found else None

    async def swap(self, name: str, before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
        new = {"_id": name, "document": canonical(after)}
        with answering():
            if before is not None:
                old = {"_id": name, "document": canonical(before)}
                return (await self._collection.replace_one(old, new)).matched_count == 1
            try:
                await self._collection.insert_one(new)
            except DuplicateKeyError:
                return False
        return True
