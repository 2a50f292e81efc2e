"""What the log of accepted pieces holds of each, and how a new one compares with them."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from shared.contracts.envelope import Similar, problem_id
from shared.quality.signatures import SIZE

Vector = npt.NDArray[np.float32]


class OtherDimensions(Exception):
    """The vector cannot be compared with those that were accepted before."""

    def __init__(self, given: int, accepted: int) -> None:
        super().__init__(f"a vector of {given} dimensions among those of {accepted}")
        self.given, self.accepted = given, accepted


class NoVector(ValueError):
    """The embedding has no direction."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece by what it is compared by. `signature` is empty on lines that compare by vectors alone."""

    batch_id: str
    slot: int
    vector: Vector  #: of unit length
    signature: bytes = b""

    @property
    def id(self) -> str:
        return problem_id(self.batch_id, self.slot)

    def payload(self) -> bytes:
        """Little-endian float32, and behind them the signature where there is one."""
        return self.vector.astype("<f4").tobytes() + self.signature

    @classmethod
    def read(cls, batch_id: str, slot: int, payload: bytes, *, signed: bool) -> Entry:
        """Raises ValueError where the payload is no such entry."""
        end = len(payload) - (SIZE if signed else 0)
        if end <= 0:
            raise ValueError("an entry without a vector")
        return cls(batch_id, slot, np.frombuffer(payload[:end], dtype="<f4"), payload[end:])


@dataclass(frozen=True, slots=True)
class Near:
    """What of a space comes close to a piece."""

    similar: list[Similar] = field(default_factory=list)  #: by cosine, the closest first
    overlap: Similar | None = None  #: the highest estimated Jaccard similarity of signatures, where there is any
    known: bool = False  #: the piece itself is in the log, from before a crash: it was accepted


Fits = Callable[[Near], bool]
"""Whether a piece with such neighbours may be accepted."""

Remember = Callable[[str, Entry, Fits], Awaitable[Near]]
"""Append the entry to the space of that name if it fits among those accepted so far; decided and done as one.

Raises OtherDimensions."""


def unit(values: Sequence[float]) -> Vector:
    """The embedding as a vector of unit length. Raises NoVector."""
    raw = np.asarray(values, dtype=np.float64)
    length = float(np.linalg.norm(raw)) if raw.size else 0.0
    if not math.isfinite(length) or length == 0.0:
        raise NoVector("the embedding is empty, zero or not finite")
    return (raw / length).astype(np.float32)
