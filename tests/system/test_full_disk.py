"""A disk that is full, and then is not: nothing paid is lost, health says so, and nobody has to start anything.

Needs a small file system of its own, which only root may mount; skipped elsewhere, and says so.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.system.test_cli_up import Stack, until

pytestmark = pytest.mark.serial

SIZE = 64 * 1024**2  # bytes of the disk
WANTED = 40


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(place)]
    tried = subprocess.run(command, capture_output=True, text=True) if sys.platform == "linux" else None
    if tried is None or tried.returncode:
        pytest.skip(f"FULL DISK NOT TRIED: no small disk can be mounted here ({tried and tried.stderr.strip()})")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def stack(disk: Path, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Stack]:
    ledger = str(8 * 1024**2)
    made = Stack(
        tmp_path, free_port(), "--data", str(disk / "data"), STUMPER_LEDGER_MAX_BYTES=ledger, STUMPER_GRACE="2"
    )
    made.data = disk / "data"
    yield made.wait_until_ready()
    made.end()


def fill(disk: Path) -> Path:
    """Until not one byte fits."""
    hog = disk / "hog"
    handle = os.open(hog, os.O_CREAT | os.O_WRONLY)
    for size in (1024**2, 4096, 1):
        with contextlib.suppress(OSError):
            while True:
                os.write(handle, bytes(size))
    os.close(handle)
    return hog


class Api:
    def __init__(self, stack: Stack) -> None:
        self.client = httpx.Client(base_url=stack.url, trust_env=False, timeout=30.0)
        self.simulator = httpx.Client(base_url=stack.stack()["simulator_url"], trust_env=False, timeout=30.0)

    def health(self) -> tuple[int, dict[str, Any]]:
        reply = self.client.get("/api/health")
        return reply.status_code, reply.json()

    def status(self, batch: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/generation/status/{batch}").json()
        return found


@pytest.mark.parametrize("killed", [None, "nats-server", "solver"])
def test_a_full_disk_that_has_room_again(stack: Stack, disk: Path, killed: str | None) -> None:
    """`killed`: what dies while the disk is full."""
    api = Api(stack)
    assert api.simulator.put("/sim/plan", json={"latency": 0.3}).is_success
    body = {"num_problems": WANTED, "max_attempts": 400}
    batch = api.client.post("/api/generation", json=body).json()["batch_id"]
    until(lambda: api.status(batch)["valid_generated"] >= 3)
    before = stack.stack()["pids"]

    hog = fill(disk)
    until(lambda: api.health()[0] == 503)
    code, health = api.health()
    assert (code, health["status"]) == (503, "unavailable")
    assert "takes no writes: its disk is full" in health["ledger"]["detail"], health
    if killed:
        os.kill(before[killed], signal.SIGKILL)
        until(lambda: f"{killed} died" in stack.err)
    assert stack.process.poll() is None

    hog.unlink()
    until(lambda: api.health()[0] == 200)
    ended = until(lambda: api.status(batch) if api.status(batch)["status"] == "completed" else None, within=180.0)
    assert ended["valid_generated"] == WANTED
    after = stack.stack()["pids"]
    assert {name for name in before if before[name] != after[name]} <= {"nats-server", killed}

    if killed == "solver":  # with its replies
        return
    bill = api.simulator.get("/sim/bill").json()
    assert ended["batch_cost"] == pytest.approx(bill["cost_usd"], abs=1e-9), "what was paid is on the batch's bill"
