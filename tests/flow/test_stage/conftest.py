"""Settings of a stage that a test can wait for."""

from __future__ import annotations

from typing import Any

import pytest

from shared.settings import Settings, settings


@pytest.fixture(autouse=True)
def environment(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    assert config.nats_url
    monkeypatch.setenv("STUMPER_NATS_URL", config.nats_url)
    for name, value in {"ACK_WAIT": "1.5", "WORKERS": "4", "GRACE": "5", "FAULT_DELAY": "0.01"}.items():
        monkeypatch.setenv(f"STUMPER_{name}", value)
    settings.cache_clear()
    yield
    settings.cache_clear()
