"""The simulator's own account of every call that it answered, kept in a file that survives SIGKILL."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from services.simulator.models import MODELS

log = logging.getLogger(__name__)

NANO = 1_000_000_000
PAGE = 10_000  # entries in one answer


@dataclass(slots=True)
class Total:
    """What one model's calls came to."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0


@dataclass(slots=True)
class Bill:
    """One line a call in `path`, written before the reply goes out. One process a file."""

    path: Path
    by_model: dict[str, Total] = field(default_factory=dict)
    _file: int = -1
    _size: int = 0

    @classmethod
    def open(cls, path: Path) -> Bill:
        """Reads back what is there; a last line that a kill has torn is cut off."""
        path.parent.mkdir(parents=True, exist_ok=True)
        bill = cls(path, _file=os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644))
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    log.warning("the bill's last line was torn and is dropped", extra={"file": path})
                    break
                bill._size += len(line)
                bill._count(json.loads(line))
        os.ftruncate(bill._file, bill._size)
        return bill

    def charge(self, model: str, task: str, outcome: str, input_tokens: int, output_tokens: int) -> int:
        """Records one answered call; its cost in nano-dollars. OSError where the disk does not take it."""
        entry = {
            "at": round(time.time(), 6),
            "model": model,
            "task": task,
            "outcome": outcome,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost_nano": MODELS[model].cost(input_tokens, output_tokens),
        }
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            os.ftruncate(self._file, self._size)  # else the next line would stand on the torn one
            raise OSError(f"{self.path}: no room for another line")
        self._size += len(line)
        return self._count(entry)

    def _count(self, entry: dict[str, Any]) -> int:
        total = self.by_model.setdefault(entry["model"], Total())
        total.calls += 1
        total.input_tokens += entry["input_tokens"]
        total.output_tokens += entry["output_tokens"]
        total.cost_nano += entry["cost_nano"]
        return int(entry["cost_nano"])

    def totals(self) -> dict[str, Any]:
        """All calls together and by model; `cost_nano` in nano-dollars, exact."""
        cost = sum(total.cost_nano for total in self.by_model.values())
        return {
            "calls": sum(total.calls for total in self.by_model.values()),
            "cost_nano": cost,
            "cost_usd": cost / NANO,
            "by_model": {
                name: asdict(total) | {"cost_usd": total.cost_nano / NANO}
                for name, total in sorted(self.by_model.items())
            },
        }

    def entries(self, since: int = 0) -> list[dict[str, Any]]:
        """The calls after the one numbered `since`, in order, at most 10,000; `n` counts from 1."""
        found: list[dict[str, Any]] = []
        with self.path.open("rb") as lines:
            for n, line in enumerate(lines, 1):
                if n > since and line.endswith(b"\n"):
                    found.append({"n": n} | json.loads(line))
                if len(found) == PAGE:
                    break
        return found

    def close(self) -> None:
        os.close(self._file)
