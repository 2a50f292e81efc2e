"""What processes cost, from /proc: CPU time, memory, family. Linux only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

TICK = 1000 / os.sysconf("SC_CLK_TCK")  # ms


def _stat(pid: int) -> list[str] | None:
    """The fields after the command's name (which may hold spaces); None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def family(pid: int) -> list[int]:
    """The process and all its descendants that are there now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def cpu(pid: int) -> float:
    """Milliseconds of CPU so far, user and system, with the children that it has waited for."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) * TICK if fields else 0.0


def cpu_of_all() -> float:
    """Milliseconds that the machine's cores were busy since it was started, for whomever."""
    user, nice, system, _idle, _waiting, irq, softirq, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, irq, softirq, steal))) * TICK


def memory(pid: int) -> float:
    """MB of memory as PSS: a page that n processes share counts 1/n for each."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_by_name(names: dict[int, str]) -> dict[str, float]:
    """Milliseconds so far, by the processes' names."""
    return _by_name(names, cpu)


def memory_by_name(names: dict[int, str]) -> dict[str, float]:
    """MB, by the processes' names."""
    return _by_name(names, memory)


def used_between(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


def _by_name(names: dict[int, str], measure: Callable[[int], float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for pid, name in names.items():
        sums[name] = sums.get(name, 0.0) + measure(pid)
    return sums
