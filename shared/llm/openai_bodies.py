"""Is what came with a 200 a reply? Errors, pages, streams and empty bodies come with it too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from shared.errors import Fault
from shared.llm.openai_faults import Source, fault_in_reply
from shared.llm.openai_replies import named
from shared.llm.openai_words import Said, error_within
from shared.llm.usage import NONE, usage, usage_within
from shared.llm.wire import Answer, Charged, Empty

A = TypeVar("A")

SHOWN = 200  # characters of what is no reply
SEARCHED = 2000  # characters of it that are searched for keys first: one that is cut in two would not be found
LINES = 1000  # of a stream that are looked at


def answer_in(content: bytes, headers: Mapping[str, str], read: Callable[[Any], A], source: Source) -> A:
    """What `read` makes of the body. Raises the fault that it means where it is no reply, within Charged where it has
    a `usage`: then it was paid."""
    spent, model = NONE, ""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        text = content.decode("utf-8", "replace").strip()
        fault, spent = _no_json(text, headers, source), usage_within(text)
    else:
        heard = error_within(body)
        if heard is None:
            try:
                return read(body)
            except Exception:  # whatever it runs into: this body is no reply
                heard = _unwrapped(body)
        fault = fault_in_reply(heard, headers, source) if heard else _empty(content.decode("utf-8", "replace"), source)
        if isinstance(body, dict):
            spent, model = usage(body.get("usage")), named(body)
    if spent == NONE:
        raise fault
    raise Charged(fault, Answer("", "error", spent.input, spent.output, spent.cached, spent.cost, model))


def _no_json(text: str, headers: Mapping[str, str], source: Source) -> Fault:
    if not text:
        return Empty(source.at("it answered with an empty body"))
    if text.startswith("<"):
        return Empty(source.at("it answered with a page of HTML"))
    if text.startswith(("data:", "event:", "id:", "retry:", ": ")):
        heard = next(_errors_in_stream(text), None)
        if heard:
            return fault_in_reply(heard, headers, source)
        return Empty(source.at("it answered with a stream, which nobody asked for"))
    if text[0] in "{[":
        return Empty(source.at(f"it answered with JSON that breaks off: {source.scrubbed(text[-SEARCHED:])[-SHOWN:]}"))
    return fault_in_reply(Said(text), headers, source)


def _errors_in_stream(text: str) -> Iterator[Said]:
    for line in text.splitlines()[:LINES]:
        try:
            heard = error_within(json.loads(line.removeprefix("data:"))) if line.startswith("data:") else None
        except (ValueError, RecursionError):
            continue
        if heard:
            yield heard


def _unwrapped(body: Any) -> Said | None:
    """The words of a body that has no place for a reply: some servers invent their own errors."""
    if not isinstance(body, dict) or isinstance(body.get("choices"), list) or isinstance(body.get("data"), list):
        return None
    rest = {name: value for name, value in body.items() if name not in ("usage", "model", "id")}
    return Said(json.dumps(rest, ensure_ascii=False)[:SEARCHED]) if rest else None


def _empty(text: str, source: Source) -> Fault:
    return Empty(source.at(f"what it answered is no reply: {source.scrubbed(text[:SEARCHED])[:SHOWN]}"))
