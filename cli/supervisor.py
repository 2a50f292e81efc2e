"""Runs the whole stack: NATS, the simulator and every service; restarts what dies, stops in order."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing import connection
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from cli.exits import Failure
from cli.nats_keeper import NatsKeeper
from cli.plan import Plan
from cli.processes import Child, fork_server
from cli.services import STOPPING
from shared import open_files
from shared.embedded import write_json
from shared.errors import LedgerUnavailable
from shared.settings import settings

log = logging.getLogger(__name__)

TICK = 0.25  # s between two looks at what we started
GLANCE = 0.01  # s between two looks at those that are ending
FORK_SERVER_PAUSE = 2.0  # s between two attempts to bring the fork server back
STARTS = 4  # failures in a row, before the stack was ever ready, that end the attempt
READY_WITHIN = 120.0  # s


def on_end(handler: Callable[[int, FrameType | None], None]) -> None:
    """Call it for Ctrl-C, SIGTERM and a closed terminal (unless `nohup` said that this does not matter)."""
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if which != signal.SIGHUP or signal.getsignal(which) != signal.SIG_IGN:
            signal.signal(which, handler)


class Supervisor:
    """One stack. It survives the death of whatever it started, and starts that again."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ready = threading.Event()
        self.seconds_to_ready = 0.0
        self._began = time.monotonic()
        self._stop, self._hurry = threading.Event(), threading.Event()
        self._wake_r, self._wake_w = connection.Pipe(duplex=False)
        self._children = plan.children()
        self._nats = NatsKeeper(plan.data_dir) if plan.embedded_nats else None
        self._environment = dict(plan.environment)  #: what the services see beyond our own
        self._fork_server = fork_server()
        self._fork_server_due = 0.0  # monotonic; when it may be started again
        self._told = True  #: stack.json says what runs

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def ask_to_stop(self, *, hurry: bool = False) -> None:
        """Safe from a signal handler or another thread. In a hurry nothing is waited for."""
        if hurry:
            self._hurry.set()
        self._stop.set()
        with contextlib.suppress(OSError):
            self._wake_w.send_bytes(b"x")

    def run(self, on_ready: Callable[[Supervisor], None] = lambda _: None) -> None:
        """Until asked to stop. Raises Failure where the stack does not come up."""
        open_files.raise_limit()
        try:
            if self._fork_server:
                self._fork_server.start()  # it imports while NATS starts
            if self._nats:
                self._environment["STUMPER_NATS_URL"] = self._nats.start()
            while not self._stop.is_set():
                self._start_due()
                self._wait(TICK if self.ready.is_set() else 0.03)
                self._notice_deaths()
                if not self.ready.is_set() and self._answers():
                    self.seconds_to_ready = time.monotonic() - self._began
                    self.ready.set()
                    on_ready(self)
        except LedgerUnavailable as error:
            raise Failure(str(error)) from error
        finally:
            self._shut_down()

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None and child.start_at <= now and not self._stop.is_set():
                try:
                    child.start(self._fork_server, self._environment)
                    self._told = False
                except OSError as error:
                    pause = child.wait_a_while()
                    log.warning("%s cannot be started (%s); trying again in %g s", child.name, error, pause)
        if not self._told:
            self._write_stack()

    def _wait(self, timeout: float) -> None:
        """Until somebody asks us to stop, or the time is over."""
        if self._wake_r.poll(timeout):
            self._wake_r.recv_bytes()

    def _notice_deaths(self) -> None:
        if self._stop.is_set():
            return
        if self._nats and self._nats.look():
            self._told = False
        if self._fork_server and not self._fork_server.alive and self._fork_server_due <= time.monotonic():
            log.warning("fork-server died; starting it again")
            self._fork_server_due = time.monotonic() + FORK_SERVER_PAUSE
            try:
                self._fork_server.start()
            except OSError as error:
                log.warning("it does not start: %s; trying again in %g s", error, FORK_SERVER_PAUSE)
            self._told = False
        for child in self._children:
            if child.process is None or child.alive:
                continue
            how, pause = child.bury()
            log.warning("%s died (%s); starting it again%s", child.name, how, f" in {pause:g} s" if pause else "")
            if not self.ready.is_set() and child.failures >= STARTS:
                raise Failure(f"{child.name} does not start ({how}); what it wrote is above")

    def _answers(self) -> bool:
        """GET /readyz of the gateway."""
        if time.monotonic() - self._began > READY_WITHIN:
            raise Failure(f"the stack was not ready within {READY_WITHIN:.0f} s")
        url = urlsplit(self.plan.gateway_url)
        client = http.client.HTTPConnection(url.hostname or "", url.port, timeout=2)
        try:
            client.request("GET", "/readyz")
            return client.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()

    def pids(self) -> dict[str, int | None]:
        """By name; nats-server too where it is ours."""
        pids: dict[str, int | None] = {child.name: child.process.pid for child in self._children if child.process}
        if self._fork_server:
            pids["fork-server"] = self._fork_server.pid
        return pids | ({"nats-server": self._nats.pid} if self._nats else {})

    def _write_stack(self) -> None:
        """`stack.json` tells other commands on this folder where the gateway is."""
        stack: dict[str, Any] = {
            "pid": os.getpid(),
            "gateway_url": self.plan.gateway_url,
            "nats_url": self._nats.url if self._nats else None,
            "simulator_url": self.plan.simulator_url,
            "pids": self.pids(),
        }
        with contextlib.suppress(OSError):  # the disk is full: it is told later
            write_json(self.plan.data_dir / "stack.json", stack)
            self._told = True

    def _shut_down(self) -> None:
        patience = settings().grace + 5.0
        for services in STOPPING:
            group = [child for child in self._children if child.service in services]
            for name in self._stop_group(group, 10.0 if services == ("gateway",) else patience):
                log.warning("%s did not end in time and was killed", name)
        if self._fork_server:
            self._fork_server.close()
        if self._nats:
            self._nats.stop()
        (self.plan.data_dir / "stack.json").unlink(missing_ok=True)

    def _stop_group(self, group: list[Child], patience: float) -> list[str]:
        """SIGTERM to all, SIGKILL to those left after `patience` seconds, or when asked to hurry; returns the
        names of these."""
        for child in group:
            if child.process:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        while living := [child for child in group if child.alive and child.process]:
            if self._hurry.is_set() or time.monotonic() > deadline:
                for child in living:
                    if child.process:
                        child.process.send_signal(signal.SIGKILL)
                while any(child.alive for child in living):
                    time.sleep(GLANCE)
                return [child.name for child in living]
            time.sleep(GLANCE)
        return []
