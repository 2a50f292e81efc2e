"""Services are forked with their imports done: they start in no time, and share the pages of what they import.

One process imports all of them and forks on demand. It forks twice, and the supervisor adopts orphans, so that a
service is the supervisor's own child: its exit status is known, and the death of the fork server harms nobody.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

from cli.services import SERVICES, run, start_command
from shared.children import adopt_orphans, die_with_parent

LONGEST_REQUEST = 1024**2
FAILED = b"-"
IMPORTS_WITHIN = 60.0  # s until the first answer
ANSWERS_WITHIN = 5.0  # s until any other; a fork takes milliseconds


class ForkServer:
    """The supervisor's end. Blocking; not for several threads at once."""

    def __init__(self) -> None:
        adopt_orphans()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._answered = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Begin to import; returns at once. The thread that calls must outlive the fork server. Raises OSError."""
        self.close()
        ours, theirs = socket.socketpair()
        with theirs:
            command = start_command("cli.fork_server:serve", theirs.fileno())
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        self._socket, self._answered = ours, False

    def fork(self, service: str, log_file: Path | None, environment: dict[str, str], lifeline: int) -> int:
        """The pid of a child that waits for a byte from `lifeline` and then runs the service, until that pipe ends.
        Raises OSError."""
        if not self.alive:
            self.start()
        assert self._socket is not None
        request = {"service": service, "log_file": log_file and str(log_file), "environment": environment}
        try:
            self._socket.settimeout(ANSWERS_WITHIN if self._answered else IMPORTS_WITHIN)
            socket.send_fds(self._socket, [json.dumps(request).encode()], [lifeline])
            answer = self._socket.recv(64)
            if not answer:
                raise ConnectionResetError("the fork server ended")
        except OSError:
            self.close()
            raise
        if answer == FAILED:
            raise OSError("the system makes no further process")
        self._answered = True
        return int(answer)

    def close(self) -> None:
        """End it. What it forked lives on."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._socket = None


def serve(channel: int) -> None:
    """The fork server itself."""
    os.setsid()  # Ctrl-C in a terminal is for the supervisor alone
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whoever started us may have ignored it
    for service in SERVICES:
        with contextlib.suppress(Exception):  # the service's own process raises it again, where it is seen
            importlib.import_module(f"services.{service}.app")
    gc.collect()
    gc.freeze()  # the collector of a child need not touch, and so copy, these pages
    supervisor = os.getppid()
    with socket.socket(fileno=channel) as requests:
        while True:
            message, lifelines, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 1)
            if not message:
                return
            request = json.loads(message)
            pid = _fork_twice()
            if pid == 0:
                requests.close()
                os.environ.update(request["environment"])
                log_file = request["log_file"] and Path(request["log_file"])
                run(request["service"], log_file, lifelines[0], supervisor)
            os.close(lifelines[0])
            requests.sendall(str(pid).encode() if pid else FAILED)


def _fork_twice() -> int | None:
    """0 in the process at the bottom; its pid here, once it is an orphan; None where the system makes no more."""
    read, write = os.pipe()
    try:
        between = os.fork()
        if between == 0:
            try:
                if pid := os.fork():
                    os.write(write, str(pid).encode())
            except OSError:
                os._exit(1)
            if pid:
                os._exit(0)
            return 0
        os.close(write)
        write = -1
        os.waitpid(between, 0)
        return int(os.read(read, 64) or 0) or None
    except OSError:
        return None
    finally:
        os.close(read)
        if write >= 0:
            os.close(write)
