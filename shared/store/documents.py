"""What both stores must decide alike: when a batch is open, what a tombstone keeps, how a vector is kept."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from typing import Any

from shared.contracts.batch import Batch, Row, Wish
from shared.contracts.statuses import BatchStatus

DELETED = "deleted"  #: the state of a wish that is final
SUMS = ("calls", "cost", "unpriced", "input_tokens", "output_tokens")  #: over calls
IN_PROGRESS = "in_progress"  #: the one status of a problem that is no end
TALLIED = ("counts", "reasons")  #: what of batches is summed up by name

_KEPT = {"id", "created_at", "line", "kind", "route", "wish", "models", "options", "request_hash", "applied"}


def is_open(batch: Batch, state: str) -> bool:
    """Has the sweep to look at it, where `state` is what the wish says? `bury` alone closes a deleted one."""
    open_ = not batch.ended or batch.in_flight > 0 or not batch.purged
    return open_ or state == DELETED or batch.wish.round > batch.asked


def reopens(changes: dict[str, Any]) -> bool:
    """Whether the sweep has to look at a batch whose wish changes so, though it had ended."""
    return changes.get("state") == DELETED or "round" in changes


def facts_of(batch: Batch) -> dict[str, Any]:
    """All of the document but its id and the wish."""
    return batch.model_dump(mode="json", exclude={"id", "wish"})


def emptied() -> dict[str, Any]:
    """The fields that `bury` sets; the other ones stay."""
    blank = {name: field.get_default() for name, field in Batch.model_fields.items() if name not in _KEPT}
    return blank | {"topics": [], "status": BatchStatus.CANCELLED.value, "purged": True}


def checked(changes: dict[str, Any]) -> dict[str, Any]:
    """Changes of a wish, ready to be stored. ValueError where a wish cannot hold them."""
    if unknown := changes.keys() - Wish.model_fields.keys() | changes.keys() & {"rev"}:
        raise ValueError(f"not to be wished: {', '.join(sorted(unknown))}")
    whole = Wish.model_validate({"num_problems": 0, "max_attempts": 0, **changes})
    return whole.model_dump(mode="json", include=set(changes))


def canonical(document: Any) -> str:
    """JSON that is the same for equal documents."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def part_vector(row: Row) -> tuple[Row, bytes | None]:
    """The row without its embedding, and the embedding as float32 bytes.

    Where base64 would not come back as the same characters, the text stays in the row.
    """
    envelope = row.get("envelope") or {}
    text = envelope.get("vector")
    if not text:
        return row, None
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return row, None
    if len(raw) % 4 or b64encode(raw).decode() != text:
        return row, None
    return {**row, "envelope": {**envelope, "vector": None}}, raw


def join_vector(row: Row, raw: bytes | None) -> Row:
    """Undo `part_vector`, in place."""
    if raw is not None:
        row["envelope"]["vector"] = b64encode(raw).decode()
    return row
