"""The laws of the house: who may import whom, and that importing does nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.services import SERVICES

ROOT = Path(__file__).parents[2]


def test_import_laws() -> None:
    """The contracts in pyproject.toml."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_settings_read_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("shared", "services")
        for path in (ROOT / folder).rglob("*.py")
        if "os.environ" in path.read_text() or "os.getenv" in path.read_text()
    }
    assert readers <= {"shared/settings.py"}


@pytest.mark.parametrize(
    "module",
    [f"services.{name}.app" for name in SERVICES],
)
def test_importing_a_service_connects_nowhere(module: str) -> None:
    """No socket is opened at import, and no store file is made."""
    code = (
        "import socket, sys\n"
        "def banned(*a, **k): raise SystemExit('connected at import')\n"
        "socket.socket.connect = banned\n"
        f"import {module}\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
