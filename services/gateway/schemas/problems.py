"""Queries and replies of the Problems routes."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from services.gateway.schemas.common import (
    EXAMPLE_BATCH,
    Page,
    Paging,
    Query,
    Reply,
    dollars,
    timestamp,
    with_example,
)
from services.gateway.schemas.names import NameSought
from services.gateway.schemas.status import Tokens
from shared.contracts.batch import CallRow, Row
from shared.contracts.problem import ProblemReason, ProblemStatus, Variation

Extra = Literal["embedding", "calls"]


def _split(value: Any) -> Any:
    """`a,b` and `a` with `b` alike."""
    parts = value if isinstance(value, list) else [value]
    return [name for part in parts for name in str(part).split(",") if name]


def _not_available(value: Any) -> Any:
    if value is not None:
        raise PydanticCustomError("not_available", "not available yet")
    return value


Include = Annotated[list[Extra], BeforeValidator(_split)]


class IncludeQuery(Query):
    include: Include = Field(default_factory=list, description="`embedding`, `calls`, or both with a comma.")


class StreamQuery(IncludeQuery):
    batch_id: str | None = None
    status: ProblemStatus | None = None


class BatchProblemsQuery(Paging, IncludeQuery):
    status: ProblemStatus | None = None
    reason: ProblemReason | None = None
    subject: NameSought | None = None
    topic: NameSought | None = None
    min_difficulty: Annotated[float | None, BeforeValidator(_not_available)] = None
    q: str | None = Field(None, min_length=1, max_length=200, description="Found in the problem's text.")


class ProblemsQuery(BatchProblemsQuery):
    batch_id: str | None = None


class Rejection(Reply):
    code: ProblemReason
    detail: str


class ConfirmationReply(Reply):
    model: str
    answer: str
    agrees: bool | None = Field(description="null: nothing could judge")


class TargetAnswerReply(Reply):
    answer: str
    correct: bool | None = Field(description="null: nothing could judge")
    decided_by: str = Field(description="`exact`, `judge` or `none`")
    model: str = Field("", description="Who answered; empty: a try of before that was noted.")
    round: int = Field(0, description="How often the batch had been given another target before.")


class SimilarReply(Reply):
    id: str
    similarity: float


class CallReply(Reply):
    """One model call. It was paid for, whatever came of it."""

    id: str
    stage: str
    role: str
    model: str
    prompt_version: str
    system: str
    prompt: str
    reply: str = Field(description="An embedding is base64 of little-endian float32.")
    finish: str
    input_tokens: int
    output_tokens: int
    estimated: bool = Field(False, description="The provider did not tell, so tokens and cost are our guess.")
    cost: float | None
    latency: float
    at: datetime | None

    @classmethod
    def of(cls, row: CallRow) -> Self:
        model = row["model"]
        kept = {name: row[name] for name in cls.model_fields if name in row}
        return cls(
            **kept
            | {
                "model": f"{model['provider']}/{model['model_name']}",
                "cost": dollars(row["cost"]),
                "at": timestamp(row["at"]),
            }
        )


EXAMPLE = {
    "id": f"{EXAMPLE_BATCH}-7",
    "batch_id": EXAMPLE_BATCH,
    "slot": 7,
    "subject": "Algebra",
    "topic": "Quadratic equations",
    "level": "High School",
    "question": "The roots of x^2 - 7x + 5 = 0 are p and q. What is p^3 + q^3?",
    "answer": "238",
    "hints": {"0": "Write it with p + q and pq.", "1": "p + q = 7 and pq = 5.", "2": "(p + q)^3 - 3pq(p + q)."},
    "hints_were_corrected": False,
    "status": "valid",
    "rejection_reason": None,
    "confirmations": [{"model": "simulator/sim-strong", "answer": "238", "agrees": True}],
    "target_model_answer": "343",
    "target_answers": [{"answer": "343", "correct": False, "decided_by": "exact"}],
    "pass_rate": 0.0,
    "difficulty": 1.0,
    "similar_problems": [{"id": f"{EXAMPLE_BATCH}-3", "similarity": 0.61}],
    "cost": 0.00214,
    "tokens": {"input": 1450, "output": 380, "total": 1830},
    "reference": None,
    "origin": None,
    "prompt_versions": {"engineer": "write.v1@3f5a1c9d20e4"},
    "created_at": "2026-11-21T10:00:00Z",
    "updated_at": "2026-11-21T10:00:04Z",
}


class OriginReply(Reply):
    id: str
    strategy: Variation


class ProblemReply(Reply):
    model_config = with_example(EXAMPLE)

    id: str
    batch_id: str
    slot: int
    subject: str
    topic: str
    level: str
    question: str | None = Field(description="null: not written yet")
    answer: str | None
    hints: dict[str, str]
    hints_were_corrected: bool
    status: ProblemStatus
    rejection_reason: Rejection | None
    confirmations: list[ConfirmationReply]
    target_model_answer: str | None
    target_answers: list[TargetAnswerReply]
    pass_rate: float | None = Field(description="Of the newest target's tries that could be judged; null: of none.")
    difficulty: float | None = Field(description="1 - pass_rate")
    similar_problems: list[SimilarReply]
    cost: float | None = Field(description="Dollars, of all its model calls; null: some price is unknown.")
    tokens: Tokens
    reference: str | None
    origin: OriginReply | None = Field(description="Of a variant: the problem that it was made of.")
    prompt_versions: dict[str, str]
    created_at: datetime | None
    updated_at: datetime | None
    embedding: list[float] | None = Field(None, description="With `?include=embedding`.")
    calls: list[CallReply] | None = Field(None, description="With `?include=calls`.")

    @classmethod
    def of(cls, row: Row, bill: dict[str, int], *, embedding: bool, calls: Sequence[CallRow] | None) -> Self:
        envelope = row["envelope"]
        tries = envelope.get("target_answers", [])
        newest = max((attempt.get("round", 0) for attempt in tries), default=0)
        now = [attempt for attempt in tries if attempt.get("round", 0) == newest]
        judged = [attempt["correct"] for attempt in now if attempt["correct"] is not None]
        rate = sum(judged) / len(judged) if judged else None
        reason, origin = envelope.get("reason"), envelope.get("origin")
        extras: dict[str, Any] = {}
        if embedding:
            extras["embedding"] = _floats(envelope.get("vector"))
        if calls is not None:
            extras["calls"] = [CallReply.of(call) for call in calls]
        return cls(
            id=row["id"],
            batch_id=row["batch_id"],
            slot=row["slot"],
            subject=envelope["subject"],
            topic=envelope["topic"],
            level=envelope.get("level", ""),
            question=envelope.get("problem"),
            answer=envelope.get("answer"),
            hints=envelope.get("hints", {}),
            hints_were_corrected=envelope.get("hints_were_corrected", False),
            status=row["status"],
            rejection_reason=Rejection(code=reason["code"], detail=reason.get("detail", "")) if reason else None,
            confirmations=envelope.get("confirmations", []),
            target_model_answer=now[0]["answer"] if now else None,
            target_answers=tries,
            pass_rate=rate,
            difficulty=None if rate is None else 1 - rate,
            similar_problems=envelope.get("similar", []),
            cost=None if bill.get("unpriced") else dollars(bill.get("cost", 0)),
            tokens=Tokens.of(bill.get("input_tokens", 0), bill.get("output_tokens", 0)),
            reference=None,
            origin={"id": origin["id"], "strategy": origin["strategy"]} if origin else None,
            prompt_versions=envelope.get("prompt_versions", {}),
            created_at=timestamp(row["created_at"]),
            updated_at=timestamp(row["updated_at"]),
            **extras,
        )


class ProblemPage(Page[ProblemReply]):
    model_config = with_example({"items": [EXAMPLE], "total": 1, "page": 1, "per_page": 50})


def _floats(vector: str | None) -> list[float] | None:
    if vector is None:
        return None
    data = base64.b64decode(vector)
    return list(struct.unpack(f"<{len(data) // 4}f", data))
