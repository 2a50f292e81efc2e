"""What the simulated models do with a request. They see its text and nothing else."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import Any

from services.simulator import shapes, templates
from services.simulator.models import Model
from services.simulator.wire import ChatRequest

# the first whose keys are all asked for
TASKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("write", frozenset({"problem", "answer", "hints"})),
    ("review", frozenset({"valid"})),
    ("judge", frozenset({"equivalent"})),
    ("solve", frozenset({"answer"})),
)
NO_ANSWER = "I don't know"
ANYTHING_ELSE = (
    "I am a simulator of a language model: I can write, review and solve mathematics problems and compare answers, "
    "and nothing else."
)

_PARTS = re.compile(r"<(problem|answer|candidate|hints)>(.*?)</\1>", re.DOTALL)
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
        keys = set(_KEY.findall(_PARTS.sub("", f"{request.system}\n{request.user}")))
    return next((task for task, wanted in TASKS if wanted <= keys), "chat")


def reply(task: str, request: ChatRequest, model: Model, rng: random.Random, *, wrong: bool = False) -> Said:
    """`wrong`: a written problem gets an answer that is not its own."""
    if task == "chat":
        return Said(ANYTHING_ELSE, refused=request.schema is not None)
    parts = {name: text.strip() for name, text in _PARTS.findall(request.user)}
    if task == "write":
        values = write(request.user, rng, wrong=wrong)
    elif task == "review":
        values = review(parts, rng, model.slip)
    elif task == "judge":
        values = judge(parts)
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
