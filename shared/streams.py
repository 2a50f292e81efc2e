"""The streams and buckets, as every process declares them: identically, and nobody but through `Ledger.ensure`."""

from __future__ import annotations

from typing import Any

from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StoreCompression, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from shared.lines import LINES
from shared.settings import Settings

LEDGER, DEAD, VECTORS = "LEDGER", "DEAD", "VECTORS"
CONTROLS, FLOORS, REPLICAS, LEASES = "controls", "floors", "replicas", "leases"
REPLICA_TTL = 15.0  # s without a heartbeat until a replica is gone
WEEK = 7 * 24 * 3600.0


def configs(settings: Settings) -> list[StreamConfig]:
    """Limits, never work queues: those forget what was published when the server restarts."""
    common: dict[str, Any] = {
        "storage": StorageType.FILE,
        "retention": RetentionPolicy.LIMITS,
        "discard": DiscardPolicy.NEW,
        "compression": StoreCompression.S2,
        "num_replicas": settings.nats_replicas,
        "allow_direct": True,
    }
    limit = settings.ledger_max_bytes
    buckets = ((CONTROLS, 0.0), (FLOORS, 0.0), (REPLICAS, REPLICA_TTL), (LEASES, 0.0))
    facts = ["batches.>", *(f"{line}.>" for line in LINES), "calls.>"]
    return [
        StreamConfig(name=LEDGER, subjects=facts, max_age=WEEK, max_bytes=limit, **common),
        StreamConfig(name=DEAD, subjects=["dead.>", "kept.>"], max_bytes=limit // 8, **common),
        StreamConfig(name=VECTORS, subjects=["vectors.>"], max_bytes=limit // 2, **common),
        *(_bucket(name, ttl, common) for name, ttl in buckets),
    ]


def _bucket(name: str, ttl: float, common: dict[str, Any]) -> StreamConfig:
    """A key-value bucket as a stream. Messages may carry a lifetime (the lease does), which nats-py's own bucket
    configuration offers only together with delete markers, and a lease must not leave those."""
    return StreamConfig(
        name=f"KV_{name}",
        subjects=[f"$KV.{name}.>"],
        max_msgs_per_subject=1,
        max_age=ttl,
        allow_rollup_hdrs=True,
        deny_delete=True,
        allow_msg_ttl=True,
        max_bytes=-1,
        **common,
    )


async def declare(js: JetStreamContext, settings: Settings) -> None:
    """Make what is missing, and bring up to date what differs. Raises what nats-py does."""
    for config in configs(settings):
        try:
            current = (await js.stream_info(str(config.name))).config
        except NotFoundError:
            await js.add_stream(config)
            continue
        # only ever more subjects: a process of an older version must not take away what a newer one added
        config.subjects = sorted({*(current.subjects or []), *(config.subjects or [])})
        current.subjects = sorted(current.subjects or [])
        if any(getattr(current, f) != getattr(config, f) for f in ("subjects", "max_bytes", "num_replicas")):
            await js.update_stream(config)
