"""Messages that nobody can handle: visible, in nobody's way, and sent on by hand."""

from __future__ import annotations

from typing import Any

import pytest

from shared import subjects
from shared.contracts.statuses import BatchStatus
from tests.system.accounts import check, check_bill, check_completed, check_logs, rows_of
from tests.system.checkers import DEADLY
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

RUBBISH = b'\xff\xfe{"version": 1, "batch'


async def letters(stack: Stack, batch_id: str) -> list[dict[str, Any]]:
    """The batch's dead letters as the API shows them."""
    answer = await stack.api.get("/api/dead", params={"per_page": 500})
    assert answer.status_code == 200, answer.text
    return [letter for letter in answer.json()["items"] if letter["batch_id"] == batch_id]


async def replay(stack: Stack, batch_id: str) -> None:
    """Send all of its dead letters on, and wait until their problems have come to another end."""
    sent = await letters(stack, batch_id)
    for letter in sent:
        answer = await stack.api.post(f"/api/dead/{letter['id']}/replay")
        assert answer.status_code == 202, answer.text
    assert await letters(stack, batch_id) == []

    async def over() -> bool:
        rows = {row["slot"]: row for row in await rows_of(stack, batch_id)}
        replayed = [rows[letter["slot"]] for letter in sent]
        return all(row["envelope"].get("replays") == 1 and not row["stage"] for row in replayed)

    await until(over, "the replayed problems have ended")
    await stack.ended(batch_id)


async def use_checker(stack: Stack, name: str | None, **settings: str) -> None:
    """Run the checker of that name, the real one for None, in place of the one that runs."""
    checker = stack.processes["checker"]
    checker.ask_to_end()
    await checker.ended()
    checker.command = [*checker.command[:-1], f"tests.system.checkers:{name}" if name else "services.checker.app:app"]
    await stack.start("checker", **settings)


async def test_rubbish_in_a_problems_place(stack: Stack) -> None:
    """It came between engineer and checker: the slot is given up, the batch is not. Replayed, the engineer's work
    is taken from the journal, and the problem goes its way."""
    await stack.simulate(latency=0.3)
    batch_id = await stack.create(8, max_in_flight=16)
    first = subjects.station("problems", "engineer", batch_id, 0, 0)
    await until(lambda: stack.ledger.last(first), "the slot is issued")
    subject, span = (
        subjects.station("problems", "checker", batch_id, 0, 1),
        subjects.hop_span("problems", batch_id, 0, 1),
    )
    assert await stack.ledger.publish_once(subject, RUBBISH, span=span), "the engineer was faster"
    await check_completed(stack, batch_id, 8)
    assert await check_bill(stack, batch_id) == 0
    assert (await stack.batch(batch_id)).reasons["poison"] == 1
    (row,) = [row for row in await rows_of(stack, batch_id) if row["slot"] == 0]
    assert (row["status"], row["reason"]) == ("failed", "poison")

    (letter,) = await letters(stack, batch_id)
    assert letter["id"] == f"checker.{batch_id}.0.1"
    shown = (await stack.api.get(f"/api/dead/{letter['id']}")).json()
    assert "cannot be read" in shown["error"]
    assert "batch" in shown["raw"]
    await replay(stack, batch_id)
    (row,) = [row for row in await rows_of(stack, batch_id) if row["slot"] == 0]
    assert row["status"] in ("surplus", "solved", "discarded")
    assert row["reason"] != "malformed"
    written = [call for call in await stack.store.calls.of_problem(row["id"]) if call["stage"] == "engineer"]
    assert len(written) == 1
    await check_completed(stack, batch_id, 8)
    assert await check_bill(stack, batch_id) == 0
    check_logs(stack)


async def test_a_message_that_kills_its_process(stack: Stack) -> None:
    """It is given up before it is run once more, and takes no other with it."""
    checker = stack.processes["checker"]
    settings = {"ACK_WAIT": "1", "MAX_DELIVERIES": "4"}  # two lives with others, two alone
    await use_checker(stack, "deadly", **settings)
    await stack.simulate(latency=0.1)
    batch_id = await stack.create(30, max_in_flight=8)
    deaths = 0

    async def over() -> bool:
        nonlocal deaths
        if not checker.alive:
            deaths += 1
            await stack.start("checker", ready=False, **settings)
        batch = await stack.batch(batch_id)
        return batch.ended and not batch.in_flight

    try:
        await until(over, "the batch ends")
        await check_completed(stack, batch_id, 30)
        (letter,) = await letters(stack, batch_id)
        assert letter["id"] == f"checker.{batch_id}.{DEADLY}.1"
        assert "kills its handlers" in letter["error"]
        assert deaths == 4
        assert (await stack.batch(batch_id)).reasons["poison"] == 1
        check_logs(stack)
    finally:
        await use_checker(stack, None)
    await replay(stack, batch_id)
    assert "poison" not in (await stack.batch(batch_id)).reasons
    await check_completed(stack, batch_id, 30)


async def test_dead_letters_replayed_to_a_valid_end(stack: Stack) -> None:
    """A broken checker gives up on all that it gets; the repaired one pays for none of its calls again."""
    await use_checker(stack, "failing", MAX_FAULTS="2")
    batch_id = await stack.create(12, max_attempts=12)
    try:
        failed = await stack.ended(batch_id, BatchStatus.EXHAUSTED)
    finally:
        await use_checker(stack, None)
    await check(stack, batch_id)
    assert failed.counts == {"failed": 12}
    assert failed.reasons == {"faults": 12}
    assert {(letter["faults"], letter["error"]) for letter in await letters(stack, batch_id)} == {
        (2, "RuntimeError: this checker is broken")
    }
    await replay(stack, batch_id)
    await check(stack, batch_id)
    done = await stack.batch(batch_id)
    assert done.counts.get("valid", 0) > 0
    assert "failed" not in done.counts
    assert await check_bill(stack, batch_id) == 0
    check_logs(stack, "handler raised")
