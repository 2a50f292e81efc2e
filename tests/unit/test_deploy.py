"""What containers run is what is there: compose, image and configuration as text, as no engine is needed for that."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import yaml

from shared import lines
from shared.settings import Settings

ROOT = Path(__file__).parents[2]


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_every_service_has_its_container_and_runs_what_exists() -> None:
    services = compose()["services"]
    assert set(services) >= {"gateway", "conductor", *lines.STAGES, "assistant", "simulator", "nats", "mongo"}
    for name in ("conductor", *lines.STAGES, "assistant"):
        target = services[name]["command"][-1]
        module, _, attribute = target.partition(":")
        assert module == f"services.{name}.app"
        assert hasattr(importlib.import_module(module), attribute)


def test_stages_can_be_scaled() -> None:
    """No fixed name and no published port: `--scale checker=3` starts three."""
    for name in ("conductor", *lines.STAGES, "assistant"):
        assert not {"container_name", "ports"} & set(compose()["services"][name])


def test_only_loopback_is_published() -> None:
    for service in compose()["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_grace_of_a_container_exceeds_that_of_its_handlers() -> None:
    for name in ("gateway", "conductor", *lines.STAGES, "assistant"):
        grace = compose()["services"][name]["stop_grace_period"]
        assert int(grace.removesuffix("s")) > Settings(_env_file=None).grace


def test_every_setting_that_is_named_exists() -> None:
    known = {f"STUMPER_{field.upper()}" for field in Settings.model_fields}
    texts = [
        (ROOT / name).read_text() for name in ("docker-compose.yml", ".env.example", "README.md", "deploy/Dockerfile")
    ]
    named = set(re.findall(r"STUMPER_[A-Z_]*[A-Z]", "\n".join(texts)))
    assert named
    assert {n for n in named if not n.startswith("STUMPER_TEST")} <= known


def test_what_the_image_copies_is_there() -> None:
    for line in (ROOT / "deploy/Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source


def test_locks_name_no_index() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"index-url|find-links|https?://", lock.read_text()), lock
