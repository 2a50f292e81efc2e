"""The simulator's texts: exact spans, the sentiment asked for, distinct, flawed at their rates; and its variants."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from random import Random
from typing import Any

import numpy as np
import pytest

from services.simulator import tasks, templates
from services.simulator.embedding import embed
from services.simulator.models import MODELS, SLOPPY
from services.simulator.reviews import compose, flaws, vary

PRODUCTS = (
    "Sony wireless headphones",
    "Grand Hotel",
    "Zorblax 9",
    "{{ 7*7 }} {I}",
    "🎧🎧",
    "سماعات لاسلكية",
    "x" * 200,
)


def written(product: str, seed: int, rates: dict[str, float] | None = None, **parts: str) -> dict[str, Any]:
    asked = {"product": [product], "variation": [str(seed)]} | {name: [value] for name, value in parts.items()}
    return compose(asked, Random(seed), rates or {})


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("sentiment", ["positive", "negative", "neutral", "mixed"])
def test_aspects_stand_where_they_say_and_feel_as_asked(product: str, sentiment: str) -> None:
    for seed in range(15):
        made = written(product, seed, sentiment=sentiment, aspects="price, 客服, sizes")
        assert product in made["text"]
        assert made["sentiment"] == sentiment
        found = made["aspects"]
        assert all(made["text"][entry["start"] : entry["end"]] == entry["term"] for entry in found)
        assert {"price", "客服", "sizes"} <= {entry["term"] for entry in found}
        felt = {entry["sentiment"] for entry in found}
        assert felt == ({"positive", "negative"} if sentiment == "mixed" else {sentiment})


def test_texts_about_one_product_are_told_apart() -> None:
    texts = [written("Sony wireless headphones", seed, sentiment="positive")["text"] for seed in range(150)]
    vectors = np.array([embed(text) for text in texts])
    cosines = (vectors @ vectors.T)[np.triu_indices(len(texts), 1)]
    assert (cosines < 0.92).mean() > 0.999

    def shingles(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return set(zip(words, words[1:], words[2:], strict=False))

    assert max(len(a & b) / len(a | b) for a, b in combinations(map(shingles, texts), 2)) < 0.6


def test_flaws_come_at_their_rates() -> None:
    drawn = Counter(flaws.drawn(SLOPPY, flaws.COMPOSED, Random(seed)) for seed in range(4000))
    for name in flaws.COMPOSED:
        assert abs(drawn[name] / 4000 - SLOPPY[name]) < 0.025, name
    assert set(flaws.COMPOSED + flaws.VARIED) == set(SLOPPY)


def test_each_flaw_is_what_it_says() -> None:
    def flawed(name: str, seed: int) -> dict[str, Any]:
        return written("Zorblax 9", seed, {name: 1.0}, sentiment="positive", aspects="price")

    made = {name: [flawed(name, seed) for seed in range(20)] for name in flaws.COMPOSED}
    assert all(len(one["text"].split()) < 10 for one in made["short"])
    assert not any("Zorblax" in one["text"] for one in made["off_topic"])
    assert len({one["text"] for one in made["repeated"]}) == flaws.EARLIER
    assert all(one["sentiment"] == "negative" for one in made["wrong_sentiment"])
    assert not any("price" in {aspect["term"] for aspect in one["aspects"]} for one in made["wrong_aspects"])
    for one in made["wrong_spans"]:
        assert any(one["text"][aspect["start"] : aspect["end"]] != aspect["term"] for aspect in one["aspects"])
    for one in made["ungrammatical"]:
        assert all(one["text"][aspect["start"] : aspect["end"]] == aspect["term"] for aspect in one["aspects"])


@pytest.mark.parametrize("strategy", ["CDA", "ADA", "CADA"])
def test_variants_keep_or_replace_the_aspects(strategy: str) -> None:
    near = right = total = 0
    for seed in range(60):
        made = written("Sony wireless headphones", seed)
        names = [aspect["term"] for aspect in made["aspects"]]
        asked = {"text": [made["text"]], "strategy": [strategy], "aspects": [", ".join(names)]}
        varied = vary(asked, Random(seed), {})
        assert varied["text"] != made["text"]
        assert {aspect["original"] for aspect in varied["aspects"]} == set(names)
        for aspect in varied["aspects"]:
            assert varied["text"][aspect["start"] : aspect["end"]] == aspect["term"]
            assert (aspect["term"] == aspect["original"]) is (strategy == "CDA")
        felt = {aspect["original"]: aspect["sentiment"] for aspect in varied["aspects"]}
        right += sum(felt[aspect["term"]] == aspect["sentiment"] for aspect in made["aspects"])
        total += len(names)
        near += float(embed(varied["text"]) @ embed(made["text"])) >= 0.6
        assert len(vary(asked, Random(seed), {"lost_aspect": 1.0})["aspects"]) < len(names)
        assert vary(asked, Random(seed), {"same_text": 1.0})["text"] == made["text"]
    assert near >= 57
    assert right >= 0.95 * total


@pytest.mark.parametrize("text", ["", "{{ x }}", "مرحبا 🎧", "<text>" * 10_000, "I love this great food. " * 4_500])
def test_any_text_can_be_varied(text: str) -> None:
    assert vary({"text": [text], "strategy": ["CADA"], "aspects": ["food"]}, Random(1), {})["text"] != text.strip()


def test_problems_are_reworded_and_changed_over_all_templates() -> None:
    rng, near, count = Random(5), 0, 0
    for template in templates.TEMPLATES:
        for level in templates.LEVELS:
            problem = template.generate(rng, level)
            text = tasks.reword(problem.text, rng, 0.0)
            assert text != problem.text
            assert templates.solve(text, rng, 0.0) == problem.answer
            near += float(embed(text) @ embed(problem.text)) >= 0.82
            count += 1
            changed = tasks.parameters(problem.text, rng, 0.0)
            assert changed["problem"] != problem.text
            assert templates.solve(changed["problem"], rng, 0.0) == changed["answer"]
            assert len(changed["hints"]) >= 3
    assert near >= 0.75 * count
    assert tasks.reword("Who wrote this?", rng, 0.0) == tasks.parameters("Who wrote this?", rng, 0.0)["problem"] == ""


def test_tags_in_values_are_part_of_them() -> None:
    found, outside = tasks.marked("a <product>x<\\/product> <tone>y</product> b <text>")
    assert found == {"product": ["x</product> <tone>y"]}
    assert outside == "a  b <text>"


def test_the_models_are_known_by_their_flaws() -> None:
    assert not MODELS["sim-writer"].flaws
    assert MODELS["sim-writer-off-topic"].flaws == {"off_topic": 1.0}
