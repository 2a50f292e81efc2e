"""How the files beside this one were made; it runs on the code of the commit that README.md names.

    python -m tests.data.version_1.make

It takes about half a minute. Which problem stands where is luck, so it says where its luck was not good enough.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from services.checker.logic import check
from shared import stage, subjects
from shared.contracts.ask import Ask
from shared.contracts.envelope import Envelope
from shared.contracts.outcome import Outcome
from shared.contracts.statuses import BatchStatus
from shared.ledger import Ledger
from tests.system.stack import TAXONOMY, Stack, until

HERE = Path(__file__).parent
STREAMS = ("LEDGER", "DEAD", "VECTORS", "KV_controls", "KV_floors", "KV_replicas", "KV_leases")
SMALL = {"LEDGER_MAX_BYTES": str(1024**2), "SWEEP_EVERY": "0.3", "PURGE_DELAY": "0.5"}  # so that it gives space back
DESCRIPTION = "Ask for what a first course leaves out – and mind the «degenerate» cases. " * 20

BATCHES: dict[str, dict[str, Any]] = {
    "done": {"num_problems": 3, "taxonomy": TAXONOMY, "max_in_flight": 12, "random_seed": 1, "name": "An ended one"},
    "cancelled": {"num_problems": 2, "taxonomy": TAXONOMY, "random_seed": 2},
    "paused": {"num_problems": 2, "taxonomy": TAXONOMY, "random_seed": 3},
    "half": {
        "num_problems": 18,
        "taxonomy": {
            subject: {topic: known | {"description": DESCRIPTION} for topic, known in topics.items()}
            for subject, topics in TAXONOMY.items()
        },
        "max_in_flight": 12,
        "random_seed": 4,
        "name": "Half done",
        "judge_model": "simulator/sim-medium",
        "target_model": {"provider": "simulator", "model_name": "sim-weak", "temperature": 0.5, "max_tokens": 4000},
    },
}
SPOILED = (0, 17)  #: slots whose message for the checker is rubbish: one early, so that it is purged, one late
RAISES = 3  #: the slot whose checker raises until it is given up
RUBBISH = b'\xff\xfe{"version": 1, "batch'


async def check_all_but_one(problem: Envelope, *, ask: Ask) -> Outcome:
    outcome = await check(problem, ask=ask)
    if problem.slot == RAISES:
        raise RuntimeError("this checker is broken")
    return outcome


async def check_and_stumble(problem: Envelope, *, ask: Ask) -> Outcome:
    outcome = await check(problem, ask=ask)
    if problem.slot % 3 == 0 and not problem.faults:
        raise RuntimeError("this checker stumbles")
    return outcome


gives_up = stage.build("checker", lambda _ledger: check_all_but_one)
stumbles = stage.build("checker", lambda _ledger: check_and_stumble)


async def use_checker(stack: Stack, app: str, **settings: str) -> None:
    checker = stack.processes["checker"]
    checker.ask_to_end()
    await checker.ended()
    checker.command = [*checker.command[:-1], app]
    await stack.start("checker", **settings)


async def create(stack: Stack, name: str) -> str:
    answer = await stack.api.post("/api/generation", json=BATCHES[name], headers={"Idempotency-Key": f"key-{name}"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["batch_id"])


async def spoil(stack: Stack, batch_id: str, slot: int) -> None:
    """Rubbish in the place of what the engineer hands on."""
    first = subjects.problem("engineer", batch_id, slot, 0)
    await until(lambda: stack.ledger.last(first), "the slot is issued")
    subject = subjects.problem("checker", batch_id, slot, 1)
    sent = await stack.ledger.publish_once(subject, RUBBISH, span=subjects.problem_span(batch_id, slot, 1))
    assert sent, "the engineer was faster"


async def run(stack: Stack) -> tuple[dict[str, str], dict[str, Any]]:
    """Returns the batches' ids, and what the gateway says of the ended one."""
    ids = {}
    await stack.simulate(0.3)
    ids["done"] = await create(stack, "done")
    done = await stack.ended(ids["done"], BatchStatus.COMPLETED)
    assert done.counts.get("surplus"), f"no surplus: {done.counts}"
    await stack.settled()
    paths = (f"/api/batches/{done.id}", f"/api/problems/batch/{done.id}/problems?per_page=500")
    replies = {path: (await stack.api.get(path)).json() for path in paths}

    await stack.simulate(1.0)
    ids["cancelled"] = await create(stack, "cancelled")
    ids["paused"] = await create(stack, "paused")
    await until(lambda: stack.ledger.last(f"problems.engineer.{ids['paused']}.1.0"), "it has begun")
    await stack.api.post(f"/api/generation/{ids['cancelled']}/cancel")
    await stack.store.batches.wish(ids["paused"], state="paused")
    await stack.ended(ids["cancelled"], BatchStatus.CANCELLED)

    async def paused() -> bool:
        batch = await stack.batch(ids["paused"])
        return batch.status is BatchStatus.PAUSED and batch.counts == {"parked": 2}

    await until(paused, "it is paused")

    await use_checker(stack, "tests.data.version_1.make:gives_up", MAX_FAULTS="1")
    await stack.simulate(0.4, {"kind": "malformed", "task": "solve", "first": 2})
    half = ids["half"] = await create(stack, "half")
    await asyncio.gather(*(spoil(stack, half, slot) for slot in SPOILED))

    async def given_up() -> bool:
        batch = await stack.batch(half)
        assert not batch.ended, "it was too quick"
        state = await stack.ledger.state()
        return batch.reasons == batch.reasons | {"poison": 2, "faults": 1} and state.messages < state.last

    await until(given_up, "it has dead letters and gave space back")
    await use_checker(stack, "tests.data.version_1.make:stumbles", FAULT_DELAY="60")
    await stack.simulate({"kind": "uniform", "low": 0.2, "high": 4.0})

    async def everywhere() -> bool:
        batch = await stack.batch(half)
        assert not batch.ended, "it was too quick"
        assert batch.counts.get("valid", 0) < 14, "it was too quick"
        return batch.counts.keys() >= {"engineer", "checker", "solver", "embedder", "parked", "valid", "solved"}

    await until(everywhere, "problems stand everywhere")
    stack.processes["conductor"].kill()
    projected = (await stack.ledger.state()).last
    await until(lambda: _ahead(stack.ledger, projected), "the ledger is ahead of the store")
    for process in stack.processes.values():
        process.kill()
    return ids, replies


