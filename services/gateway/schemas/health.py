"""Replies of the Health routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from services.gateway.schemas.common import Reply, with_example


class Welcome(Reply):
    """Under each name that a client of ours or an older one reads."""

    model_config = with_example(
        {
            "message": "Synthetic Math Prompts API",
            "name": "Stumper",
            "description": "Makes maths problems that stump a model, and proves each one.",
            "version": "0.1.0",
            "docs": "/docs",
            "docs_url": "/docs",
            "health": "/health",
            "health_url": "/api/health",
            "dashboard": None,
        }
    )

    message: str = "Synthetic Math Prompts API"
    name: str = "Stumper"
    description: str = "Makes maths problems that stump a model, and proves each one."
    version: str
    docs: str = "/docs"
    docs_url: str = "/docs"
    health: str = "/health"
    health_url: str = "/api/health"
    dashboard: str | None = None


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
    lags: dict[str, int] = Field(description="The same by line, as `problems` or `texts`.")
    last_beat: datetime | None


EXAMPLE_STAGE = {"replicas": 1, "holding": 12, "lag": 30, "lags": {"problems": 30}, "last_beat": "2026-11-21T10:00:00Z"}


class Health(Reply):
    """`degraded`: some stage has no replica, so batches are accepted but wait."""

    model_config = with_example(
        {
            "status": "healthy",
            "timestamp": "2026-11-21T10:00:00Z",
            "redis_connected": False,
            "version": "0.1.0",
            "store": {"ok": True, "detail": "SQLite 3.45.1"},
            "ledger": {"ok": True, "detail": "1% of its space in use"},
            "stages": dict.fromkeys(
                ("engineer", "checker", "solver", "embedder", "writer", "conductor"), EXAMPLE_STAGE
            ),
        }
    )

    status: Literal["healthy", "degraded", "unavailable"]
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))
    redis_connected: Literal[False] = Field(False, description="There is no Redis; older clients need the field.")
    version: str
    store: Dependency
    ledger: Dependency
    stages: dict[str, StageHealth]
