"""A taxonomy: what problems may be asked of."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.gateway.schemas.common import Body
from services.gateway.schemas.names import Name, distinct, named, prose
from shared.contracts.batch import TopicSpec

MAX_TOPICS = 10_000
MAX_FIELDS = 100  # more than any body has; each unknown one would become an error of its own


def _distinct(topics: Any) -> Any:
    if isinstance(topics, list | dict):
        distinct(topics)
    return topics


def few_fields(value: Any) -> Any:
    """Refuses junk by its size, before each piece of it is looked at."""
    if isinstance(value, dict) and len(value) > MAX_FIELDS:
        raise PydanticCustomError("fields", "has {count} fields, far too many", {"count": len(value)})
    return value


class TopicDetail(Body):
    _few = model_validator(mode="before")(few_fields)

    level: Annotated[str, StringConstraints(max_length=100), BeforeValidator(named)] = ""
    description: Annotated[str, StringConstraints(max_length=2000), BeforeValidator(prose)] = ""


def _shape(value: Any) -> str | None:
    return "~list" if isinstance(value, list) else "~object" if isinstance(value, dict) else None


Topics = Annotated[
    Annotated[list[Name], Field(min_length=1, max_length=MAX_TOPICS), BeforeValidator(_distinct), Tag("~list")]
    | Annotated[
        dict[Name, TopicDetail], Field(min_length=1, max_length=MAX_TOPICS), BeforeValidator(_distinct), Tag("~object")
    ],
    Discriminator(
        _shape,
        custom_error_type="topics",
        custom_error_message="must be a list of topics, or an object {topic: {level?, description?}}",
    ),
]


def _few_enough(taxonomy: Any) -> Any:
    """Looks at sizes only, so that a huge taxonomy is refused before its topics are judged."""
    if not isinstance(taxonomy, dict):
        return taxonomy
    count = sum(len(topics) if isinstance(topics, list | dict) else 1 for topics in taxonomy.values())
    count = max(count, len(taxonomy))
    if count > MAX_TOPICS:
        raise PydanticCustomError("topics", "has {count} topics, above {most}", {"count": count, "most": MAX_TOPICS})
    return taxonomy


Taxonomy = Annotated[
    dict[Name, Topics], Field(min_length=1), BeforeValidator(_distinct), BeforeValidator(_few_enough)
]  #: sizes are looked at first


def flatten(taxonomy: dict[str, list[str] | dict[str, TopicDetail]]) -> list[TopicSpec]:
    """Each topic with its subject, in the order given."""
    return [
        TopicSpec(subject=subject, topic=topic, level=detail.level, description=detail.description)
        for subject, topics in taxonomy.items()
        for topic, detail in (
            topics.items() if isinstance(topics, dict) else ((topic, TopicDetail()) for topic in topics)
        )
    ]


def unflatten(topics: list[TopicSpec]) -> dict[str, dict[str, TopicDetail]]:
    """As stored: what was accepted before is not judged by the rules of today."""
    taxonomy: dict[str, dict[str, TopicDetail]] = {}
    for spec in topics:
        detail = TopicDetail.model_construct(level=spec.level, description=spec.description)
        taxonomy.setdefault(spec.subject, {})[spec.topic] = detail
    return taxonomy


@cache
def shipped() -> tuple[TopicSpec, ...]:
    """The default taxonomy, for requests that bring none."""
    text = (Path(__file__).parent.parent / "taxonomy.json").read_text(encoding="utf-8")
    return tuple(flatten(TypeAdapter(Taxonomy).validate_python(json.loads(text))))
