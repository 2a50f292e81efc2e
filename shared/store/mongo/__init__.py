"""MongoDB through PyMongo's async API: what servers 4.4 to 8 have in common."""

from __future__ import annotations

from typing import Any, Self

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel, ReadPreference
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from shared.errors import StoreUnavailable
from shared.store.mongo.answers import answering, words
from shared.store.mongo.batches import MongoBatches, MongoCheckpoints
from shared.store.mongo.calls import MongoCalls
from shared.store.mongo.items import MongoItems
from shared.store.mongo.problems import MongoProblems
from shared.store.mongo.records import MongoRecords

TIMEOUTS = {  # ms; the URL's own come first
    "serverSelectionTimeoutMS": 2_000,
    "connectTimeoutMS": 2_000,
    "socketTimeoutMS": 30_000,
    "waitQueueTimeoutMS": 10_000,
}
DURABLE = WriteConcern(w="majority", j=True, wtimeout=10_000)

INDEXES = {
    "batches": [
        IndexModel([("created_at", DESCENDING), ("_id", ASCENDING)]),
        IndexModel([("open", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)]),
    ],
    "problems": [
        IndexModel([("batch_id", ASCENDING), ("slot", ASCENDING)]),
        IndexModel([("status", ASCENDING), ("batch_id", ASCENDING), ("slot", ASCENDING)]),
    ],
    "records": [IndexModel([("kind", ASCENDING), ("created_at", DESCENDING), ("_id", ASCENDING)])],
    "items": [IndexModel([("set_id", ASCENDING)])],
    "calls": [IndexModel([("problem_id", ASCENDING)]), IndexModel([("batch_id", ASCENDING)])],
}


class MongoStore:
    """One database of a MongoDB server."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], name: str) -> None:
        self._client = client
        self._database = client.get_database(name, write_concern=DURABLE, read_preference=ReadPreference.PRIMARY)
        self.batches = MongoBatches(self._database["batches"])
        self.problems = MongoProblems(self._database["problems"])
        self.calls = MongoCalls(self._database["calls"])
        self.items = MongoItems(self._database["items"])
        self.records = MongoRecords(self._database["records"])
        self.checkpoints = MongoCheckpoints(self._database["checkpoints"])

    @classmethod
    async def open(cls, url: str, name: str) -> MongoStore:
        """Indexes are made where they are missing."""
        given = url.lower()
        timeouts: dict[str, Any] = {key: value for key, value in TIMEOUTS.items() if f"{key.lower()}=" not in given}
        try:
            store = cls(AsyncMongoClient(url, appname="stumper", **timeouts), name)
        except (PyMongoError, ValueError) as error:
            raise StoreUnavailable(f"MongoDB: STUMPER_MONGO_URL cannot be used: {words(error)}") from error
        try:
            with answering():
                for collection, indexes in INDEXES.items():
                    await store._database[collection].create_indexes(indexes)
        except BaseException:
            await store.close()
            raise
        return store

    async def ping(self) -> str:
        with answering():
            return f"MongoDB {(await self._client.server_info())['version']}"

    async def close(self) -> None:
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
