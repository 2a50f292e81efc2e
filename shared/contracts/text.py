"""A sample of synthetic text on its way: the payload of the line `texts`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import Slip, cut

Sentiment = Literal["positive", "negative", "neutral", "mixed"]
Strategy = Literal["CDA", "ADA", "CADA"]
VARIED = "varied"  #: the bucket of the samples that get variants


class TextStatus(StrEnum):
    """Where a sample stands."""

    IN_PROGRESS = "in_progress"  #: at a stage, or parked
    ACCEPTED = "accepted"  #: readable, good enough and new
    REJECTED = "rejected"  #: not fit, for the reason given
    SURPLUS = "surplus"  #: accepted, but beyond the number wanted
    FAILED = "failed"  #: could not be processed
    CANCELLED = "cancelled"  #: the job stopped before it was done


class TextReason(StrEnum):
    """Why a sample or a variant was rejected, or failed."""

    MALFORMED = "malformed"  #: no readable reply, one over its cap, or an embedding that cannot be compared
    BAD_SPANS = "bad_spans"  #: an aspect does not stand where the model says, or nowhere
    MISSING_ASPECTS = "missing_aspects"  #: not about what was asked for; or none to change in a variant's original
    WRONG_SENTIMENT = "wrong_sentiment"  #: another than was asked for, or than a variant's original has
    LOW_QUALITY = "low_quality"  #: its score is below the least wanted
    REFUSED = "refused"  #: a model declined
    DUPLICATE = "duplicate"  #: too close to another sample of the product; of a variant: the very same text
    WRONG_ASPECTS = "wrong_aspects"  #: a variant that changed terms which its strategy keeps, or the reverse
    WRONG_CONTEXT = "wrong_context"  #: the same with the words beside the terms
    BELOW_THRESHOLD = "below_threshold"  #: a variant with too few aspects kept, too little similarity, or both
    PROVIDER_ERROR = "provider_error"  #: failed: the provider will not serve this model or request
    POISON = "poison"  #: failed: unreadable, or it kills its handlers
    FAULTS = "faults"  #: failed: its handlers raised too often


class TextOptions(BaseModel):
    """What a job asks of its stages."""

    model_config = ConfigDict(frozen=True)

    version: str = "v1"  # of the templates
    tone: str | None = None
    sentiment: Sentiment | None = None
    sentiment_intensity: int | None = None  # 1..5
    examples: list[str] = []  # texts that show the model what is wanted
    aspects: list[str] = []  # terms that the text has to speak of
    quality_filter: bool = False
    min_quality_score: float = 0.6
    strategies: list[Strategy] = []  # of variants, for samples in the bucket `varied`
    similarity_threshold: float = 0.92  # cosine; at or above it, a repeat
    max_jaccard: float = 0.85  # of word shingles, estimated; at or above it, a repeat


class Aspect(BaseModel):
    """What of the product the text speaks of: `text[start:end]` is the term."""

    term: str
    sentiment: Sentiment
    start: int
    end: int


class Quality(BaseModel):
    """0..1 each; the score is the weighted sum of the parts."""

    score: float
    parts: dict[str, float]


class Variant(BaseModel):
    """One try at a variant of an accepted sample."""

    strategy: Strategy
    text: str
    sentiment: str = ""
    aspects: list[Aspect] = []
    accepted: bool
    reason: str = ""  #: why it was not: one of `TextReason`; empty in those of before there were codes
    detail: str = ""
    kept: float | None = None  #: share of the original's aspects that it holds as its strategy wants, once known
    similarity: float | None = None  #: cosine with the original, once known
    prompt_version: str = ""

    @property
    def score(self) -> float | None:
        """Half the sum of the two, by which it is accepted; None where not both were worked out."""
        unknown = not self.accepted and not self.reason and not self.similarity  # 0 stood for that before the codes
        return None if unknown or self.kept is None or self.similarity is None else (self.kept + self.similarity) / 2


class Text(Slip):
    """All that a stage needs to work on one sample. Roles: writer, reviewer, embedding."""

    options: TextOptions = TextOptions()
    bucket: str = ""  #: whose quota it counts for
    product: str
    text: str | None = None
    sentiment: str = ""
    aspects: list[Aspect] = []
    quality: Quality | None = None
    variants: list[Variant] = []
    written_at: float | None = None  #: Unix seconds

    def texts(self) -> Iterator[str]:
        yield self.text or ""
        yield from (variant.text for variant in self.variants)
        yield from (aspect.term for aspect in self.aspects)

    def shortened(self) -> Self:
        return self.but(
            text=cut(self.text),
            aspects=[a for a in self.aspects if len(a.term) <= 200][:20],
            variants=[v.model_copy(update={"text": cut(v.text), "aspects": []}) for v in self.variants[:20]],
            vector=None,
        )

    @classmethod
    def stub(cls, batch_id: str, slot: int, hop: int) -> Self:
        return cls._stub(batch_id=batch_id, slot=slot, hop=hop, route=[], product="")
