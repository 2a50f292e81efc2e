"""Services are our own children, whoever forked them, and outlive the fork server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cli import fork_server
from cli.fork_server import ForkServer
from cli.processes import Child
from tests.frozen import freeze

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans cannot be adopted here")


def until(condition: Callable[[], object], within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


@pytest.fixture
def server() -> Iterator[ForkServer]:
    made = ForkServer()
    yield made
    made.close()


@pytest.fixture
def start(server: ForkServer, tmp_path: Path) -> Iterator[Callable[[], Child]]:
    made: list[Child] = []
    environment = {"STUMPER_NATS_URL": "nats://127.0.0.1:1", "STUMPER_DATA_DIR": str(tmp_path)}

    def call() -> Child:
        child = Child("checker", log_file=tmp_path / "log")
        child.start(server, environment)
        made.append(child)
        return child

    yield call
    for child in made:
        if child.alive and child.process:
            child.process.send_signal(signal.SIGKILL)
        until(lambda child=child: not child.alive)  # type: ignore[misc]


def test_a_service_is_our_own_child(start: Callable[[], Child]) -> None:
    child = start()
    assert child.process
    assert psutil.Process(child.process.pid).ppid() == os.getpid()
    assert child.alive
    child.process.send_signal(signal.SIGKILL)
    until(lambda: not child.alive)
    assert child.bury()[0] == "SIGKILL"


def test_the_death_of_the_fork_server_harms_nobody(start: Callable[[], Child], server: ForkServer) -> None:
    child = start()
    first = server.pid
    assert first
    os.kill(first, signal.SIGKILL)
    until(lambda: not server.alive)
    assert child.alive
    assert start().alive
    assert child.alive
    assert server.pid != first


def test_a_frozen_fork_server_is_given_up(
    start: Callable[[], Child], server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start().alive
    assert server.pid
    monkeypatch.setattr(fork_server, "ANSWERS_WITHIN", 0.2)
    freeze(server.pid)
    with pytest.raises(TimeoutError):
        start()
    monkeypatch.undo()
    assert start().alive


def test_without_a_fork_server_each_is_a_python_of_its_own(tmp_path: Path) -> None:
    child, log = Child("checker", log_file=tmp_path / "log"), tmp_path / "log"
    child.start(None, {"STUMPER_NATS_URL": "", "STUMPER_DATA_DIR": str(tmp_path)})
    try:
        until(lambda: log.exists() and b"no NATS" in log.read_bytes())
        assert child.alive
    finally:
        assert child.process
        child.process.send_signal(signal.SIGKILL)
        until(lambda: not child.alive)
    assert child.bury()[0] == "SIGKILL"


@pytest.mark.parametrize("forked", [True, False])
def test_settings_that_cannot_be_have_a_code(server: ForkServer, tmp_path: Path, forked: bool) -> None:
    child = Child("checker", log_file=tmp_path / "log")
    child.start(server if forked else None, {"STUMPER_PORT": "x"})
    until(lambda: not child.alive)
    assert child.bury()[0] == "exit code 2"
    assert (tmp_path / "log").read_text().count("\n") == 1


def test_what_our_supervisor_never_heard_of_does_not_run(server: ForkServer, tmp_path: Path) -> None:
    read, write = os.pipe()
    pid = server.fork("checker", tmp_path / "log", {}, read)
    os.close(read)
    os.close(write)
    assert os.waitpid(pid, 0) == (pid, 0)


def test_nothing_outlives_the_supervisor(tmp_path: Path) -> None:
    code = f"""
import pathlib, sys
from cli.fork_server import ForkServer
from cli.processes import Child
server = ForkServer()
child = Child("checker", log_file=pathlib.Path({str(tmp_path / "log")!r}))
child.start(server, {{"STUMPER_DATA_DIR": {str(tmp_path)!r}, "STUMPER_NATS_URL": ""}})
print(child.process.pid, server.pid, flush=True)
sys.stdin.read()
"""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout
    family = [psutil.Process(int(pid)) for pid in supervisor.stdout.readline().split()]
    log = tmp_path / "log"
    until(lambda: log.exists() and log.stat().st_size)  # it runs
    family[0].suspend()
    supervisor.kill()
    supervisor.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
