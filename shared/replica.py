"""Who a process is, in its beats."""

from __future__ import annotations

import json
import os
import platform
import time
import uuid
from typing import Any


def identity(service: str) -> dict[str, Any]:
    """What `Ledger.beat` says of this process; the caller adds the time and how it is doing."""
    return {
        "service": service,
        "id": uuid.uuid4().hex[:12],
        "pid": os.getpid(),
        "host": platform.node(),
        "started_at": time.time(),
    }


def parse_beat(data: bytes) -> dict[str, Any] | None:
    """A beat as it was published; None for what is none."""
    try:
        beat = json.loads(data)
    except ValueError:
        return None
    types: dict[str, Any] = {"service": str, "id": str, "at": (int, float), "started_at": (int, float)}
    sound = isinstance(beat, dict) and all(isinstance(beat.get(key), kind) for key, kind in types.items())
    if not sound or not isinstance(beat.get("holding", 0), int):
        return None
    return dict(beat)
