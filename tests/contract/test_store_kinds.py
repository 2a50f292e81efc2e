"""Kinds of batches, and sets of items: every scenario against both stores."""

from __future__ import annotations

from shared.contracts.batch import Row
from shared.store import Store
from tests.contract.store_documents import batch, row

KINDS = {"old": None, "made": "generation", "varied": "augmentation", "told": "text"}


def of_kind(batch_id: str, kind: str | None) -> Row:
    """None: as rows were before there were kinds."""
    return row(0, batch_id) | ({} if kind is None else {"kind": kind})


async def test_lists_take_the_kinds_that_are_asked_for(store: Store) -> None:
    for name, kind in KINDS.items():
        await store.batches.insert(batch(name, **({} if kind is None else {"kind": kind})))
        await store.problems.put([of_kind(name, kind)])
    shown = ["generation", "augmentation"]
    for kinds, wanted in ((None, set(KINDS)), (shown, {"old", "made", "varied"}), (["text"], {"told"}), ([], set())):
        found, total = await store.batches.list(status=None, skip=0, limit=9, kinds=kinds)
        assert ({each.id for each in found}, total) == (wanted, len(wanted))
        rows, total = await store.problems.list(skip=0, limit=9, kinds=kinds)
        assert ({each["batch_id"] for each in rows}, total) == (wanted, len(wanted))
        assert {each["batch_id"] async for each in store.problems.stream(kinds=kinds)} == wanted
        assert await store.problems.count(kinds=kinds) == len(wanted)


async def test_a_batch_of_another_line_comes_back_whole(store: Store) -> None:
    sent = batch(line="texts", kind="text", route=["writer", "embedder"], source={"name": "product"}, options={"a": 1})
    await store.batches.insert(sent)
    assert await store.batches.get(sent.id) == sent
    await store.batches.wish(sent.id, state="deleted")
    await store.batches.bury(sent.id)
    left = await store.batches.get(sent.id)
    assert left is not None
    assert (left.line, left.kind, left.route, left.source) == ("texts", "text", ["writer", "embedder"], {})


async def test_items_are_read_by_number_and_never_change(store: Store) -> None:
    items = [{"problem": f"p{n}", "$a.b": n, "": None} for n in range(5)]
    await store.items.put("s", 0, items[:3])
    await store.items.put("s", 0, [{"problem": "another"}])
    await store.items.put("s", 3, items[3:])
    await store.items.put("t", 0, items[:1])
    await store.items.put("t", 1, [])
    assert await store.items.get("s", range(2, 9)) == {n: items[n] for n in (2, 3, 4)}
    assert await store.items.get("s", [0]) == {0: items[0]}
    assert await store.items.get("u", [0]) == {}
    assert [await store.items.count(name) for name in "stu"] == [5, 1, 0]
