"""Who is there: each process says so in heartbeats, which the bucket forgets after `REPLICA_TTL`."""

from __future__ import annotations

import json
import os
import platform
import time
import uuid
from typing import Any

from shared.contracts.wait import Wait
from shared.ledger import Ledger
from shared.streams import REPLICA_TTL, REPLICAS


def identity(service: str) -> dict[str, Any]:
    """What a heartbeat says of this process; the caller adds the time and how it is doing."""
    return {
        "service": service,
        "id": uuid.uuid4().hex[:12],
        "pid": os.getpid(),
        "host": platform.node(),
        "started_at": time.time(),
    }


def parse_heartbeat(data: bytes) -> dict[str, Any] | None:
    """A heartbeat as it was published; None for what is none.

    A stage's `providers` are the names of those that it could ask (absent: it does not say), its `waiting` are
    `Wait`s; of both, what is rubbish is left out.
    """
    try:
        heartbeat = json.loads(data)
    except (ValueError, RecursionError):
        return None
    numbers = (int, float)
    types: dict[str, Any] = {"service": str, "id": str, "at": numbers, "started_at": numbers}
    sound = isinstance(heartbeat, dict) and all(isinstance(heartbeat.get(key), kind) for key, kind in types.items())
    if not sound or not isinstance(heartbeat.get("holding", 0), int):
        return None
    if not isinstance(heartbeat.get("refused_since", 0), numbers):
        return None
    for name in ("waiting", "providers"):
        if not isinstance(heartbeat.get(name, []), list):
            del heartbeat[name]
    if "waiting" in heartbeat:
        heartbeat["waiting"] = [found for one in heartbeat["waiting"] if (found := _wait(one))]
    return dict(heartbeat)


def _wait(value: Any) -> Wait | None:
    try:
        return Wait.model_validate(value)
    except ValueError:
        return None


async def heartbeat(ledger: Ledger, replica: dict[str, Any]) -> None:
    """Say that this replica lives, and whether its facts are taken. Raises LedgerUnavailable."""
    if ledger.refused_since is not None:
        replica = replica | {"refused_since": ledger.refused_since}
    await ledger.publish(_subject(replica), json.dumps(replica).encode(), {})


async def leave(ledger: Ledger, replica: dict[str, Any]) -> None:
    """Say that this replica is gone, so that nobody waits for its heartbeat to age."""
    await ledger.publish(_subject(replica), b"", {"KV-Operation": "PURGE", "Nats-Rollup": "sub"})


async def replicas(ledger: Ledger) -> list[dict[str, Any]]:
    """Those whose last heartbeat is at most `REPLICA_TTL` seconds old. A server whose disk is full forgets none."""
    oldest = time.time() - REPLICA_TTL
    found = [parse_heartbeat(value) for value in (await ledger.entries(REPLICAS)).values()]
    alive = [replica for replica in found if replica and replica["at"] >= oldest]
    return sorted(alive, key=lambda r: (r["service"], r["started_at"]))


def _subject(replica: dict[str, Any]) -> str:
    return f"$KV.{REPLICAS}.{replica['service']}.{replica['id']}"
