"""What the core needs of a provider's wire format, and what an adapter tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Transient


class Lost(Transient):
    """The request went out and no reply that can be read came back: it may have been paid."""


class Adjusted(Exception):
    """The provider refused a parameter, and the adapter has learned it: ask again at once, it will be put otherwise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said. `finish` is the provider's word, or `refused`; tokens are None where it counted none."""

    text: str
    finish: str
    input_tokens: int | None
    output_tokens: int | None


class Wire(Protocol):
    """One provider, one key. It sends each request once, and classifies what goes wrong.

    Raises Permanent, Rejected, Transient, Lost, Adjusted; a refusal is an answer with `finish` `refused`.
    """

    async def complete(self, spec: ModelSpec, system: str, user: str, schema: type[BaseModel] | None) -> Answer: ...

    async def embed(self, spec: ModelSpec, text: str) -> tuple[list[float], Answer]: ...

    async def close(self) -> None: ...
