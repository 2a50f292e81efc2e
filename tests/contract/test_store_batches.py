"""Batches and checkpoints: every scenario against both stores."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.batch import Batch, Place, TopicSpec, Wish
from shared.contracts.statuses import BatchStatus
from shared.store import Store
from tests.contract.store_documents import batch


async def project(store: Store, batch_id: str, **changes: object) -> bool:
    before = await store.batches.get(batch_id)
    assert before is not None
    return await store.batches.project(before, before.model_copy(update=changes))


def ids(batches: list[Batch]) -> list[str]:
    return [each.id for each in batches]


async def test_a_batch_comes_back_as_it_went_in(store: Store) -> None:
    sent = batch(name="Žluťoučký 𝔘𝔫𝔦 'quote\" \0", counts={"engineer": 3}, error="no", random_seed=2**40)
    assert await store.batches.insert(sent)
    assert await store.batches.get("b1") == sent
    assert await store.batches.get("b2") is None


async def test_an_id_is_taken_once(store: Store) -> None:
    assert await store.batches.insert(batch(name="first"))
    assert not await store.batches.insert(batch(name="second"))
    found = await store.batches.get("b1")
    assert found is not None
    assert found.name == "first"


@pytest.mark.parametrize("batch_id", ["'; DROP TABLE batches; --", '{"$ne": 1}', "$where", "a.b", "ü-%_", "x" * 300])
async def test_an_id_may_hold_anything(store: Store, batch_id: str) -> None:
    assert await store.batches.insert(batch("other"))
    assert await store.batches.get(batch_id) is None
    assert await store.batches.insert(batch(batch_id))
    assert ids(list((await store.batches.get_many([batch_id, "none"])).values())) == [batch_id]


async def test_many_are_found_at_once(store: Store) -> None:
    for n in range(5):
        await store.batches.insert(batch(f"b{n}"))
    assert set(await store.batches.get_many(f"b{n}" for n in range(3, 9))) == {"b3", "b4"}
    assert await store.batches.get_many([]) == {}


async def test_projecting_writes_all_but_the_wish(store: Store) -> None:
    await store.batches.insert(batch())
    before = await store.batches.get("b1")
    assert before is not None
    after = before.model_copy(
        update={
            "applied": Place(epoch=1, seq=7),
            "status": BatchStatus.RUNNING,
            "counts": {"valid": 2, "solver": 1},
            "wish": Wish(num_problems=999, max_attempts=9),
        }
    )
    assert await store.batches.project(before, after)
    assert await store.batches.get("b1") == after.model_copy(update={"wish": before.wish})


async def test_projecting_from_an_old_place_or_wish_is_refused(store: Store) -> None:
    await store.batches.insert(batch())
    old = await store.batches.get("b1")
    assert old is not None
    assert await project(store, "b1", applied=Place(epoch=1, seq=1))
    assert not await store.batches.project(old, old.model_copy(update={"calls": 5}))

    old = await store.batches.get("b1")
    assert old is not None
    await store.batches.wish("b1", state="paused")
    assert not await store.batches.project(old, old.model_copy(update={"calls": 5}))
    assert not await store.batches.project(batch("none"), batch("none"))
    assert await project(store, "b1", calls=6)


async def test_a_wish_changes_only_what_is_given(store: Store) -> None:
    await store.batches.insert(batch())
    await project(store, "b1", calls=4)
    changed = await store.batches.wish("b1", num_problems=20, max_cost=5)
    assert changed is not None
    assert changed.wish == Wish(rev=2, num_problems=20, max_attempts=1000, max_cost=5)
    assert changed.calls == 4
    assert await store.batches.get("b1") == changed
    lifted = await store.batches.wish("b1", max_cost=None)
    assert lifted is not None
    assert lifted.wish.max_cost is None
    assert lifted.wish.rev == 3
    assert await store.batches.wish("none", state="paused") is None


@pytest.mark.parametrize("changes", [{"rev": 9}, {"colour": 1}, {"state": "gone"}, {"num_problems": "many"}])
async def test_a_wish_refuses_what_it_cannot_hold(store: Store, changes: dict[str, object]) -> None:
    await store.batches.insert(batch())
    with pytest.raises(ValueError):  # noqa: PT011 - the words differ with the field
        await store.batches.wish("b1", **changes)


async def test_open_is_what_the_sweep_must_see(store: Store) -> None:
    done: dict[str, Any] = {"status": BatchStatus.COMPLETED, "purged": True, "counts": {"valid": 3}}
    await store.batches.insert(batch("new", created_at=5))
    states: dict[str, dict[str, Any]] = {
        "running": {"status": BatchStatus.RUNNING},
        "in flight": done | {"counts": {"valid": 3, "parked": 1}},
        "not purged": done | {"purged": False},
        "done": done,
    }
    for n, (name, fields) in enumerate(states.items()):
        await store.batches.insert(batch(name, created_at=10 + n))
        assert await project(store, name, **fields)
    assert ids(await store.batches.open()) == ["new", "running", "in flight", "not purged"]
    # a wish alone reopens nothing but a deleted one; a late fact does
    await store.batches.wish("done", num_problems=50)
    assert "done" not in ids(await store.batches.open())
    assert await project(store, "done", counts={"valid": 3, "checker": 1})
    assert ids(await store.batches.open())[-1] == "done"


async def test_a_deleted_batch_is_open_until_it_is_buried(store: Store) -> None:
    await store.batches.insert(batch("done"))
    await project(store, "done", status=BatchStatus.COMPLETED, purged=True)
    assert await store.batches.open() == []
    deleted = await store.batches.wish("done", state="deleted")
    assert deleted is not None
    assert deleted.wish.state == "deleted"
    assert ids(await store.batches.open()) == ["done"]
    assert await project(store, "done", status=BatchStatus.CANCELLED)
    assert ids(await store.batches.open()) == ["done"]
    await store.batches.bury("done")
    assert await store.batches.open() == []


async def test_a_tombstone_keeps_the_id_and_little_else(store: Store) -> None:
    sent = batch(name="secret", counts={"valid": 2}, error="words", cost=9, request_hash="abc")
    await store.batches.insert(sent)
    await project(store, "b1", applied=Place(epoch=2, seq=3))
    await store.batches.bury("b1")  # not deleted yet: nothing happens
    unchanged = await store.batches.get("b1")
    assert unchanged is not None
    assert unchanged.name == "secret"
    await store.batches.wish("b1", state="deleted")
    await store.batches.bury("b1")
    tomb = await store.batches.get("b1")
    assert tomb == batch(
        topics=[],
        status=BatchStatus.CANCELLED,
        purged=True,
        request_hash="abc",
        applied=Place(epoch=2, seq=3),
        wish=sent.wish.model_copy(update={"state": "deleted", "rev": 2}),
    )
    assert not await store.batches.insert(batch(name="again"))
    assert not await project(store, "b1", calls=3)
    assert await store.batches.wish("b1", state="running") is None
    await store.batches.bury("b1")
    assert await store.batches.get("b1") == tomb
    assert await store.batches.list(status=None, skip=0, limit=9) == ([], 0)
    assert set(await store.batches.get_many(["b1"])) == {"b1"}


async def test_lists_are_paged_newest_first(store: Store) -> None:
    for n in range(7):
        await store.batches.insert(batch(f"b{n}", created_at=100 + n // 2))
    await project(store, "b2", status=BatchStatus.PAUSED)
    await store.batches.wish("b6", state="deleted")
    pages = [await store.batches.list(status=None, skip=skip, limit=4) for skip in (0, 4, 8)]
    assert [(ids(found), total) for found, total in pages] == [
        (["b4", "b5", "b2", "b3"], 6),
        (["b0", "b1"], 6),
        ([], 6),
    ]
    found, total = await store.batches.list(status="paused", skip=0, limit=4)
    assert (ids(found), total) == (["b2"], 1)
    assert ids((await store.batches.list(status=None, skip=3, limit=2))[0]) == ["b3", "b0"]


async def test_lists_leave_the_topics_out_and_nothing_else(store: Store) -> None:
    whole = batch(topics=[TopicSpec(subject="S", topic=f"t{n}") for n in range(3)], name="topics", counts={"topics": 2})
    await store.batches.insert(whole)
    found, _ = await store.batches.list(status=None, skip=0, limit=9)
    assert found == [whole.model_copy(update={"topics": []})]
    assert await store.batches.get(whole.id) == whole


async def test_a_checkpoint_is_swapped_only_from_what_it_was(store: Store) -> None:
    first, second = {"epoch": 1, "seq": 5, "at": {"b": 2.5, "a": None}}, {"epoch": 1, "seq": 6}
    assert await store.checkpoints.get("conductor") is None
    assert not await store.checkpoints.swap("conductor", first, second)
    assert await store.checkpoints.swap("conductor", None, first)
    assert not await store.checkpoints.swap("conductor", None, second)
    assert await store.checkpoints.get("conductor") == first
    assert not await store.checkpoints.swap("conductor", second, second)
    same_in_another_order = {"at": {"a": None, "b": 2.5}, "seq": 5, "epoch": 1}
    assert await store.checkpoints.swap("conductor", same_in_another_order, second)
    assert await store.checkpoints.get("conductor") == second
    assert await store.checkpoints.get("other") is None


async def test_ping_names_the_database(store: Store) -> None:
    name, version = (await store.ping()).split()
    assert name in {"SQLite", "MongoDB"}
    assert version[0].isdigit()


async def test_what_has_expired_is_found_oldest_first(store: Store) -> None:
    ends = {"late": 30.0, "early": 10.0, "middle": 20.0, "deleted": 5.0, "other": 5.0, "runs": None}
    for name, finished in ends.items():
        await store.batches.insert(batch(name, kind="generation" if name == "other" else "text"))
        status = BatchStatus.RUNNING if finished is None else BatchStatus.EXHAUSTED
        assert await project(store, name, status=status, finished_at=finished, purged=True)
    await store.batches.wish("deleted", state="deleted")
    assert await store.batches.expired("text", 30.0) == ["early", "middle"]
    assert await store.batches.expired("text", 31.0, limit=2) == ["early", "middle"]
    assert await store.batches.expired("text", 10.0) == []
