"""One call: its attempts, its bill, and what it raises in the end."""

from __future__ import annotations

import pytest

from shared.contracts.envelope import ModelSpec
from shared.errors import Permanent, Refused, Rejected, Stopped, Transient, Waiting
from shared.llm import probation
from shared.llm.bill import RawReply
from shared.llm.wire import Adjusted, Answer, Lost, Unreached, Unsent
from tests.unit.llm_world import OK, SPEC, World, down


@pytest.fixture
def world() -> World:
    return World()


# attempts


async def test_a_reply_has_its_cost_and_latency(world: World) -> None:
    world.wire.script = [lambda: world.takes(2.0)]
    assert await world.one() == RawReply("fine", "stop", 100, 10, False, 100 * 100 + 10 * 400, 2.0)


async def test_what_nobody_counted_is_estimated(world: World) -> None:
    world.wire.script = [Answer("12345678", "stop", None, None)]
    raw = await world.one(user="x" * 41)
    assert (raw.input_tokens, raw.output_tokens, raw.estimated) == (11, 2, True)


async def test_an_unknown_price_is_none(world: World) -> None:
    assert (await world.one(spec=ModelSpec(provider="simulator", model_name="?"))).cost is None


async def test_an_embedding_comes_with_its_bill(world: World) -> None:
    spec = ModelSpec(provider="simulator", model_name="sim-embed")
    world.wire.script = [Answer("", "stop", 50, 0)]
    embed = world.clients.embed(spec, "x", may_begin=world.may_begin, lost=world.lost)
    ((vector, raw),) = await world.clock.run(embed)
    assert vector == [1.0]
    assert raw.cost == 50 * 20


async def test_it_is_tried_again_after_a_fault(world: World) -> None:
    world.wire.script = [down(), down(), OK]
    assert (await world.one()).text == "fine"
    assert world.begun == len(world.wire.sent) == 3
    first, second = world.wire.sent[1] - world.wire.sent[0], world.wire.sent[2] - world.wire.sent[1]
    assert 0 < first <= 1
    assert 0 < second <= 2


async def test_a_provider_that_is_down_is_waited_for(world: World) -> None:
    world.wire.script = [down()]
    outcome = await world.one()
    assert isinstance(outcome, Waiting)
    assert "503 down" in str(outcome)
    assert 10 <= outcome.seconds <= 20
    assert len(world.wire.sent) == 3


async def test_a_request_that_fails_where_others_are_answered_is_a_fault(world: World) -> None:
    world.wire.script = [down(), OK, down(), down()]
    outcomes = await world.clock.run(world.ask(), world.ask())
    assert {type(outcome) for outcome in outcomes} == {Transient, RawReply}


@pytest.mark.parametrize(
    "failures",
    [
        (Unreached("refused"), Unreached("refused"), Unreached("refused")),
        (down(), down(), Unreached("refused")),
        (Unreached("refused"), down(), down()),
        (Lost("broke off"), Unreached("refused"), Unreached("refused")),
        (Unsent("closed"),) * 8,
    ],
)
async def test_what_never_reached_the_provider_is_no_fault_of_the_request(
    world: World, failures: tuple[Exception, ...]
) -> None:
    """The others were answered just before it died."""
    world.wire.script = [failures[0], OK, *failures[1:]]
    outcomes = await world.clock.run(world.ask(), world.ask())
    assert {type(outcome) for outcome in outcomes} == {Waiting, RawReply}


@pytest.mark.parametrize("error", [Rejected("too long"), Refused("no")])
async def test_a_rejected_request_is_not_sent_again(world: World, error: Exception) -> None:
    world.wire.script = [error]
    assert type(await world.one()) is type(error)
    assert len(world.wire.sent) == 1


async def test_an_adjusted_request_goes_out_at_once_and_is_no_attempt(world: World) -> None:
    world.wire.script = [Adjusted(), Adjusted(), Adjusted(), down(), down(), OK]
    assert (await world.one()).text == "fine"
    assert world.begun == 6
    assert len(set(world.wire.sent[:4])) == 1


