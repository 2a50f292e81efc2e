"""The processes that a benchmark starts and ends: the server of prepared replies, the stack, a program."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.embedded import free_port
from tests.benchmarks.processes import family

ROOT = Path(__file__).parents[2]
STUMPER = Path(sys.executable).with_name("stumper")
READY_WITHIN = 120.0  # s
BATCH_WITHIN = 900.0  # s
LOOK_EVERY = 0.25  # s between two looks at a batch; each costs the gateway a few ms


class Failed(Exception):
    """A benchmark that could not be run; the words say why."""


@contextmanager
def folder() -> Iterator[Path]:
    """A new data folder, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="stumper-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def environment(**ours: str) -> dict[str, str]:
    """The caller's, without what would change the product or the wire."""
    foreign = ("STUMPER_", "OPENAI_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and not name.lower().endswith("_proxy")
    }
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | ours


@contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[subprocess.Popen[Any]]:
    """Ends that process at the end of the block: SIGTERM, and SIGKILL after a while."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Models:
    """A running server of prepared replies."""

    def __init__(self, url: str) -> None:
        self.url = url

    def cpu(self) -> float:
        """Its own CPU so far, ms."""
        return 1000 * float(_get(f"{self.url}/cpu"))

    def calls(self) -> int:
        return int(_get(f"{self.url}/count"))


@contextmanager
def prepared(latency: float, accept: float = 1.0) -> Iterator[Models]:
    """`latency`: seconds a call. `accept`: the share of problems that stump the target."""
    command = [sys.executable, "-m", "tests.benchmarks.prepared_server", "--latency", str(latency)]
    command += ["--accept", str(accept)]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("PORT "):
                yield Models(f"http://127.0.0.1:{int(line.split()[1])}")
                return
        raise Failed("the server of prepared replies did not start")


@dataclass(frozen=True)
class Stack:
    """A running `stumper up`."""

    data: Path
    url: str
    process: subprocess.Popen[Any]
    seconds_to_ready: float

    def names(self) -> dict[int, str]:
        """Every process of it, by pid."""
        known = json.loads((self.data / "stack.json").read_text())["pids"]
        names = {pid: name for name, pid in known.items()} | {self.process.pid: "supervisor"}
        return {pid: names.get(pid, "other") for pid in family(self.process.pid)}

    def start(self, body: dict[str, Any]) -> str:
        """Ask for a batch; its id."""
        reply = httpx.post(f"{self.url}/api/generation", json=body, timeout=30.0, trust_env=False)
        if reply.status_code != 202:
            raise Failed(f"the gateway said {reply.status_code}: {reply.text}")
        return str(reply.json()["batch_id"])

    def wait(self, batch_id: str) -> dict[str, Any]:
        """Its status when it has ended. Raises Failed where it did not complete."""
        until = time.monotonic() + BATCH_WITHIN
        with httpx.Client(base_url=self.url, timeout=30.0, trust_env=False) as client:
            while time.monotonic() < until:
                status: dict[str, Any] = client.get(f"/api/generation/status/{batch_id}").raise_for_status().json()
                if status["status"] == "completed":
                    return status
                if status["finished_at"] or status["error"]:
                    raise Failed(f"the batch ended {status['status']}: {status['error']} {status['stats']}")
                time.sleep(LOOK_EVERY)
        raise Failed(f"the batch did not end within {BATCH_WITHIN:.0f} s: {status}")


@contextmanager
def stack(data: Path, **settings: str) -> Iterator[Stack]:
    """`stumper up` on that folder. `settings` are the STUMPER_* that it sees, without the prefix."""
    port = free_port()
    began = time.monotonic()
    with (data / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [STUMPER, "up", "--port", str(port), "--data", data],
            stdout=log, stderr=log, cwd=data, env=environment(**{f"STUMPER_{k}": v for k, v in settings.items()}),
        )  # fmt: skip
    with ended(process):
        up = Stack(data, f"http://127.0.0.1:{port}", process, _until_ready(process, data, began))
        yield up
        if process.poll() is not None:
            raise Failed(f"the stack died:\n{(data / 'up.log').read_text()[-2000:]}")


def _until_ready(process: subprocess.Popen[Any], data: Path, began: float) -> float:
    """Seconds since `began` when it says that it is ready."""
    while time.monotonic() - began < READY_WITHIN:
        if b"Stumper is ready" in (data / "up.log").read_bytes():
            return time.monotonic() - began
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise Failed(f"the stack did not come up:\n{(data / 'up.log').read_text()[-2000:]}")


def _get(url: str) -> str:
    return httpx.get(url, timeout=30.0, trust_env=False).raise_for_status().text
