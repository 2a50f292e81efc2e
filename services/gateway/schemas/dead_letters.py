"""Replies of the Dead letters routes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from services.gateway.schemas.common import EXAMPLE_BATCH, Page, Paging, Reply, timestamp, with_example
from shared.dead_letters import DeadLetter

EXAMPLE_LETTER = f"checker.{EXAMPLE_BATCH}.7.2"
EXAMPLE = {
    "id": EXAMPLE_LETTER,
    "line": "problems",
    "stage": "checker",
    "batch_id": EXAMPLE_BATCH,
    "slot": 7,
    "hop": 2,
    "error": "delivered 21 times without an end",
    "faults": 0,
    "envelope": None,
    "raw": '{"version": 1, ',
    "at": "2026-11-21T10:00:00Z",
}


class DeadLettersQuery(Paging):
    limit: int | None = Field(None, ge=1, le=500, description="A letter may take half a megabyte.")

    @property
    def count(self) -> int:
        return min(super().count, 500)


class DeadLetterReply(Reply):
    """A message that a stage gave up on."""

    model_config = with_example(EXAMPLE)

    id: str
    line: str = Field(description="The kind of work: `problems` or `texts`.")
    stage: str
    batch_id: str
    slot: int | str = Field(description="The number within its batch; a text where the subject was none of ours.")
    hop: int
    error: str
    faults: int
    envelope: dict[str, Any] | None = Field(description="null: it could not be read")
    raw: str | None = Field(description="The start of a message that could not be read.")
    at: datetime | None

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        return cls(
            id=letter.id,
            line=letter.line,
            stage=letter.stage,
            batch_id=letter.batch_id,
            slot=int(letter.slot) if str(letter.slot).isdecimal() else letter.slot,
            hop=letter.hop,
            error=letter.error,
            faults=letter.faults,
            envelope=letter.envelope,
            raw=letter.raw,
            at=timestamp(letter.at),
        )


class DeadLetterPage(Page[DeadLetterReply]):
    model_config = with_example({"items": [EXAMPLE], "total": 1, "page": 1, "per_page": 50})


class Replayed(Reply):
    model_config = with_example(
        {"id": EXAMPLE_LETTER, "batch_id": EXAMPLE_BATCH, "problem_id": f"{EXAMPLE_BATCH}-7", "hop": 4}
    )

    id: str
    batch_id: str
    problem_id: str
    hop: int = Field(description="Where the problem goes on.")
