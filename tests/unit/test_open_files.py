"""How many connections there is room for, whatever the system allows."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from shared import open_files

ROOT = Path(__file__).parents[2]
UNLIMITED = resource.RLIM_INFINITY


class System:
    """Limits as a system has them; `most` is what it takes, whatever it says."""

    def __init__(self, soft: int, hard: int, most: int | None = None) -> None:
        self.soft, self.hard, self.most = soft, hard, most

    def getrlimit(self, _: int) -> tuple[int, int]:
        return self.soft, self.hard

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        soft, hard = limits
        if (self.most is not None and soft > self.most) or (self.hard != UNLIMITED and soft > self.hard):
            raise ValueError("current limit exceeds maximum limit")
        assert hard == self.hard, "lowering the hard limit cannot be undone"
        self.soft = soft


def on(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, most: int | None = None) -> System:
    system = System(soft, hard, most)
    monkeypatch.setattr(resource, "getrlimit", system.getrlimit)
    monkeypatch.setattr(resource, "setrlimit", system.setrlimit)
    return system


@pytest.mark.parametrize(
    ("soft", "hard", "most", "raised"),
    [
        (256, 4096, None, 4096),
        (256, 256, None, 256),
        (1024, 1_073_741_816, None, open_files.WANTED),
        (256, UNLIMITED, 10_240, 10_240),  # macOS
        (256, UNLIMITED, None, open_files.WANTED),
        (256, UNLIMITED, 300, 256),
        (100_000, 200_000, None, 100_000),
        (UNLIMITED, UNLIMITED, None, open_files.WANTED),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_it_goes(
    soft: int, hard: int, most: int | None, raised: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, soft, hard, most)
    assert open_files.raise_limit() == raised


@pytest.mark.parametrize("limit", [16, 256, 1024, 4096])
@pytest.mark.parametrize("workers", [1, 256, 10_000])
def test_the_connections_of_all_workers_fit(limit: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, limit, limit)
    fits = open_files.fitting(workers)
    assert 1 <= fits <= workers
    assert fits == 1 or fits * open_files.EACH + open_files.RESERVED <= limit


def test_too_few_are_told_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    on(monkeypatch, 256, 256)
    assert open_files.fitting(256) == 64
    assert "only 256 files may be open" in caplog.text
    assert "64 problems at once, not 256" in caplog.text
    caplog.clear()
    on(monkeypatch, 4096, 4096)
    assert open_files.fitting(256) == 256
    assert caplog.text == ""


def test_every_process_raises_it() -> None:
    """For real, from the soft limit that macOS gives."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    code = "from shared import start, open_files; start.begin('test'); print(open_files.limit())"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)),
    )  # fmt: skip
    assert int(ended.stdout) == min(open_files.WANTED, hard) or hard == UNLIMITED


@pytest.mark.parametrize("command", [["-m", "cli", "up"], ["-m", "cli", "demo"], ["-m", "services.simulator"]])
def test_too_few_to_run_at_all_are_refused(command: list[str], tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("STUMPER_")} | {"PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )  # fmt: skip
    assert ended.returncode == 2
    assert "only 64 files may be open, and 96 are needed" in ended.stderr
    assert ended.stderr.count("\n") == 1