async def _ahead(ledger: Ledger, seq: int) -> bool:
    """By a hop and a call at least."""
    kinds = {fact.subject.partition(".")[0] for fact in await ledger.read(seq)}
    return kinds >= {"problems", "calls"}


async def dump(ledger: Ledger, stream: str) -> list[dict[str, Any]]:
    """Every message that is there; the last line of a stream says up to where its numbers were used."""
    state = await ledger.state(stream)
    found = []
    for seq in range(state.first, state.last + 1):
        reply = await ledger.request(f"$JS.API.STREAM.MSG.GET.{stream}", json.dumps({"seq": seq}).encode())
        if "error" not in reply:
            found.append({"stream": stream} | _readable(reply["message"]))
    return [*found, {"stream": stream, "last": state.last}]


def _readable(message: dict[str, Any]) -> dict[str, Any]:
    data = base64.b64decode(message.get("data", ""))
    headers = base64.b64decode(message.get("hdrs", "")).decode().split("\r\n")[1:]
    try:
        body = {"text": data.decode()}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(data).decode()}
    named = dict(line.split(": ", 1) for line in headers if line)
    return {"seq": message["seq"], "subject": message["subject"], "time": message["time"], "headers": named} | body


def keep(name: str, data: bytes) -> None:
    (HERE / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def whole_file(path: Path) -> bytes:
    """The database with its log in it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), **SMALL)
        try:
            await stack.up()
            ids, replies = await run(stack)
            messages = [line for stream in STREAMS for line in await dump(stack.ledger, stream)]
        finally:
            await stack.close()
        keep("stumper.db", whole_file(Path(folder, "stumper.db")))
    keep("messages.jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in messages).encode())
    batches = {name: {"id": ids[name], "key": f"key-{name}", "body": body} for name, body in BATCHES.items()}
    keep("http.json", json.dumps({"batches": batches, "replies": replies}, indent=1, ensure_ascii=False).encode())


if __name__ == "__main__":
    asyncio.run(main())
