"""One replica of a service as the supervisor sees it, over all its lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cli.fork_server import ForkServer
from cli.services import GO, start_command

STEADY = 20.0  # s; a process that lived as long starts its backoff anew
LONGEST_PAUSE = 10.0  # s between two starts


class Process(Protocol):
    """What `subprocess.Popen` and `Forked` have in common."""

    pid: int

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int) -> None: ...


class Forked:
    """A child that the fork server made and we adopted."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, below 0 for a signal; None while it lives."""
        if self._code is None:
            try:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody made the system forget our children
                self._code = 255
            else:
                self._code = os.waitstatus_to_exitcode(status) if ended else None
        return self._code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


@dataclass
class Child:
    """One replica of a service."""

    service: str
    number: int = 1
    log_file: Path | None = None
    process: Process | None = None
    failures: int = 0  #: lives in a row that were short
    start_at: float = 0.0  #: monotonic; when it is due to be started
    _started: float = field(default=0.0, repr=False)
    _lifeline: int | None = field(default=None, repr=False)  #: the end of a pipe; the process ends when it is closed

    @property
    def name(self) -> str:
        return self.service if self.number == 1 else f"{self.service}.{self.number}"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, fork_server: ForkServer | None, environment: dict[str, str]) -> None:
        """Raises OSError; then nothing of it runs."""
        self._started = time.monotonic()
        theirs, ours = os.pipe()
        try:
            self.process = _process(self.service, self.log_file, fork_server, environment, theirs)
            os.write(ours, GO)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._lifeline = ours

    def bury(self) -> tuple[str, float]:
        """It died: how, and the seconds until it is due again."""
        assert self.process is not None
        code, self.process = self.process.poll(), None
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        return how_it_ended(code), self.wait_a_while()

    def wait_a_while(self) -> float:
        """Each short life doubles the pause before the next."""
        self.failures = 1 if time.monotonic() - self._started > STEADY else self.failures + 1
        pause = 0.0 if self.failures == 1 else min(LONGEST_PAUSE, 0.25 * 2 ** (self.failures - 1))
        self.start_at = time.monotonic() + pause
        return pause


def _process(
    service: str, log_file: Path | None, fork_server: ForkServer | None, environment: dict[str, str], lifeline: int
) -> Process:
    if fork_server is not None:
        return Forked(fork_server.fork(service, log_file, environment, lifeline))
    return subprocess.Popen(
        start_command("cli.services:run_alone", lifeline, service, str(log_file or "")),
        stdin=subprocess.DEVNULL, pass_fds=[lifeline], env=os.environ | environment,
    )  # fmt: skip


def how_it_ended(code: int | None) -> str:
    """`code` below 0 stands for a signal."""
    if code is not None and code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"


def fork_server() -> ForkServer | None:
    """None where the system does not let us adopt: each service then is a Python of its own."""
    return ForkServer() if sys.platform == "linux" else None
