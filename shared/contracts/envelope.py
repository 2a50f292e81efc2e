"""The envelope: one problem on its way through the stages. The same at every station."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.statuses import Reason, Status

MAX_ENVELOPE_BYTES = 512 * 1024  #: NATS takes 1 MB; this leaves room for headers and growth
MAX_TEXT_CHARS = 32_000  #: a longer text from a model is cut, marked, and ends as `malformed`


class ModelSpec(BaseModel):
    """One model of one provider, and how to ask it."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    provider: Annotated[str, Field(min_length=1, max_length=64)]
    model_name: Annotated[str, Field(min_length=1, max_length=200)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    def __str__(self) -> str:
        return f"{self.provider}/{self.model_name}"


class Models(BaseModel):
    """Who plays which role in a batch."""

    model_config = ConfigDict(frozen=True)

    engineer: ModelSpec
    checker: ModelSpec
    target: ModelSpec
    embedding: ModelSpec
    judge: ModelSpec


class Options(BaseModel):
    """What a batch asks of its stages."""

    model_config = ConfigDict(frozen=True)

    confirmations: int = 1  # blind re-solves that must match the reference
    attempts: int = 1  # tries of the target
    max_pass_rate: float = 0.0  # valid at or below
    similarity_threshold: float = 0.82  # cosine; at or above it, a repeat


class Confirmation(BaseModel):
    """One blind re-solve. `agrees` is None where nothing could judge."""

    model: str
    answer: str
    agrees: bool | None


class TargetAnswer(BaseModel):
    """One try of the target. `correct` is None where nothing could judge."""

    answer: str
    correct: bool | None
    decided_by: str  #: `exact`, `judge` or `none`


class Similar(BaseModel):
    """A problem close to this one."""

    id: str
    similarity: float  #: cosine


class Ending(BaseModel):
    """Why a problem was discarded or failed."""

    code: Reason
    detail: str = ""
    stops_batch: bool = False  #: no other problem of the batch can do better (bad key, unknown model)
    kind: str = ""  #: of a provider's fault: `rejected` (this request) or `empty` (an answer that is no reply)
    role: str = ""  #: who met that fault: `engineer`, `checker`, `target`, `embedding` or `judge`


class Envelope(BaseModel):
    """All that a stage needs to work on one problem; at most `MAX_ENVELOPE_BYTES` as JSON."""

    version: int = 1
    batch_id: str
    slot: int
    hop: int
    since: int = 0  #: the hop at which this station's journal of calls began
    route: list[str]  #: the stages still to come
    models: Models
    options: Options = Options()
    subject: str
    topic: str
    level: str = ""
    description: str = ""  #: what the taxonomy says of the topic
    problem: str | None = None
    answer: str | None = None
    hints: dict[str, str] = {}
    hints_were_corrected: bool = False
    confirmations: list[Confirmation] = []
    target_answers: list[TargetAnswer] = []
    vector: str | None = None  #: base64 of little-endian float32
    similar: list[Similar] = []
    status: Status | None = None
    reason: Ending | None = None
    faults: int = 0  #: handlers that raised, at this station
    replays: int = 0  #: times it was sent on again by hand; those run though the batch has ended
    not_before: float | None = None  #: parked until then (Unix seconds); None with `parked` = until resumed
    prompt_versions: dict[str, str] = {}  #: role -> name and hash of the prompt's file
    trace: str | None = None

    @property
    def problem_id(self) -> str:
        return problem_id(self.batch_id, self.slot)

    def but(self, **changes: Any) -> Self:
        """A copy with these fields changed; they are trusted, not validated again."""
        return self.model_copy(update=changes)


def problem_id(batch_id: str, slot: int) -> str:
    return f"{batch_id}-{slot}"
