"""What the conductor tells the stages of each batch: its flag, in a key-value bucket."""

from __future__ import annotations

from shared.contracts.statuses import Flag
from shared.ledger import Ledger
from shared.streams import CONTROLS


async def read_flags(ledger: Ledger) -> dict[str, Flag]:
    """Every batch's flag, as the store wants it. Raises LedgerUnavailable."""
    words = {batch: value.decode("utf-8", "replace") for batch, value in (await ledger.entries(CONTROLS)).items()}
    return {batch: Flag(word) for batch, word in words.items() if word in tuple(Flag)}


async def set_flag(ledger: Ledger, batch_id: str, flag: Flag | None, *, ttl: float | None = None) -> None:
    """Set or (None) clear a batch's flag; with `ttl` it is forgotten after so many seconds."""
    headers = {} if flag else {"KV-Operation": "PURGE", "Nats-Rollup": "sub"}
    if flag and ttl:
        headers["Nats-TTL"] = f"{round(ttl)}s"
    await ledger.publish(f"$KV.{CONTROLS}.{batch_id}", flag.value.encode() if flag else b"", headers)
