"""Sets of items in MongoDB."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import UpdateOne

from shared.store.documents import canonical
from shared.store.mongo.answers import Collection, answering


class MongoItems:
    """An item is kept as JSON text: its keys may be ones that MongoDB refuses."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def put(self, set_id: str, start: int, items: Sequence[dict[str, Any]]) -> None:
        writes = [
            UpdateOne(
                {"_id": f"{set_id}/{number}"},
                {"$setOnInsert": {"set_id": set_id, "number": number, "item": canonical(item)}},
                upsert=True,
            )
            for number, item in enumerate(items, start)
        ]
        if writes:
            with answering():
                await self._collection.bulk_write(writes, ordered=False)

    async def get(self, set_id: str, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
        with answering():
            found = await self._collection.find({"_id": {"$in": [f"{set_id}/{n}" for n in numbers]}}).to_list()
        return {document["number"]: json.loads(document["item"]) for document in found}

    async def count(self, set_id: str) -> int:
        with answering():
            return await self._collection.count_documents({"set_id": set_id})
