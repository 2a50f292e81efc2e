"""A batch of variants: what it varies is frozen first, and stays what it is whatever becomes of the originals."""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import time
from math import ceil
from typing import Any

from services.gateway.acceptance import plain
from services.gateway.errors import Problem
from services.gateway.schemas.augmentation import AugmentRequest
from services.gateway.schemas.common import nano_dollars
from shared.contracts.batch import Batch, Quota, Wish
from shared.contracts.problem import ProblemStatus
from shared.store.protocols import Store

ATTEMPTS_EACH = 10  #: attempts for each variant wanted, where the request sets no cap
PAGE = 200  # items written at once


async def variants_of(origin: Batch, request: AugmentRequest, batch_id: str, store: Store) -> Batch:
    """The batch of variants, whose items are stored when this returns. Raises a 409 where nothing is valid yet."""
    seed = secrets.randbits(32) if request.random_seed is None else request.random_seed
    items = [_item(row) async for row in store.problems.stream(batch_id=origin.id, status=ProblemStatus.VALID)]
    if not items:
        raise Problem(409, f"batch {origin.id} has no valid problems to make variants of")
    random.Random(seed).shuffle(items)
    name = await freeze(items, store)
    each = ceil(request.ratio * len(items))
    wanted = each * len(request.strategies)
    engineer = plain(request.engineer_model) or origin.models["engineer"]
    return Batch(
        id=batch_id,
        kind="augmentation",
        source={
            "name": "items",
            "set": name,
            "size": len(items),
            "batch_id": origin.id,
        },
        quotas={strategy: Quota(wanted=each) for strategy in request.strategies},
        name=request.name,
        created_at=time.time(),
        wish=Wish(
            num_problems=wanted,
            max_attempts=request.max_attempts or ATTEMPTS_EACH * wanted,
            max_in_flight=origin.wish.max_in_flight,
            max_cost=nano_dollars(request.max_cost_usd),
        ),
        models=origin.models | {"engineer": engineer},
        options=origin.options,
        random_seed=seed,
        request_hash=request.digest(origin.id),
    )


async def freeze(items: list[dict[str, Any]], store: Store) -> str:
    """Store the items as a set that is named by its content; returns the name."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(json.dumps(item, sort_keys=True, ensure_ascii=False).encode() + b"\n")
    name = digest.hexdigest()
    for start in range(0, len(items), PAGE):
        await store.items.put(name, start, items[start : start + PAGE])
    return name


def _item(row: dict[str, Any]) -> dict[str, Any]:
    envelope = row["envelope"]
    texts = {name: envelope[name] for name in ("subject", "topic", "problem", "answer", "hints")}
    return {"id": row["id"], "level": envelope.get("level", ""), **texts}
