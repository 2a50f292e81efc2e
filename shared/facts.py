"""What the server says of a stream and of one of its messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nats.aio.msg import Msg


@dataclass(frozen=True, slots=True)
class Fact:
    """One message of a stream. `time` is the server's, in Unix seconds."""

    seq: int
    subject: str
    data: bytes
    time: float


@dataclass(frozen=True, slots=True)
class StreamState:
    created: float
    first: int
    last: int
    messages: int
    bytes: int
    max_bytes: int

    @property
    def fill(self) -> float:
        """Share of `max_bytes` in use; 0 where there is no limit."""
        return self.bytes / self.max_bytes if self.max_bytes > 0 else 0.0


def fact_of(message: Msg) -> Fact | None:
    """A direct-get reply as a fact; None for `not found` and `end of batch`."""
    headers = message.headers or {}
    if "Nats-Sequence" not in headers:
        return None
    return Fact(
        seq=int(headers["Nats-Sequence"]),
        subject=headers["Nats-Subject"],
        data=message.data,
        time=_seconds(headers["Nats-Time-Stamp"]),
    )


def state_of(reply: dict[str, Any]) -> StreamState:
    """JetStream's answer to STREAM.INFO."""
    state = reply["state"]
    return StreamState(
        created=_seconds(reply["created"]),
        first=state["first_seq"],
        last=state["last_seq"],
        messages=state["messages"],
        bytes=state["bytes"],
        max_bytes=reply["config"]["max_bytes"],
    )


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
