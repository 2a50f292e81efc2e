"""A stage on a real nats-server, with logic of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.js.api import ConsumerConfig

import shared.stage
from shared import dead_letters, subjects
from shared.consumers import consumer
from shared.contracts.ask import Ask
from shared.contracts.envelope import MAX_TEXT_CHARS, Envelope
from shared.contracts.outcome import Discarded, Outcome, Passed, Solved
from shared.contracts.statuses import Flag, Reason, Status
from shared.controls import set_flag
from shared.errors import LedgerUnavailable, Permanent, Rejected, Waiting
from shared.ledger import Fact, Ledger
from shared.replica import replicas
from shared.settings import Settings, settings
from tests.flow.world import MODELS

Handler = Callable[[Envelope], Awaitable[Outcome]]


@pytest.fixture(autouse=True)
def environment(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    assert config.nats_url
    monkeypatch.setenv("STUMPER_NATS_URL", config.nats_url)
    for name, value in {"ACK_WAIT": "1.5", "WORKERS": "4", "GRACE": "5", "FAULT_DELAY": "0.01"}.items():
        monkeypatch.setenv(f"STUMPER_{name}", value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@asynccontextmanager
async def running(handler: Handler, name: str = "checker") -> AsyncIterator[Any]:
    async def logic(problem: Envelope, *, ask: Ask) -> Outcome:
        return await handler(problem)

    app = shared.stage.build(name, lambda _ledger: logic)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


def envelope(slot: int = 0, hop: int = 1, **changes: Any) -> Envelope:
    base = Envelope(
        batch_id="b", slot=slot, hop=hop, since=hop, route=["solver", "embedder"], models=MODELS,
        subject="Algebra", topic="t", problem="1 + 1?", answer="2",
    )  # fmt: skip
    return base.but(**changes)


async def give(ledger: Ledger, problem: Envelope, stage: str = "checker") -> None:
    subject = subjects.problem(stage, problem.batch_id, problem.slot, problem.hop)
    assert await ledger.publish_once(subject, problem.model_dump_json().encode())


async def until(ledger: Ledger, subject: str, count: int = 1, stream: str = "LEDGER") -> list[Fact]:
    """Wait for the facts; the test's own time limit ends a wait that never does."""
    while len(facts := await ledger.read(0, subject=subject, stream=stream)) < count:
        await asyncio.sleep(0.02)
    return facts


async def settled(ledger: Ledger, stage: str = "checker") -> None:
    """Wait until the stage has acked everything."""
    while True:
        info = await consumer(ledger, stage)
        if info and not info["num_pending"] and not info["num_ack_pending"]:
            return
        await asyncio.sleep(0.02)


async def test_passed_goes_to_the_next_of_its_route_and_then_to_its_end(ledger: Ledger) -> None:
    async def handler(problem: Envelope) -> Outcome:
        return Passed(problem.but(answer="3"))

    async with running(handler):
        await give(ledger, envelope(0))
        await give(ledger, envelope(1, route=[]))
        await settled(ledger)
    onward = Envelope.model_validate_json((await until(ledger, "problems.solver.b.0.2"))[0].data)
    assert (onward.route, onward.hop, onward.since, onward.answer) == (["embedder"], 2, 2, "3")
    finished = Envelope.model_validate_json((await until(ledger, "problems.finished.b.1.2"))[0].data)
    assert finished.status is Status.VALID


async def test_ends(ledger: Ledger) -> None:
    ends: dict[int, Any] = {
        0: lambda p: Solved(p),
        1: lambda p: Discarded(p, Reason.AMBIGUOUS, "two readings"),
        2: lambda p: Passed(p.but(problem="x" * (MAX_TEXT_CHARS + 1))),
        3: Permanent("no such model"),
        4: Rejected("too long"),
    }

    async def handler(problem: Envelope) -> Outcome:
        end = ends[problem.slot]
        if isinstance(end, Exception):
            raise end
        return end(problem)

    async with running(handler):
        for slot in ends:
            await give(ledger, envelope(slot))
        await settled(ledger)
    found = {}
    for fact in await until(ledger, "problems.finished.b.>", 5):
        problem = Envelope.model_validate_json(fact.data)
        found[problem.slot] = (problem.status, problem.reason and problem.reason.code)
        if problem.slot == 3:
            assert problem.reason is not None
            assert problem.reason.stops_batch
    assert found == {
        0: (Status.SOLVED, None),
        1: (Status.DISCARDED, Reason.AMBIGUOUS),
        2: (Status.DISCARDED, Reason.MALFORMED),
        3: (Status.FAILED, Reason.PROVIDER_ERROR),
        4: (Status.FAILED, Reason.PROVIDER_ERROR),
    }


