"""Replies of models: read with patience, asked for with a plain schema.

Models write numbers where text was asked for, lists for dicts and the other way round. What can be meant in one way
only is taken; the JSON schema shown to the provider stays one that strict structured output accepts.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

# keys of an object that stands for the one text in it, and of what may stand beside that text
_HOLDERS = {
    "answer", "content", "description", "expression", "final", "finalanswer", "formula", "hint", "latex", "math",
    "problem", "question", "reason", "result", "solution", "statement", "string", "text", "tex", "value",
}  # fmt: skip
_ORDINALS = {"id", "index", "level", "no", "number", "order", "step", "type"}
_NOTHING = {"", "none", "null", "nil", "n/a", "-"}
_NUMBERED = re.compile(r"\W*(?:hint|step|tip)?[\W_]*\d{1,4}\W*", re.IGNORECASE)
_MARK = re.compile(r"^[ \t]*(?:\**hint )?[ \t]*(\d{1,4})[.):]\**[ \t]+", re.IGNORECASE | re.MULTILINE)


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
    """Numbers as they were written, null as empty, a list joined by commas, nested lists in brackets.

    An object is taken where it holds one text, as in `{"step": 1, "text": "…"}`; another is no text: ValueError.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        nested = any(isinstance(item, list) for item in value)  # a matrix, say, and kept as such
        return _item(value) if nested else _joined([_item(item) for item in value])
    if isinstance(value, dict):
        return as_text(_only_text(value))
    return str(value)


def _joined(items: list[str]) -> str:
    return (", " if not any(map(_has_comma, items)) else "; ").join(items)


def _has_comma(text: str) -> bool:
    """Outside of brackets."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth <= 0:
            return True
    return False


def _item(value: object) -> str:
    if value is None:
        raise ValueError("a list with a null in it, where a text is needed")
    if isinstance(value, list):
        return f"[{_joined([_item(item) for item in value])}]"
    return str(as_text(value))


def _only_text(value: dict[str, Any]) -> object:
    left = {key: held for key, held in value.items() if not (_plain(key) in _ORDINALS and isinstance(held, str | int))}
    if len(left) == 1 and (_plain(key := next(iter(left))) in _HOLDERS or _NUMBERED.fullmatch(key)):
        return left[key]
    names = ", ".join(str(key)[:30] for key in list(value)[:5]) or "nothing"
    raise ValueError(f"an object with {names} in it, where a text is needed")


def _plain(key: str) -> str:
    return re.sub(r"[\W_]", "", key).lower()


def by_index(value: object) -> object:
    """A list or dict of texts as `{"0": …, "1": …}`; keys like `hint_2` count as `2`. Nulls and blanks are left out.

    A text is one of them, or a numbered list of them.
    """
    if value is None:
        return {}
    if isinstance(value, str):
        if value.strip(" .\n").lower() in _NOTHING:
            return {}
        value = _listed(value.strip())
    if isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), list | dict):
        return by_index(inner)
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return value
    texts = {key: text for key, item in value.items() if (text := as_text(item)) != ""}
    numbers = [re.search(r"\d{1,4}", str(key)) for key in texts]
    indexes = [int(number.group()) for number in numbers if number]
    if len(set(indexes)) < len(texts):  # some have none, or two have the same
        indexes = list(range(len(texts)))
    found = dict(zip(indexes, texts.values(), strict=True))
    return {str(index): found[index] for index in sorted(found)}


def _listed(text: str) -> list[Any] | dict[str, Any]:
    if text.startswith(("[", "{")):
        with suppress(ValueError, RecursionError):
            encoded = json.loads(text)
            if isinstance(encoded, list | dict):
                return encoded
    marks = list(_MARK.finditer(text))
    numbers = [int(mark[1]) for mark in marks]
    if len(marks) > 1 and not marks[0].start() and numbers == list(range(numbers[0], numbers[0] + len(marks))):
        ends = [mark.start() for mark in marks[1:]] + [len(text)]
        return [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
    return [text]


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
