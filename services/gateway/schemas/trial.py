"""A trial of a model: what is asked, and what the client reads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from services.gateway.errors import bad_field
from services.gateway.schemas.common import Body, Query, Reply, with_example
from services.gateway.schemas.generation import known_provider
from services.gateway.schemas.names import Name, named
from services.gateway.schemas.status import Tokens
from shared.contracts.envelope import ModelSpec

LOCAL = {"provider": "simulator", "model_name": "sim-strong"}


class _Named(BaseModel):
    provider: Annotated[str, AfterValidator(known_provider), BeforeValidator(named)] | None = Field(
        None, description="Default: the writer's. One without `model_name` has to be that."
    )
    model_name: Name | None = Field(None, description="Default: the writer's.")

    def model(self, default: ModelSpec) -> ModelSpec:
        """Raises a 422 where a provider is named, and not which of its models."""
        provider = self.provider or default.provider
        if self.model_name is None and provider != default.provider:
            raise bad_field("model_name", f"which of {provider}'s models?")
        return ModelSpec(provider=provider, model_name=self.model_name or default.model_name)


class TrialBody(_Named, Body):
    model_config = Body.model_config | with_example(LOCAL)


class TrialQuery(_Named, Query):
    model_config = Query.model_config | {"protected_namespaces": ()}


class TrialResults(Reply):
    health_check: bool = Field(description="The assistant is there and has what it takes to ask. Asks no model.")
    generation_test: bool = Field(description="The model answered.")
    model_info: dict[str, Any]
    error: str | None = Field(description="The provider's words, where it did not.")
    test_response: str | None = Field(None, description="What the model said; absent where it said nothing.")


class Trial(Reply):
    """Also where the provider fails: then with false and its words."""

    model_config = with_example(
        {
            "timestamp": "2026-11-21T10:00:00Z",
            "results": {
                "health_check": True, "generation_test": True, "model_info": LOCAL, "error": None,
                "test_response": "I am a simulator.",
            },
            "latency": 0.42, "model": "simulator/sim-strong", "cost": 0.00002,
            "tokens": {"input": 30, "output": 5, "total": 35},
        }
    )  # fmt: skip

    timestamp: datetime | None
    results: TrialResults
    latency: float | None = Field(description="Seconds of the call; null: there is no answer.")
    model: str
    cost: float | None = Field(description="Dollars; null: there is no answer, or the price is unknown.")
    tokens: Tokens