async def test_adjusting_comes_to_an_end(world: World) -> None:
    world.wire.script = [Adjusted("use another parameter")]
    outcome = await world.one()
    assert isinstance(outcome, Rejected)
    assert "use another parameter" in str(outcome)
    assert len(world.wire.sent) < 10


async def test_a_stop_goes_through_and_leaves_nothing_behind() -> None:
    world = World(workers=1)
    world.wire.script = [down()]
    world.stop_after = 1
    assert isinstance(await world.one(), Stopped)
    assert len(world.wire.sent) == 1
    world.stop_after, world.wire.script = None, [OK]
    assert isinstance(await world.one(), RawReply)


async def test_a_provider_that_cannot_be_used_is_permanent(world: World) -> None:
    outcome = await world.one(spec=ModelSpec(provider="openai", model_name="gpt-4o"))
    assert isinstance(outcome, Permanent)
    assert str(outcome) == "OPENAI_API_KEY is not set"
    assert isinstance(await world.one(spec=ModelSpec(provider="nobody", model_name="x")), Permanent)


# lost replies


async def test_a_lost_reply_is_reported_as_spent_and_asked_for_again(world: World) -> None:
    world.wire.script = [OK, Lost("no reply"), OK]
    await world.one()
    assert (await world.one(user="x" * 400)).text == "fine"
    # the output is a guess: as long as this model's replies were so far
    assert [(raw.finish, raw.estimated, raw.input_tokens, raw.output_tokens, raw.cost) for raw in world.losses] == [
        ("timeout", True, 100, 10, 100 * 100 + 10 * 400)
    ]


async def test_a_lost_reply_is_never_guessed_above_its_cap(world: World) -> None:
    world.wire.script = [Lost("no reply"), OK]
    await world.one(spec=SPEC.model_copy(update={"max_tokens": 5}))
    assert world.losses[0].output_tokens == 5


async def test_a_lost_embedding_has_no_output(world: World) -> None:
    world.wire.script = [Lost("no reply"), Answer("", "stop", 1, 0)]
    await world.clock.run(world.clients.embed(SPEC, "abcdefgh", may_begin=world.may_begin, lost=world.lost))
    assert (world.losses[0].input_tokens, world.losses[0].output_tokens) == (2, 0)


async def test_losing_a_reply_is_a_fault_only_where_others_are_answered(world: World) -> None:
    world.wire.script = [Lost("broke off"), Lost("broke off"), down()]
    assert type(await world.one()) is Waiting
    assert len(world.losses) == 2
    world.wire.script = [Lost("broke off"), OK, Lost("broke off"), down()]
    outcomes = await world.clock.run(world.ask(), world.ask())
    assert {type(outcome) for outcome in outcomes} == {Transient, RawReply}


async def test_no_request_begins_after_the_deadline() -> None:
    world = World(call_timeout=60.0)

    async def hangs() -> Answer:
        await world.clock.sleep(60.0)
        raise Lost("no reply in time")

    world.wire.script = [hangs]
    assert type(await world.one()) is Waiting
    assert len(world.losses) == len(world.wire.sent) == 1


# permanent failures


async def test_siblings_hear_of_a_permanent_failure_without_asking_and_the_next_asks_again() -> None:
    world = World(workers=1)
    world.wire.script = [Permanent("bad key")]
    outcomes = await world.clock.run(*(world.ask() for _ in range(50)))
    assert [str(outcome) for outcome in outcomes] == ["bad key"] * 50
    assert {type(outcome) for outcome in outcomes} == {Permanent}
    assert len({id(outcome) for outcome in outcomes}) == 50
    assert len(world.wire.sent) == probation.IN_A_ROW
    world.wire.script = [OK]
    assert isinstance(await world.one(), RawReply)


async def test_another_model_is_not_condemned_with_it(world: World) -> None:
    world.wire.script = [*(Permanent("no such model") for _ in range(probation.IN_A_ROW)), OK]
    assert isinstance(await world.one(), Permanent)
    assert isinstance(await world.one(spec=ModelSpec(provider="simulator", model_name="sim-strong")), RawReply)
