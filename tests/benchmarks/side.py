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
from tests.benchmarks.processes import cpu_by_name, cpu_of_all, used_between
from tests.benchmarks.report import Asked, middle, note, table
from tests.benchmarks.rivals import WARM_UP
from tests.benchmarks.sampling import sampled
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
PIPELINES = {"sqlite": "this pipeline on SQLite", "mongo": "this pipeline on MongoDB"}
RIVALS = {"loop": "`asyncio.gather` over the SDK", "threads": f"{IN_FLIGHT} threads over the SDK"}
WAYS = PIPELINES | RIVALS


@dataclass(frozen=True)
class Run:
    """One way's run. CPU in ms: `cpu` is by process, the model server's own and all others' apart."""

    seconds: float
    cpu: dict[str, float]
    models_cpu: float
    others_cpu: float
    calls: int  #: those of the warm-up too


def side(asked: Asked) -> None:
    ways = [way for way in WAYS if way in asked.ways]
    if "mongo" in ways and mongod.binary() is None:
        print("\n**MONGODB SKIPPED**: no mongod; set STUMPER_TEST_MONGOD to one, or put it on PATH.")
        ways.remove("mongo")
    print(
        f"\nThe models are a lean server with PREPARED REPLIES on the same machine. {asked.problems:,} problems, "
        f"{CALLS} calls each, {IN_FLIGHT} in flight; median of {asked.rounds} (least to most), the ways taking turns.\n"
    )
    for latency in asked.latencies:
        runs: dict[str, list[Run]] = {way: [] for way in ways}
        for turn in range(1, asked.rounds + 1):
            for way in ways:
                run = _rival(way, latency, asked) if way in RIVALS else _ours(way, latency, asked, turn)
                runs[way].append(run)
                _remark(f"round {turn}, {latency:g} s a call, {WAYS[way]}", run, asked.problems)
        _report(latency, runs, asked.problems)


def batch(up: Stack, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Make a batch with the prepared models: its last status, and the seconds from the request to its completion."""
    began = time.time()
    status = up.wait(up.start(MODELS | body))
    return status, datetime.fromisoformat(status["finished_at"]).timestamp() - began


def _ours(kind: str, latency: float, asked: Asked, turn: int) -> Run:
    with (
        prepared(latency) as models,
        _store(kind) as (settings, its_processes),
        folder() as data,
        stack(data, SIMULATOR_URL=models.url, **settings) as up,
    ):
        batch(up, {"num_problems": WARM_UP})
        names = up.names() | its_processes
        with sampled(names, asked.profile, f"{kind}-{latency:g}s-{turn}"):
            everything, theirs, before = cpu_of_all(), models.cpu(), cpu_by_name(names)
            _, seconds = batch(up, {"num_problems": asked.problems, "max_in_flight": IN_FLIGHT})
            cpu = used_between(before, cpu_by_name(names))
            theirs, everything = models.cpu() - theirs, cpu_of_all() - everything
        return Run(seconds, cpu, theirs, everything - theirs - sum(cpu.values()), models.calls())


def _rival(way: str, latency: float, asked: Asked) -> Run:
    with prepared(latency) as models:
        command = [sys.executable, "-m", "tests.benchmarks.rivals"]
        command += [way, models.url, str(asked.problems), str(IN_FLIGHT)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
        if done.returncode:
            raise Failed(f"{WAYS[way]} failed:\n{done.stderr[-2000:]}")
        said = json.loads(done.stdout)
        others = said["machine_ms"] - said["models_ms"] - said["cpu_ms"]
        return Run(said["seconds"], {"python": said["cpu_ms"]}, said["models_ms"], others, models.calls())


@contextmanager
def _store(kind: str) -> Iterator[tuple[dict[str, str], dict[int, str]]]:
    """The settings that name a new store, and the processes that it adds to the stack's, by pid."""
    if kind == "sqlite":
        yield {}, {}
        return
    with folder() as place:
        server = mongod.Mongod.start(place)
        try:
            yield {"MONGO_URL": server.url}, {server.pid: "mongod"}
        finally:
            server.stop()


def _remark(what: str, run: Run, problems: int) -> None:
    cpu = sum(run.cpu.values()) / problems
    busy = run.others_cpu / 1000 / run.seconds
    note(f"{what}: {problems / run.seconds:.0f} problems/s, {cpu:.1f} ms of CPU; others kept {busy:.1f} cores busy")
    if run.calls != CALLS * (problems + WARM_UP):
        note(f"NOT THE SAME WORK: {run.calls} calls instead of {CALLS * (problems + WARM_UP)}")


def _report(latency: float, runs: dict[str, list[Run]], problems: int) -> None:
    def rate(way: str) -> list[float]:
        return [problems / run.seconds for run in runs[way]]

    at = f"{latency:g} s a call" if latency else "zero latency"
    head = [at, "problems/s", "times the bare loop", "CPU ms a problem", "the models' own", "cores busy with others"]
    rows = []
    for way, done in runs.items():
        against = f"{median(rate(way)) / median(rate('loop')):.2f}" if "loop" in runs else ""
        cpu = middle([sum(run.cpu.values()) / problems for run in done], "{:.1f}")
        own = middle([run.models_cpu / problems for run in done], "{:.1f}")
        others = middle([run.others_cpu / 1000 / run.seconds for run in done], "{:.1f}")
        rows.append([WAYS[way], middle(rate(way), "{:.0f}"), against, cpu, own, others])
    print(table(head, rows), flush=True)
    ours = [way for way in runs if way in PIPELINES]
    if not ours:
        return
    processes = sorted({name for way in ours for run in runs[way] for name in run.cpu})
    rows = [
        [name, *(f"{median(run.cpu.get(name, 0.0) for run in runs[way]) / problems:.2f}" for way in ours)]
        for name in processes
    ]
    print(table([f"CPU ms a problem by process, {at}", *(PIPELINES[way] for way in ours)], rows), flush=True)
