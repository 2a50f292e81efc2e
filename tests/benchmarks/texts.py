"""Text jobs at zero latency on prepared replies, and what the filters cost in this process."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar, cast

import httpx
import numpy as np

from services.embedder.entries import Entry, unit
from services.embedder.space import Space
from shared import quality
from shared.ledger import Ledger
from tests.benchmarks.prepared_texts import texts
from tests.benchmarks.processes import cpu_by_name, cpu_of_all, used_between
from tests.benchmarks.report import Asked, middle, note, table
from tests.benchmarks.sampling import sampled
from tests.benchmarks.servers import Failed, Stack, folder, prepared, stack

SAMPLES = 50  # a job, the most that one may ask for
AT_ONCE = 4  # jobs, each with all of its samples in flight
CALLS = 3  # a sample: writer, reviewer, embedding
T = TypeVar("T")

LABELLED = Path(__file__).parents[1] / "data" / "text_quality.jsonl"
EARLIER = (1_000, 10_000)  # texts of the same product
DIMENSIONS = 1536  # of OpenAI's small embedding model
MODELS = {
    "model": "simulator/prepared",
    "reviewer_model": "simulator/prepared",
    "embedding_model": "simulator/prepared-embed",
}


@dataclass(frozen=True)
class Run:
    """CPU in ms, by process; the model server's own and all others' apart."""

    seconds: float
    samples: int
    cpu: dict[str, float]
    models_cpu: float
    others_cpu: float


def jobs(asked: Asked) -> None:
    """Samples a second and CPU a sample."""
    runs = [_once(max(1, asked.problems // SAMPLES), asked.profile, turn + 1) for turn in range(asked.rounds)]
    print(
        f"\n{runs[0].samples:,} samples in jobs of {SAMPLES}, {CALLS} calls each, {SAMPLES * AT_ONCE} in flight, no "
        f"latency, on PREPARED REPLIES; median of {asked.rounds} (least to most).\n"
    )
    row = [
        middle([run.samples / run.seconds for run in runs], "{:.0f}"),
        middle([sum(run.cpu.values()) / run.samples for run in runs], "{:.1f}"),
        middle([run.models_cpu / run.samples for run in runs], "{:.1f}"),
        middle([run.others_cpu / 1000 / run.seconds for run in runs], "{:.1f}"),
    ]
    print(table(["samples/s", "CPU ms a sample", "the models' own", "cores busy with others"], [row]), flush=True)
    names = sorted({name for run in runs for name in run.cpu})
    rows = [[name, f"{median(run.cpu.get(name, 0.0) / run.samples for run in runs):.2f}"] for name in names]
    print(table(["process", "CPU ms a sample"], rows), flush=True)


def _once(wanted: int, profile: Path | None, turn: int) -> Run:
    with prepared(0.0) as models, folder() as data, stack(data, SIMULATOR_URL=models.url) as up:
        _job(up, "a bench to warm up on")
        names = up.names()
        with sampled(names, profile, f"texts-{turn}"):
            everything, theirs, before, began = cpu_of_all(), models.cpu(), cpu_by_name(names), time.monotonic()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda n: _job(up, f"a bench with {n} legs"), range(wanted)))
            seconds = time.monotonic() - began
            cpu = used_between(before, cpu_by_name(names))
            theirs, everything = models.cpu() - theirs, cpu_of_all() - everything
        if (calls := models.calls()) != CALLS * SAMPLES * (wanted + 1):
            note(f"NOT THE SAME WORK: {calls} calls instead of {CALLS * SAMPLES * (wanted + 1)}")
    run = Run(seconds, wanted * SAMPLES, cpu, theirs, everything - theirs - sum(cpu.values()))
    note(f"{run.samples / seconds:.0f} samples/s, {sum(cpu.values()) / run.samples:.1f} ms of CPU a sample")
    return run


def _job(up: Stack, product: str) -> None:
    """One job, from the request to its completion. Raises Failed where it ends otherwise."""
    body = MODELS | {"product": product, "count": SAMPLES}
    with httpx.Client(base_url=up.url, timeout=60.0, trust_env=False) as client:
        job = client.post("/api/generate-enhanced", json=body).raise_for_status().json()
        while job["status"] not in ("completed", "failed", "cancelled"):
            time.sleep(0.1)
            job = client.get(f"/api/result/{job['job_id']}").raise_for_status().json()
    if job["status"] != "completed":
        raise Failed(f"a job ended {job['status']}: {job}")


def filters(asked: Asked) -> None:
    """Milliseconds of CPU that each filter takes for a sample."""
    samples = [json.loads(line)["text"] for line in LABELLED.read_text("utf-8").splitlines()]
    rows = [
        ["length and lexical diversity", *_told(samples, _computed, asked.rounds)],
        ["MinHash signature", *_told(samples, quality.signature, asked.rounds)],
    ]
    dice = np.random.default_rng(1)
    new = [_entry(dice, "new", slot, text) for slot, text in enumerate(samples)]
    written = itertools.cycle(enumerate(text["text"] for text in texts("")))
    space = Space(cast(Ledger, None), "bench", signed=True)  # only what it holds in memory is asked
    for total in EARLIER:
        for slot, text in itertools.islice(written, total - len(space)):
            space.add(_entry(dice, f"earlier{total}", slot, text))
        rows.append([f"near-repeats among {total:,} of its product", *_told(new, space.near, asked.rounds)])
    print(f"\nms of CPU a sample on {len(samples)} labelled samples, the median of {asked.rounds}.\n")
    print(table(["", "p50", "p99"], rows), flush=True)


def _entry(dice: np.random.Generator, batch_id: str, slot: int, text: str) -> Entry:
    return Entry(batch_id, slot, unit(dice.standard_normal(DIMENSIONS)), quality.signature(text))


def _computed(text: str) -> None:
    quality.length(text)
    quality.lexical_diversity(text)


def _told(inputs: Iterable[T], work: Callable[[T], Any], rounds: int) -> list[str]:
    figures = [median(_timed(work, one) for _ in range(rounds)) for one in inputs]
    return [f"{figure:.2f}" for figure in (median(figures), quantiles(figures, n=100)[98])]


def _timed(work: Callable[[T], Any], one: T) -> float:
    before = time.process_time()
    work(one)
    return 1000 * (time.process_time() - before)
