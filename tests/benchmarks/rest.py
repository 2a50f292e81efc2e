"""The stack at rest: memory and CPU of `stumper up` with nothing to do."""

from __future__ import annotations

import time

from tests.benchmarks.processes import cpu_by_name, memory_by_name, used_between
from tests.benchmarks.report import Asked, table
from tests.benchmarks.servers import folder, stack

SETTLE = 5.0  # s after it is ready
WATCH = 20.0  # s


def rest(_: Asked) -> None:
    with folder() as data, stack(data) as up:
        time.sleep(SETTLE)
        names = up.names()
        before, began = cpu_by_name(names), time.monotonic()
        time.sleep(WATCH)
        used, watched = used_between(before, cpu_by_name(names)), time.monotonic() - began
        memory = memory_by_name(names)
    rows = [
        [name, f"{memory[name]:.0f}", f"{used[name] / watched / 10:.2f}"]
        for name in sorted(memory, key=memory.__getitem__, reverse=True)
    ]
    rows.append(["**all**", f"**{sum(memory.values()):.0f}**", f"**{sum(used.values()) / watched / 10:.2f}**"])
    print(f"\n`stumper up` with nothing to do: memory as PSS (a shared page counts once), CPU over {watched:.0f} s.\n")
    print(table(["process", "MB", "% of one core"], rows))
