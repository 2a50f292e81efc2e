"""What the core needs of a provider's wire format, and what an adapter tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Fault, Transient


class Lost(Transient):
    """The request went out and nothing came back: it may have been paid."""


class Empty(Transient):
    """The provider answered well (2xx), but with nothing that is a reply."""


class Unreached(Transient):
    """No connection came to stand, so the provider knows nothing of the request and it is not to blame."""


class Unsent(Unreached):
    """The server closed the connection before the request could reach it: ask again at once."""


class Adjusted(Exception):
    """The provider refused a parameter, and the adapter has learned it: ask again at once, it will be put otherwise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said. `finish` is the provider's word, or `refused`; tokens are None where it counted none."""

    text: str
    finish: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int = 0  #: of the input
    cost: int | None = None  #: nano-dollars, where the provider names the price of this very call
    model: str = ""  #: the one that answered, in the provider's words
    paid: bool = True  #: False: a filter before the model declined
    thinking: str = ""  #: before it answered, where the provider shows it apart from the text
    elsewhere: tuple[tuple[str, str], ...] = ()  #: names of other places that hold a text, and their texts


class Charged(Exception):
    """The provider says that it charges for what is no reply. `fault` is what that means for the call."""

    def __init__(self, fault: Fault, bill: Answer) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.bill = bill


class Wire(Protocol):
    """One provider, one key. It sends each request once, and classifies what goes wrong.

    Raises Permanent, Rejected, Transient (Lost, Empty, Unreached, Unsent), Adjusted, and Charged around a fault; a
    refusal is an answer with `finish` `refused`.
    """

    async def complete(self, spec: ModelSpec, system: str, user: str, schema: type[BaseModel] | None) -> Answer: ...

    async def embed(self, spec: ModelSpec, text: str) -> tuple[list[float], Answer]: ...

    async def knock(self, spec: ModelSpec) -> None:
        """Is anybody there? A request that costs nothing. Raises Transient where nobody is; all else says yes."""
        ...

    async def close(self) -> None: ...
