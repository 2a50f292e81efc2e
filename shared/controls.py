"""What the conductor tells the stages of each batch, in two key-value buckets: its flag, and its floor.

All slots below the floor have ended, and their facts may be gone from the ledger.
"""

from __future__ import annotations

from shared.contracts.statuses import Flag
from shared.ledger import Ledger
from shared.streams import CONTROLS, FLOORS

PURGE = {"KV-Operation": "PURGE", "Nats-Rollup": "sub"}


async def read_flags(ledger: Ledger) -> dict[str, Flag]:
    """Every batch's flag, as the store wants it. Raises LedgerUnavailable."""
    words = {batch: value.decode("utf-8", "replace") for batch, value in (await ledger.entries(CONTROLS)).items()}
    return {batch: Flag(word) for batch, word in words.items() if word in tuple(Flag)}


async def set_flag(ledger: Ledger, batch_id: str, flag: Flag | None, *, ttl: float | None = None) -> None:
    """Set or (None) clear a batch's flag; with `ttl` it is forgotten after so many seconds."""
    headers = {} if flag else dict(PURGE)
    if flag and ttl:
        headers["Nats-TTL"] = f"{round(ttl)}s"
    await ledger.publish(f"$KV.{CONTROLS}.{batch_id}", flag.value.encode() if flag else b"", headers)


async def read_floors(ledger: Ledger) -> dict[str, int]:
    """Every running batch's floor. Raises LedgerUnavailable."""
    floors = {batch: parse_floor(value) for batch, value in (await ledger.entries(FLOORS)).items()}
    return {batch: floor for batch, floor in floors.items() if floor}


async def set_floor(ledger: Ledger, batch_id: str, floor: int) -> None:
    """Set or (0) clear a batch's floor."""
    await ledger.publish(f"$KV.{FLOORS}.{batch_id}", str(floor).encode() if floor else b"", {} if floor else PURGE)


def parse_floor(value: bytes) -> int:
    """0 for a purge, or rubbish."""
    return int(value) if value.isdigit() and len(value) < 16 else 0