async def test_a_handler_that_raises_is_parked_and_in_the_end_dead(ledger: Ledger) -> None:
    async def handler(problem: Envelope) -> Outcome:
        raise RuntimeError("boom")

    async with running(handler):
        await give(ledger, envelope(0))
        parked = Envelope.model_validate_json((await until(ledger, "problems.parked.b.0.2"))[0].data)
        assert (parked.faults, parked.since, parked.route) == (1, 1, ["checker", "solver", "embedder"])
        assert parked.not_before is not None
        await give(ledger, envelope(1, faults=4))
        letter = (await until(ledger, "dead.>", stream="DEAD"))[0]
        assert letter.subject == "dead.checker.b.1.1"
        finished = Envelope.model_validate_json((await until(ledger, "problems.finished.b.1.2"))[0].data)
        assert finished.status is Status.FAILED
        assert finished.reason is not None
        assert finished.reason.code is Reason.FAULTS
        await settled(ledger)
    found = await dead_letters.find(ledger, "checker.b.1.1")
    assert found is not None
    assert "RuntimeError: boom" in found.error
    assert found.faults == 5


async def test_waiting_is_no_fault(ledger: Ledger) -> None:
    async def handler(problem: Envelope) -> Outcome:
        raise Waiting("the provider is down", 60)

    async with running(handler):
        await give(ledger, envelope(0, faults=4))
        parked = Envelope.model_validate_json((await until(ledger, "problems.parked.b.0.2"))[0].data)
    assert parked.faults == 4


async def test_poison_is_dead_lettered_and_visible(ledger: Ledger) -> None:
    async def handler(problem: Envelope) -> Outcome:
        return Passed(problem)

    async with running(handler):
        await ledger.publish_once("problems.checker.b.0.1", b"\xff\xfe rubbish")
        await ledger.publish_once("problems.checker.b.1.1", b'{"version": 1}')
        await ledger.publish_once("problems.checker.b.2.1", envelope(7).model_dump_json().encode())
        await ledger.publish_once("problems.checker.b.x.1", b"{}")
        await ledger.publish_once("problems.checker.b", b"{}")
        await give(ledger, envelope(3))
        await settled(ledger)
    assert len(await dead_letters.listing(ledger)) == 5
    finished = [Envelope.model_construct(**__import__("json").loads(f.data)) for f in
                await until(ledger, "problems.finished.b.>", 3)]  # fmt: skip
    assert {f.slot: f.reason["code"] for f in finished} == {0: "poison", 1: "poison", 2: "poison"}
    assert await ledger.last("problems.solver.b.3.2") is not None


async def test_a_message_that_kills_its_handlers_is_not_run_again(ledger: Ledger) -> None:
    ran = []

    async def handler(problem: Envelope) -> Outcome:
        ran.append(problem.slot)
        return Passed(problem)

    await give(ledger, envelope(0))
    subscription = await ledger.js.pull_subscribe(
        "problems.checker.>", durable="checker", stream="LEDGER", config=ConsumerConfig(ack_wait=0.05, max_deliver=-1)
    )
    for _ in range(20):  # twenty handlers take it and die
        await subscription.fetch(1, timeout=5)
    async with running(handler):
        await until(ledger, "problems.finished.b.0.2")
        await settled(ledger)
    assert ran == []
    found = await dead_letters.find(ledger, "checker.b.0.1")
    assert found is not None
    assert "kills its handlers" in found.error
    assert found.envelope is not None


async def test_no_message_is_handled_twice_however_long_it_takes(ledger: Ledger) -> None:
    """More messages than workers, handlers longer than ack_wait: heartbeats run from the fetch on."""
    runs: list[int] = []
    release = asyncio.Event()

    async def handler(problem: Envelope) -> Outcome:
        runs.append(problem.slot)
        await release.wait()
        return Passed(problem)

    async with running(handler), running(handler):
        for slot in range(12):
            await give(ledger, envelope(slot))
        while len(runs) < 8:
            await asyncio.sleep(0.02)
        loop = asyncio.get_running_loop()
        end = loop.time() + 4  # more than two ack_waits
        while loop.time() < end:
            await asyncio.sleep(0.1)
        assert len(runs) == 8
        release.set()
        await settled(ledger)
    assert sorted(runs) == list(range(12))


@pytest.mark.parametrize(
    ("flag", "replays", "end"),
    [
        (Flag.CANCELLED, 0, "finished"),
        (Flag.ENDED, 0, "finished"),
        (Flag.ENDED, 1, "solver"),
        (Flag.PAUSED, 0, "parked"),
    ],
)
async def test_flags(ledger: Ledger, flag: Flag, replays: int, end: str) -> None:
    async def handler(problem: Envelope) -> Outcome:
        return Passed(problem)

    await set_flag(ledger, "b", flag)
    async with running(handler):
        await give(ledger, envelope(0, replays=replays))
        await settled(ledger)
    fact = await ledger.last("problems.*.b.0.2")
    assert fact is not None
    assert fact.subject.split(".")[1] == end


async def test_a_flag_set_while_running_is_seen_at_once(ledger: Ledger) -> None:
    entered, seen = asyncio.Event(), asyncio.Event()

    async def handler(problem: Envelope) -> Outcome:
        entered.set()
        await seen.wait()
        return Passed(problem)

    async with running(handler) as app:
        await give(ledger, envelope(0))
        await entered.wait()
        await set_flag(ledger, "b", Flag.CANCELLED)
        await give(ledger, envelope(1))
        finished = Envelope.model_validate_json((await until(ledger, "problems.finished.b.1.2"))[0].data)
        assert finished.status is Status.CANCELLED
        seen.set()
        await settled(ledger)
    assert app is not None


