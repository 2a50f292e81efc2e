"""Model calls in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pymongo import ASCENDING, InsertOne

from shared.contracts.batch import CallRow, Place, TokenSums
from shared.store.documents import SUMS
from shared.store.mongo.answers import Collection, answering, replacement, to_document, to_row, write_all

_SUMS = {
    "_id": "$problem_id",
    "calls": {"$sum": 1},
    "cost": {"$sum": "$cost"},
    "unpriced": {"$sum": {"$cond": [{"$eq": [{"$ifNull": ["$cost", None]}, None]}, 1, 0]}},
    "input_tokens": {"$sum": "$input_tokens"},
    "output_tokens": {"$sum": "$output_tokens"},
}
_TOKENS = {
    "_id": {
        "batch_id": "$batch_id",
        "stage": "$stage",
        "role": "$role",
        "prompt_version": {"$ifNull": ["$prompt_version", ""]},
    },
    "input": {"$sum": "$input_tokens"},
    "cached": {"$sum": "$cached_tokens"},
    "output": {"$sum": "$output_tokens"},
}


class MongoCalls:
    """A document is a row."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def put(self, rows: Sequence[CallRow]) -> None:
        if not rows:
            return
        documents = [to_document(row) for row in rows]
        with answering():
            # Nearly all are new, and an insert costs a third of an upsert
            known = await write_all(self._collection, [InsertOne(each) for each in documents])
            if known:
                await write_all(self._collection, [replacement({}, documents[i], upsert=True) for i in known])

    async def places(self, ids: Iterable[str]) -> dict[str, Place]:
        with answering():
            found = await self._collection.find({"_id": {"$in": list(ids)}}, {"place": 1}).to_list()
        return {each["_id"]: Place(epoch=each["place"][0], seq=each["place"][1]) for each in found}

    async def of_problem(self, problem_id: str) -> list[CallRow]:
        order = [(field, ASCENDING) for field in ("at", "place.0", "place.1", "_id")]
        with answering():
            found = await self._collection.find({"problem_id": problem_id}).sort(order).to_list()
        return [to_row(document) for document in found]

    async def sums(self, problem_ids: Iterable[str]) -> dict[str, dict[str, int]]:
        among = {"$match": {"problem_id": {"$in": list(problem_ids)}}}
        with answering():
            found = await (await self._collection.aggregate([among, {"$group": _SUMS}])).to_list()
        return {each.pop("_id"): each for each in found}

    async def total(self, batch_id: str) -> dict[str, int]:
        of_batch = {"$match": {"batch_id": batch_id}}
        with answering():
            found = await (await self._collection.aggregate([of_batch, {"$group": _SUMS | {"_id": None}}])).to_list()
        return {name: found[0][name] if found else 0 for name in SUMS}

    async def tokens(self, batch_ids: Iterable[str]) -> list[TokenSums]:
        among = {"$match": {"batch_id": {"$in": list(batch_ids)}}}
        with answering():
            found = await (await self._collection.aggregate([among, {"$group": _TOKENS}])).to_list()
        return [TokenSums(**each.pop("_id"), **each) for each in found]

    async def count(self, batch_id: str | None = None) -> int:
        with answering():
            return await self._collection.count_documents({} if batch_id is None else {"batch_id": batch_id})

    async def delete(self, batch_id: str) -> None:
        with answering():
            await self._collection.delete_many({"batch_id": batch_id})
