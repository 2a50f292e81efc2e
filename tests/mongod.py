"""A real MongoDB server for the tests: one node as a replica set, so that majority writes are real."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

READY_WITHIN = 60.0  # s; it takes one or two where the machine is free


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def binary() -> str | None:
    """The mongod to start: STUMPER_TEST_MONGOD, else the one on PATH."""
    return shutil.which(os.environ.get("STUMPER_TEST_MONGOD") or "mongod")


class Mongod:
    """`Mongod.start(folder)`; `kill()` and `restart()` keep port and data, `stop()` ends it."""

    def __init__(self, executable: str, folder: Path) -> None:
        self._executable = executable
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, folder: Path) -> Mongod:
        """A new server with its data in `folder`, ready to write. RuntimeError where there is none to start."""
        executable = binary()
        if executable is None:
            raise RuntimeError("no mongod: set STUMPER_TEST_MONGOD to one, or put it on PATH")
        server = cls(executable, folder)
        try:
            server._launch()
            server._begin()
        except BaseException:
            server.kill()
            raise
        return server

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self._port}/?replicaSet=rs0"

    @property
    def pid(self) -> int:
        assert self._process is not None, "it is not running"
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, as in a crash."""
        self._end(lambda process: process.kill())

    def stop(self) -> None:
        """SIGTERM, a clean end."""
        self._end(lambda process: process.terminate())

    def restart(self) -> None:
        """Start again on the same port and data, after `kill` or `stop`; returns when it takes writes."""
        self._launch()
        self._until_primary()

    def _end(self, ask: Any) -> None:
        if self._process is not None:
            ask(self._process)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _launch(self) -> None:
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        options = f"--port {self._port} --bind_ip 127.0.0.1 --replSet rs0 --oplogSize 64 --wiredTigerCacheSizeGB 0.25"
        self._process = subprocess.Popen(
            [self._executable, *options.split(), "--quiet", "--dbpath", data, "--logpath", self._folder / "log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _begin(self) -> None:
        member = {"_id": 0, "host": f"127.0.0.1:{self._port}"}
        self._ask("admin", {"replSetInitiate": {"_id": "rs0", "members": [member]}})
        self._until_primary()

    def _until_primary(self) -> None:
        until = time.monotonic() + READY_WITHIN
        while not self._ask("admin", {"isMaster": 1}).get("ismaster"):
            self._wait(until)

    def _ask(self, database: str, command: dict[str, Any]) -> dict[str, Any]:
        """The answer to a command, asked again until the server listens."""
        until = time.monotonic() + READY_WITHIN
        while True:
            try:
                with pymongo.MongoClient[dict[str, Any]](
                    f"mongodb://127.0.0.1:{self._port}/?directConnection=true", serverSelectionTimeoutMS=500
                ) as client:
                    return client[database].command(command)
            except PyMongoError:
                self._wait(until)

    def _wait(self, until: float) -> None:
        assert self._process is not None
        if self._process.poll() is not None or time.monotonic() > until:
            log = (self._folder / "log").read_text(errors="replace") if (self._folder / "log").exists() else ""
            raise RuntimeError(f"{self._executable} did not start:\n{log[-2000:]}")
        time.sleep(0.05)
