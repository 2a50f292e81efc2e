"""The writer's second visit: variants are accepted for what they are, and none can take the original down."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from services.writer.logic import Prompts, write
from services.writer.variants import KEPT_OF_REJECTED, MAX_CHARS
from shared import lines
from shared.contracts.ask import Reply, Usage
from shared.contracts.outcome import Passed
from shared.contracts.text import VARIED, Aspect, Quality, Text, TextReason, Variant
from shared.errors import Permanent, Refused, Rejected, Unreadable, Waiting
from shared.successor import after_outcome
from shared.text_templates.templates import versions
from tests.fake_ask import FakeAsk, Scripted
from tests.fake_text import PROMPTS, TEXT, text

REWORDED = (
    "Two long flights and the train home did not empty the battery, much to my surprise, whereas the microphone made "
    "all my calls sound as though I were sitting at the bottom of a well."
)
RENAMED = TEXT.replace("battery", "charging case").replace("microphone", "touch panel")
BOTH = REWORDED.replace("battery", "charging case").replace("microphone", "touch panel")
NAMES = {"battery": "charging case", "microphone": "touch panel"}
FEELINGS = {"battery": "positive", "microphone": "negative"}


class Asks(FakeAsk):
    """Embeds as it is told: the cosine with the original, for each text in turn."""

    def __init__(self, *replies: Scripted, cosines: list[float | list[float]] | None = None) -> None:
        super().__init__(*(("writer", reply) for reply in replies))
        self.cosines = cosines if cosines is not None else [1.0] * len(replies)

    async def embed(self, text: str) -> Reply[list[float]]:
        cosine = self.cosines.pop(0)
        vector = cosine if isinstance(cosine, list) else [cosine, (1 - cosine**2) ** 0.5]
        return Reply(vector, "", Usage(1, 0), 0, "m", 0.0)


def accepted(**options: Any) -> Text:
    aspects = [Aspect(term="battery", sentiment="positive", start=4, end=11)]
    place = TEXT.index("microphone")
    aspects.append(Aspect(term="microphone", sentiment="negative", start=place, end=place + 10))
    return text(**options).but(
        text=TEXT, sentiment="mixed", aspects=aspects, quality=Quality(score=0.9, parts={}), hop=2, route=[],
        vector=base64.b64encode(np.array([1, 0], "<f4").tobytes()).decode(), bucket=VARIED,
    )  # fmt: skip


def variant(made: str, names: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    names = names or {term: term for term in NAMES}
    aspects = [{"original": old, "term": new, "sentiment": FEELINGS[old]} for old, new in names.items()]
    return {"changes": "some", "text": made, "sentiment": "mixed", "aspects": aspects} | changes


async def vary(ask: Asks, sample: Text | None = None, **options: Any) -> list[Variant]:
    sample = sample or accepted(**options)
    outcome = await write(sample, ask=ask, prompts=PROMPTS)
    assert isinstance(outcome, Passed)
    assert ask.left == 0
    assert outcome.slip == sample.but(variants=outcome.slip.variants), "the original stays as it was"
    return outcome.slip.variants


GOOD = {"CDA": variant(REWORDED), "ADA": variant(RENAMED, NAMES), "CADA": variant(BOTH, NAMES)}


@pytest.mark.parametrize("strategy", GOOD)
async def test_a_good_one_is_accepted_at_once(strategy: str) -> None:
    ask = Asks(GOOD[strategy], cosines=[0.6])
    (made,) = await vary(ask, strategies=[strategy])
    assert made.accepted
    assert (made.strategy, made.text, made.kept) == (strategy, GOOD[strategy]["text"], 1.0)
    assert (made.reason, made.detail) == ("", "")
    assert made.similarity == pytest.approx(0.6, abs=1e-6)
    assert [one.term for one in made.aspects] == list(NAMES if strategy == "CDA" else NAMES.values())
    assert all(made.text[one.start : one.end] == one.term for one in made.aspects)
    assert made.prompt_version.startswith("v1/vary@")
    prompt = ask.asked[0].prompt.user
    for part in (f"<text>{TEXT}</text>", f"<strategy>{strategy}</strategy>", "<aspects>battery, microphone</aspects>"):
        assert part in prompt


async def test_each_strategy_in_turn_and_once() -> None:
    made = await vary(Asks(*GOOD.values()), strategies=["CDA", "ADA", "CADA", "CDA"])
    assert [(one.strategy, one.accepted) for one in made] == [("CDA", True), ("ADA", True), ("CADA", True)]


async def test_a_second_try_is_asked_otherwise_and_all_are_kept() -> None:
    ask = Asks(variant(TEXT), GOOD["CDA"], variant(TEXT), variant(TEXT), cosines=[1.0])
    made = await vary(ask, strategies=["CDA", "ADA"])
    assert [(one.strategy, one.accepted) for one in made] == [
        ("CDA", False), ("CDA", True), ("ADA", False), ("ADA", False),
    ]  # fmt: skip
    assert len({asked.text for asked in ask.asked}) == 4


@pytest.mark.parametrize(
    ("cosine", "lost", "passes"),
    [(0.6, False, True), (0.59, False, False), (1.0, True, False), (0.0, False, False)],
)
async def test_the_rule_is_half_the_sum(cosine: float, lost: bool, passes: bool) -> None:
    made_text = REWORDED.replace("microphone", "rest") if lost else REWORDED
    reply = variant(made_text, {"battery": "battery"} if lost else None)
    made = await vary(Asks(*[reply] * (1 if passes else 2), cosines=[cosine] * 2), strategies=["CDA"])
    assert made[0].accepted is passes
    assert made[0].kept == (0.5 if lost else 1.0)
    assert made[0].score == pytest.approx((made[0].kept + cosine) / 2, abs=1e-6)
    assert passes or (made[0].reason, "< 0.8" in made[0].detail) == ("below_threshold", True)


@pytest.mark.parametrize(
    ("strategy", "reply", "reason", "words"),
    [
        ("CDA", variant(TEXT), "duplicate", "same text"),
        ("CDA", variant(f"  {TEXT.upper()}!"), "duplicate", "same text"),
        ("CDA", GOOD["CADA"], "wrong_aspects", "in place of 'battery'"),
        ("CDA", variant(" "), "malformed", "empty"),
        ("CDA", variant(REWORDED, sentiment="positive"), "wrong_sentiment", "positive"),
        ("CDA", variant(REWORDED, {"battery": "price"}), "bad_spans", "nowhere"),
        ("CDA", variant(REWORDED) | {"aspects": [{"original": "", "term": "battery", "sentiment": "positive",
                                                  "start": 4, "end": 10**6}]}, "bad_spans", "is said to stand"),
        ("CDA", variant("word " * (MAX_CHARS // 5 + 1)), "malformed", "characters"),
        ("CDA", variant(REWORDED, aspects=variant(REWORDED)["aspects"] * 21), "malformed", "42 aspects"),
        ("ADA", variant(TEXT), "duplicate", "same text"),
        ("ADA", GOOD["CDA"], "wrong_aspects", "terms, and they are the same"),
        ("ADA", variant(f"{TEXT} So it is.", None), "wrong_aspects", "terms, and they are the same"),
        ("ADA", variant(RENAMED + " The battery too.", {"battery": "charging case"}), "wrong_aspects",
         "they are the same"),
        ("ADA", GOOD["CADA"], "wrong_context", "keeps the context"),
        ("ADA", variant(RENAMED, {"battery": "charging case"}), "below_threshold", "kept 0.50"),
        ("CADA", GOOD["ADA"], "wrong_context", "changes the context too"),
        ("CADA", GOOD["CDA"], "wrong_aspects", "terms, and they are the same"),
        ("CADA", "no JSON", "malformed", ""),
        ("CADA", Unreadable("no JSON"), "malformed", "no JSON"),
        ("CADA", Refused("I would rather not"), "refused", "I would rather not"),
        ("CADA", Rejected("too long"), "provider_error", "too long"),
    ],
)  # fmt: skip
async def test_what_is_no_variant_is_kept_with_its_reason(
    strategy: str, reply: Scripted, reason: str, words: str
) -> None:
    made = await vary(Asks(reply, reply), strategies=[strategy])
    assert [(one.accepted, one.reason) for one in made] == [(False, reason)] * 2
    assert reason in set(TextReason)
    assert words in made[0].detail
    assert made[0].detail
    assert len(made[0].text) <= KEPT_OF_REJECTED
    assert (made[0].score is not None) == (reason == "below_threshold"), "only then both parts of it are known"


async def test_another_feeling_is_not_kept() -> None:
    reply = GOOD["ADA"] | {"aspects": [one | {"sentiment": "negative"} for one in GOOD["ADA"]["aspects"]]}
    made = await vary(Asks(reply, reply), strategies=["ADA"])
    assert [one.kept for one in made] == [0.5, 0.5]


async def test_variants_differ_from_each_other() -> None:
    made = await vary(Asks(GOOD["CADA"], GOOD["CADA"], GOOD["CADA"]), strategies=["CADA", "ADA"])
    assert [one.accepted for one in made] == [True, False, False]
    assert (made[1].reason, "another variant" in made[1].detail) == ("duplicate", True)


async def test_a_text_without_aspects() -> None:
    bare = accepted(strategies=["CDA", "ADA"]).but(aspects=[])
    asks = Asks(variant(REWORDED, aspects=[]))  # what could be changed is not asked for at all
    made = await vary(asks, bare)
    assert [one.accepted for one in made] == [True, False]
    assert (made[1].reason, "no aspect" in made[1].detail) == ("missing_aspects", True)


@pytest.mark.parametrize("vector", [[], [0.0, 0.0], [float("nan"), 1.0], [1.0, 0.0, 0.0]])
async def test_an_embedding_that_cannot_be_compared(vector: list[float]) -> None:
    made = await vary(Asks(GOOD["CDA"], GOOD["CDA"], cosines=[vector, vector]), strategies=["CDA"])
    assert (made[0].reason, "cannot be compared" in made[0].detail) == ("malformed", True)
    assert (made[0].kept, made[0].similarity, made[0].score) == (1.0, None, None)


async def test_templates_that_went_lose_no_original() -> None:
    outcome = await write(accepted(strategies=["CDA"], version="v9"), ask=Asks(), prompts=Prompts(versions()))
    assert isinstance(outcome, Passed)
    first = outcome.slip.variants[0]
    assert (first.reason, "v9" in first.detail) == ("provider_error", True)


@pytest.mark.parametrize(
    ("stored", "score"),
    [
        ({"accepted": True, "kept": 1.0, "similarity": 0.7}, 0.85),
        ({"accepted": False, "detail": "(kept 0.50 + …", "kept": 0.5, "similarity": 0.9}, 0.7),
        ({"accepted": False, "detail": "it is empty", "kept": 0.0, "similarity": 0.0}, None),
        ({"accepted": False, "reason": "below_threshold", "kept": 1.0, "similarity": 0.0}, 0.5),
        ({"accepted": False, "reason": "malformed"}, None),
    ],
)
def test_what_was_stored_before_there_were_codes_is_read(stored: dict[str, Any], score: float | None) -> None:
    read = Variant.model_validate({"strategy": "CDA", "text": "T", "sentiment": "", "aspects": []} | stored)
    assert read.score == score
    assert read.reason == stored.get("reason", "")


@pytest.mark.parametrize("changes", [{"bucket": ""}, {"options": accepted().options}])
async def test_what_gets_no_variants_passes_as_it_is(changes: dict[str, Any]) -> None:
    sample = accepted(strategies=["CDA"]).but(**changes)
    outcome = await write(sample, ask=Asks(), prompts=PROMPTS)
    assert outcome == Passed(sample)


@pytest.mark.parametrize("error", [Permanent("bad key"), Waiting("later", 9.0)])
async def test_what_is_the_stages_to_decide_is_left_to_it(error: Exception) -> None:
    with pytest.raises(type(error)):
        await write(accepted(strategies=["CDA"]), ask=Asks(error), prompts=PROMPTS)


async def test_all_tries_of_long_texts_fit_into_one_envelope() -> None:
    """The caps of an envelope must never take an accepted original down."""
    long = accepted(strategies=["CDA", "CADA"]).but(text=TEXT + " é" * 15_900)
    filler = "字" * (MAX_CHARS - 300)
    longest = [variant("字" * 40_000), variant(f"{REWORDED} {filler}"), variant("字" * 40_000)]
    longest.append(variant(f"{BOTH} {filler}", NAMES))
    outcome = await write(long, ask=Asks(*longest), prompts=PROMPTS)
    assert [one.accepted for one in outcome.slip.variants] == [False, True, False, True]
    after = after_outcome(lines.of("texts"), "writer", outcome)
    assert after.slip is not None
    assert after.slip.status == "accepted"
