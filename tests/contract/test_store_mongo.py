"""What can happen to a server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson.binary import Binary, BinaryVectorDtype

from shared.errors import StoreUnavailable
from shared.settings import Settings
from shared.store import Store, open_store
from shared.store.mongo.answers import Collection, write_all
from tests import mongod
from tests.contract.store_documents import batch, call, row, vector
from tests.frozen import freeze


@pytest.fixture
def server(tmp_path: Path) -> Iterator[mongod.Mongod]:
    """A server of this test's own, to be killed."""
    if mongod.binary() is None:
        pytest.skip("MONGODB OUTAGES SKIPPED: no mongod. Set STUMPER_TEST_MONGOD to one, or put it on PATH")
    started = mongod.Mongod.start(tmp_path)
    yield started
    started.kill()


def at(url: str) -> Settings:
    """Settings would refuse some of these URLs at start; a store refuses them too."""
    return Settings(_env_file=None, mongo_database="stumper_test").model_copy(update={"mongo_url": url})


OPERATIONS: list[Callable[[Store], Awaitable[object]]] = [
    lambda store: store.ping(),
    lambda store: store.batches.insert(batch("b2")),
    lambda store: store.batches.get("b1"),
    lambda store: store.batches.list(status=None, skip=0, limit=5),
    lambda store: store.batches.open(),
    lambda store: store.batches.wish("b1", state="paused"),
    lambda store: store.batches.project(batch(), batch()),
    lambda store: store.batches.bury("b1"),
    lambda store: store.problems.put([row(1)]),
    lambda store: store.problems.get("b1-0"),
    lambda store: store.problems.list(skip=0, limit=5),
    lambda store: anext(aiter(store.problems.stream())),
    lambda store: store.problems.in_flight("b1"),
    lambda store: store.problems.slots("b1"),
    lambda store: store.problems.count(),
    lambda store: store.problems.delete("b1"),
    lambda store: store.calls.put([call(1)]),
    lambda store: store.calls.places(["x"]),
    lambda store: store.calls.of_problem("b1-0"),
    lambda store: store.calls.sums(["b1-0"]),
    lambda store: store.calls.count(),
    lambda store: store.calls.delete("b1"),
    lambda store: store.checkpoints.get("x"),
    lambda store: store.checkpoints.swap("x", None, {}),
]


async def test_a_server_that_is_away_is_unavailable_and_work_resumes(server: mongod.Mongod) -> None:
    async with await open_store(at(server.url)) as store:
        await store.batches.insert(batch())
        await store.problems.put([row()])
        for end in (server.kill, server.stop):
            end()
            async with asyncio.timeout(30):
                results = await asyncio.gather(*(each(store) for each in OPERATIONS), return_exceptions=True)
            assert [type(each) for each in results] == [StoreUnavailable] * len(OPERATIONS)
            assert all(str(each).startswith("MongoDB: ") and len(str(each)) < 500 for each in results)
            server.restart()
            assert await store.batches.get("b1") == batch()
            await store.problems.put([row(1)])
            assert await store.problems.slots("b1") == {0, 1}


async def put_until(store: Store, *, answered: bool) -> None:
    """Put a row again and again, until the store answers, or no longer does."""
    while True:
        try:
            await store.problems.put([row()])
            available = True
        except StoreUnavailable:
            available = False
        if available == answered:
            return


async def test_a_server_that_hangs_is_unavailable(server: mongod.Mongod) -> None:
    async with await open_store(at(f"{server.url}&socketTimeoutMS=2000")) as store:
        freeze(server.pid)
        try:
            async with asyncio.timeout(30):
                await put_until(store, answered=False)  # its threads stop one after the other
        finally:
            os.kill(server.pid, signal.SIGCONT)
        async with asyncio.timeout(60):
            await put_until(store, answered=True)
        assert await store.problems.get("b1-0") == row()


async def test_a_server_that_was_never_there_is_unavailable() -> None:
    async with asyncio.timeout(30):
        with pytest.raises(StoreUnavailable, match="MongoDB: "):
            await open_store(at(f"mongodb://127.0.0.1:{mongod.free_port()}/"))


@pytest.mark.parametrize("url", ["mongodb://", "http://127.0.0.1", "mongodb://user:pass:hunter2@127.0.0.1/"])
async def test_a_url_that_cannot_be_used_is_named_and_not_shown(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="STUMPER_MONGO_URL cannot be used") as refused:
        await open_store(at(url))
    assert "hunter2" not in str(refused.value)


async def test_a_row_refused_for_a_rivals_lower_hop_is_put_again(
    mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two upserts of a new id the server may refuse the one of the higher hop: seen once in 5,000 races."""
    settings = Settings(_env_file=None, mongo_url=mongo_url, mongo_database=f"test_rival_{os.getpid()}")
    name = "shared.store.mongo.problems.write_all"

    async def outrun(collection: Collection, requests: Sequence[Any]) -> list[int]:
        monkeypatch.setattr(name, write_all)
        await store.problems.put([row(hop=1)])
        return list(range(len(requests)))

    async with await open_store(settings) as store:
        monkeypatch.setattr(name, outrun)
        await store.problems.put([row(hop=2)])
        assert await store.problems.get("b1-0") == row(hop=2)
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.drop_database(settings.mongo_database)


async def test_a_vector_is_kept_as_float32(mongo_url: str) -> None:
    settings = Settings(_env_file=None, mongo_url=mongo_url, mongo_database=f"test_vector_{os.getpid()}")
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        try:
            async with await open_store(settings) as store:
                await store.problems.put([row(0, vector=vector(1.0, -2.0)), row(1, vector="AAAAAAA=")])
            found = list(client[settings.mongo_database]["problems"].find().sort("slot"))
            assert found[0]["vector"] == Binary.from_vector([1.0, -2.0], BinaryVectorDtype.FLOAT32)
            assert found[0]["envelope"]["vector"] is None
            assert found[1]["envelope"]["vector"] == "AAAAAAA="  # five bytes are no float32
            assert "vector" not in found[1]
        finally:
            client.drop_database(settings.mongo_database)