async def test_draining_finishes_what_runs_and_gives_back_the_rest(ledger: Ledger) -> None:
    runs: list[int] = []
    release = asyncio.Event()

    async def handler(problem: Envelope) -> Outcome:
        runs.append(problem.slot)
        await release.wait()
        return Passed(problem)

    async with running(handler) as app:
        for slot in range(7):
            await give(ledger, envelope(slot))
        while len(runs) < 4:
            await asyncio.sleep(0.02)
        stopping = asyncio.create_task(app.stop())
        await asyncio.sleep(0)
        release.set()
        await stopping
        assert len(runs) == 4
        assert len(await ledger.read(0, subject="problems.solver.>")) == 4
        async with running(handler):
            await until(ledger, "problems.solver.>", 7)
            await settled(ledger)
    assert sorted(runs) == list(range(7))


async def test_a_ledger_made_anew_is_noticed(ledger: Ledger) -> None:
    async def handler(problem: Envelope) -> Outcome:
        return Passed(problem)

    async with running(handler):
        await give(ledger, envelope(0))
        await settled(ledger)
        await ledger.js.delete_stream("LEDGER")
        await until_declared(ledger)
        await give(ledger, envelope(1))
        await until(ledger, "problems.solver.b.1.2")
        await ledger.js.delete_consumer("LEDGER", "checker")
        await give(ledger, envelope(2))
        await until(ledger, "problems.solver.b.2.2")


async def test_the_first_messages_of_a_new_ledger_are_not_taken_for_those_in_hand(ledger: Ledger) -> None:
    """Sequence numbers begin again; what is held of the old stream has nothing to do with them."""
    entered, release = asyncio.Event(), asyncio.Event()

    async def handler(problem: Envelope) -> Outcome:
        if problem.slot == 0:
            entered.set()
            await release.wait()
        return Passed(problem)

    async with running(handler):
        await give(ledger, envelope(0))
        await entered.wait()
        await ledger.js.delete_stream("LEDGER")
        await ledger.ensure()
        await give(ledger, envelope(1))
        await until(ledger, "problems.solver.b.1.2")
        release.set()
        await give(ledger, envelope(0, hop=2))  # as the sweep sends on what was lost
        await until(ledger, "problems.solver.b.0.3")
    assert not await ledger.read(0, subject="problems.solver.b.0.2"), "what came of the lost fact is not taken"


async def test_replicas_come_and_leave(ledger: Ledger) -> None:
    async def handler(problem: Envelope) -> Outcome:
        return Passed(problem)

    async with running(handler), running(handler):
        assert [r["service"] for r in await replicas(ledger)] == ["checker", "checker"]
    assert await replicas(ledger) == []


async def test_what_comes_while_draining_is_given_back_once(ledger: Ledger) -> None:
    """Neither spun on until it looks like poison, nor lost."""
    release, entered = asyncio.Event(), asyncio.Event()

    async def handler(problem: Envelope) -> Outcome:
        entered.set()
        await release.wait()
        return Passed(problem)

    async with running(handler) as app:
        await give(ledger, envelope(0))
        await entered.wait()
        stopping = asyncio.create_task(app.stop())
        await asyncio.sleep(0)
        for slot in range(1, 5):
            await give(ledger, envelope(slot))
        while (info := await consumer(ledger, "checker")) and info["num_ack_pending"] < 2:
            await asyncio.sleep(0.02)
        release.set()
        await stopping
        info = await consumer(ledger, "checker")
        assert info is not None
        assert info["delivered"]["consumer_seq"] <= 3
        async with running(handler):
            await until(ledger, "problems.solver.>", 5)
            await settled(ledger)
    assert await dead_letters.listing(ledger) == []


async def test_an_old_handlers_ack_does_not_reach_a_new_ledger(ledger: Ledger) -> None:
    """The same sequence number in a ledger made anew is another problem."""
    release, entered = asyncio.Event(), asyncio.Event()
    ran = []

    async def handler(problem: Envelope) -> Outcome:
        ran.append(problem.slot)
        entered.set()
        if problem.slot == 0:
            await release.wait()
        return Passed(problem)

    async with running(handler):
        await give(ledger, envelope(0))
        await entered.wait()
        await ledger.js.delete_stream("LEDGER")
        await until_declared(ledger)
        await give(ledger, envelope(1))
        await until(ledger, "problems.solver.b.1.2")
        release.set()
        await give(ledger, envelope(0, hop=2))
        await until(ledger, "problems.solver.b.0.3")
        await settled(ledger)
    assert ran == [0, 1, 0]


async def until_declared(ledger: Ledger) -> None:
    while True:
        try:
            await ledger.state()
            return
        except LedgerUnavailable:
            await asyncio.sleep(0.05)
