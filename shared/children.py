"""Child processes that end when their parent does, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>


def die_with_parent(how: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """To be called in the child (as `preexec_fn`, say): on Linux it then gets that signal when the thread that
    started it ends. None elsewhere."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: nothing may be loaded between fork and exec

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, how)

    return bind


def adopt_orphans() -> None:
    """On Linux: a process below us whose parent ends becomes our child."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(command: list[str], *, name: str) -> subprocess.Popen[bytes]:
    """Start a silent child in a session of its own (Ctrl-C does not reach it). Raises OSError.

    A thread that lives as long as the child starts it: Linux tells a child of its parent's death when the
    starting thread ends, and the caller's thread may end first.
    """
    started = threading.Event()
    result: list[subprocess.Popen[bytes] | OSError] = []

    def keep() -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        except OSError as error:
            result.append(error)
            return
        else:
            result.append(process)
        finally:
            started.set()
        process.wait()

    threading.Thread(target=keep, name=name, daemon=True).start()
    started.wait()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


def command_line(pid: int) -> str:
    """What the process was started with; "" where there is no such process, or only its remains."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return os.fsdecode(proc.read_bytes().replace(b"\0", b" "))
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True)
    line = os.fsdecode(shown.stdout).strip()
    return "" if "<defunct>" in line else line
