"""The gateway: HTTP in, live status out. Run it with `uvicorn services.gateway.app:app`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI

from services.gateway import errors, openapi
from services.gateway.acceptance import Acceptance
from services.gateway.connections import Connections
from services.gateway.cors import Cors
from services.gateway.edge import Edge
from services.gateway.http1 import Http1
from services.gateway.replicas import Replicas
from services.gateway.routes import (
    batches,
    dead_letters,
    generation,
    health,
    problems,
    targets,
    text,
    text_system,
    trial,
)
from services.gateway.routes.dependencies import known_parameters
from shared import open_files
from shared.settings import Settings
from shared.start import begin, exposed

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Connects to nothing until it is started. Raises ValueError for default models that cannot be."""
    connections = Connections(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        connections.start()
        try:
            yield
        finally:
            await connections.close()

    app = FastAPI(
        title="Stumper",
        version=health.version(),
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(known_parameters)],
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.connections = connections
    app.state.replicas = Replicas(connections)
    app.state.acceptance = Acceptance(settings, connections, app.state.replicas)
    for routes in (health, generation, text, text_system, trial, batches, targets, problems, dead_letters):
        app.include_router(routes.router)
    errors.install(app)
    openapi.install(app)
    app.add_middleware(Edge, api_keys=settings.api_keys)
    app.add_middleware(Cors, origins=settings.cors_origins)  # the last one added is the outermost
    return app


def __getattr__(name: str) -> Any:
    """`app` is made when a server asks for it, so that an import reads no environment."""
    if name == "app":
        return create_app(_begin())
    raise AttributeError(name)


def _begin() -> Settings:
    settings = begin("gateway", stores=True)
    if warning := exposed(settings):
        log.warning("%s", warning)
    return settings


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    settings = _begin()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=Http1,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=open_files.available(),
        timeout_graceful_shutdown=int(settings.grace),
    )


if __name__ == "__main__":
    main()
