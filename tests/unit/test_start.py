"""What every process does first, each started as a user starts it alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.settings import Settings
from shared.start import complaints, exposed, unusable

ROOT = Path(__file__).parents[2]
ALONE = {
    "checker": ["-m", "faststream", "run", "services.checker.app:app"],
    "conductor": ["-m", "faststream", "run", "services.conductor.app:app"],
    "gateway": ["-m", "uvicorn", "services.gateway.app:app", "--port", "1"],
    "gateway by its module": ["-m", "services.gateway.app"],
    "simulator": ["-m", "services.simulator"],
    "up": ["-m", "cli", "up"],
    "doctor": ["-m", "cli", "doctor"],
    "demo": ["-m", "cli", "demo"],
}
KEY = "sk-proj-0123456789abcdef"


def started(folder: Path, arguments: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    known = {k: v for k, v in os.environ.items() if not k.upper().startswith(("STUMPER_", "OPENAI_"))}
    known |= {"PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=known, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("arguments", ALONE.values(), ids=ALONE.keys())
def test_wrong_settings_are_one_line_each_and_nothing_starts(tmp_path: Path, arguments: list[str]) -> None:
    ended = started(tmp_path, arguments, STUMPER_API_KEYS=f"{KEY} x", OPENAI_BASE_URL="api.openai.example")
    assert ended.returncode == 2
    assert ended.stdout == ""
    lines = [line.partition(": ")[2] for line in ended.stderr.splitlines()]
    assert sorted(line.partition(":")[0] for line in lines) == ["OPENAI_BASE_URL", "STUMPER_API_KEYS"], ended.stderr
    assert KEY not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["checker", "conductor", "gateway", "simulator", "up", "doctor"])
def test_a_file_in_place_of_the_data_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    ended = started(tmp_path, ALONE[name], STUMPER_DATA_DIR="file/below")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "STUMPER_DATA_DIR: " in ended.stderr
    assert "file is no folder" in ended.stderr


def test_a_provider_that_is_unknown() -> None:
    known = Settings(_env_file=None, engineer_model=f"{KEY}/x", judge_model="simulator/sim-weak")
    (line,) = complaints(known, stores=False)
    assert line.startswith("STUMPER_ENGINEER_MODEL: unknown provider")
    assert KEY not in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written to" in str(unusable(tmp_path / "new" / "folder"))
    assert unusable(tmp_path / "new", writes=False) is None


def test_folders_that_can_and_cannot_be(tmp_path: Path) -> None:
    assert unusable(tmp_path / "a" / "b") is None
    assert unusable(tmp_path) is None
    assert unusable(tmp_path / ("x" * 300))


def test_only_what_a_process_needs_is_asked_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    known = Settings(_env_file=None, data_dir=tmp_path / "file", nats_url="nats://there")
    assert complaints(known, stores=False) == []
    assert len(complaints(known, stores=True)) == 1
    elsewhere = known.model_copy(update={"mongo_url": "mongodb://there"})
    assert complaints(elsewhere, stores=True) == []


@pytest.mark.parametrize(
    ("host", "keys", "warned"),
    [
        ("127.0.0.1", [], False),
        ("127.9.9.9", [], False),
        ("::1", [], False),
        ("localhost", [], False),
        ("0.0.0.0", [], True),
        ("::", [], True),
        ("10.0.0.7", [], True),
        ("stumper.example", [], True),
        ("0.0.0.0", ["a-key"], False),
    ],
)
def test_a_gateway_that_strangers_reach_without_a_key(host: str, keys: list[str], warned: bool) -> None:
    said = exposed(Settings(_env_file=None, host=host, api_keys=keys))
    assert bool(said) == warned
    assert not said or host in said
