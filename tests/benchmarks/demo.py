"""`stumper demo`, already installed: how long until it is ready, shows a first valid problem, and is done."""

from __future__ import annotations

import re
import subprocess
import time

from tests.benchmarks.report import Asked, middle, note, table
from tests.benchmarks.servers import STUMPER, Failed, ended, environment, folder

SAID = {
    "ready": re.compile(r"^Ready after ([\d.]+) s"),
    "first valid problem": re.compile(r"^First valid problem .* ([\d.]+) s after the start"),
    "all ten of them": re.compile(r"^Batch completed .* ([\d.]+) s after the start"),
}
WHOLE = "the command has ended, its stack stopped"


def demo(asked: Asked) -> None:
    found = [_once() for _ in range(asked.rounds)]
    print(f"\n`stumper demo` with its defaults (10 problems by the solving simulator); median of {asked.rounds}.\n")
    rows = [[what, middle([times[what] for times in found], "{:.1f}")] for what in [*SAID, WHOLE]]
    first = [times["first valid problem"] - times["ready"] for times in found]
    rows.insert(2, ["first valid problem, after ready", middle(first, "{:.1f}")])
    print(table(["", "seconds after the start"], rows))


def _once() -> dict[str, float]:
    """Seconds as seen from outside, from the moment at which the command was started."""
    times: dict[str, float] = {}
    with folder() as place:
        began, lag = time.monotonic(), 0.0
        with ended(
            subprocess.Popen(
                [STUMPER, "demo"], cwd=place, env=environment(), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
        ) as process:  # fmt: skip
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                for what, pattern in SAID.items():
                    if said := pattern.match(line):
                        if what == "ready":  # its clock starts when Python has loaded it
                            lag = time.monotonic() - began - float(said[1])
                        times[what] = float(said[1]) + lag
            process.wait()
        times[WHOLE] = time.monotonic() - began
    if process.returncode or len(times) <= len(SAID):
        raise Failed(f"`stumper demo` gave {process.returncode}:\n{''.join(lines[-20:])}")
    note(", ".join(f"{what} {seconds:.1f} s" for what, seconds in times.items()))
    return times
