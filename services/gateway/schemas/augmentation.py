"""A request for variants of a batch's problems."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.gateway.schemas.common import Body, with_example
from services.gateway.schemas.generation import MAX_SIGNED, ModelField
from services.gateway.schemas.names import Name
from shared.contracts.problem import Variation

EXAMPLE_VARIANTS = {"strategies": ["reword", "parameters"], "ratio": 0.5}


def _different(strategies: list[Variation]) -> list[Variation]:
    if len(set(strategies)) < len(strategies):
        raise PydanticCustomError("repeated", "each strategy may be named once")
    return strategies


class AugmentRequest(Body):
    """Variants of the stored valid problems: each passes the same gates as any problem."""

    model_config = Body.model_config | with_example(EXAMPLE_VARIANTS)

    strategies: Annotated[list[Variation], AfterValidator(_different)] = Field(
        min_length=1,
        description="`reword`: other words, the same answer, confirmed again. `parameters`: other numbers, the answer "
        "worked out anew and confirmed by a blind re-solve.",
    )
    ratio: float = Field(
        1.0, gt=0, le=1, allow_inf_nan=False, description="Variants of each strategy for each valid problem."
    )
    name: Name | None = None
    engineer_model: ModelField | None = Field(None, description="Writes the variants; default: the batch's.")
    max_attempts: int | None = Field(None, ge=1, le=10_000_000, description="Default: 10 for each variant wanted.")
    max_cost_usd: float | None = Field(None, gt=0, le=1e9)
    random_seed: int | None = Field(None, ge=0, le=MAX_SIGNED, description="Orders the originals; default: random.")

    def digest(self, batch_id: str) -> str:
        """Equal for bodies that ask for the same of the same batch with the same fields set."""
        said = json.dumps([batch_id, self.model_dump(mode="json", exclude_unset=True)], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()
