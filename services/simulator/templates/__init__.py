"""Seeded problem templates: real problems with exact answers, and a solver that knows nothing but their text."""

from __future__ import annotations

import re
from random import Random

from services.simulator.templates import (
    algebra,
    calculus,
    combinatorics,
    geometry,
    linear_algebra,
    number_theory,
    probability,
)
from services.simulator.templates.answers import same
from services.simulator.templates.base import MAX_TEXT, Problem, Slips, Template, tidy

__all__ = ["LEVELS", "TEMPLATES", "Problem", "Template", "change", "reword", "same", "solve", "write"]

TEMPLATES: tuple[Template, ...] = (
    *algebra.TEMPLATES,
    *calculus.TEMPLATES,
    *number_theory.TEMPLATES,
    *combinatorics.TEMPLATES,
    *probability.TEMPLATES,
    *linear_algebra.TEMPLATES,
    *geometry.TEMPLATES,
)
LEVELS = (1, 2, 3)

_LEVEL_WORDS: tuple[tuple[str, int], ...] = (
    (r"\b[3-9]\b|(?<!under)graduate|research|phd|olympiad|expert|advanced|hard", 3),
    (r"\b2\b|undergrad|university|college|bachelor|medium|intermediate", 2),
    (r"\b[01]\b|school|easy|elementary|beginner|basic", 1),
)


def write(subject: str, topic: str, level: str, rng: Random) -> Problem:
    """A problem of the template nearest to subject and topic; any template where neither says anything."""
    wanted = _stems(topic)
    fits = [_likeness(template, _stems(subject), wanted) for template in TEMPLATES]
    nearest = [template for template, fit in zip(TEMPLATES, fits, strict=True) if fit == max(fits)]
    return rng.choice(nearest).generate(rng, _level(level, rng))


def solve(text: str, rng: Random, slip: float) -> str | None:
    """An answer worked out from the text, each step wrong with probability `slip`; None when it cannot be read."""
    if len(text) > MAX_TEXT:
        return None
    slips, text = Slips(rng, slip), tidy(text)
    return next((answer for template in TEMPLATES if (answer := template.solve(text, slips)) is not None), None)


def reword(text: str, rng: Random) -> str | None:
    """The same problem in other words; None when it cannot be read."""
    if len(text) > MAX_TEXT:
        return None
    plain = tidy(text)
    return next((other for template in TEMPLATES if (other := template.reworded(plain, rng)) is not None), None)


def change(text: str, rng: Random) -> Problem | None:
    """A problem of the same template and level with other parameters; None when the text cannot be read."""
    if len(text) > MAX_TEXT:
        return None
    plain = tidy(text)
    while (
        found := next((new for each in TEMPLATES if (new := each.changed(plain, rng)) is not None), None)
    ) is not None:
        if tidy(found.text) != plain:
            break
    return found


def _level(words: str, rng: Random) -> int:
    found = (level for pattern, level in _LEVEL_WORDS if re.search(pattern, words, re.IGNORECASE))
    return next(found, 0) or rng.choice(LEVELS)


def _stems(words: str) -> set[str]:
    """The words by their first five letters, so that `divisors` meets `divisibility`."""
    return {word[:5] for word in re.findall(r"[a-z]{3,}", words.lower())}


def _likeness(template: Template, subject: set[str], topic: set[str]) -> tuple[float, int]:
    """Common words over all words of the subject (`Algebra` is not `Linear Algebra`), then words of the topic."""
    own_subject, own_topic = _stems(template.subject), _stems(f"{template.topic} {template.words}")
    in_subject = len(own_subject & subject) / len(own_subject | subject)
    return in_subject, len((own_topic | own_subject) & (topic if in_subject else topic | subject))
