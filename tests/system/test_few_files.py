"""With 256 files that may be open, as on macOS, and with no way to raise that: nothing fails after it was paid."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.system.test_cli_up import Stack, until

pytestmark = pytest.mark.serial

WANTED = 100


@pytest.mark.parametrize("hard", [256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]], ids=["hard", "soft"])
def test_what_was_paid_is_on_the_bill(tmp_path: Path, free_port: Callable[[], int], hard: int) -> None:
    limits = (256, hard)
    stack = Stack(tmp_path, free_port(), open_files=limits)
    try:
        stack.wait_until_ready()
        api = httpx.Client(base_url=stack.url, trust_env=False, timeout=30.0)
        simulator = httpx.Client(base_url=stack.stack()["simulator_url"], trust_env=False, timeout=30.0)
        assert simulator.put("/sim/plan", json={"latency": 1.0}).is_success
        body = {"num_problems": WANTED, "max_attempts": 1000, "max_in_flight": 250}
        batch = api.post("/api/generation", json=body).json()["batch_id"]

        def over() -> dict[str, object] | None:
            found: dict[str, object] = api.get(f"/api/generation/status/{batch}").json()
            return found if found["status"] == "completed" else None

        ended = until(over, within=200.0)
        assert ended["batch_cost"] == pytest.approx(simulator.get("/sim/bill").json()["cost_usd"], abs=1e-9)
        assert "Too many open files" not in stack.err
        assert ("only 256 files may be open" in stack.err) == (hard == 256)
    finally:
        stack.end()
