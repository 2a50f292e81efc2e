"""Words that no retry mends: when they end a batch, and when they were a stray page."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import Permanent, Rejected, Stopped, Waiting
from shared.llm import probation
from shared.llm.bill import RawReply
from shared.llm.probation import Probation
from shared.llm.wire import Answer
from tests.unit.llm_world import OK, Play, World, down, later


def refused() -> Permanent:
    return Permanent("403 forbidden")


@pytest.fixture
def world() -> World:
    return World()


async def answers_well(world: World) -> None:
    script, world.wire.script = world.wire.script, [OK]
    assert isinstance(await world.one(), RawReply)
    world.wire.script = script


async def test_three_in_a_row_condemn_a_model_that_never_answered(world: World) -> None:
    world.wire.script = [refused()]
    assert str(await world.one()) == "403 forbidden"
    gaps = [b - a for a, b in itertools.pairwise(world.wire.sent)]
    assert [round(gap) for gap in gaps] == [1, 3]


@pytest.mark.parametrize("strays", [1, 2])
async def test_a_stray_page_is_waited_out(world: World, strays: int) -> None:
    world.wire.script = [*(refused() for _ in range(strays)), OK]
    outcomes = await world.clock.run(*(world.ask() for _ in range(20)))
    assert {type(outcome) for outcome in outcomes} == {RawReply}
    assert len(world.wire.sent) <= 20 + strays * 20, "those that were out at once heard it too"


async def test_nothing_new_goes_out_but_one_probe(world: World) -> None:
    world.wire.script = [refused(), lambda: world.takes(5.0)]
    began = world.clock.now()
    outcomes = await world.clock.run(world.ask(), *(later(world, 0.5) for _ in range(10)))
    assert {type(outcome) for outcome in outcomes} == {RawReply}
    assert len([at for at in world.wire.sent if at < began + 6]) == 2


async def test_a_model_that_answered_well_is_given_a_minute(world: World) -> None:
    await answers_well(world)
    world.wire.script = [refused()]
    began = world.clock.now()
    outcome: Any = Waiting("", 0)
    while isinstance(outcome, Waiting):
        outcome = await world.one()
        await world.passes(getattr(outcome, "seconds", 0))
    assert isinstance(outcome, Permanent)
    assert world.wire.sent[-1] - began >= probation.OVER
    assert len(world.wire.sent) - 1 >= probation.IN_A_LONGER_ROW


async def test_one_that_answered_long_ago_is_not(world: World) -> None:
    await answers_well(world)
    await world.passes(probation.RECENTLY + 1)
    world.wire.script = [refused()]
    assert isinstance(await world.one(), Permanent)
    assert len(world.wire.sent) == 1 + probation.IN_A_ROW


async def test_a_request_that_alone_is_refused_fails_alone(world: World) -> None:
    """A firewall's word on one prompt, say."""
    allowed: Callable[[], Awaitable[Answer]] = lambda: world.takes(0.1)  # noqa: E731

    async def complete(spec: Any, system: str, user: str, schema: Any) -> Answer:
        world.wire.sent.append(world.clock.now())
        if user == "drop table":
            raise refused()
        return await allowed()

    world.wire.complete = complete  # type: ignore[method-assign]
    others = (later(world, seconds / 2) for seconds in range(40))
    outcome, *rest = await world.clock.run(world.ask(user="drop table"), *others)
    assert isinstance(outcome, Rejected)
    assert "403 forbidden" in str(outcome)
    assert {type(one) for one in rest} == {RawReply}


async def test_while_it_lasts_calls_wait_and_say_why(world: World) -> None:
    await answers_well(world)
    world.wire.script = [refused()]
    outcome = await world.one()
    assert isinstance(outcome, Waiting)
    assert "403 forbidden" in str(outcome)
    (waiting,) = world.clients.waiting()
    assert (waiting["model"], waiting["words"]) == ("simulator/sim-weak", "403 forbidden")


async def test_a_batch_that_was_stopped_meanwhile_sends_no_probe() -> None:
    world = World()
    world.wire.script = [refused()]
    world.stop_after = 1
    assert isinstance(await world.one(), Stopped)
    assert len(world.wire.sent) == 1


async def test_what_waits_at_the_condemnation_hears_it_and_what_comes_later_asks_again(world: World) -> None:
    world.wire.script = [refused()]
    outcomes = await world.clock.run(*(later(world, n / 10) for n in range(30)))
    assert {type(outcome) for outcome in outcomes} == {Permanent}
    assert len(world.wire.sent) == probation.IN_A_ROW
    world.wire.script = [OK]
    assert isinstance(await world.one(), RawReply)


async def test_after_a_condemnation_the_next_batch_sends_one_probe_not_all(world: World) -> None:
    world.wire.script = [refused()]
    await world.one()
    before = len(world.wire.sent)
    outcomes = await world.clock.run(*(world.ask() for _ in range(30)))
    assert {type(outcome) for outcome in outcomes} == {Permanent}
    assert len(world.wire.sent) - before == probation.IN_A_ROW


async def test_other_failures_in_between_neither_clear_nor_condemn(world: World) -> None:
    script: list[Play] = [refused(), down(), refused(), down(), OK]
    world.wire.script = script
    assert isinstance(await world.one(), RawReply)


def test_only_the_probe_counts_while_it_is_on() -> None:
    watch = Probation()
    assert not watch.refused(0, "x", probe=False)
    for _ in range(100):
        assert not watch.refused(0, "x", probe=False)
    assert watch.pause(0) == 1
    assert not watch.refused(1, "x", probe=True)
    assert watch.pause(1) == 3
    assert watch.refused(4, "x", probe=True)
    assert watch.on
    assert watch.pause(4) == 0
    watch.answered(5)
    assert not watch.on
