"""Health: is the process up, can it serve, is every stage there. These routes need no API key."""

from __future__ import annotations

import asyncio
import importlib.metadata
import re
import shutil
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.connections import Connections
from services.gateway.errors import RETRY_AFTER, Problem
from services.gateway.routes.dependencies import Connected, replies
from services.gateway.schemas.common import example_of, timestamp
from services.gateway.schemas.health import Alive, Dependency, Health, Ready, StageHealth, Welcome
from shared import lines
from shared.consumers import backlog
from shared.errors import Unavailable
from shared.replica import replicas
from shared.settings import Settings

router = APIRouter(tags=["Health"])

WORKERS = (*lines.STAGES, "conductor")  #: without one of them, work would stand still
STAGES = (*WORKERS, "assistant")
ANSWERS_WITHIN = 3.0  # s until a dependency counts as away
REFUSED_FOR = 5.0  # s that facts of a stage are refused until we say so
FULL = 0.95  #: share of its own limit from which a ledger can refuse a fact
SQLITE_IS_FULL = "disk is full"  #: as SQLite puts it
LITTLE = 8 * 1024**2  # bytes; a disk with less is full


@cache
def version() -> str:
    try:
        return importlib.metadata.version("stumper")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"  # run from a checkout that is not installed


@router.get(
    "/",
    response_model=Welcome,
    responses=replies(model=Welcome) | {307: {"description": "To the page for people, where Accept names text/html"}},
)
async def welcome(request: Request, response: Response) -> Any:
    """What this is, and where to go on. A browser is sent to `/docs`."""
    varies = {"Vary": "Accept"}
    if _wants_page(request.headers.get("accept", "")):
        return RedirectResponse("/docs", headers=varies)
    response.headers.update(varies)
    return Welcome(version=version())


def _wants_page(accept: str) -> bool:
    """Whether text/html is asked for by its name: `*/*` is what programs send."""
    for asked in accept.split(","):
        media, *parameters = (part.strip().lower() for part in asked.split(";"))
        if media == "text/html" and not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters):
            return True
    return False


@router.get("/health", responses=replies(model=Alive))
async def health() -> Alive:
    """The process is up; says nothing of what it depends on."""
    return Alive()


@router.get("/healthz", responses=replies(model=Alive))
async def healthz() -> Alive:
    """The process is up: for a liveness probe."""
    return Alive()


@router.get("/readyz", responses=replies(503, model=Ready))
async def readyz(connected: Connected) -> Ready:
    """Store and NATS answer, and every stage and the conductor have a live replica."""
    found = await examine(connected)
    away = {"store": found.store, "ledger": found.ledger}
    missing = [f"{name} ({dependency.detail})" for name, dependency in away.items() if not dependency.ok]
    missing += [stage for stage in WORKERS if not found.stages[stage].replicas]
    if missing:
        raise Problem(503, f"not ready; waiting for {', '.join(missing)}", headers=RETRY_AFTER)
    return Ready()


@router.get(
    "/api/health",
    responses=replies(model=Health)
    | {
        503: {
            "model": Health,
            "description": "It cannot serve: the store or NATS is away, or takes no writes",
            "content": {
                "application/json": {
                    "example": example_of(Health)
                    | {"status": "unavailable", "store": {"ok": False, "detail": "does not answer"}}
                }
            },
        }
    },
)
async def api_health(connected: Connected, response: Response) -> Health:
    """Each dependency, and each stage with its replicas, lag and last heartbeat."""
    found = await examine(connected)
    if found.status == "unavailable":
        response.status_code = 503
        response.headers.update(RETRY_AFTER)
    return found


async def examine(connected: Connections) -> Health:
    (store, _), (ledger, fill), (written, _), (_, seen), (_, lags) = await asyncio.gather(
        _ask(lambda: connected.store.ping()),
        _ask(lambda: connected.ledger.state()),
        _ask(lambda: connected.writes.check(connected.ledger)),
        _ask(lambda: replicas(connected.ledger)),
        _ask(lambda: backlog(connected.ledger)),
    )
    if fill is not None:
        ledger = Dependency(ok=True, detail=f"{fill.fill:.0%} of its space in use")
        if refusal := _refusal(written.ok, seen or [], fill.fill, connected.settings):
            ledger = Dependency(ok=False, detail=refusal)
    stages = {stage: _stage(stage, seen or [], lags or {}) for stage in STAGES}
    serves = store.ok and ledger.ok
    complete = all(stage.replicas for stage in stages.values())
    return Health(
        status="unavailable" if not serves else "healthy" if complete else "degraded",
        version=version(),
        store=store,
        ledger=ledger,
        stages=stages,
    )


def _refusal(written: bool, seen: list[dict[str, Any]], fill: float, settings: Settings) -> str | None:
    """Why a ledger that answers still takes no facts; None where it does. A stream that could not be written once
    takes nothing more, while others do: so what the stages meet counts beside our own trial."""
    oldest = time.time() - REFUSED_FOR
    waiting = [replica["service"] for replica in seen if replica.get("refused_since", oldest) < oldest]
    if written and not waiting:
        return None
    whose = f"; waiting to write: {', '.join(sorted(set(waiting)))}" if waiting else ""
    return f"takes no writes: {'its space is used up' if fill > FULL else _room(settings)}{whose}"


def _room(settings: Settings) -> str:
    """Only the embedded server's disk can be looked at."""
    home = settings.data_dir / "nats"
    try:
        full = home.is_dir() and shutil.disk_usage(home).free < LITTLE
    except OSError:
        full = False
    return "its disk is full" if full else "its disk may be full, or was and the server has to be started anew"


def _stage(stage: str, seen: list[dict[str, Any]], lags: dict[tuple[str, str], int]) -> StageHealth:
    alive = [replica for replica in seen if replica["service"] == stage]
    by_line = {line: lag for (line, at), lag in lags.items() if at == stage}
    return StageHealth(
        replicas=len(alive),
        holding=sum(int(replica.get("holding", 0)) for replica in alive),
        lag=sum(by_line.values()) if by_line else None,
        lags=by_line,
        last_beat=timestamp(max((replica["at"] for replica in alive), default=None)),
    )


async def _ask(question: Callable[[], Awaitable[Any]]) -> tuple[Dependency, Any]:
    """Whether a dependency answers in time, and what."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            answer = await question()
    except TimeoutError:
        return Dependency(ok=False, detail=f"no answer within {ANSWERS_WITHIN:g} s"), None
    except Unavailable as error:  # whose words could name hosts and folders
        full = SQLITE_IS_FULL in str(error)
        return Dependency(ok=False, detail="its disk is full" if full else "does not answer"), None
    return Dependency(ok=True, detail=str(answer)), answer
