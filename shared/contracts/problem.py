"""A maths problem on its way: the payload of the line `problems`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.envelope import Slip, cut


class ProblemStatus(StrEnum):
    """Where a problem stands."""

    IN_PROGRESS = "in_progress"  #: at a stage, or parked
    VALID = "valid"  #: confirmed, new, and the target failed
    SOLVED = "solved"  #: the target model found the answer
    DISCARDED = "discarded"  #: not fit, for the reason given
    SURPLUS = "surplus"  #: valid, but beyond the number wanted
    FAILED = "failed"  #: could not be processed
    CANCELLED = "cancelled"  #: the batch stopped before it was done


class ProblemReason(StrEnum):
    """Why a problem was discarded, or failed."""

    MALFORMED = "malformed"  #: no readable reply, or one over its cap
    UNANSWERABLE = "unanswerable"  #: the problem has no single answer
    AMBIGUOUS = "ambiguous"  #: it can be read in two ways
    WRONG_REFERENCE = "wrong_reference"  #: the reviewer found the reference answer wrong
    REFERENCE_UNCONFIRMED = "reference_unconfirmed"  #: a blind re-solve did not match it
    BAD_HINTS = "bad_hints"  #: hints are wrong, or give the answer away
    OFF_TOPIC = "off_topic"  #: not of the subject and topic asked for
    REFUSED = "refused"  #: a model declined
    UNDECIDED = "undecided"  #: nothing could judge whether two answers are the same
    DUPLICATE = "duplicate"  #: too close to another problem
    PROVIDER_ERROR = "provider_error"  #: failed: the provider will not serve this model or request
    POISON = "poison"  #: failed: unreadable, or it kills its handlers
    FAULTS = "faults"  #: failed: its handlers raised too often


class Options(BaseModel):
    """What a batch of problems asks of its stages."""

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
    model: str = Field("", exclude_if=lambda model: not model)  #: who answered; tries of before do not say
    round: int = Field(0, exclude_if=lambda round_: not round_)  #: of the batch


Variation = Literal["reword", "parameters"]


class Origin(BaseModel):
    """The problem that this one is a variant of, as it stood when its batch was frozen."""

    id: str
    strategy: Variation
    problem: str
    answer: str
    hints: dict[str, str]


class Problem(Slip):
    """All that a stage needs to work on one problem. Roles: engineer, checker, target, embedding, judge."""

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
    # not written where they say nothing: the wire stays as it was
    bucket: str = Field("", exclude_if=lambda bucket: not bucket)  #: whose quota it counts for
    origin: Origin | None = Field(None, exclude_if=lambda origin: origin is None)

    def texts(self) -> Iterator[str]:
        yield from (self.problem or "", self.answer or "", *self.hints.values())
        yield from (c.answer for c in self.confirmations)
        yield from (t.answer for t in self.target_answers)

    def shortened(self) -> Self:
        return self.but(
            problem=cut(self.problem),
            answer=cut(self.answer),
            hints={key: cut(text) or "" for key, text in list(self.hints.items())[:20]},
            confirmations=[c.model_copy(update={"answer": cut(c.answer)}) for c in self.confirmations[:10]],
            target_answers=[t.model_copy(update={"answer": cut(t.answer)}) for t in self.target_answers[:10]],
            vector=None,
        )

    @classmethod
    def stub(cls, batch_id: str, slot: int, hop: int) -> Self:
        return cls._stub(batch_id=batch_id, slot=slot, hop=hop, route=[], subject="", topic="")
