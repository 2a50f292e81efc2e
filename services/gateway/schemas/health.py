"""Replies of the Health routes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.gateway.schemas.common import Reply, with_example


class Welcome(Reply):
    model_config = with_example(
        {"message": "Synthetic Math Prompts API", "version": "0.1.0", "docs": "/docs", "dashboard": None}
    )

    message: str
    version: str
    docs: str
    dashboard: str | None


class Alive(Reply):
    model_config = with_example({"status": "healthy"})

    status: Literal["healthy"] = "healthy"


class Ready(Reply):
    model_config = with_example({"status": "ready"})

    status: Literal["ready"] = "ready"


class Dependency(Reply):
    ok: bool
    detail: str


class StageHealth(Reply):
    replicas: int = Field(description="Seen alive in the last 15 s.")
    holding: int = Field(description="Problems that they work on.")
    lag: int | None = Field(description="Messages waiting or being worked on; null: not known.")
    last_beat: datetime | None


EXAMPLE_STAGE = {"replicas": 1, "holding": 12, "lag": 30, "last_beat": "2026-11-21T10:00:00Z"}


class Health(Reply):
    """`degraded`: some stage has no replica, so batches are accepted but wait."""

    model_config = with_example(
        {
            "status": "healthy",
            "version": "0.1.0",
            "store": {"ok": True, "detail": "SQLite 3.45.1"},
            "ledger": {"ok": True, "detail": "1% of its space in use"},
            "stages": dict.fromkeys(("engineer", "checker", "solver", "embedder", "conductor"), EXAMPLE_STAGE),
        }
    )

    status: Literal["healthy", "degraded", "unavailable"]
    version: str
    store: Dependency
    ledger: Dependency
    stages: dict[str, StageHealth]
