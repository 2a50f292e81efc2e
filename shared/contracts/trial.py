"""One question to one model, to see whether it answers: what is asked of the assistant, and its reply."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import ModelSpec


class TrialRequest(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    model: ModelSpec


class TrialReply(BaseModel):
    """`text` is what the model said; `error` has its provider's words where it said nothing."""

    reachable: bool  #: the assistant could ask: it has what this provider's address and key need
    text: str | None = None
    error: str | None = None
    latency: float | None = None  #: seconds
    cost: int | None = None  #: nano-dollars, where it is known
    input_tokens: int = 0
    output_tokens: int = 0
