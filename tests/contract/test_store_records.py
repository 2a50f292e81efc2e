"""Records by kind: every scenario against both stores."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.store import Store


def record(name: str, at: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"id": name, "created_at": at, **more}


async def test_a_record_comes_back_as_it_was(store: Store) -> None:
    sent = record("a", config={"$x.y": [1, None, {"": 2.5}], "rate": 1e-5}, text="ä\U0001f600", big=2**60, rev=9)
    assert await store.records.insert("experiment", sent)
    assert await store.records.get("experiment", "a") == sent | {"rev": 1}
    assert await store.records.get("model", "a") is None
    assert not await store.records.insert("experiment", record("a", text="another"))
    assert await store.records.insert("model", record("a"))
    assert await store.records.get_many("experiment", ["a", "b"]) == {"a": sent | {"rev": 1}}


async def test_who_changes_one_names_what_it_read(store: Store) -> None:
    await store.records.insert("experiment", record("a", status="created"))
    first = await store.records.get("experiment", "a")
    assert first
    rivals = await asyncio.gather(*(store.records.swap("experiment", first | {"by": n}) for n in range(5)))
    assert sum(rivals) == 1
    now = await store.records.get("experiment", "a")
    assert now
    assert (now["rev"], now["by"]) == (2, rivals.index(True))
    assert not await store.records.swap("experiment", record("b", rev=1))
    assert not await store.records.delete("experiment", "a", 1)
    assert not await store.records.delete("model", "a", 2)
    assert await store.records.delete("experiment", "a", 2)
    assert await store.records.get("experiment", "a") is None
    assert not await store.records.swap("experiment", now)


async def test_lists_are_newest_first_and_take_values(store: Store) -> None:
    for n in range(5):
        parent = {} if n == 4 else {"parent": f"p{n % 2}"}
        await store.records.insert("evaluation", record(f"e{n}", at=float(n // 2), done=n > 2, tries=n, **parent))
    await store.records.insert("other", record("e9", at=9.0))

    async def ids(**how: Any) -> tuple[list[str], int]:
        found, total = await store.records.list("evaluation", **({"limit": 9} | how))
        return [each["id"] for each in found], total

    assert await ids() == (["e4", "e2", "e3", "e0", "e1"], 5)
    assert await ids(skip=1, limit=2) == (["e2", "e3"], 5)
    assert await ids(limit=0) == ([], 5)
    assert await ids(where={"parent": "p0"}) == (["e2", "e0"], 2)
    assert await ids(where={"parent": None}) == (["e4"], 1)
    assert await ids(where={"done": True, "parent": "p1"}) == (["e3"], 1)
    assert await ids(where={"tries": 2}) == (["e2"], 1)
    assert await ids(where={"parent": "'; --"}) == ([], 0)
