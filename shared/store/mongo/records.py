"""Records in MongoDB."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pymongo.errors import DuplicateKeyError

from shared.store.documents import canonical
from shared.store.mongo.answers import Collection, Document, answering
from shared.store.protocols import Record


class MongoRecords:
    """A record is kept as JSON text, as its keys may be ones that MongoDB refuses; beside it its plain values, to be
    asked for."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def insert(self, kind: str, record: Record) -> bool:
        with answering():
            try:
                await self._collection.insert_one(_document(kind, record, 1))
            except DuplicateKeyError:
                return False
        return True

    async def get(self, kind: str, record_id: str) -> Record | None:
        return (await self.get_many(kind, [record_id])).get(record_id)

    async def get_many(self, kind: str, ids: Iterable[str]) -> dict[str, Record]:
        with answering():
            found = await self._collection.find({"_id": {"$in": [f"{kind}/{each}" for each in ids]}}).to_list()
        records = [_record(document) for document in found]
        return {record["id"]: record for record in records}

    async def swap(self, kind: str, record: Record) -> bool:
        changed = _document(kind, record, record["rev"] + 1)
        with answering():
            result = await self._collection.replace_one({"_id": changed["_id"], "rev": record["rev"]}, changed)
        return result.matched_count == 1

    async def delete(self, kind: str, record_id: str, rev: int) -> bool:
        with answering():
            result = await self._collection.delete_one({"_id": f"{kind}/{record_id}", "rev": rev})
        return result.deleted_count == 1

    async def list(
        self, kind: str, *, skip: int = 0, limit: int, where: Mapping[str, str | int | bool | None] | None = None
    ) -> tuple[list[Record], int]:
        condition: Document = {"kind": kind, **{f"values.{name}": value for name, value in (where or {}).items()}}
        with answering():
            cursor = self._collection.find(condition).sort([("created_at", -1), ("_id", 1)]).skip(skip).limit(limit)
            found = await cursor.to_list() if limit else []
            total = await self._collection.count_documents(condition)
        return [_record(document) for document in found], total


def _document(kind: str, record: Record, rev: int) -> Document:
    values = {name: value for name, value in record.items() if value is None or isinstance(value, str | int | bool)}
    whole: dict[str, Any] = {"kind": kind, "created_at": record["created_at"], "rev": rev, "values": values}
    return whole | {"_id": f"{kind}/{record['id']}", "record": canonical(record | {"rev": rev})}


def _record(document: Document) -> Record:
    found: Record = json.loads(document["record"])
    return found
