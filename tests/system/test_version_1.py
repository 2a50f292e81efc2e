"""A data folder of the version before lines, a batch half done, goes on under this one. See `tests.version_1`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.statuses import BatchStatus
from tests.system.accounts import check, check_completed, check_logs, rows_of
from tests.system.stack import Stack, until
from tests.version_1 import batch_id, facts, holds, http, restore, stored_calls

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

NAMES = ("done", "cancelled", "paused", "half")


@pytest_asyncio.fixture(loop_scope="session", params=["the same ledger", "a new epoch"])
async def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The whole house on what the old version left."""
    folder = tmp_path_factory.mktemp("version_1")
    nats = await restore(folder, same_ledger=request.param == "the same ledger")
    stack = Stack(folder, nats=nats)
    try:
        yield await stack.up()
    finally:
        await stack.close()


async def all_calls(stack: Stack) -> dict[str, dict[str, Any]]:
    rows = [row for name in NAMES for row in await rows_of(stack, batch_id(name))]
    return {call["id"]: call for row in rows for call in await stack.store.calls.of_problem(row["id"])}


def old_calls() -> dict[str, dict[str, Any]]:
    """All that the old version paid for, by id: what its store holds, and what only its messages do."""
    said = [json.loads(message.data) for message in facts("calls.", "kept.calls.")]
    return {call["id"]: call for call in [*stored_calls(), *said]}


def line(call: dict[str, Any]) -> tuple[Any, ...]:
    """A call as the simulator's bill shows it."""
    return call["model"]["model_name"], call["input_tokens"], call["output_tokens"], call["cost"]


def question(call: dict[str, Any]) -> tuple[Any, ...]:
    return call["batch_id"], call["slot"], call["stage"], call["since"], call["hash"]


async def check_costs(stack: Stack) -> None:
    """The new bill is of new questions, and the books hold old and new calls alike."""
    before, calls, bill = old_calls(), await all_calls(stack), await stack.billed()
    assert calls.keys() >= before.keys(), "an old call is forgotten"
    for call_id, call in before.items():
        assert [calls[call_id][name] for name in ("hash", "cost", "reply")] == [
            call["hash"],
            call["cost"],
            call["reply"],
        ]
    new = [call for call_id, call in calls.items() if call_id not in before]
    entries = [(e["model"], e["input_tokens"], e["output_tokens"], e["cost_nano"]) for e in bill]
    assert Counter(map(line, new)) == Counter(entries)
    batches = [await stack.batch(batch_id(name)) for name in NAMES]
    paid = sum(call["cost"] for call in before.values()) + sum(entry["cost_nano"] for entry in bill)
    assert sum(batch.cost for batch in batches) == paid
    # a call whose process died before the reply came is the only one that has to be made again
    answered = {question(call) for call in before.values() if call["finish"] != "timeout"}
    assert answered
    assert not [call for call in new if question(call) in answered], "an old question is paid for again"


async def post(stack: Stack, name: str, **changes: Any) -> Any:
    known = http()["batches"][name]
    headers = {"Idempotency-Key": known["key"]}
    return await stack.api.post("/api/generation", json=known["body"] | changes, headers=headers)


async def check_unchanged(stack: Stack) -> None:
    """The gateway says of the ended batch what it said before, and may say more."""
    for path, before in http()["replies"].items():
        answer = await stack.api.get(path)
        assert answer.status_code == 200, answer.text
        assert holds(answer.json(), before), path


async def replay_letters(stack: Stack) -> None:
    """Each is listed with what it said, and its problem comes to another end."""
    shown = (await stack.api.get("/api/dead", params={"per_page": 500})).json()["items"]
    letters = [json.loads(message.data) for message in facts("dead.")]
    assert [letter["id"] for letter in shown] == [letter["id"] for letter in letters]
    for letter, said in zip(shown, letters, strict=True):
        assert (letter["error"], letter["faults"], letter["raw"]) == (said["error"], said["faults"], said["raw"])
        answer = await stack.api.post(f"/api/dead/{letter['id']}/replay")
        assert answer.status_code == 202, answer.text
    slots = {letter["slot"] for letter in shown}

    async def over() -> bool:
        rows = [row for row in await rows_of(stack, batch_id("half")) if row["slot"] in slots]
        return all(row["envelope"].get("replays") == 1 and not row["stage"] for row in rows)

    await until(over, "the replayed problems have ended")
    assert not (await stack.api.get("/api/dead")).json()["items"]


async def test_a_batch_half_done_goes_on(old: Stack) -> None:
    stack, half = old, batch_id("half")
    wanted = http()["batches"]["half"]["body"]["num_problems"]
    for name in NAMES:  # whether it runs or has ended
        again = await post(stack, name)
        assert (again.status_code, again.json()["batch_id"]) == (202, batch_id(name))
        other = await post(stack, name, num_problems=7)
        assert other.status_code == 422
        assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    done = await check_completed(stack, half, wanted, whole_ledger=False)
    assert done.reasons["poison"] == 2
    assert done.reasons["faults"] == 1
    await check_costs(stack)

    await replay_letters(stack)
    done = await check_completed(stack, half, wanted, whole_ledger=False)
    assert "failed" not in done.counts
    assert (await stack.batch(batch_id("paused"))).status is BatchStatus.PAUSED
    await stack.store.batches.wish(batch_id("paused"), state="running")
    await check_completed(stack, batch_id("paused"), 2, whole_ledger=False)
    await stack.ended(batch_id("cancelled"), BatchStatus.CANCELLED)
    await check(stack, batch_id("cancelled"), whole_ledger=False)
    await stack.settled()
    await check_costs(stack)
    await check_unchanged(stack)
    check_logs(stack)
