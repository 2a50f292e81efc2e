"""The stages' durable consumers, as the server sees them."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.ledger import Ledger
from shared.lines import LINES
from shared.streams import LEDGER


async def consumer(ledger: Ledger, name: str) -> dict[str, Any] | None:
    """The server's view of a consumer; None where its stage never ran."""
    reply = await ledger.request(f"$JS.API.CONSUMER.INFO.{LEDGER}.{name}", b"")
    return None if "error" in reply else reply


async def _all(ledger: Ledger) -> dict[tuple[str, str], dict[str, Any]]:
    """By line and stage; one that never ran is absent."""
    wanted = [(line, stage) for line in LINES.values() for stage in line.stages]
    found = await asyncio.gather(*(consumer(ledger, line.consumer(stage)) for line, stage in wanted))
    return {(line.name, stage): info for (line, stage), info in zip(wanted, found, strict=True) if info}


async def backlog(ledger: Ledger) -> dict[tuple[str, str], int]:
    """(line, stage) -> messages waiting or being worked on; one that never ran is absent."""
    return {key: info["num_pending"] + info["num_ack_pending"] for key, info in (await _all(ledger)).items()}


async def ack_floors(ledger: Ledger) -> dict[tuple[str, str], int]:
    """(line, stage) -> the sequence number of the ledger up to which everything is acked."""
    return {key: info["ack_floor"]["stream_seq"] for key, info in (await _all(ledger)).items()}
