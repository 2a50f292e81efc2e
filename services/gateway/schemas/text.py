"""What is asked of the Text routes."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.gateway.errors import bad_field
from services.gateway.schemas.common import Body, Query, with_example
from services.gateway.schemas.generation import MAX_SIGNED, ModelField
from services.gateway.schemas.names import named, prose
from shared.contracts.text import Sentiment, Strategy

MAX_EXAMPLES, MAX_ASPECTS = 10, 20
STRATEGIES: dict[Strategy, str] = {
    "CDA": "Another context around the same aspect terms.",
    "ADA": "Other aspect terms in the same context.",
    "CADA": "Another context and other aspect terms.",
}
BUILT_IN_EXAMPLES = (
    "I have had it for three weeks now, and what I like most is how quiet it is. The lid feels a little cheap.",
    "Arrived a day late, but well packed. The battery lasts two days, the manual is of no use.",
)  #: what `few_shot: true` shows the model

Product = Annotated[str, StringConstraints(min_length=2, max_length=200), BeforeValidator(named)]
Tone = Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(named)]
Example = Annotated[str, StringConstraints(min_length=1, max_length=4000), BeforeValidator(prose)]
# terms stand in the prompt with commas between them
Aspect = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern="^[^,]+$"), BeforeValidator(named)]

SMALL = {"product": "a steel water bottle", "count": 5}
ENHANCED = {
    "product": "a steel water bottle", "count": 3, "sentiment": "negative", "sentiment_intensity": 4,
    "tone": "dry", "few_shot": True, "min_quality_score": 0.7, "aspects": ["lid", "price"],
}  # fmt: skip


class TextRequest(Body):
    """What to write. Every field but `product` has a default."""

    model_config = Body.model_config | with_example(SMALL)

    product: Product
    count: int = Field(5, ge=1, description="Samples wanted; at most 50, unless the operator set another number.")
    version: str = Field("v1", description="Of the templates; unknown = 422 that names those that exist.")
    temperature: float = Field(0.7, ge=0, le=2)
    model: ModelField | None = Field(None, description="Writes the texts; default: the configured one.")
    reviewer_model: ModelField | None = Field(None, description="Rates them; default: the configured one.")
    embedding_model: ModelField | None = None
    max_cost_usd: float | None = Field(None, gt=0, le=1e9, description="A cap on the recorded cost.")
    max_attempts: int | None = Field(None, ge=1, le=10_000, description="Default: 20 for each sample wanted.")
    random_seed: int | None = Field(None, ge=0, le=MAX_SIGNED)

    @model_validator(mode="before")
    @classmethod
    def _of_another_system(cls, given: Any) -> Any:
        """Two older systems had this path: for a run of maths problems, and for a job of synthetic text."""
        if isinstance(given, dict) and "num_problems" in given:
            raise bad_field("num_problems", "maths problems are made by `POST /api/generation`, which takes this body")
        return given

    def digest(self, **more: Any) -> str:
        """Equal for requests that ask for the same with the same fields set."""
        said = self.model_dump(mode="json", exclude_unset=True) | more
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class Options(Query):
    """The options of an enhanced request as the original's clients send them: in the query."""

    sentiment_intensity: int | None = Field(None, ge=1, le=5)
    tone: Tone | None = None
    enable_few_shot: bool | None = None
    enable_quality_filter: bool | None = None
    min_quality_score: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)


class EnhancedRequest(TextRequest):
    """The same with a mood, a tone, examples and a filter."""

    model_config = Body.model_config | with_example(ENHANCED)

    sentiment: Sentiment | None = None
    sentiment_intensity: int | None = Field(None, ge=1, le=5)
    tone: Tone | None = None
    few_shot: bool | list[Example] = Field(False, description="Examples of what is wanted, or true for ours.")
    aspects: list[Aspect] = Field([], max_length=MAX_ASPECTS, description="Terms that each text has to speak of.")
    quality_filter: bool = True
    min_quality_score: float = Field(0.6, ge=0, le=1)

    @field_validator("few_shot")
    @classmethod
    def _few(cls, given: bool | list[str]) -> bool | list[str]:
        if isinstance(given, list) and not 1 <= len(given) <= MAX_EXAMPLES:
            raise PydanticCustomError("examples", "1 to {most} examples are wanted", {"most": MAX_EXAMPLES})
        return given

    @property
    def examples(self) -> list[str]:
        if isinstance(self.few_shot, list):
            return self.few_shot
        return list(BUILT_IN_EXAMPLES) if self.few_shot else []


Strategies = Annotated[list[Strategy], Field(min_length=1, description="May be named several times.")]
Ratio = Annotated[
    float,
    Field(gt=0, le=1, allow_inf_nan=False, description="Share of the samples that get a variant of each strategy."),
]


class AugmentOptions(Query):
    augmentation_strategies: Strategies = Field(["CDA"])
    augment_ratio: Ratio = 0.5


class AnyOptions(Options):
    """What one or another of the routes that start a job has in its query."""

    augmentation_strategies: Strategies | None = None
    augment_ratio: Ratio | None = None


class AnyRequest(EnhancedRequest):
    """What may be asked of one or another of the routes that start a job; variants by the names in their query."""

    augmentation_strategies: Strategies | None = None
    augment_ratio: Ratio | None = None
