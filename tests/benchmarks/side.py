"""Side by side, on the same prepared replies: this pipeline, a bare loop over the SDK, a pool of threads."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from tests import mongod
from tests.benchmarks.processes import cpu_by_name, used_between
from tests.benchmarks.report import Asked, note, table
from tests.benchmarks.rivals import WARM_UP
from tests.benchmarks.servers import Failed, Stack, environment, folder, prepared, stack

IN_FLIGHT = 200
CALLS = 5  # a problem: engineer, review, re-solve, target, embedding
MODELS = {
    "engineer_model": "simulator/prepared",
    "checker_model": "simulator/prepared",
    "judge_model": "simulator/prepared",
    "target_model": "simulator/prepared-target",
    "embedding_model": "simulator/prepared-embed",
}
WAYS = {
    "sqlite": "this pipeline on SQLite",
    "mongo": "this pipeline on MongoDB",
    "loop": "`asyncio.gather` over the SDK",
    "threads": "200 threads over the SDK",
}


@dataclass(frozen=True)
class Run:
    """One way's run: `cpu` is ms by process, the models' own apart."""

    seconds: float
    cpu: dict[str, float]
    models_cpu: float
    calls: int


@contextmanager
def store(kind: str) -> Iterator[tuple[dict[str, str], dict[int, str]]]:
    """The settings that name a fresh store, and the processes that it adds, by pid."""
    if kind == "sqlite":
        yield {}, {}
        return
    with folder() as place:
        server = mongod.Mongod.start(place)
        try:
            yield {"MONGO_URL": server.url}, {server.pid: "mongod"}
        finally:
            server.stop()


def batch(
    up: Stack, problems: int, extra: dict[int, str], **fields: Any
) -> tuple[dict[str, Any], float, dict[str, float]]:
    """Make a batch: its status at the end, the seconds from the request to its completion, CPU ms by process."""
    names = up.names() | extra
    before, began = cpu_by_name(names), time.time()
    status = up.wait(up.start({"num_problems": problems, **MODELS, **fields}))
    used = used_between(before, cpu_by_name(names))
    return status, datetime.fromisoformat(status["finished_at"]).timestamp() - began, used


def ours(kind: str, latency: float, problems: int) -> Run:
    with (
        prepared(latency) as models,
        store(kind) as (settings, extra),
        folder() as data,
        stack(data, SIMULATOR_URL=models.url, **settings) as up,
    ):
        batch(up, WARM_UP, extra)
        model_cpu = models.cpu()
        _, seconds, used = batch(up, problems, extra, max_in_flight=IN_FLIGHT)
        return Run(seconds, used, models.cpu() - model_cpu, models.calls())


def rival(way: str, latency: float, problems: int) -> Run:
    with prepared(latency) as models:
        model_cpu = models.cpu()
        command = [sys.executable, "-m", "tests.benchmarks.rivals", way, models.url, str(problems), str(IN_FLIGHT)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
        if done.returncode:
            raise Failed(f"{WAYS[way]} failed:\n{done.stderr[-2000:]}")
        said = json.loads(done.stdout)
        return Run(said["seconds"], {"python": said["cpu_ms"]}, models.cpu() - model_cpu, models.calls())


def side(asked: Asked) -> None:
    ways = [way for way in WAYS if way in asked.ways]
    if "mongo" in ways and mongod.binary() is None:
        note("MONGODB SKIPPED: no mongod; set STUMPER_TEST_MONGOD to one, or put it on PATH.")
        ways.remove("mongo")
    print(
        f"\nThe models are a lean server with PREPARED REPLIES, on this machine too; {asked.problems:,} problems of "
        f"{CALLS} calls each, {IN_FLIGHT} in flight, median of {asked.rounds} (least to most).\n"
    )
    for latency in asked.latencies:
        runs: dict[str, list[Run]] = {way: [] for way in ways}
        for turn in range(asked.rounds):
            for way in ways:
                run = (rival if way in ("loop", "threads") else ours)(way, latency, asked.problems)
                runs[way].append(run)
                rate, cpu = asked.problems / run.seconds, sum(run.cpu.values()) / asked.problems
                what = f"{rate:.1f} problems/s, {cpu:.2f} ms of CPU, {run.calls} calls with the warm-up's"
                note(f"round {turn + 1}, {latency:g} s a call, {way}: {what}")
        _report(latency, runs, asked.problems)


def _report(latency: float, runs: dict[str, list[Run]], problems: int) -> None:
    def rates(way: str) -> list[float]:
        return sorted(problems / run.seconds for run in runs[way])

    def cpu(way: str) -> float:
        return median(sum(run.cpu.values()) for run in runs[way]) / problems

    named = f"{latency:g} s a call" if latency else "zero latency"
    head = [named, "problems/s", "times the bare loop", "CPU ms a problem", "the model server's own"]
    rows = []
    for way, done in runs.items():
        speed = rates(way)
        against = f"{median(speed) / median(rates('loop')):.2f}" if runs.get("loop") else ""
        spread = f"{median(speed):.1f} ({speed[0]:.1f} to {speed[-1]:.1f})"
        own = median(run.models_cpu for run in done) / problems
        rows.append([WAYS[way], spread, against, f"{cpu(way):.2f}", f"{own:.2f}"])
    print(table(head, rows))
    pipelines = [way for way in runs if way not in ("loop", "threads")]
    if pipelines:
        names = sorted({name for way in pipelines for run in runs[way] for name in run.cpu})
        rows = [
            [WAYS[way], *(f"{median(run.cpu.get(name, 0.0) for run in runs[way]) / problems:.2f}" for name in names)]
            for way in pipelines
        ]
        print(table([f"CPU ms a problem, {named}", *names], rows))
