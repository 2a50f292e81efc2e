"""Where the time goes: py-spy on every Python process of the stack, while a batch runs.

It takes a thread of a pool that waits for work for a busy one: pass over stacks that end in `_worker`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.report import note

PY_SPY = Path(sys.executable).with_name("py-spy")
RATE = 50  # samples a second of each process
NOT_PYTHON = ("nats-server", "mongod", "fork-server")


@contextmanager
def sampled(names: dict[int, str], into: Path | None, run: str) -> Iterator[None]:
    """Collapsed stacks in `into`/`run`-`process`.txt, for any viewer of flame graphs; nothing where it is None."""
    if into is None:
        yield
        return
    into.mkdir(parents=True, exist_ok=True)
    samplers = [
        subprocess.Popen(
            [PY_SPY, "record", "--format", "raw", "--rate", str(RATE), "--duration", "unlimited", "--pid", str(pid),
             "--output", into / f"{run}-{name}.txt"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for pid, name in names.items() if name not in NOT_PYTHON
    ]  # fmt: skip
    try:
        yield
    finally:
        for sampler in samplers:
            sampler.send_signal(signal.SIGINT)
        for sampler in samplers:
            _, said = sampler.communicate(timeout=60)
            if sampler.returncode:
                note(f"py-spy: {said.strip()[-300:]}")
