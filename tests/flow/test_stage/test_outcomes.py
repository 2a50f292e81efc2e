"""What follows a handler's outcome, its fault, or a message that cannot be handled."""

from __future__ import annotations

from typing import Any

from nats.js.api import ConsumerConfig

from shared import dead_letters
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Ended, Outcome, Passed
from shared.contracts.problem import Problem, ProblemReason, ProblemStatus
from shared.contracts.statuses import Reason, Status
from shared.errors import Permanent, Rejected, Waiting
from shared.ledger import Ledger
from tests.flow.stages import envelope, give, running, settled, until


async def test_passed_goes_to_the_next_of_its_route_and_then_to_its_end(ledger: Ledger) -> None:
    async def handler(problem: Problem) -> Outcome:
        return Passed(problem.but(answer="3"))

    async with running(handler):
        await give(ledger, envelope(0))
        await give(ledger, envelope(1, route=[]))
        await settled(ledger)
    onward = Problem.model_validate_json((await until(ledger, "problems.solver.b.0.2"))[0].data)
    assert (onward.route, onward.hop, onward.since, onward.answer) == (["embedder"], 2, 2, "3")
    finished = Problem.model_validate_json((await until(ledger, "problems.finished.b.1.2"))[0].data)
    assert finished.status == ProblemStatus.VALID


async def test_ends(ledger: Ledger) -> None:
    ends: dict[int, Any] = {
        0: lambda p: Ended(p, ProblemStatus.SOLVED),
        1: lambda p: Discarded(p, ProblemReason.AMBIGUOUS, "two readings"),
        2: lambda p: Passed(p.but(problem="x" * (MAX_TEXT_CHARS + 1))),
        3: Permanent("no such model"),
        4: Rejected("too long"),
    }

    async def handler(problem: Problem) -> Outcome:
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
        problem = Problem.model_validate_json(fact.data)
        found[problem.slot] = (problem.status, problem.reason and problem.reason.code)
        if problem.slot == 3:
            assert problem.reason is not None
            assert problem.reason.stops_batch
    assert found == {
        0: (ProblemStatus.SOLVED, None),
        1: (ProblemStatus.DISCARDED, ProblemReason.AMBIGUOUS),
        2: (ProblemStatus.DISCARDED, Reason.MALFORMED),
        3: (Status.FAILED, Reason.PROVIDER_ERROR),
        4: (Status.FAILED, Reason.PROVIDER_ERROR),
    }


async def test_a_handler_that_raises_is_parked_and_in_the_end_dead(ledger: Ledger) -> None:
    async def handler(problem: Problem) -> Outcome:
        raise RuntimeError("boom")

    async with running(handler):
        await give(ledger, envelope(0))
        parked = Problem.model_validate_json((await until(ledger, "problems.parked.b.0.2"))[0].data)
        assert (parked.faults, parked.since, parked.route) == (1, 1, ["checker", "solver", "embedder"])
        assert parked.not_before is not None
        await give(ledger, envelope(1, faults=4))
        letter = (await until(ledger, "dead.>", stream="DEAD"))[0]
        assert letter.subject == "dead.checker.b.1.1"
        finished = Problem.model_validate_json((await until(ledger, "problems.finished.b.1.2"))[0].data)
        assert finished.status == Status.FAILED
        assert finished.reason is not None
        assert finished.reason.code == Reason.FAULTS
        await settled(ledger)
    found = await dead_letters.find(ledger, "checker.b.1.1")
    assert found is not None
    assert "RuntimeError: boom" in found.error
    assert found.faults == 5


async def test_waiting_is_no_fault(ledger: Ledger) -> None:
    async def handler(problem: Problem) -> Outcome:
        raise Waiting("the provider is down", 60)

    async with running(handler):
        await give(ledger, envelope(0, faults=4))
        parked = Problem.model_validate_json((await until(ledger, "problems.parked.b.0.2"))[0].data)
    assert parked.faults == 4


async def test_poison_is_dead_lettered_and_visible(ledger: Ledger) -> None:
    async def handler(problem: Problem) -> Outcome:
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
    finished = [Problem.model_construct(**__import__("json").loads(f.data)) for f in
                await until(ledger, "problems.finished.b.>", 3)]  # fmt: skip
    assert {f.slot: f.reason["code"] for f in finished} == {0: "poison", 1: "poison", 2: "poison"}
    assert await ledger.last("problems.solver.b.3.2") is not None


async def test_a_message_that_kills_its_handlers_is_not_run_again(ledger: Ledger) -> None:
    ran = []

    async def handler(problem: Problem) -> Outcome:
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
