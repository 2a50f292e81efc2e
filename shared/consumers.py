"""The stages' durable consumers, as the server sees them."""

from __future__ import annotations

from typing import Any

from shared.contracts.statuses import ROUTE
from shared.ledger import Ledger
from shared.streams import LEDGER


async def consumer(ledger: Ledger, stage: str) -> dict[str, Any] | None:
    """The server's view of a stage's consumer; None where the stage never ran."""
    reply = await ledger.request(f"$JS.API.CONSUMER.INFO.{LEDGER}.{stage}", b"")
    return None if "error" in reply else reply


async def backlog(ledger: Ledger) -> dict[str, int]:
    """Stage -> messages waiting or being worked on; one that never ran is absent."""
    found = {stage: await consumer(ledger, stage) for stage in ROUTE}
    return {stage: info["num_pending"] + info["num_ack_pending"] for stage, info in found.items() if info}


async def ack_floors(ledger: Ledger) -> dict[str, int]:
    """Stage -> the sequence number of the ledger up to which everything is acked."""
    found = {stage: await consumer(ledger, stage) for stage in ROUTE}
    return {stage: info["ack_floor"]["stream_seq"] for stage, info in found.items() if info}
