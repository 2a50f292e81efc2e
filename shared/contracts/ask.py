"""Asking a model, as a stage's logic sees it: a role, a prompt, a reply type."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

Role = Literal["engineer", "checker", "target", "embedding", "judge", "writer", "reviewer", "trial"]
T = TypeVar("T", bound=BaseModel)
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. `estimated`: it told us nothing, so we did."""

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Reply(Generic[P]):
    """A model's reply. `cost` is in nano-dollars, None where the price is unknown; `latency` in seconds."""

    parsed: P
    text: str
    usage: Usage
    cost: int | None
    model: str
    latency: float
    recorded: bool = False  #: taken from the journal, not paid again
    place: str = ""  #: where it stood if not in its content: it may show an answer right, never wrong


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt with its values filled in."""

    version: str  #: file name and hash
    system: str
    user: str


class Prompt:
    """A prompt kept in a file: a system part, a line of `---`, a user part; `{{name}}` marks a value.

    The version is the file's name with a hash of its content, so that an edited file shows.
    """

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self.version = f"{path.stem}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        system, _, user = text.partition("\n---\n")
        self._system, self._user = system.strip(), user.strip()

    def render(self, **values: object) -> Rendered:
        """Raises KeyError where the file names a value that is not given."""

        def fill(template: str) -> str:
            return re.sub(r"\{\{(\w+)\}\}", lambda m: str(values[m.group(1)]), template)

        return Rendered(self.version, fill(self._system), fill(self._user))


class Ask(Protocol):
    """Ask the model that plays `role` in this problem's batch.

    Raises Refused and Unreadable (outcomes for the caller to decide on), Permanent, Rejected, Waiting,
    Stopped (for the stage to act on). Each call is journaled: the same question of the same station is
    answered from the ledger and never paid twice.
    """

    async def __call__(self, role: Role, prompt: Rendered, reply: type[T]) -> Reply[T]: ...

    async def embed(self, text: str) -> Reply[list[float]]: ...
