"""Who a process is, in its beats."""

from __future__ import annotations

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
