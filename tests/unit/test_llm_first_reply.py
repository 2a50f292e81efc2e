"""A request that is refused whoever sends it is not to be met by all that a batch has in flight."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.errors import Rejected, Waiting
from shared.llm.bill import RawReply
from shared.llm.wire import Answer
from tests.unit.llm_world import OK, SPEC, World


@pytest.fixture
def world() -> World:
    return World(workers=1000)


async def no_such_role() -> Answer:
    raise Rejected("400 no such role")


def asks(world: World, seconds: float, group: str) -> Any:
    async def one() -> RawReply:
        await world.clock.sleep(seconds)
        return await world.clients.complete(
            SPEC, "", "hello", None, may_begin=world.may_begin, lost=world.lost, group=group
        )

    return one()


async def slow_refusal(world: World) -> Answer:
    await world.clock.sleep(1.0)
    return await no_such_role()


async def test_after_the_first_rejection_one_request_is_out_at_a_time(world: World) -> None:
    world.wire.script = [lambda: slow_refusal(world)]
    outcomes = await world.clock.run(*(asks(world, n / 10, "b/checker") for n in range(100)))
    assert {type(outcome) for outcome in outcomes} == {Rejected, Waiting}
    assert all("400 no such role" in str(outcome) for outcome in outcomes)
    # ten that were out when the first came back, then one a second while their patience lasts
    assert len(world.wire.sent) < 60
    assert world.wire.most_out <= 11


async def test_a_good_reply_lets_all_through(world: World) -> None:
    world.wire.script = [no_such_role, OK]
    first, *rest = await world.clock.run(asks(world, 0, "b/checker"), *(asks(world, 1, "b/checker") for _ in range(50)))
    assert isinstance(first, Rejected)
    assert {type(outcome) for outcome in rest} == {RawReply}
    world.wire.script = [lambda: slow_refusal(world)]
    await world.clock.run(*(asks(world, n / 10, "b/checker") for n in range(50)))
    assert world.wire.most_out >= 10, "later ones are rejected for reasons of their own"


async def test_another_role_or_batch_is_not_held(world: World) -> None:
    world.wire.script = [no_such_role, lambda: world.takes(1.0)]
    await world.clock.run(asks(world, 0, "b/checker"))
    await world.clock.run(
        *(asks(world, 0, "b/judge") for _ in range(20)), *(asks(world, 0, "c/checker") for _ in range(20))
    )
    assert world.wire.most_out == 40


async def test_whoever_is_cancelled_in_line_leaves_its_place(world: World) -> None:
    world.wire.script = [no_such_role, lambda: world.takes(1.0)]
    await world.clock.run(asks(world, 0, "b/checker"))
    held, waits, last = (asyncio.ensure_future(asks(world, 0, "b/checker")) for _ in range(3))

    async def both() -> None:
        await world.clock.sleep(0.5)
        waits.cancel()
        await asyncio.wait([held, last])

    await world.clock.run(both())
    assert waits.cancelled()
    assert isinstance(last.result(), RawReply)
