"""Replies of models: read with patience, asked for with a plain schema.

Models write numbers where text was asked for, lists for dicts and the other way round. What can be meant in one way
only is taken; the JSON schema shown to the provider stays one that strict structured output accepts.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema


def _strict(schema: dict[str, Any]) -> None:
    """Strict structured output wants every property required and knows no defaults."""
    properties = schema.get("properties", {})
    for field in properties.values():
        field.pop("default", None)
    schema["required"] = list(properties)


class ModelReply(BaseModel):
    """Base of the reply types: lenient in reading, strict in its schema. Unknown keys are passed over."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=_strict)


def as_text(value: object) -> object:
    """Numbers as text, null as empty, a plain list joined by commas, other JSON as written."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value.strip() if isinstance(value, str) else value


def by_index(value: object) -> object:
    """A list or dict of texts as `{"0": …, "1": …}`; keys like `hint_2` count as `2`. Nulls and blanks are left out."""
    if value is None:
        return {}
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return value
    found: dict[str, object] = {}
    for place, (key, item) in enumerate(value.items()):
        text = as_text(item)
        if text == "":
            continue
        number = re.search(r"\d{1,4}", str(key))
        found.setdefault(str(int(number.group())) if number else str(place), text)
    return dict(sorted(found.items(), key=lambda entry: int(entry[0])))


_TEXTS = {"type": "array", "items": {"type": "string"}}

Text = Annotated[str, BeforeValidator(as_text)]
Texts = Annotated[dict[str, str], BeforeValidator(by_index), WithJsonSchema(_TEXTS)]
OptionalTexts = Annotated[
    dict[str, str], BeforeValidator(by_index), WithJsonSchema({"anyOf": [_TEXTS, {"type": "null"}]})
]


class Answer(ModelReply):
    """The final answer to a problem, nothing else."""

    answer: Text


_TAGS = re.compile(r"</?\s*(?:problem|answer|candidate|hints)\s*>", re.IGNORECASE)


def untagged(text: str) -> str:
    """The text without the tags that mark a prompt's parts, so that no part can pretend to end."""
    return _TAGS.sub("", text)
