"""The slip: what every piece of work carries on its way through the stages, whatever its line.

A line's payload extends it (`contracts/problem.py`, `contracts/text.py`). Ledger, stage, watch, successor, dead
letters, fold, sweep and policy know slips only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

MAX_ENVELOPE_BYTES = 512 * 1024  #: NATS takes 1 MB; this leaves room for headers and growth
MAX_TEXT_CHARS = 32_000  #: a longer text from a model is cut, marked, and ends as `malformed`
CUT_CHARS = 4_000  #: what is left of each


class ModelSpec(BaseModel):
    """One model of one provider, and how to ask it."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    provider: Annotated[str, Field(min_length=1, max_length=64)]
    model_name: Annotated[str, Field(min_length=1, max_length=200)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    def __str__(self) -> str:
        return f"{self.provider}/{self.model_name}"


class Similar(BaseModel):
    """A piece of work close to this one."""

    id: str
    similarity: float  #: cosine, or the estimated Jaccard index of a text's words where that is the reason


class Ending(BaseModel):
    """Why a piece of work was discarded or failed."""

    code: str  #: one of its line's reasons, or of the house's
    detail: str = ""
    stops_batch: bool = False  #: no other one of the batch can do better (bad key, unknown model)
    kind: str = ""  #: of a provider's fault: `rejected` (this request) or `empty` (an answer that is no reply)
    role: str = ""  #: who met that fault, as `engineer` or `embedding`


class Before(BaseModel):
    """How a piece stood before a round took it up again; what the round cannot finish stands so again."""

    where: str  #: `<status>` or `<status>:<reason>`
    reason: Ending | None = None
    rank: int | None = None


class Slip(BaseModel):
    """What a stage needs of any line's work; at most `MAX_ENVELOPE_BYTES` as JSON with its payload.

    Whoever reads an envelope as a slip keeps its payload: fields that are unknown here stay.
    """

    model_config = ConfigDict(extra="allow")

    version: int = 1
    batch_id: str
    slot: int
    hop: int
    since: int = 0  #: the hop at which this station's journal of calls began
    route: list[str]  #: the stages still to come
    models: dict[str, ModelSpec]  #: by role
    vector: str | None = None  #: base64 of little-endian float32
    similar: list[Similar] = []
    status: str | None = None
    reason: Ending | None = None
    faults: int = 0  #: handlers that raised, at this station
    replays: int = 0  #: times it was sent on again by hand; those run though the batch has ended
    not_before: float | None = None  #: parked until then (Unix seconds); None with `parked` = until resumed
    prompt_versions: dict[str, str] = {}  #: role -> name and hash of the prompt's file
    trace: str | None = None
    # not written where they say nothing: the wire stays as it was
    round: int = Field(0, exclude_if=lambda round_: not round_)  #: of its batch, in which it was taken up again
    before: Before | None = Field(None, exclude_if=lambda before: before is None)

    @property
    def problem_id(self) -> str:
        """The id of its row, of whichever line."""
        return problem_id(self.batch_id, self.slot)

    def but(self, **changes: Any) -> Self:
        """A copy with these fields changed; they are trusted, not validated again."""
        return self.model_copy(update=changes)

    def texts(self) -> Iterator[str]:
        """The payload's texts that come from models, for the caps on their length."""
        return iter(())

    def shortened(self) -> Self:
        """A copy whose texts are cut and marked, and which so fits into a message."""
        return self

    @classmethod
    def stub(cls, batch_id: str, slot: int, hop: int) -> Self:
        """What stands for an envelope that cannot be read: only where it was."""
        return cls._stub(batch_id=batch_id, slot=slot, hop=hop, route=[])

    @classmethod
    def _stub(cls, **known: Any) -> Self:
        stub: Any = cls.model_construct(**known)
        assert isinstance(stub, cls)
        return stub


def problem_id(batch_id: str, slot: int) -> str:
    return f"{batch_id}-{slot}"


def cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= CUT_CHARS else text[:CUT_CHARS] + " […cut]"
