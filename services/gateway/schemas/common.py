"""What the schemas share: times, money, pages, and how a body is read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

BATCH_ID = r"^[a-z0-9]{16,32}$"
EXAMPLE_BATCH = "k3v9qd2m7xw4ta5n6rbyc8he"

Item = TypeVar("Item")


class Body(BaseModel):
    """A request's body: nothing unknown, nothing converted from another type."""

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=(), allow_inf_nan=False)


class Query(BaseModel):
    """A route's query: nothing unknown, so that a filter with a slip of the pen is not ignored."""

    model_config = ConfigDict(extra="forbid")


class Reply(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class Paging(Query):
    """`page` and `per_page`, or `skip` and `limit` as older clients send them: those are answered with a bare list."""

    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(50, ge=1, le=500)
    skip: int | None = Field(None, ge=0, le=1_000_000_000, description="With `limit`, or alone: a bare list.")
    limit: int | None = Field(None, ge=1, le=10_000, description="Default, where `skip` is given: 1000.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.bare and self.model_fields_set & {"page", "per_page"}:
            raise PydanticCustomError("paging", "give page and per_page, or skip and limit, not both")
        return self

    @property
    def bare(self) -> bool:
        return self.skip is not None or self.limit is not None

    @property
    def offset(self) -> int:
        return (self.skip or 0) if self.bare else (self.page - 1) * self.per_page

    @property
    def count(self) -> int:
        return (self.limit or 1000) if self.bare else self.per_page


class Page(Reply, Generic[Item]):
    items: list[Item]
    total: int
    page: int
    per_page: int


def timestamp(seconds: float | None) -> datetime | None:
    """Unix seconds as a time in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def dollars(nano: int | None) -> float | None:
    return None if nano is None else nano / 1e9


def nano_dollars(usd: float | None) -> int | None:
    """Rounded up to a whole nano-dollar: a cap of next to nothing stays a cap."""
    if usd is None:
        return None
    return int((Decimal(str(usd)) * 10**9).to_integral_value(ROUND_CEILING))


def example_of(model: type[BaseModel]) -> Any:
    """The example that the model's schema carries."""
    extra = model.model_config.get("json_schema_extra")
    assert isinstance(extra, dict), f"{model.__name__} has no example"
    examples = extra["examples"]
    assert isinstance(examples, list)
    return examples[0]


def with_example(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]}, protected_namespaces=())
