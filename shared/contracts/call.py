"""A model call as the ledger records it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import ModelSpec


class CallFact(BaseModel):
    """The stage's n-th model call returned. It was paid for, whatever came of it."""

    model_config = ConfigDict(protected_namespaces=())

    id: str  #: unique to this call
    stage: str
    batch_id: str
    slot: int
    since: int
    n: int
    role: str
    model: ModelSpec
    hash: str  #: of model and prompt; a recorded call with another hash answers another question
    prompt_version: str = ""
    system: str = ""
    prompt: str = ""
    reply: str = ""  #: text, or base64 of little-endian float32 for an embedding
    thinking: str = ""  #: what the model thought before it replied, as far as the provider shows it
    place: str = ""  #: where the reply stood if not in its content, as `tool_calls` or `reasoning_content`
    unread: str = ""  #: why the reply cannot be read as what was asked for; empty: it can
    finish: str = ""  #: the provider's reason for ending the reply; `refused`, `timeout` where it gave none
    input_tokens: int = 0  #: cached ones included
    cached_tokens: int = 0  #: input that the provider had in its cache, and charges less for
    output_tokens: int = 0
    estimated: bool = False
    cost: int | None = None  #: nano-dollars; None: price unknown
    latency: float = 0.0  #: seconds
    at: float  #: Unix seconds when it returned
    cut: bool = False  #: the reply was above its cap, and lacks its middle
