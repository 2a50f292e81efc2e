"""SIGKILL of each stage in the middle of a batch: how long until the problems that it held go on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time

from shared import lines, subjects
from shared.embedded import read_json
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store import open_store
from tests.benchmarks.report import Asked, middle, note, table
from tests.benchmarks.servers import Failed, Stack, folder, prepared, stack
from tests.benchmarks.side import MODELS

LATENCY = 1.0  # s a call
HELD = 5  # problems, at least, that a stage has in its hands when it is killed
IN_FLIGHT = 40
WITHIN = 120.0  # s
LOOK_EVERY = 0.02  # s


def kill(asked: Asked) -> None:
    rows = []
    for stage in lines.of("problems").stages:
        runs = [asyncio.run(_once(stage)) for _ in range(asked.rounds)]
        waits = [wait for waits, _ in runs for wait in waits]
        doubled = sum(doubled for _, doubled in runs)
        rows.append([stage, str(len(waits)), middle(waits, "{:.1f}"), str(doubled)])
    print(f"\nSIGKILL with calls of {LATENCY:g} s under way, {asked.rounds} times each; PREPARED REPLIES.\n")
    print(
        table(
            ["killed", "problems held", "seconds from the kill to the next station", "answered, but not recorded"], rows
        )
    )


async def _once(stage: str) -> tuple[list[float], int]:
    """Seconds for each problem that the killed stage held, and how many calls were answered but not recorded."""
    with prepared(LATENCY) as models, folder() as data, stack(data, SIMULATOR_URL=models.url) as up:
        batch_id = up.start(MODELS | {"num_problems": 150, "max_in_flight": IN_FLIGHT})
        url = read_json(data / "nats.json")["url"]
        ledger = await Ledger.connect(Settings(_env_file=None, nats_url=url), "benchmark")
        try:
            held = await _held(ledger, stage, batch_id)
            os.kill(_pid(up, stage), signal.SIGKILL)
            killed = time.monotonic()
            waits = await _onward(ledger, batch_id, held, killed)
        finally:
            await ledger.close()
        await asyncio.to_thread(up.wait, batch_id)
        answered = models.calls()
        async with await open_store(Settings(_env_file=None, mongo_url=None, data_dir=data)) as store:
            recorded = await store.calls.count(batch_id)
    note(f"{stage}: {len(held)} held, {max(waits):.1f} s to the last; {answered} calls answered, {recorded} recorded")
    return waits, answered - recorded


async def _held(ledger: Ledger, stage: str, batch_id: str) -> dict[int, int]:
    """Slot -> hop of what waits at the stage, once that is enough."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        newest: dict[int, tuple[str, int]] = {}
        after = 0
        while facts := await ledger.read(after, subject=f"problems.*.{batch_id}.>"):
            after = facts[-1].seq
            for fact in facts:
                place = subjects.parse(fact.subject)
                if isinstance(place, subjects.StationSubject):
                    newest[place.slot] = (place.stage, place.hop)
        found = {slot: hop for slot, (where, hop) in newest.items() if where == stage}
        if len(found) >= HELD:
            return found
        await asyncio.sleep(LOOK_EVERY)
    raise Failed(f"{stage} never held {HELD} problems")


async def _onward(ledger: Ledger, batch_id: str, held: dict[int, int], killed: float) -> list[float]:
    """Seconds from the kill until each of them was seen at a later hop."""
    left, waits = dict(held), []
    while left:
        if time.monotonic() > killed + WITHIN:
            raise Failed(f"{len(left)} problems did not go on within {WITHIN:g} s")
        for slot, hop in list(left.items()):
            newest = await ledger.last(subjects.slot_span("problems", batch_id, slot))
            place = subjects.parse(newest.subject) if newest else None
            if isinstance(place, subjects.StationSubject) and place.hop > hop:
                del left[slot]
                waits.append(time.monotonic() - killed)
        await asyncio.sleep(LOOK_EVERY)
    return waits


def _pid(up: Stack, stage: str) -> int:
    return int(json.loads((up.data / "stack.json").read_text())["pids"][stage])
