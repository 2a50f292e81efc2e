"""Bodies and replies of the Generation routes."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.common import EXAMPLE_BATCH, Body, Reply, with_example
from services.gateway.schemas.names import Name, named
from services.gateway.schemas.taxonomy import Taxonomy, few_fields
from shared.contracts import names
from shared.contracts.envelope import ModelSpec
from shared.llm import providers

MAX_SIGNED = 2**63 - 1


def known_provider(provider: str) -> str:
    if provider not in (known := providers.names()):
        known_names = ", ".join(known)
        raise PydanticCustomError("provider", "unknown provider; known are {names}", {"names": known_names})
    return provider


class Model(ModelSpec):
    """One model of one of the known providers."""

    model_config = Body.model_config | {"frozen": True}

    _named = field_validator("provider", "model_name", mode="before")(named)
    _known = field_validator("provider")(known_provider)


def _split(value: Any) -> Any:
    """`provider/name` as an object; a name may hold slashes itself."""
    if not isinstance(value, str):
        return few_fields(value)
    try:
        provider, name = names.split_model(value)
    except ValueError as error:
        raise PydanticCustomError("model", "{words}", {"words": str(error)}) from error
    return {"provider": provider, "model_name": name}


ModelField = Annotated[Model, BeforeValidator(_split, json_schema_input_type=Model | str)]


def _only(*neutral: Any) -> BeforeValidator:
    """For a field that is not built yet: refused, never ignored, unless it asks for nothing. The last one is named."""

    def check(value: Any) -> Any:
        if value not in neutral:
            shown = json.dumps(neutral[-1])
            raise PydanticCustomError("not_available", "not available yet; leave it at {shown}", {"shown": shown})
        return value

    return BeforeValidator(check)


class Seed(Body):
    question: Annotated[str, StringConstraints(min_length=1, max_length=32_000)]
    answer: str | None = None
    source: str | None = None


SMALL = {"num_problems": 5, "taxonomy": {"Algebra": ["Quadratic equations", "Systems of linear equations"]}}
FULL = {
    "name": "Calculus that stumps a small model",
    "num_problems": 100,
    "engineer_model": {"provider": "openai", "model_name": "gpt-4.1", "temperature": 0.9},
    "checker_model": "openai/o4-mini",
    "target_model": "openai/gpt-4.1-nano",
    "embedding_model": "openai/text-embedding-3-small",
    "taxonomy": {
        "Calculus": {
            "Integration by parts": {"level": "Undergraduate", "description": "Definite integrals only."},
            "Related rates": {},
        }
    },
    "similarity_threshold": 0.82,
    "max_attempts": 2000,
    "max_in_flight": 64,
    "max_cost_usd": 2.5,
    "random_seed": 7,
}


OLDER = "The name that older clients have for `seeds`."


class GenerationRequest(Body):
    """What to generate. Every field but `num_problems` has a default."""

    model_config = Body.model_config | with_example(SMALL)

    _few = model_validator(mode="before")(few_fields)

    num_problems: int = Field(ge=1, le=100_000, description="Valid problems wanted.")
    name: Name | None = None
    engineer_model: ModelField | None = None
    checker_model: ModelField | None = None
    target_model: ModelField | None = None
    embedding_model: ModelField | None = None
    judge_model: ModelField | None = Field(None, description="Compares answers; default: the checker model.")
    taxonomy: Taxonomy | None = Field(
        None, description="`{subject: [topics]}` or `{subject: {topic: {level?, description?}}}`."
    )
    similarity_threshold: float = Field(0.82, gt=0, le=1, description="Cosine; from it on, a repeat.")
    max_attempts: int | None = Field(None, ge=1, le=10_000_000, description="Default: 100 x num_problems.")
    max_in_flight: int = Field(256, ge=1, le=2000)
    max_cost_usd: float | None = Field(
        None, gt=0, le=1e9, description="A cap on the recorded cost; needs models whose price is known."
    )
    random_seed: int | None = Field(None, ge=0, le=MAX_SIGNED, description="Draws topics; default: random.")

    use_search: bool = Field(False, description="True is taken with a warning: there is no search provider yet.")
    confirmations: Annotated[int, _only(1)] = 1
    attempts: Annotated[int, _only(1)] = 1
    max_pass_rate: Annotated[float, _only(0.0)] = 0.0
    confirmation_share: Annotated[float, _only(1.0)] = 1.0
    confirmation_models: Annotated[list[ModelField] | None, _only([], None)] = None
    seeds: Annotated[list[Seed] | None, _only([], None)] = None
    level_weights: Annotated[dict[str, float] | None, _only({}, None)] = None
    strategy: Annotated[Literal["balanced", "yield", "failures"], _only("balanced")] = "balanced"
    hint_ladder: Annotated[bool, _only(False)] = False
    min_pass_rate: Annotated[float, _only(0.0)] = 0.0
    difficulty: Annotated[str | dict[str, Any] | None, _only("stump", None)] = None
    decontaminate: Annotated[list[str] | None, _only([], None)] = None
    answer_style: Annotated[Literal["reasoned", "final_only", "json"] | None, _only(None)] = None
    concepts: Annotated[int | None, _only(1, None)] = None
    novelty_scope: Annotated[str, StringConstraints(pattern=r"^(batch|all|dataset:.{1,200})$"), _only("batch")] = (
        "batch"
    )
    use_seed_data: Annotated[bool | None, _only(None, False)] = Field(None, description=OLDER)
    benchmark_name: Annotated[str | None, _only("", None)] = Field(None, description=OLDER)
    seed_data: Annotated[list[Any] | None, _only([], None)] = Field(None, description=OLDER)

    def warnings(self) -> list[str]:
        """What is asked for and cannot be had, where the batch is worth making without it."""
        return ["use_search: there is no search provider, so nothing is searched for"] if self.use_search else []

    def digest(self) -> str:
        """Equal for bodies that ask for the same with the same fields set."""
        said = json.dumps(self.model_dump(mode="json", exclude_unset=True), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


class Started(Reply):
    model_config = with_example(
        {
            "batch_id": EXAMPLE_BATCH,
            "status": "started",
            "message": "Generating 5 valid problems",
            "total_cost": 0.0,
            "warnings": [],
        }
    )

    batch_id: str
    status: Literal["started"] = "started"
    message: str
    total_cost: float = Field(0.0, description="Of what has been done so far: nothing. Older clients read it.")
    warnings: list[str]
