"""The processes of the stack: one for each replica of a service, forked with its imports done where possible."""

from __future__ import annotations

import asyncio
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from shared import logs
from shared.children import die_with_parent

log = logging.getLogger(__name__)

STAGES = ("engineer", "checker", "solver", "embedder")
SERVICES = ("simulator", "gateway", "conductor", *STAGES)  #: in the order in which they are started
STOPPING = (("gateway",), STAGES, ("conductor",), ("simulator",))  #: takers first, then those they talk to
SCALABLE = ("conductor", *STAGES)

STEADY = 20.0  # s; a process that lived as long starts its backoff anew
LONGEST_PAUSE = 10.0  # s between two starts


def start_context() -> BaseContext:
    """How processes are made. On Linux a fork server begins at once to import what all of them need; the caller's
    thread must outlive it. `os.environ` has to be complete by now: the fork server keeps what it sees."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cli.preload"])
    from multiprocessing import forkserver

    forkserver.ensure_running()
    return context


def serve(service: str, log_file: Path | None) -> None:
    """The child: run the service until it ends, or the supervisor does."""
    os.setsid()
    if bind := die_with_parent(signal.SIGKILL):
        bind()
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    if log_file is not None:
        with log_file.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    try:
        module = importlib.import_module(f"services.{service}.app")
        if main := getattr(module, "main", None):
            main()
        else:
            asyncio.run(module.app.run())
    except Exception:
        logs.configure(service)
        log.critical("broke", exc_info=True)
        sys.exit(1)


def _end_with_parent() -> None:
    """The pipe from the supervisor ends when it does, even by SIGKILL. Its NATS ends too, so there is nothing to
    wait for: what was in hand is redelivered."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


@dataclass
class Child:
    """One replica of a service, over all its lives."""

    service: str
    number: int = 1
    log_file: Path | None = None
    process: BaseProcess | None = None
    failures: int = 0  #: lives in a row that were short
    start_at: float = 0.0  #: monotonic; when it is due to be started
    _started: float = field(default=0.0, repr=False)

    @property
    def name(self) -> str:
        return self.service if self.number == 1 else f"{self.service}.{self.number}"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.exitcode is None

    def start(self, context: BaseContext) -> None:
        process = context.Process(target=serve, args=(self.service, self.log_file), name=self.name, daemon=True)  # type: ignore[attr-defined]
        process.start()
        self.process, self._started = process, time.monotonic()

    def bury(self) -> tuple[str, float]:
        """It died: how, and the seconds until it is due again. Each short life doubles the pause."""
        assert self.process is not None
        code, self.process = self.process.exitcode, None
        self.failures = 1 if time.monotonic() - self._started > STEADY else self.failures + 1
        pause = 0.0 if self.failures == 1 else min(LONGEST_PAUSE, 0.25 * 2 ** (self.failures - 1))
        self.start_at = time.monotonic() + pause
        return how_it_ended(code), pause


def how_it_ended(code: int | None) -> str:
    """`code` as multiprocessing gives it: below 0 for a signal."""
    if code is not None and code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"
