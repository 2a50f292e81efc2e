"""Every model call takes one second: how near the pipeline comes to the longest chain of calls; what surplus costs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from shared.settings import Settings
from shared.store import open_store
from tests.benchmarks.report import Asked, middle, note, table
from tests.benchmarks.servers import folder, prepared, stack
from tests.benchmarks.side import CALLS, batch

LATENCY = 1.0  # s a call
WANTED = 200
IDEAL = CALLS * LATENCY
IN_VAIN = ("surplus", "cancelled")


@dataclass(frozen=True)
class Run:
    """`problems` and `calls` in vain are those of surplus and cancelled problems."""

    seconds: float
    ended: int
    calls: int
    problems_in_vain: dict[str, int]
    calls_in_vain: int


def ideal(asked: Asked) -> None:
    print(f"\nEvery call at {LATENCY:g} s, on PREPARED REPLIES; {WANTED} wanted; median of {asked.rounds}.\n")
    rows = []
    for accept in (1.0, 0.5):
        runs = [_once(accept) for _ in range(asked.rounds)]
        seconds = [run.seconds for run in runs]
        rows.append(
            [
                "all accepted" if accept == 1 else "half accepted",
                middle(seconds, "{:.2f}"),
                f"{IDEAL:g}",
                middle([time / IDEAL for time in seconds], "{:.2f}"),
                middle([run.ended for run in runs], "{:.0f}"),
                *(middle([run.problems_in_vain[status] for run in runs], "{:.0f}") for status in IN_VAIN),
                middle([run.calls for run in runs], "{:.0f}"),
                middle([100 * run.calls_in_vain / run.calls for run in runs], "{:.1f} %"),
            ]
        )
    head = [
        "",
        "seconds",
        "ideal",
        "times the ideal",
        "problems",
        *IN_VAIN,
        "calls",
        "of them for surplus and cancelled",
    ]
    print(table(head, rows))


def _once(accept: float) -> Run:
    with prepared(LATENCY, accept) as models, folder() as data, stack(data, SIMULATOR_URL=models.url) as up:
        status, seconds = batch(up, {"num_problems": WANTED})
        answered = models.calls()
        calls, in_vain = asyncio.run(_calls(data, status["batch_id"]))
    if calls != answered:
        note(f"the batch recorded {calls} calls, the models answered {answered}")
    problems = {name: status["stats"][name] for name in IN_VAIN}
    note(f"{accept:.0%} accepted: {seconds:.2f} s, {calls} calls, {in_vain} of them in vain, {status['stats']}")
    return Run(seconds, status["total_generated"], calls, problems, in_vain)


async def _calls(data: Path, batch_id: str) -> tuple[int, int]:
    """Recorded calls: all of the batch, and those of problems that nobody asked for in the end."""
    async with await open_store(Settings(_env_file=None, mongo_url=None, data_dir=data)) as store:
        ids = [row["id"] for name in IN_VAIN async for row in store.problems.stream(batch_id=batch_id, status=name)]
        in_vain = await store.calls.sums(ids)
        return await store.calls.count(batch_id), sum(sums["calls"] for sums in in_vain.values())
