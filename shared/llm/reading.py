"""Reading a model's reply as the type that was asked for. What can be repaired here need not be paid again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from shared.contracts.ask import T
from shared.errors import Unreadable
from shared.llm.fitting import MAX_MESSAGE, fitted
from shared.llm.loose_json import Broken, Scan, Value
from shared.llm.thinking import apart

MAX_TRIED = 500  # lists and objects of a reply that are tried, from its end
NEAR = 20  # characters around a fault that are quoted

# what an echo of the question has in place of values; it counts only where nothing else fits
PLACEHOLDER = re.compile(
    r'"\s*(?:<[a-z][\w \',-]*>|\.{3}|…|string|your[ _]\w+(?:[ _]here)?)\s*"(?!\s*:)', re.IGNORECASE
)
ENCODED = re.compile(r'\{\s*+\\++"')
MARKUP = re.compile(r"(?:[\s\ufeff\u200b]++|(?:`{3,}+|~{3,}+)(?:json\w*+)?|<\|\w++\|>)++", re.IGNORECASE)


def parse(text: str, reply: type[T], *, broke_off: bool = False) -> T:
    """The reply in `text`, which may stand in prose or a code fence, after thinking, or be JSON only almost.

    Where several objects fit, the last counts: a model thinks before it answers. Of a text that broke off, one counts
    only with nothing before it or nothing after it. Raises Unreadable with words that tell the model what to do
    better, and nothing else.
    """
    spoken = _spoken(text)
    scan = Scan(spoken)
    values = list(scan.values())
    error: Unreadable | None = None
    echo: T | None = None
    for value in islice(reversed(values), MAX_TRIED):
        if broke_off and not _is_final(value, scan, spoken):
            continue
        try:
            found = _read(value, reply)
        except Unreadable as problem:
            error = error or problem
        else:
            if not PLACEHOLDER.search(spoken, value.start, value.end):
                return found
            echo = echo or found
    if echo is not None:
        return echo
    if error is None and (inner := _encoded(spoken)) is not None:
        return parse(inner, reply, broke_off=broke_off)
    broken = scan.broken
    if broken and (error is None or (broken.keyed and broken.at > values[-1].end)):
        error = Unreadable(_located(broken, spoken))
    raise error or Unreadable("there is no JSON object in the reply")


def closing_json(text: str, reply: type[T]) -> str:
    """The JSON that ends the text and fits, as it is written there. Raises Unreadable."""
    spoken = _spoken(text)
    values = list(Scan(spoken).values())
    if not values or not _is_markup(spoken[values[-1].end :]):
        raise Unreadable("it does not end with a JSON object")
    _read(values[-1], reply)
    return spoken[values[-1].start : values[-1].end]


def _spoken(text: str) -> str:
    parts = apart(text)
    if parts.unclosed:
        raise Unreadable("the reply's thinking has no end, so there is no answer after it")
    if not parts.spoken.strip("\ufeff\u200b \t\r\n"):
        raise Unreadable("the reply holds nothing but its thinking" if parts.thought else "the reply is empty")
    return parts.spoken


def _read(value: Value, reply: type[T]) -> T:
    """A list is as good as the one object that it holds."""
    found: list[T] = []
    error: Unreadable | None = None
    for candidate in islice(_objects(value.value), MAX_TRIED):
        try:
            found.append(fitted(candidate, reply))
        except Unreadable as problem:
            error = problem
    if found and all(other == found[0] for other in found):
        return found[0]
    if found:
        raise Unreadable(f"a list of {len(found)} objects stands where one is needed")
    raise error or Unreadable("there is no JSON object in the reply")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _is_final(value: Value, scan: Scan, text: str) -> bool:
    """Whether a text that broke off had said all: it begins or ends with this value, and no other was begun."""
    if scan.broken and scan.broken.keyed and scan.broken.at > value.end:
        return False
    return _is_markup(text[: value.start]) or _is_markup(text[value.end :])


def _is_markup(text: str) -> bool:
    return not text or MARKUP.fullmatch(text) is not None


def _encoded(text: str) -> str | None:
    r"""The text of a reply that is one JSON string, with its quotes or without: `{\"answer\": …}`."""
    start, end = ENCODED.search(text), text.rfind("}")
    if start is None:
        return None
    try:
        return str(json.loads(f'"{text[start.start() : end + 1]}"', strict=False))
    except ValueError:
        return None


def _located(broken: Broken, text: str) -> str:
    where = text[max(0, broken.at - NEAR) : broken.at + NEAR]
    return f"the JSON is broken: {broken.words} near {where!r}"[:MAX_MESSAGE]
