"""What a model thought before it answered, where it stands in the text of its reply: never its answer."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from shared.llm.loose_json import Scan

NAME = (
    r"(?:\w{1,20}[:_-])?(?:think(?:ing)?|thoughts?|thought[ _-]process|chain[ _-]of[ _-]thoughts?|cot|reason(?:ing)?"
    r"|reflection|scratch[ _-]?pad|analysis|deliberation|(?:inner|internal)(?:[ _-](?:monologue|thoughts?))?)"
)
# tags as models' templates have them: `<think>`, `[THINK]`, `<|channel|>analysis<|message|>` and their like
TAG = re.compile(
    rf"""
    (?P<close> <\|?\s*/\s*{NAME}\s*\|?> | \[/THINK\] | ◁/think▷ | <\|end_of_thought\|> | <\|END_THINKING\|>
        | <unused95> | <channel\|> | <\|channel\|?>\s*final\b )
    | (?P<end> <\|(?:end|start|return)\|> | </details> )
    | (?P<open> <\s*{NAME}(?:\s[^<>]{{0,200}})?> | <\|\s*{NAME}\s*\|> | \[THINK\] | ◁think▷ | <\|begin_of_thought\|>
        | <details\s[^<>]{{0,200}}type="reasoning"[^<>]{{0,200}}> | <\|START_THINKING\|>
        | <unused94> | <\|channel\|?>\s*(?:analysis|thought)\b )
    | (?P<fence> ^[ \t]*(?:```|~~~)[ \t]*{NAME}[ \t]*$ )
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
MAY_HOLD_TAGS = re.compile(r"<|◁|\[/?THINK|^[ \t]*(?:```|~~~)[ \t]*[a-z]", re.IGNORECASE | re.MULTILINE)
FENCE = re.compile(r"^[ \t]*(?:```|~~~)`*~*[ \t]*(\S*)[^\n]*$", re.MULTILINE)
# a server that drops special tokens leaves these of `<|channel|>analysis … <|start|>assistant<|channel|>final`
BARE_START, BARE_END = "analysis", "assistantfinal"


@dataclass(frozen=True, slots=True)
class Parts:
    """A reply's text in two. `unclosed`: the thinking does not end, so all is thinking and there is no answer."""

    spoken: str
    thought: str = ""
    unclosed: bool = False


def apart(text: str) -> Parts:
    """Text before a lone closing tag is thinking too. A tag within a string of whole JSON is part of that string."""
    if text.lstrip().startswith(BARE_START) and BARE_END in text:
        thought, _, text = text.rpartition(BARE_END)
        rest = apart(text)
        return Parts(rest.spoken, f"{thought}\n{rest.thought}".strip(), rest.unclosed)
    if not MAY_HOLD_TAGS.search(text) or not (tags := list(TAG.finditer(text))):
        return Parts(text)
    spans = [(value.start, value.end) for value in Scan(text).values()]
    parts = _apart(text, tags, spans, nested=True)
    # what was thought of tags may hold one more that opens than close
    return _apart(text, tags, spans, nested=False) if parts.unclosed else parts


def untangled(text: str) -> str:
    """A string of the reply's JSON without the thinking that it begins with; one that only speaks of tags stays."""
    if not MAY_HOLD_TAGS.search(text) or not (tag := TAG.search(text)):
        return text
    if tag["close"] or ((tag["open"] or tag["fence"]) and not text[: tag.start()].strip()):
        return apart(text).spoken.strip()
    return text


def _apart(text: str, tags: list[re.Match[str]], spans: list[tuple[int, int]], *, nested: bool) -> Parts:
    spoken: list[str] = []
    thought: list[str] = []
    at, depth, starts = 0, 0, [start for start, _ in spans]
    for tag in tags:
        start, end = tag.span()
        if start < at:
            continue
        if depth:
            if tag["open"] and nested:
                depth += 1
            elif tag["close"] or (tag["end"] and depth == 1):
                depth -= 1
                if not depth:
                    thought.append(text[at:start])
                    at = end
            continue
        around = bisect_right(starts, start) - 1
        if around >= 0 and at <= starts[around] and start < spans[around][1]:
            continue
        if not tag["end"]:
            spoken.append(text[at:start])
            at = end
        if tag["open"]:
            depth = 1
        elif tag["close"]:
            thought += spoken
            spoken = []
        elif tag["fence"]:
            inside = _end_of_fence(text, end)
            if inside is None:
                return Parts("", text, unclosed=True)
            thought.append(text[end : inside[0]])
            at = inside[1]
    if depth:
        return Parts("", text, unclosed=True)
    spoken.append(text[at:])
    return Parts(_joined(spoken), _joined(thought))


def _end_of_fence(text: str, at: int) -> tuple[int, int] | None:
    """Where the line begins and ends that closes the fence open at `at`; those with a word open one within."""
    depth = 1
    for line in FENCE.finditer(text, at):
        depth += 1 if line[1] else -1
        if not depth:
            return line.span()
    return None


def _joined(pieces: list[str]) -> str:
    return "\n".join(piece for piece in pieces if piece.strip())
