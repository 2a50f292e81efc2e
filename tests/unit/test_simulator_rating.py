"""The simulated reviewer: what it rates low and what it does not, in any language, by its dice alone."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.simulator import tasks
from services.simulator.models import MODELS
from services.simulator.reviews import compose, rate
from services.simulator.reviews.grammar import grammar
from services.simulator.wire import ChatRequest

MARKS = ("coherence", "relevance", "grammar")
GOOD = (
    "I bought this blender for soups in the winter. The motor is strong and copes with frozen fruit. It is loud, "
    "though, so I never use it before breakfast."
)


def rated(product: str, text: str, seed: int = 0) -> dict[str, Any]:
    return rate({"product": [product], "text": [text]}, Random(seed))


def test_a_good_text_has_high_marks_and_reasons() -> None:
    found = rated("kitchen blender", GOOD)
    assert list(found) == ["reasoning", *MARKS]
    assert min(found[name] for name in MARKS) > 0.8
    assert "kitchen blender" in found["reasoning"]


def test_the_same_dice_give_the_same_marks_and_others_nearly() -> None:
    assert rated("kitchen blender", GOOD, 3) == rated("kitchen blender", GOOD, 3)
    marks = {rated("kitchen blender", GOOD[:-40], seed)["grammar"] for seed in range(20)}
    assert len(marks) > 1
    assert max(marks) - min(marks) < 0.1


def test_a_text_is_relevant_to_its_product_and_not_to_another() -> None:
    products = {
        "kitchen blender": GOOD,
        "Hotel Astoria": "The room was clean and the staff carried our luggage. Breakfast could have been warmer. "
        "We stayed two nights and slept well.",
        "running shoes": "My feet stayed dry, and the soles grip wet stone. The laces are too short. "
        "I have worn them on long walks without a blister.",
        "accounting software": "The updates broke our export, and support took a week to answer. "
        "We like the interface. The subscription is too expensive for what it does.",
    }
    for product in products:
        for other, text in products.items():
            mark = rated(product, text)["relevance"]
            assert mark > 0.6 if product == other else mark < 0.5, (product, other, mark)


def test_shuffled_words_lose_coherence_and_grammar_by_degrees() -> None:
    def shuffled(share: float, seed: int) -> str:
        rng = Random(seed)
        words = GOOD.split()
        places = [place for place in range(len(words)) if rng.random() < share]
        moved = [words[place] for place in places]
        rng.shuffle(moved)
        for place, word in zip(places, moved, strict=True):
            words[place] = word
        return " ".join(words)

    means = [
        sum(sum(rated("kitchen blender", shuffled(share, seed))[name] for name in ("coherence", "grammar"))
            for seed in range(20))
        for share in (0.0, 0.3, 1.0)
    ]  # fmt: skip
    assert means[0] > means[1] + 2 > means[2] + 4


def test_sentences_that_have_nothing_to_do_with_each_other() -> None:
    apart = "The kettle is blue. Penguins cannot fly. Seven is odd. Rome was founded early. Glass breaks."
    assert rated("kettle", apart)["coherence"] < 0.4
    assert rated("kettle", "It boils fast. " * 5)["coherence"] < 0.2


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("It works very well.", "It work very well."),
        ("She has a phone.", "She have a phone."),
        ("They were late again.", "They was late again."),
        ("I bought an apple there.", "I bought a apple there."),
        ("We didn't like the smell.", "We didn't liked the smell."),
        ("It cost me too much money.", "it cost me too much money"),
        ("The lid is very tight.", "The the lid is very tight."),
        ("I can recommend it.", "I can to recommend it."),
        ("This one is better.", "This one is more better."),
        ("The fan makes a lot of noise.", "The fan a lot of loud noise."),
        ("I've used it for two weeks.", "I've used it for two week."),
        ("Das Gerät ist sehr gut und nicht teuer.", "das Gerät ist sehr sehr sehr gut und und nicht teuer"),
    ],
)
def test_a_slip_costs_grammar(right: str, wrong: str) -> None:
    assert grammar(right)[0] == 1.0, grammar(right)
    assert grammar(wrong)[0] < 0.9
    assert grammar(wrong)[1]
    assert grammar(wrong)[0] <= grammar(f"{right} {wrong}")[0] < 1.0


def test_of_other_languages_it_sees_what_needs_no_knowledge_of_them() -> None:
    assert grammar("这副耳机音质很好。")[0] == 1.0
    assert grammar("这副耳机音质很好")[1] == ("no end",)
    found = rated("无线耳机", "这副无线耳机音质很好。戴着也很舒服。")
    assert min(found[name] for name in MARKS) > 0.6


@pytest.mark.parametrize("product", ["Sony wireless headphones", "Grand Hotel", "Zorblax 9", "سماعات لاسلكية"])
def test_it_sees_the_flaws_that_the_writer_makes(product: str) -> None:
    def marks(flaw: str, name: str) -> list[float]:
        found = []
        for seed in range(20):
            made = compose({"product": [product], "variation": [str(seed)]}, Random(seed), {flaw: 1.0})
            found.append(rated(product, made["text"], seed)[name])
        return found

    for name in MARKS:
        assert min(marks("", name)) > 0.4
    assert max(marks("ungrammatical", "grammar")) < 0.2
    assert max(marks("off_topic", "relevance")) < 0.3
    assert max(marks("short", "relevance")) < 0.5


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec=None), max_size=80), st.text(st.characters(codec=None), max_size=300))
def test_anything_can_be_rated(product: str, text: str) -> None:
    found = rated(product, text)
    assert all(0 <= found[name] <= 1 for name in MARKS)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "ab",
        "a ",
        "the ",
        "x.",
        ". ",
        "好",
        "\x00",
        "\ud800",
        "\u0301",
        "b\nc\n",
        "not ",
        "I ",
        "I no ",
        "s is. ",
        ",",
    ],
)
def test_a_megabyte_can_be_rated(unit: str) -> None:
    found = rated("kitchen blender", unit * (1_000_000 // len(unit)))
    assert all(0 <= found[name] <= 1 for name in MARKS)


def test_the_task_is_known_by_its_keys_and_reads_the_tags() -> None:
    for keys in ('"reasoning", "coherence", "relevance" and "grammar"', '"grammar", "relevance", "coherence"'):
        request = ChatRequest(
            model="sim-medium",
            system=f"Rate the text. Reply with JSON: {keys}.",
            user=f"<product>kitchen blender</product>\n<text>{GOOD}<\\/text></text>",
            schema=None,
            limit=None,
        )
        assert tasks.task_of(request) == "rate"
        said = json.loads(tasks.reply("rate", request, MODELS["sim-medium"], Random(1)).text)
        assert said["relevance"] > 0.8
        assert not re.search(r"speaks of another|hardly", said["reasoning"])
    without = ChatRequest(
        model="sim-medium", system='"coherence" "relevance" "grammar"', user="", schema=None, limit=None
    )
    assert json.loads(tasks.reply("rate", without, MODELS["sim-medium"], Random(1)).text)["coherence"] < 0.1
