"""`stumper up` as a user runs it: the real stack, its deaths and its end."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cli.services import SERVICES
from shared.embedded import NatsServer

ROOT = Path(__file__).parents[2]
ALL = {*SERVICES, "nats-server"}
ALL |= {"fork-server"} if sys.platform == "linux" else set()

pytestmark = pytest.mark.serial


def environment(**more: str) -> dict[str, str]:
    """What the tests were started with, without any setting of ours."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("STUMPER_", "OPENAI_"))}
    return known | {"PYTHONPATH": str(ROOT), "FORCE_COLOR": "1"} | more


def until(condition: Callable[[], Any], within: float = 60.0) -> Any:
    """The condition's first true value."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return value


class Stack:
    """One `stumper up` in a process group of its own."""

    def __init__(
        self, folder: Path, port: int, *arguments: str, open_files: tuple[int, int] | None = None, **more: str
    ) -> None:
        self.folder, self.data, self.port = folder, folder / "data", port
        self.url = f"http://127.0.0.1:{port}"
        self._out, self._err = (folder / "out").open("wb"), (folder / "err").open("wb")
        command = [sys.executable, "-m", "cli", "up", "--port", str(port), "--data", str(self.data), *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment(**more), stdout=self._out, stderr=self._err, start_new_session=True,
            preexec_fn=lambda: open_files and resource.setrlimit(resource.RLIMIT_NOFILE, open_files),
        )  # fmt: skip

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    def wait_until_ready(self) -> Stack:
        until(lambda: "\n" in self.out or self.process.poll() is not None)
        assert self.process.poll() is None, self.err
        return self

    def stack(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "stack.json").read_text())
        return found

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5.0, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def family(self) -> list[psutil.Process]:
        """The supervisor and all that it started, whoever their parent is now."""
        supervisor = psutil.Process(self.process.pid)
        named = [psutil.Process(pid) for pid in self.stack()["pids"].values()]
        return list({supervisor, *supervisor.children(recursive=True), *named})

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._out.close()
        self._err.close()


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    stack = Stack(tmp_path_factory.mktemp("up"), port, "--scale", "checker=2")
    yield stack.wait_until_ready()
    stack.end()


@pytest.fixture
def start(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[..., Stack]]:
    made: list[Stack] = []

    def call(*arguments: str, **more: str) -> Stack:
        made.append(Stack(tmp_path, free_port(), *arguments, **more))
        return made[-1]

    yield call
    for stack in made:
        stack.end()


def test_one_plain_line_says_that_it_is_ready(shared_stack: Stack) -> None:
    assert shared_stack.is_ready()
    assert shared_stack.out.count("\n") == 1
    assert shared_stack.out.startswith(
        f"Stumper is ready at {shared_stack.url} (docs at {shared_stack.url}/docs, data in "
    )
    assert "\x1b" not in shared_stack.out + shared_stack.err


def test_every_service_runs_as_often_as_asked(shared_stack: Stack) -> None:
    assert shared_stack.stack()["pids"].keys() == ALL | {"checker.2"}
    expected = {"engineer": 1, "checker": 2, "solver": 1, "embedder": 1, "writer": 1, "conductor": 1, "assistant": 1}

    def seen() -> bool:
        stages = httpx.get(f"{shared_stack.url}/api/health", trust_env=False).json()["stages"]
        return {name: stage["replicas"] for name, stage in stages.items()} == expected

    until(seen)


def test_a_second_one_on_the_folder_is_refused(shared_stack: Stack, free_port: Callable[[], int]) -> None:
    second = run(shared_stack.folder, "up", "--data", str(shared_stack.data), "--port", str(free_port()))
    assert second.returncode == 2
    assert second.stdout == ""
    assert f"another stack (pid {shared_stack.process.pid}, {shared_stack.url}) runs on" in second.stderr
    assert second.stderr.count("\n") == 1
    assert shared_stack.is_ready()


def test_a_taken_port_is_refused_before_anything_starts(shared_stack: Stack, tmp_path: Path) -> None:
    second = run(tmp_path, "up", "--data", str(tmp_path / "data"), "--port", str(shared_stack.port))
    assert second.returncode == 2
    assert f"port {shared_stack.port} of 127.0.0.1 cannot be used" in second.stderr
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["up.lock"]


def test_other_commands_find_the_gateway_by_the_folder(shared_stack: Stack) -> None:
    listed = run(shared_stack.folder, "status", "--data", str(shared_stack.data))
    assert (listed.returncode, listed.stderr) == (0, "")
    elsewhere = run(shared_stack.folder, "status", "--data", "other", "--gateway", "http://127.0.0.1:1")
    assert elsewhere.returncode == 4


@pytest.mark.parametrize("name", sorted(ALL | {"checker.2"}))
def test_what_dies_is_started_again(shared_stack: Stack, name: str) -> None:
    before = shared_stack.stack()
    os.kill(before["pids"][name], signal.SIGKILL)
    until(lambda: shared_stack.stack()["pids"].get(name) not in (None, before["pids"][name]))
    until(shared_stack.is_ready)
    after = shared_stack.stack()
    assert {k: v for k, v in after.items() if k != "pids"} == {k: v for k, v in before.items() if k != "pids"}
    assert f"{name} died" in shared_stack.err


def test_all_that_died_at_once_is_started_again(shared_stack: Stack) -> None:
    before = shared_stack.stack()["pids"]
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def all_new() -> bool:
        now = shared_stack.stack()["pids"]
        return now.keys() == before.keys() and not set(now.values()) & {None, *before.values()}

    until(all_new)
    until(shared_stack.is_ready)
    assert shared_stack.process.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="there is no fork server here")
def test_the_death_of_the_fork_server_harms_no_service(shared_stack: Stack) -> None:
    before = shared_stack.stack()["pids"]
    os.kill(before["fork-server"], signal.SIGKILL)
    until(lambda: shared_stack.stack()["pids"]["fork-server"] not in (None, before["fork-server"]))
    after = shared_stack.stack()["pids"]
    assert {name for name in before if before[name] != after[name]} == {"fork-server"}
    assert all(psutil.pid_exists(pid) for pid in after.values())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_cleanly(start: Callable[..., Stack], how: signal.Signals) -> None:
    stack = start().wait_until_ready()
    family = stack.family()
    assert len(family) > len(ALL)
    stack.process.send_signal(how)
    assert stack.process.wait(60) == 0
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    assert sorted(path.name for path in stack.data.iterdir() if path.suffix == ".json") == []
    assert stack.err == ""


def test_ctrl_c_reaches_the_supervisor_alone(start: Callable[..., Stack]) -> None:
    """A terminal signals the whole foreground group; services that heard it would end out of order."""
    stack = start().wait_until_ready()
    os.killpg(stack.process.pid, signal.SIGINT)
    assert stack.process.wait(60) == 0
    assert "died" not in stack.err
    assert "KeyboardInterrupt" not in stack.err


def test_it_can_be_stopped_while_it_starts(start: Callable[..., Stack]) -> None:
    stack = start()
    until(lambda: (stack.data / "stack.json").exists())
    family = stack.family()
    stack.process.send_signal(signal.SIGTERM)
    assert stack.process.wait(60) == 0
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive


@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_a_data_folder_of_any_name_and_a_key(start: Callable[..., Stack], language: str) -> None:
    """In a terminal that knows ASCII only, too."""
    name = 'jürgen 数学 "#1" $HOME \\u0041'
    plain = {"LC_ALL": language, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    stack = start("--data", name, STUMPER_API_KEYS=" alpha-key, beta-key,", **plain).wait_until_ready()
    stack.data = stack.folder / name
    assert httpx.get(f"{stack.url}/api/health", trust_env=False).status_code == 200
    assert httpx.get(f"{stack.url}/api/batches", trust_env=False).status_code == 401
    listed = run(stack.folder, "status", "--data", name, STUMPER_API_KEYS="beta-key", **plain)
    assert (listed.returncode, listed.stderr) == (0, "")
    refused = run(stack.folder, "status", "--data", name, STUMPER_API_KEYS="gamma-key")
    assert refused.returncode == 1
    assert "the API key is not valid" in refused.stderr


def test_a_nats_that_is_given_is_used_and_left_running(start: Callable[..., Stack], tmp_path: Path) -> None:
    given = NatsServer(tmp_path / "elsewhere")
    try:
        stack = start(STUMPER_NATS_URL=given.start()).wait_until_ready()
        assert stack.stack()["pids"].keys() == ALL - {"nats-server"}
        assert not (stack.data / "nats").exists()
        stack.end()
        assert stack.process.returncode == 0
        assert given.alive
    finally:
        given.stop()


def test_nothing_outlives_a_killed_supervisor_and_the_folder_is_free(start: Callable[..., Stack]) -> None:
    stack = start().wait_until_ready()
    family = stack.family()
    frozen = psutil.Process(stack.stack()["pids"]["solver"])
    if sys.platform == "linux":
        frozen.suspend()
    stack.process.kill()
    stack.process.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    again = start().wait_until_ready()
    assert again.is_ready()


def test_a_setting_that_cannot_be_is_named_before_anything_starts(start: Callable[..., Stack]) -> None:
    stack = start(STUMPER_ENGINEER_MODEL="nonsense")
    assert stack.process.wait(60) == 2
    assert stack.out == ""
    assert "STUMPER_ENGINEER_MODEL" in stack.err
    assert "Traceback" not in stack.err
    assert not (stack.data / "stack.json").exists()


@pytest.mark.parametrize(
    "arguments", [["--scale", "gateway=2"], ["--scale", "checker"], ["--port", "0"], ["--port", "70000"], ["--what"]]
)
def test_wrong_usage_starts_nothing(tmp_path: Path, arguments: list[str]) -> None:
    result = run(tmp_path, "up", "--data", str(tmp_path / "data"), *arguments)
    assert result.returncode == 2
    assert not (tmp_path / "data").exists()
