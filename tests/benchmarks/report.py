"""What a benchmark is asked for, and how it tells: Markdown on stdout, remarks on stderr."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Asked:
    """The command's options. `ways` are those of the side-by-side benchmark."""

    rounds: int
    problems: int
    ways: tuple[str, ...]
    latencies: tuple[float, ...]
    profile: Path | None


def note(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def middle(values: Sequence[float], form: str) -> str:
    """The median, with the least and the most where they differ. `form` as in "{:.1f} s"."""
    low, high = form.format(min(values)), form.format(max(values))
    shown = form.format(median(values))
    return shown if low == high else f"{shown} ({low} to {high})"


def machine() -> str:
    """One line: what the figures were measured on, and how busy it was."""
    load = os.getloadavg()[0]
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {platform.system()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; "
        f"load before the start {load:.1f}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
