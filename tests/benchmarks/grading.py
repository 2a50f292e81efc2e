"""The exact comparison: the labelled pairs, and hostile answers of 4,000 characters. CPU time, in this process."""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import median, quantiles

from shared.grading.exact import compare
from tests.benchmarks.report import Asked, table
from tests.hostile_answers import HOSTILE, pairs

DATA = Path(__file__).parents[1] / "data"


def grading(asked: Asked) -> None:
    labelled = [
        json.loads(line)
        for name in ("equivalence_pairs", "equivalence_pairs_2")
        for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    answers = [(pair["a"], pair["b"]) for pair in labelled]
    hostile = {name: max(_once(a, b, asked.rounds) for a, b in pairs(text)) for name, text in HOSTILE.items()}
    usual = [_once(a, b, asked.rounds) for a, b in answers]
    slowest = sorted(hostile, key=hostile.__getitem__)[-3:]
    rows = [
        ["labelled pairs", str(len(usual)), *_told(usual), ""],
        ["hostile answers", str(len(hostile)), *_told(list(hostile.values())), ", ".join(reversed(slowest))],
    ]
    print(f"\nms of CPU a comparison, the median of {asked.rounds}.\n")
    print(table(["", "compared", "p50", "p99", "slowest", "of them the slowest"], rows))


def _once(a: str, b: str, rounds: int) -> float:
    return median(_timed(a, b) for _ in range(rounds))


def _timed(a: str, b: str) -> float:
    before = time.process_time()
    compare(a, b)
    return 1000 * (time.process_time() - before)


def _told(figures: list[float]) -> list[str]:
    return [f"{figure:.2f}" for figure in (median(figures), quantiles(figures, n=100)[98], max(figures))]
