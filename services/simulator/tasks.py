"""What the simulated models do with a request. They see its text and nothing else."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import Any

from services.simulator import reviews, shapes, templates
from services.simulator.models import Model
from services.simulator.wire import ChatRequest

# the first whose keys are all asked for
TASKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("vary", frozenset({"changes", "text", "aspects"})),
    ("rate", frozenset({"coherence", "relevance", "grammar"})),
    ("compose", frozenset({"text", "sentiment", "aspects"})),
    ("parameters", frozenset({"changed", "problem", "answer", "hints"})),
    ("reword", frozenset({"reworded"})),
    ("write", frozenset({"problem", "answer", "hints"})),
    ("review", frozenset({"valid"})),
    ("judge", frozenset({"equivalent"})),
    ("solve", frozenset({"answer"})),
)
NO_ANSWER = "I don't know"
ANYTHING_ELSE = (
    "I am a simulator of a language model: I can write, review and solve mathematics problems, compare answers, "
    "and write and rate feedback about products, and nothing else."
)

_OPENING = re.compile(
    r"<(problem|answer|candidate|hints|product|tone|sentiment|intensity|aspects|example|text|strategy|variation)>"
)
_KEY = re.compile(r'"(\w+)"')


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says; `refused`: it declined instead of answering."""

    text: str
    refused: bool = False


def task_of(request: ChatRequest) -> str:
    """write, review, judge, solve, or chat for all else. By the schema's fields, without one by the JSON keys that the
    text names outside its marked parts."""
    if request.schema is not None:
        keys = shapes.properties(request.schema)
    else:
        keys = set(_KEY.findall(marked(f"{request.system}\n{request.user}")[1]))
    return next((task for task, wanted in TASKS if wanted <= keys), "chat")


def reply(task: str, request: ChatRequest, model: Model, rng: random.Random, *, wrong: bool = False) -> Said:
    """`wrong`: a written problem gets an answer that is not its own."""
    if task == "chat":
        return Said(ANYTHING_ELSE, refused=request.schema is not None)
    found, _ = marked(request.user)
    parts = {name: values[-1].strip() for name, values in found.items()}
    if task == "write":
        values = write(request.user, rng, wrong=wrong)
    elif task == "review":
        values = review(parts, rng, model.slip)
    elif task == "judge":
        values = judge(parts)
    elif task == "compose":
        values = reviews.compose(found, rng, model.flaws)
    elif task == "vary":
        values = reviews.vary(found, rng, model.flaws)
    elif task == "rate":
        values = reviews.rate(found, rng)
    elif task == "reword":
        values = {"reworded": reword(parts.get("problem", ""), rng, model.slip)}
    elif task == "parameters":
        values = parameters(parts.get("problem", ""), rng, model.slip, wrong=wrong)
    else:
        values = {"answer": templates.solve(parts.get("problem", ""), rng, model.slip) or NO_ANSWER}
    if request.schema is not None:
        values = shapes.fill(request.schema, values)
    return Said(json.dumps(values, ensure_ascii=False))


def write(prompt: str, rng: random.Random, *, wrong: bool = False) -> dict[str, Any]:
    level = _line("Level", prompt)
    problem = templates.write(
        _line("Subject", prompt), _line("Topic", prompt), "" if level.lower() in ("any", "none") else level, rng
    )
    return {
        "subject": problem.subject,
        "topic": problem.topic,
        "problem": problem.text,
        "answer": another(problem.answer) if wrong else problem.answer,
        "hints": list(problem.hints),
    }


def reword(problem: str, rng: random.Random, slip: float) -> str:
    """The problem in other words, with another number in it where the model slips; empty where it cannot read it."""
    text = templates.reword(problem, rng) or ""
    return another(text) if text and rng.random() < slip else text


def parameters(problem: str, rng: random.Random, slip: float, *, wrong: bool = False) -> dict[str, Any]:
    """The problem with other parameters and the answer that the model then works out; empty where it cannot read it."""
    new = templates.change(problem, rng)
    if new is None:
        return {"changed": "", "problem": "", "answer": "", "hints": []}
    answer = templates.solve(new.text, rng, slip) or NO_ANSWER
    return {
        "changed": "the numbers",
        "problem": new.text,
        "answer": another(answer) if wrong else answer,
        "hints": list(new.hints),
    }


def marked(text: str) -> tuple[dict[str, list[str]], str]:
    """What stands between our tags, by name, with its closing tags as they were; and the text without it."""
    found: dict[str, list[str]] = {}
    unclosed: set[str] = set()
    outside, place, start = [], 0, 0
    while opening := _OPENING.search(text, place):
        name, place = opening[1], opening.end()
        end = -1 if name in unclosed else text.find(f"</{name}>", place)
        if end < 0:
            unclosed.add(name)  # looked for once: many openings must not cost the square of the length
            continue
        found.setdefault(name, []).append(text[place:end].replace("<\\/", "</"))
        outside.append(text[start : opening.start()])
        place = start = end + len(f"</{name}>")
    return found, "".join((*outside, text[start:]))


def review(parts: dict[str, str], rng: random.Random, slip: float) -> dict[str, Any]:
    """Solves the problem and compares; then looks whether a hint gives the answer away."""
    reference = parts.get("answer", "")
    found = templates.solve(parts.get("problem", ""), rng, slip)
    if found is None:
        return _verdict("unanswerable", "I cannot read this problem.")
    if not templates.same(reference, found):
        return _verdict("wrong_reference", f"I find {found}, the reference says {reference}.")
    if gives_away(parts.get("hints", ""), reference):
        return _verdict("bad_hints", "A hint states the final answer.")
    return _verdict("", f"I solved it and find {found} too.")


def _verdict(code: str, reason: str) -> dict[str, Any]:
    return {"valid": not code, "reason_code": code, "reason": reason, "corrected_hints": None}


def judge(parts: dict[str, str]) -> dict[str, Any]:
    equal = templates.same(parts.get("answer", ""), parts.get("candidate", ""))
    words = "The two denote the same object." if equal else "The two are different."
    return {"equivalent": equal, "confidence": 0.97, "reason": words}


def gives_away(hints: str, answer: str) -> bool:
    """Whether the answer stands in the hints as a word or number of its own. One digit proves nothing: it may be an
    index or an exponent."""
    if len(answer) < 2:
        return False
    return re.search(rf"(?<![\w.^]){re.escape(answer)}(?!\w|\.\d)", hints) is not None


def another(answer: str) -> str:
    """A different answer of the same form: its last whole number plus one."""
    changed, count = re.subn(r"(\d+)(?!.*\d)", lambda digits: str(int(digits[0]) + 1), answer, flags=re.DOTALL)
    return changed if count else f"{answer} + 1"


def _line(name: str, prompt: str) -> str:
    found = re.search(rf"^{name}:[ \t]*(.*)$", prompt, re.MULTILINE)
    return found[1].strip() if found else ""
