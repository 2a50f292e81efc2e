"""What goes wrong and how long it takes: set for a run, or for one request in its query string."""

from __future__ import annotations

import math
import random
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from services.simulator.models import MODELS

Task = Literal[
    "write", "review", "solve", "judge", "embed", "compose", "rate", "vary", "reword", "parameters"
]  # fmt: skip
Kind = Literal[
    "429",  # too many requests
    "500",
    "503",
    "hang",  # never answers
    "cut",  # the connection ends in the middle of the reply
    "malformed",  # paid for, but not what was asked
    "truncated",  # stops at half its length, finish_reason `length`
    "refused",  # the model declines
    "wrong_reference",  # a written problem with an answer that is not its own
    "unknown_key",
    "no_quota",
]
NOT_EMBEDDED = frozenset({"truncated", "refused", "wrong_reference"})  #: an embedding has no such thing

LONGEST = 3600.0  # s

Seconds = Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fixed(_Strict):
    kind: Literal["fixed"] = "fixed"
    seconds: Seconds = 0.0

    def draw(self, rng: random.Random) -> float:
        return self.seconds


class Uniform(_Strict):
    kind: Literal["uniform"]
    low: Seconds
    high: Seconds

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.high < self.low:
            raise ValueError("high is less than low")
        return self

    def draw(self, rng: random.Random) -> float:
        return rng.uniform(self.low, self.high)


class LogNormal(_Strict):
    """The usual shape of a provider's latency: most calls near the median, some far above."""

    kind: Literal["lognormal"]
    median: Seconds
    sigma: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] = 0.5  #: of the logarithm

    def draw(self, rng: random.Random) -> float:
        if not self.median:
            return 0.0
        return min(LONGEST, rng.lognormvariate(math.log(self.median), self.sigma))


def _number_is_fixed(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"kind": "fixed", "seconds": value}
    return value


Latency = Annotated[Fixed | Uniform | LogNormal, Field(discriminator="kind"), BeforeValidator(_number_is_fixed)]


class Fault(_Strict):
    """Befalls the calls that match, each with probability `rate`; None matches all."""

    kind: Annotated[Kind, BeforeValidator(lambda value: str(value) if type(value) is int else value)]
    rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    model: str | None = None
    task: Task | None = None
    first: Annotated[int, Field(ge=1)] | None = None  #: only so many matching calls, the first to arrive
    retry_after: Seconds | None = None  #: what 429, 500 and 503 tell the caller; a 429 says 1 s unless told

    @field_validator("model")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in MODELS:
            raise ValueError(f"there is no model {name!r}; known are {', '.join(MODELS)}")
        return name

    def matches(self, model: str, task: str) -> bool:
        if self.kind == "wrong_reference" and task not in ("write", "parameters"):
            return False
        if task == "embed" and self.kind in NOT_EMBEDDED:
            return False
        return self.model in (None, model) and self.task in (None, task)


class Plan(_Strict):
    """The first fault of the list that befalls a call is the one."""

    latency: Latency = Fixed()
    faults: tuple[Fault, ...] = ()

    def with_query(self, query: dict[str, str]) -> Plan:
        """For one request: `latency` in seconds instead of the plan's; a `fault` with its fields before the plan's.

        ValidationError where the query makes no sense.
        """
        if not query:
            return self
        asked = Query.model_validate(query)
        faults = self.faults if (fault := asked.as_fault()) is None else (fault, *self.faults)
        latency = self.latency if asked.latency is None else Fixed(seconds=asked.latency)
        return Plan(latency=latency, faults=faults)


class Query(_Strict):
    """The query string of one request; numbers come as text."""

    latency: Seconds | None = None
    fault: Kind | None = None
    rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    model: str | None = None
    task: Task | None = None
    first: Annotated[int, Field(ge=1)] | None = None
    retry_after: Seconds | None = None

    @model_validator(mode="after")
    def _about_a_fault(self) -> Query:
        if self.fault is None and (lone := self.model_fields_set - {"latency", "fault"}):
            raise ValueError(f"{', '.join(sorted(lone))}: of no use without fault")
        return self

    def as_fault(self) -> Fault | None:
        if self.fault is None:
            return None
        return Fault(kind=self.fault, **self.model_dump(exclude={"latency", "fault"}))


class Progress:
    """How often each fault was met, for `first`."""

    def __init__(self) -> None:
        self._met: dict[Fault, int] = {}

    def draw(self, plan: Plan, model: str, task: str, rng: random.Random) -> Fault | None:
        """The fault that befalls this call, if any. The same number of draws whatever comes of it, so that one call's
        luck does not hang on others."""
        hit: Fault | None = None
        for fault in plan.faults:
            luck = rng.random()
            if hit is not None or not fault.matches(model, task):
                continue
            if fault.first is not None:
                self._met[fault] = met = self._met.get(fault, 0) + 1
                if met > fault.first:
                    continue
            if luck < fault.rate:
                hit = fault
        return hit


def complaints(error: ValidationError) -> list[dict[str, str]]:
    """Each fault of the input with the field's name, as `faults.0.rate`."""
    return [
        {"field": ".".join(map(str, entry["loc"])) or "body", "message": entry["msg"]}
        for entry in error.errors(include_url=False, include_context=False, include_input=False)
    ]
