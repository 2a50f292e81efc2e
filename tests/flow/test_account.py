"""Calls that belong to no piece of work: on the bill once, and gone from the ledger. On both stores."""

from __future__ import annotations

import time

from services.assistant.account import asking
from services.conductor.conductor import Conductor
from services.conductor.sweep import Sweep
from shared import subjects
from shared.contracts.ask import Rendered
from shared.contracts.batch import ACCOUNT, Batch
from shared.contracts.call import CallFact
from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import BatchStatus
from shared.controls import read_flags
from shared.llm.bill import RawReply
from tests.flow.world import COST, MODEL, World, batch

CALLS = subjects.batch_calls(ACCOUNT)
RAW = RawReply("I am here.", "stop", 3, 2, False, COST, 0.1)


class OneAnswer:
    """Model clients that always answer the same."""

    async def complete(self, _spec: ModelSpec, *_: object, **__: object) -> RawReply:
        return RAW


async def call(world: World, number: int = 1) -> None:
    for _ in range(number):
        say = asking({"trial": MODEL}, world.ledger, OneAnswer()).say  # type: ignore[arg-type]
        assert (await say("trial", Rendered("v", "", "?"))).parsed == "I am here."


async def conducting(world: World) -> Conductor:
    conductor = world.conductor()
    await conductor.resume()
    return conductor


async def test_every_call_is_booked_and_leaves_the_ledger(world: World) -> None:
    await call(world, 2)  # before any conductor ran
    conductor = await conducting(world)
    await call(world, 3)
    await world.step(conductor)
    account = await world.batch(ACCOUNT)
    assert (account.calls, account.cost, account.input_tokens, account.output_tokens) == (5, 5 * COST, 15, 10)
    await Sweep(conductor).run()
    left = await world.ledger.read(0, subject=CALLS)
    assert [fact.seq for fact in left] == [conductor.seq], "the checkpoint's own message proves which ledger it is"
    await call(world)
    await world.step(conductor)
    again = await conducting(world)
    await Sweep(again).run()
    assert len(await world.ledger.read(0, subject=CALLS)) == 1
    assert (await world.batch(ACCOUNT)).calls == await world.store.calls.count(ACCOUNT) == 6


async def test_it_issues_nothing_ends_never_and_says_nothing(world: World) -> None:
    conductor = await conducting(world)
    await call(world)
    new = await world.accept(batch(2))
    done = await world.run(conductor, new.id)
    sweep = Sweep(conductor)
    for _ in range(3):
        await sweep.run()
    account = await world.batch(ACCOUNT)
    assert (account.status, account.issued, account.changes, account.purged) == (BatchStatus.QUEUED, 0, 0, False)
    assert await world.ledger.read(0, subject=f"batches.*.{ACCOUNT}.>") == []
    assert await world.ledger.last(subjects.batch_requested(ACCOUNT)) is None
    assert ACCOUNT not in await read_flags(world.ledger)
    assert (done.status, done.calls) == (BatchStatus.COMPLETED, 8), "a batch's bill is its own"


async def test_unreadable_replies_in_a_row_stop_no_account(world: World) -> None:
    conductor = await conducting(world)
    for slot in range(30):
        bad = CallFact(
            id=f"bad{slot}", stage="assistant", batch_id=ACCOUNT, slot=slot, since=0, n=1, role="trial", model=MODEL,
            hash="h", unread="no words", cost=None, at=time.time(),
        )  # fmt: skip
        subject = subjects.call("assistant", ACCOUNT, slot, 0, 1)
        await world.ledger.publish_once(subject, bad.model_dump_json().encode())
    await world.step(conductor)
    account = await world.batch(ACCOUNT)
    assert (account.calls, account.unpriced_calls, account.error) == (30, 30, None)


async def test_the_bill_outlives_the_ledger(world: World) -> None:
    """The calls of a ledger that is lost stay on it; those of one that is read again are known."""
    conductor = await conducting(world)
    await call(world, 4)
    await world.step(conductor)
    checkpoint = await world.store.checkpoints.get("conductor")
    assert checkpoint
    assert await world.store.checkpoints.swap("conductor", checkpoint, checkpoint | {"created": 1.0})
    again = await conducting(world)
    assert again.epoch == 2
    await call(world)
    await world.step(again)
    assert (await world.batch(ACCOUNT)).calls == 5
    await world.ledger.js.delete_stream("LEDGER")
    await world.ledger.ensure()
    await call(world)
    anew = await conducting(world)
    await world.step(anew)
    account = await world.batch(ACCOUNT)
    assert (account.calls, account.cost) == (6, 6 * COST)


async def test_rival_conductors_open_one_account(world: World) -> None:
    first, second = await conducting(world), await conducting(world)
    await call(world, 2)
    await world.step(first)
    await world.step(second)
    assert (await world.batch(ACCOUNT)).calls == 2
    assert not await world.store.batches.insert(Batch.account(0.0))
