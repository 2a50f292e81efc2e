"""Children that stand still."""

from __future__ import annotations

import os
import signal


def freeze(pid: int) -> None:
    """Stop our child by SIGSTOP; returns once every thread of it stands. The signal alone only says that they shall."""
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
