"""A JSON object made to fit the type that was asked for, where it can be meant in one way only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.contracts.ask import T
from shared.errors import Unreadable
from shared.llm.loose_json import Scan
from shared.llm.thinking import NAME, untangled

MAX_MESSAGE = 600  # characters that the model is shown
MAX_WRAPPED = 32  # values that are looked at for the object that was asked for
WRAPPERS = 2  # objects around it

THOUGHT = re.compile(NAME, re.IGNORECASE)


def fitted(value: dict[str, Any], reply: type[T]) -> T:
    """Raises Unreadable with words that tell the model which field does not fit."""
    try:
        return _whole(_without_thinking(value), reply)
    except ValidationError as error:
        raise Unreadable(_explained(error)) from None


def _whole(value: dict[str, Any], reply: type[T]) -> T:
    value = _named(value, reply)
    try:
        return _finite(_converted(value, reply))
    except ValidationError:
        # with some of its own fields it is no wrapper, and what it holds is a part
        if any(field.is_required() and name in value for name, field in reply.model_fields.items()):
            raise
        found: list[T] = []
        for inner in _wrapped(value, WRAPPERS):
            with suppress(ValidationError, Unreadable):
                found.append(_finite(_converted(_named(inner, reply), reply)))
        if found and all(other == found[0] for other in found):
            return found[0]
        raise


def _wrapped(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The objects within, as in `{"result": {…}}`; encoded ones too, but nothing that was thought."""
    for key, inner in list(value.items())[:MAX_WRAPPED]:
        if THOUGHT.fullmatch(key):
            continue
        if isinstance(inner, str) and inner.lstrip().startswith("{"):
            inner = next((encoded.value for encoded in Scan(inner).values()), None)
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        if isinstance(inner, dict):
            yield inner
            if depth > 1:
                yield from _wrapped(inner, depth - 1)


def _named(value: dict[str, Any], reply: type[BaseModel]) -> dict[str, Any]:
    """With `reasonCode` and `Reason Code` called `reason_code`, where nothing else is."""
    if value.keys() <= reply.model_fields.keys():
        return value
    missing = {_plain(name): name for name in reply.model_fields if name not in value}
    return {missing.pop(_plain(key), key) if key not in reply.model_fields else key: value[key] for key in value}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _without_thinking(value: Any) -> Any:
    if isinstance(value, str):
        return untangled(value)
    if isinstance(value, list):
        return [_without_thinking(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_thinking(item) for key, item in value.items()}
    return value


def _converted(value: dict[str, Any], reply: type[T]) -> T:
    for _ in range(2):  # a list that becomes a mapping may hold numbers that become texts
        try:
            return reply.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _convert(value, detail)
    return reply.model_validate(value)


def _convert(value: Any, detail: ErrorDetails) -> None:
    """Put right, in place, a number where a text was asked for, and a list where a numbered mapping was."""
    given = detail["input"]
    better: Any
    if detail["type"] == "string_type" and isinstance(given, int | float) and not isinstance(given, bool):
        better = str(given)
    elif detail["type"] == "dict_type" and isinstance(given, list):
        better = {str(n): item for n, item in enumerate(given)}
    elif detail["type"] == "bool_parsing" and isinstance(given, str):
        better = given.strip(" \n.!").lower()
    else:
        return
    *path, last = detail["loc"]
    # a path through a union names its branches and leads nowhere
    with suppress(LookupError, TypeError):
        for step in path:
            value = value[step]
        value[last] = better


def _finite(read: T) -> T:
    """`NaN` and `1e400` are numbers for pydantic."""
    if name := _infinite(read):
        raise Unreadable(f"the JSON does not fit: `{name}`: a finite number is needed")
    return read


def _infinite(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.__dict__
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        if isinstance(item, float) and not math.isfinite(item):
            return str(name)
        if inner := _infinite(item):
            return f"{name}.{inner}"
    return ""


def _explained(error: ValidationError) -> str:
    problems = (
        f"`{'.'.join(map(str, detail['loc'])) or 'reply'}`: {detail['msg']}"
        for detail in error.errors(include_url=False, include_context=False)
    )
    return f"the JSON does not fit: {'; '.join(problems)}"[:MAX_MESSAGE]
