"""The embedded NATS, by the real server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nats
import pytest

from shared import embedded
from shared.children import command_line
from shared.embedded import NatsServer, find_binary, find_nats_url, read_json, version_of
from shared.errors import LedgerUnavailable
from shared.settings import Settings
from tests.frozen import freeze


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    made = NatsServer(tmp_path)
    yield made
    made.stop()


def until(condition: Callable[[], bool], within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def settings(data_dir: Path, nats_url: str | None = None) -> Settings:
    return Settings(_env_file=None, data_dir=data_dir, nats_url=nats_url)


async def publish(url: str, text: str) -> int:
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    ack = await stream.publish("s", text.encode())
    await client.close()
    return ack.seq


async def test_it_is_ready_when_start_returns(server: NatsServer) -> None:
    url = server.start()
    assert await publish(url, "a") == 1
    assert server.alive
    assert server.version >= embedded.COUNTERS_SINCE
    assert server.counters
    assert read_json(server.data_dir / "nats.json") == {"url": url, "pid": server.pid}


NAMES = (
    "jürgen",
    "数学",
    "with blanks",
    'it\'s "quoted"',
    "#1 $HOME ${PATH}",
    "back\\slash\\u0041",
    "tab\there",
    "line\nbreak",
    "{[(;,:=",
    os.fsdecode(b"no text \xff"),
    "/".join(["long" * 60] * 4),
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_a_folder_of_any_name_is_served_and_found(tmp_path: Path, name: str) -> None:
    server = NatsServer(tmp_path / name)
    try:
        url = server.start()
        assert await publish(url, "a") == 1
        assert (tmp_path / name / "nats" / "jetstream").is_dir()
        assert find_nats_url(settings(tmp_path / name)) == url
        other = NatsServer(tmp_path / name)
        other.end_stale()
        until(lambda: not server.alive)
    finally:
        server.stop()


async def test_a_killed_one_comes_back_on_its_port_with_its_data(server: NatsServer) -> None:
    url = server.start()
    assert await publish(url, "a") == 1
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not server.alive)
    assert server.start() == url
    assert await publish(url, "b") == 2


async def test_a_stopped_one_keeps_its_data(server: NatsServer, tmp_path: Path) -> None:
    assert await publish(server.start(), "a") == 1
    server.stop()
    server.stop()
    other = NatsServer(tmp_path)
    try:
        assert await publish(other.start(), "b") == 2
    finally:
        other.stop()


def test_a_server_left_by_an_earlier_run_is_ended(server: NatsServer, tmp_path: Path) -> None:
    server.start()
    other = NatsServer(tmp_path)
    try:
        other.start()
        until(lambda: not server.alive)
        assert other.alive
    finally:
        other.stop()


def test_a_frozen_server_left_by_an_earlier_run_is_ended(
    server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STALE_GRACE", 0.5)
    server.start()
    assert server.pid
    freeze(server.pid)
    other = NatsServer(tmp_path)
    try:
        other.start()
        until(lambda: not server.alive)
    finally:
        other.stop()


def test_a_pid_that_now_is_somebody_else_is_left_alone(server: NatsServer, tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / "nats").mkdir()
        (tmp_path / "nats" / "server.pid").write_text(str(bystander.pid))
        server.start()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_starting_it_twice_is_a_mistake(server: NatsServer) -> None:
    server.start()
    with pytest.raises(RuntimeError, match="running already"):
        server.start()


def test_a_taken_port_is_refused_in_the_servers_words(server: NatsServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(LedgerUnavailable, match="address already"):
        server.start(port=taken.getsockname()[1])
    assert not server.alive


def test_where_it_may_choose_it_finds_another_port(server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        draws = iter([taken.getsockname()[1], embedded.free_port()])
        monkeypatch.setattr(embedded, "free_port", lambda: next(draws))
        server.start()
    assert server.alive


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """Even where the parent has no chance to say so."""
    code = f"""
import pathlib, sys
from shared.embedded import NatsServer
server = NatsServer(pathlib.Path({str(tmp_path)!r}))
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""
    root = Path(embedded.__file__).parents[1]
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    try:
        assert command_line(pid)
        parent.kill()
        parent.wait()
        if sys.platform == "linux":
            until(lambda: not command_line(pid))
    finally:
        if command_line(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_server_without_counters_is_told_of(
    server: NatsServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedded, "COUNTERS_SINCE", (99, 0))
    server.start()
    assert not server.counters
    assert "too old for rate and budget counters, which need 99.0" in caplog.text


def test_the_url_is_found_while_it_runs(server: NatsServer, tmp_path: Path) -> None:
    url = server.start()
    assert find_nats_url(settings(tmp_path)) == url
    server.stop()
    with pytest.raises(LedgerUnavailable, match="stumper up"):
        find_nats_url(settings(tmp_path))


def test_an_explicit_url_wins(server: NatsServer, tmp_path: Path) -> None:
    server.start()
    assert find_nats_url(settings(tmp_path, nats_url="nats://elsewhere:4222")) == "nats://elsewhere:4222"


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"url": "nats://127.0.0.1:1", "pid": 1})])
def test_a_leftover_file_is_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "nats.json").write_text(content)
    with pytest.raises(LedgerUnavailable):
        find_nats_url(settings(tmp_path))


def test_the_binary_is_the_packages() -> None:
    said = subprocess.run([find_binary(), "--version"], capture_output=True, text=True).stdout
    assert version_of(said) >= (2, 10)


@pytest.mark.parametrize(
    ("text", "version"), [("nats-server: v2.15.1", (2, 15, 1)), ("2.9.0-beta.1", (2, 9, 0)), ("unknown", ())]
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    assert version_of(text) == version
