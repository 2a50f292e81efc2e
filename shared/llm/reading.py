"""Reading a model's reply as the type that was asked for. What can be repaired here need not be paid again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.contracts.ask import T
from shared.errors import Unreadable
from shared.llm.latex import doubled

MAX_OBJECTS = 64  # braces that are tried as the beginning of an object
HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")  # or a whole one
MAX_MESSAGE = 600  # characters that the model is shown

STRING_OR_COMMA = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|,(?=\s*[}\]])', re.DOTALL)


def parse(text: str, reply: type[T]) -> T:
    """The reply in `text`, which may stand in prose or a code fence, with trailing commas or bare LaTeX.

    Where several objects fit, the last counts: a model thinks before it answers. Raises Unreadable with words that
    tell the model what to do better, and nothing else.
    """
    if not text.strip():
        raise Unreadable("the reply is empty")
    error: ValidationError | None = None
    mended = doubled(text)
    for repair in (str, _without_trailing_commas):
        found: T | None = None
        for candidate in _objects(repair(mended)):
            try:
                found = _validated(candidate, reply)
            except ValidationError as problem:
                error = problem
        if found is not None:
            return found
    if error is not None:
        raise Unreadable(_explained(error)) from None
    raise Unreadable(_no_object(mended))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost JSON objects in the text, in order."""
    at = text.find("{")
    for _ in range(MAX_OBJECTS):
        if at < 0:
            return
        try:
            value, end = DECODER.raw_decode(text, at)
            if HALF_PAIR.search(text, at, end):
                value = _sound(value)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _without_trailing_commas(text: str) -> str:
    return STRING_OR_COMMA.sub(lambda match: match[1] or "", text)


def _sound(value: dict[str, Any]) -> dict[str, Any]:
    """Without halves of surrogate pairs, which nothing after us could encode."""
    sound: dict[str, Any] = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return sound


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(strict=False, parse_constant=_no_constants)  # strict would refuse bare line breaks


def _validated(value: dict[str, Any], reply: type[T]) -> T:
    try:
        return _converted(value, reply)
    except ValidationError:
        if len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):  # {"result": {…}}
            return _converted(inner, reply)
        raise


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
    if detail["type"] == "string_type" and isinstance(given, int | float) and not isinstance(given, bool):
        better: Any = str(given)
    elif detail["type"] == "dict_type" and isinstance(given, list):
        better = {str(n): item for n, item in enumerate(given)}
    else:
        return
    *path, last = detail["loc"]
    # a path through a union names its branches and leads nowhere
    with suppress(LookupError, TypeError):
        for step in path:
            value = value[step]
        value[last] = better


def _explained(error: ValidationError) -> str:
    problems = (
        f"`{'.'.join(map(str, detail['loc'])) or 'reply'}`: {detail['msg']}"
        for detail in error.errors(include_url=False, include_context=False)
    )
    return f"the JSON does not fit: {'; '.join(problems)}"[:MAX_MESSAGE]


def _no_object(text: str) -> str:
    at = text.find("{")
    if at < 0:
        return "there is no JSON object in the reply"
    try:
        DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        where = text[max(0, error.pos - 20) : error.pos + 20]
        return f"the JSON is broken: {error.msg} near {where!r}"
    except (ValueError, RecursionError) as error:
        return f"the JSON is broken: {type(error).__name__}"
    return "there is no JSON object in the reply"
