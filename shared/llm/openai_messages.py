"""A message in OpenAI's format: what the model says in it, and what stands in other places. Servers differ much."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SURE_DIGITS = 15  # that a float keeps
MAX_DEPTH = 5  # of texts within parts within parts

# where servers put what a model thought (DeepSeek and vLLM, OpenRouter, Ollama, LiteLLM, …); the first that says a word
THINKING = (
    "reasoning_content", "reasoning", "reasoning_text", "thinking", "thoughts", "thought", "analysis",
    "reasoning_details", "thinking_blocks",
)  # fmt: skip
THINKS = ("think", "thought", "reason")  # in a part's type
WORDS = ("text", "value", "thinking", "reasoning", "reasoning_content", "summary", "content")  # of a part
ARGUMENTS = ("arguments", "input", "parameters")  # of a call


@dataclass(frozen=True, slots=True)
class Message:
    """`elsewhere`: other places that hold a text, by name: calls of tools; where the content is empty, thinking too."""

    text: str
    thinking: str
    refusal: str
    elsewhere: tuple[tuple[str, str], ...]


def message_in(choice: Mapping[str, Any]) -> Message:
    """Raises whatever it runs into where there is no message."""
    sent = choice.get("message")
    if sent is None and isinstance(choice.get("text"), str):  # a completion, from before there was chat
        sent = {"content": choice["text"]}
    if not isinstance(sent, dict):
        raise TypeError("no message")
    content = sent.get("content")
    if not isinstance(content, str | list | dict | None):
        raise TypeError("no text")
    parts = [content] if isinstance(content, dict) else content if isinstance(content, list) else []
    text = content if isinstance(content, str) else "".join(_texts(parts))
    thinking = _thinking(sent, parts)
    places = [*_calls(sent, parts), *(thinking if not text.strip() else [])]
    refusal = sent.get("refusal") or "".join(_words(part.get("refusal")) for part in parts if isinstance(part, dict))
    return Message(
        text=text,
        thinking=thinking[0][1] if thinking else "",
        refusal=refusal if isinstance(refusal, str) else _words(refusal),
        elsewhere=tuple(places),
    )


def _texts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and not _is_thinking(part):
            if "type" not in part and "text" not in part:  # JSON that the server has read already
                yield _written(part)
            else:
                yield _words(part.get("text"))


def _thinking(sent: dict[str, Any], parts: list[Any]) -> list[tuple[str, str]]:
    places: list[tuple[str, Any]] = [
        ("content", [part for part in parts if isinstance(part, dict) and _is_thinking(part)])
    ]
    more = sent.get("provider_specific_fields")
    for fields in (sent, more if isinstance(more, dict) else {}):
        places += [(name, fields.get(name)) for name in THINKING]
    said = ((name, _words(held)) for name, held in places)
    return next(([place] for place in said if place[1].strip()), [])


def _is_thinking(part: dict[str, Any]) -> bool:
    kind = part.get("type")
    return part.get("thought") is True or (isinstance(kind, str) and any(word in kind.lower() for word in THINKS))


def _calls(sent: dict[str, Any], parts: list[Any]) -> Iterator[tuple[str, str]]:
    made = sent.get("tool_calls")
    places = (
        ("tool_calls", made if isinstance(made, list) else [made]),
        ("function_call", [sent.get("function_call")]),
        ("content", [part for part in parts if isinstance(part, dict) and "text" not in part]),
    )
    for name, calls in places:
        written = "\n".join(filter(None, map(_arguments, calls)))
        if written.strip():
            yield name, written
    if isinstance(sent.get("parsed"), dict):
        yield "parsed", _written(sent["parsed"])


def _arguments(call: Any) -> str:
    if not isinstance(call, dict):
        return ""
    for inner in (call.get("function"), call.get("custom"), call):
        for name in ARGUMENTS:
            given = inner.get(name) if isinstance(inner, dict) else None
            if isinstance(given, str) and given.strip():
                return given
            if isinstance(given, dict):
                return _written(given)
    return ""


def _written(held: Any) -> str:
    """JSON that a server has read already, as text; none where it may have lost digits of a number by that."""
    return json.dumps(held, ensure_ascii=False) if _is_exact(held) else ""


def _is_exact(held: Any) -> bool:
    if isinstance(held, float):
        return len(re.sub(r"^-?0\.0*|e.*|\D", "", repr(held))) <= SURE_DIGITS and math.isfinite(held)
    if isinstance(held, dict):
        held = list(held.values())
    return all(map(_is_exact, held)) if isinstance(held, list) else True


def _words(held: Any, depth: int = 0) -> str:
    """The text in a part, or in a list of them."""
    if isinstance(held, str):
        return held
    if depth == MAX_DEPTH:
        return ""
    if isinstance(held, list):
        return "".join(_words(item, depth + 1) for item in held)
    if isinstance(held, dict):
        return next((words for name in WORDS if (words := _words(held.get(name), depth + 1)).strip()), "")
    return ""
