"""The parts of quality that are computed, their weights, and how alike two texts are."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import unicodedata
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import quality
from shared.quality import parts as computed
from shared.quality.scoring import FLOORED
from shared.quality.verdict import beside
from shared.quality.words import words

FULL = dict.fromkeys(quality.WEIGHTS, 1.0)
TEXTS = st.text(st.characters(codec=None), max_size=400)  # with surrogates and control characters


def vocabulary(count: int, start: int = 0) -> str:
    return " ".join(f"word{number}" for number in range(start, start + count))


def test_the_weights_are_those_stated() -> None:
    assert quality.WEIGHTS == {
        "length": 0.15, "coherence": 0.25, "relevance": 0.25, "grammar": 0.15, "lexical_diversity": 0.10,
        "uniqueness": 0.10,
    }  # fmt: skip
    assert quality.score(FULL) == 1
    for name, weight in quality.WEIGHTS.items():
        assert quality.score(FULL | {name: 0.0}) == round(1 - weight, 4)


@pytest.mark.parametrize(
    ("value", "limit", "places", "shown"),
    [
        (0.7999, 0.8, 2, "0.7999"),
        (0.795, 0.8, 2, "0.795"),
        (0.75, 0.8, 2, "0.75"),
        (0.8, 0.8, 2, "0.80"),
        (9.5, 10, 0, "9.5"),
        (500.25, 500, 0, "500.2"),
        (0.25001, 0.25, 2, "0.25001"),
        (0.9199999999, 0.92, 3, "0.9199999999"),
        (0.1 + 0.2, 0.3, 2, "0.30000000000000004"),
    ],
)
def test_what_is_shown_stands_on_its_own_side_of_the_limit(value: float, limit: float, places: int, shown: str) -> None:
    assert beside(value, limit, places) == shown


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 4))
def test_what_is_shown_compares_as_the_value_does(value: float, limit: float, places: int) -> None:
    found = float(beside(value, limit, places))
    assert (found < limit, found > limit) == (value < limit, value > limit)


def test_exactly_the_threshold_passes_however_it_is_summed() -> None:
    tenths = [tenth / 10 for tenth in range(4, 11, 2)]
    seen = 0
    for values in product(tenths, repeat=len(quality.WEIGHTS)):
        exact = sum(round(v * 10) * round(w * 100) for v, w in zip(values, quality.WEIGHTS.values(), strict=True))
        found = dict(zip(quality.WEIGHTS, values, strict=True))
        assert quality.passes(found, 0.6) == (exact >= 600)
        seen += exact == 600
    assert seen > 10


@pytest.mark.parametrize("value", [float("nan"), -0.01, 1.01, float("inf")])
@pytest.mark.parametrize("name", quality.WEIGHTS)
def test_a_part_out_of_range_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{name}:"):
        quality.score(FULL | {name: value})


def test_a_missing_and_an_unknown_part_are_named() -> None:
    with pytest.raises(ValueError, match=r"^grammar: missing"):
        quality.score({name: 1.0 for name in quality.WEIGHTS if name != "grammar"})
    with pytest.raises(ValueError, match=r"^style: no part"):
        quality.score(FULL | {"style": 1.0})


def test_the_floor_rejects_what_the_weights_let_pass() -> None:
    for name in FLOORED:
        flawed = FULL | {name: quality.FLOOR}
        assert quality.score(flawed) > 0.6
        assert quality.failing(flawed) == (name,)
        assert not quality.passes(flawed, 0.6)
        assert quality.passes(flawed | {name: quality.FLOOR + 0.01}, 0.6)
    assert quality.passes(FULL | {"uniqueness": 0.0}, 0.6)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, 0), (5, 0), (6, 0.2), (9, 0.8), (10, 1), (500, 1), (501, 0.998), (750, 0.5), (1000, 0), (5000, 0)],
)
def test_length(count: int, expected: float) -> None:
    assert quality.length(vocabulary(count)) == pytest.approx(expected)


def test_words_are_counted_in_any_script() -> None:
    assert quality.count("Don't touch the e-mail.") == 5
    assert quality.count("यह हेडफ़ोन बहुत अच्छा है।") == 5
    assert quality.count("هذه السماعات جيدة جدًّا.") == 4
    assert quality.count("这副耳机的音质非常好") == 5
    assert quality.count("電池が1日もつ iPhone") == 5
    assert 3 <= quality.count("หูฟังนี้เสียงดีมาก") <= 6
    assert words("Café CAFE\u0301 ｃａｆé") == ["café"] * 3


def test_diversity_does_not_fall_with_the_length() -> None:
    rng = random.Random(5)
    weights = [1 / (rank + 1) for rank in range(2000)]  # Zipf
    drawn = rng.choices([f"w{rank}" for rank in range(2000)], weights, k=8000)
    long, short = " ".join(drawn), " ".join(drawn[:1000])
    assert abs(quality.lexical_diversity(long) - quality.lexical_diversity(short)) < 0.05
    assert quality.lexical_diversity(long) > 3 * len(set(drawn)) / len(drawn)


def test_diversity() -> None:
    assert quality.lexical_diversity("") == 0
    assert quality.lexical_diversity(vocabulary(300)) == 1
    assert quality.lexical_diversity("good " * 200) == pytest.approx(1 / computed.WINDOW)
    assert quality.lexical_diversity("Good, GOOD: good good!") == 0.25
    assert quality.lexical_diversity("很好" * 40) < 0.1
    assert quality.lexical_diversity("这副耳机的音质非常好，戴着也很舒服，就是充电有点慢。") > 0.9


@pytest.mark.parametrize("window", [1, 2, 7, 50])
def test_diversity_is_the_mean_over_all_windows(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computed, "WINDOW", window)
    drawn = random.Random(1).choices("abcdefgh", k=120)
    windows = [drawn[start : start + window] for start in range(len(drawn) - window + 1)]
    expected = sum(len(set(one)) / window for one in windows) / len(windows)
    assert quality.lexical_diversity(" ".join(drawn)) == pytest.approx(expected)


@pytest.mark.parametrize("shared", [0, 50, 150, 250, 300])
def test_the_estimate_is_near_the_truth(shared: int) -> None:
    a, b = vocabulary(300), vocabulary(300, 300 - shared)
    common = max(0, shared - 2)
    truth = common / (2 * 298 - common)
    assert quality.jaccard(quality.signature(a), quality.signature(b)) == pytest.approx(truth, abs=0.1)


def test_case_punctuation_and_spelling_of_characters_are_no_difference() -> None:
    text = "Très bon café — I'd buy it again, but the crème isn’t for me."
    other = unicodedata.normalize("NFD", text.upper()).replace(",", "  ;\n")
    assert quality.jaccard(quality.signature(text), quality.signature(other)) == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [("good", "bad"), ("很好的耳机", "咖啡太苦了"), ("🎧🎧", "😀😀😀"), ("", "x"), ("one two", "two three")],
)
def test_short_texts_are_told_apart(a: str, b: str) -> None:
    assert quality.jaccard(quality.signature(a), quality.signature(b)) < 0.1
    for text in (a, b):
        assert quality.jaccard(quality.signature(text), quality.signature(f" {text} ")) == 1


def test_one_word_changed_in_an_unspaced_script_stays_a_repeat() -> None:
    text = "这副耳机的音质非常好，戴着也很舒服，就是充电有点慢，电池能用一整天，我会推荐给朋友和家人使用。"
    a, b = quality.signature(text), quality.signature(text.replace("朋友", "同事"))
    assert 0.6 < quality.jaccard(a, b) < 1


def test_signatures_are_the_same_in_every_process() -> None:
    code = "from shared.quality import signature; print(signature('The same words, in every process. 好').hex())"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert seen == {quality.signature("The same words, in every process. 好").hex()}


def test_uniqueness_goes_by_the_most_alike() -> None:
    texts = [vocabulary(40, start) for start in (0, 1000, 2000)]
    others = [quality.signature(text) for text in texts]
    assert quality.uniqueness(others[1], []) == 1
    assert quality.uniqueness(others[1], others) == 0
    near = quality.signature(vocabulary(40, 1004))
    assert quality.uniqueness(near, others) == 1 - quality.jaccard(near, others[1])
    with pytest.raises(ValueError, match="bytes"):
        quality.jaccard(others[0], b"short")
    with pytest.raises(ValueError, match="bytes"):
        quality.uniqueness(others[0], [others[1], b""])


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS)
def test_any_text_has_its_parts(a: str, b: str) -> None:
    for part in (quality.length(a), quality.lexical_diversity(a)):
        assert 0 <= part <= 1
    one, other = quality.signature(a), quality.signature(b)
    assert len(one) == len(other)
    assert quality.jaccard(one, one) == 1
    assert quality.jaccard(one, other) == quality.jaccard(other, one) == 1 - quality.uniqueness(one, [other])


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "good thing ", "好", "\x00", "\u0301\u0316", "e\u0301\u0316", "ก", "\ud800", "🎧", "'", "a'", "ﷺ"],
)
def test_a_megabyte_of_anything(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert 0 <= quality.length(text) <= 1
    assert 0 < quality.lexical_diversity(text) <= 1
    assert quality.signature(text) == quality.signature(f"{text} and more")


@settings(max_examples=100)
@given(st.fixed_dictionaries({name: st.floats(0, 1) for name in quality.WEIGHTS}))
def test_a_score_lies_between_its_parts(parts: dict[str, float]) -> None:
    found = quality.score(parts)
    assert min(parts.values()) - 1e-4 <= found <= max(parts.values()) + 1e-4
    assert found == round(found, 4)
