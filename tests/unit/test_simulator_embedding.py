"""The simulator's embeddings tell parameters apart and see through rewording."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.simulator.embedding import DIMENSIONS, embed
from services.simulator.templates import LEVELS, TEMPLATES, Template
from services.simulator.templates.base import Wording

THRESHOLD = 0.82  # the house's cosine above which a problem is a repeat

TEXT = "Find the remainder when the cubic polynomial 10x^3 - 21x^2 - 23x + 18 is divided by x - 3."


def cosine(a: str, b: str) -> float:
    return float(embed(a) @ embed(b))


def kept(vectors: NDArray[np.float32]) -> int:
    """How many remain when each that is too near to one kept before is left out."""
    near = vectors @ vectors.T >= THRESHOLD
    open_to_all = np.ones(len(vectors), dtype=bool)
    count = 0
    for place in range(len(vectors)):
        if open_to_all[place]:
            count += 1
            open_to_all &= ~near[place]
    return count


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: type(template).__name__)
def test_there_is_room_for_a_thousand_problems_that_are_told_apart(template: Template, level: int) -> None:
    rng = Random(21)
    texts = list(dict.fromkeys(template.generate(rng, level).text for _ in range(1_100)))
    assert len(texts) >= 1_000
    assert kept(np.array([embed(text) for text in texts[:1_000]])) >= 950


def test_a_rewording_stays_near_for_most() -> None:
    """The two wordings of each template and level around the same values."""
    rng = Random(2)
    near = []
    for template in TEMPLATES:
        for level in LEVELS:
            first, second = map(Wording, template.wordings[level])
            for _ in range(5):
                values, _ = template.draw(rng, level)
                near.append(cosine(first.write(values), second.write(values)) >= THRESHOLD)
    assert sum(near) >= 0.8 * len(near)


def test_other_templates_are_far() -> None:
    rng = Random(4)
    vectors = np.array([embed(template.generate(rng, level).text) for template in TEMPLATES for level in LEVELS])
    cosines = vectors @ vectors.T
    assert (cosines[~np.eye(len(vectors), dtype=bool)] < THRESHOLD).mean() > 0.99


@pytest.mark.parametrize(
    "other",
    [
        TEXT,
        TEXT.upper(),
        "  " + TEXT.replace(" ", "\n "),
        TEXT.replace("10x^3", "$10x^3").replace("x - 3.", "x - 3$."),
        TEXT.replace("-", "−"),
        TEXT.replace("Find", "Determine"),
    ],
)
def test_case_white_space_and_dollars_do_not_matter(other: str) -> None:
    assert cosine(TEXT, other) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("10", "11").replace("21", "8").replace("18", "5"),
        "How many positive divisors does 3600 have?",
        "Find the remainder when the cubic polynomial is divided.",
        "",
    ],
)
def test_other_problems_are_far(other: str) -> None:
    assert cosine(TEXT, other) < THRESHOLD


def test_the_order_of_numbers_matters() -> None:
    a, b = ("An urn holds 12 red, 30 blue and 7 green balls.", "An urn holds 30 red, 7 blue and 12 green balls.")
    assert cosine(a, b) < THRESHOLD


@given(st.text(max_size=400))
@settings(deadline=None)
def test_any_text_has_a_vector_of_unit_length(text: str) -> None:
    vector = embed(text)
    assert vector.shape == (DIMENSIONS,)
    assert vector.dtype == np.float32
    assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-5)


def test_another_process_finds_the_same_vector() -> None:
    program = f"from services.simulator.embedding import embed; print(embed({TEXT!r}).tobytes().hex())"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == embed(TEXT).tobytes().hex()
