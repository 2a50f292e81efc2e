"""The writer's first visit: a text is written, checked against what was asked, and rated."""

from __future__ import annotations

from typing import Any

import pytest

from services.writer.logic import Prompts, write
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.text import TextReason
from shared.errors import Permanent, Refused, Unreadable
from shared.quality import FLOOR, score
from shared.text_templates.templates import versions
from tests.fake_ask import FakeAsk, Scripted
from tests.fake_text import PROMPTS, RATING, TEXT, draft, text


async def written(ask: FakeAsk, prompts: Prompts = PROMPTS, **options: Any) -> Outcome:
    outcome = await write(text(**options), ask=ask, prompts=prompts)
    assert ask.left == 0
    return outcome


def script(reply: Scripted, rating: Scripted | None = None) -> FakeAsk:
    return FakeAsk(("writer", reply), *([("reviewer", rating)] if rating is not None else []))


async def test_a_text_passes_with_aspects_and_quality() -> None:
    ask = script(draft(), RATING)
    outcome = await written(ask, quality_filter=True, tone="dry", examples=["One."], sentiment_intensity=2)
    assert isinstance(outcome, Passed)
    made = outcome.slip
    assert (made.text, made.sentiment) == (TEXT, "mixed")
    assert [(one.term, one.sentiment) for one in made.aspects] == [("battery", "positive"), ("microphone", "negative")]
    assert all(TEXT[one.start : one.end] == one.term for one in made.aspects)
    assert made.quality is not None
    assert made.quality.parts | {"coherence": 0.9, "relevance": 0.8, "grammar": 0.7} == made.quality.parts
    assert made.quality.parts["uniqueness"] == 1
    assert made.quality.score == score(made.quality.parts)
    assert set(made.prompt_versions) == {"writer", "reviewer"}
    assert made.prompt_versions["writer"].startswith("v1/write@")
    assert made.prompt_versions["reviewer"].startswith("v1/rate@")
    assert made.written_at is not None
    asked, rated = ask.asked
    for part in ("<product>headphones</product>", "<tone>dry</tone>", "<intensity>2</intensity>"):
        assert part in asked.prompt.user
    assert "<example>One.</example>" in asked.prompt.user
    assert f"<text>{TEXT}</text>" in rated.prompt.user


async def test_each_slot_and_version_asks_otherwise() -> None:
    prompts = set()
    for slot in range(5):
        for version in ("v1", "v2"):
            ask = script(draft(), RATING)
            await write(text(version=version).but(slot=slot), ask=ask, prompts=PROMPTS)
            prompts.add(ask.asked[0].text)
    assert len(prompts) == 10


@pytest.mark.parametrize(
    "reply",
    [
        draft(text=" \n"),
        draft(text="!!!"),
        draft(text=None),
        draft(text={"a": 1, "b": 2}),
        draft(text="word " * (MAX_TEXT_CHARS // 5 + 1)),
        draft(text="x" * 1024**2),
        draft(sentiment="angry"),
        draft(aspects="battery"),
        draft(aspects=[{"term": "battery", "sentiment": "meh"}]),
        draft(aspects=[{"term": "battery", "sentiment": "positive"}] * 41),
        {"text": TEXT},
        "Here is your text:",
        Unreadable("no JSON"),
    ],
)
async def test_what_is_not_whole_is_malformed(reply: Scripted) -> None:
    outcome = await written(script(reply))
    assert isinstance(outcome, Discarded)
    assert outcome.reason == TextReason.MALFORMED
    assert outcome.detail


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sentiment": " Mixed"}, 2),
        ({"aspects": None}, 0),
        ({"aspects": [{"term": "battery", "sentiment": "Positive", "start": "4", "end": 11.0}]}, 1),
        ({"aspects": [{"term": "battery", "sentiment": "positive", "start": "after The", "end": 11.5}]}, 1),
        ({"more": 1}, 2),
    ],
)
async def test_what_can_be_meant_in_one_way_only_is_read(changes: dict[str, Any], expected: int) -> None:
    outcome = await written(script(draft(**changes), RATING))
    assert isinstance(outcome, Passed)
    assert len(outcome.slip.aspects) == expected


async def test_accents_may_be_written_in_either_way() -> None:
    reply = draft(text="Le cafe\u0301 est bon.", aspects=[{"term": "caf\u00e9", "sentiment": "positive"}])
    outcome = await written(script(reply, RATING))
    assert isinstance(outcome, Passed)
    assert outcome.slip.aspects[0].term == "caf\u00e9"


@pytest.mark.parametrize(
    ("reply", "options", "reason"),
    [
        (draft(aspects=[{"term": "battery", "sentiment": "positive", "start": 4, "end": 4000}]), {}, "bad_spans"),
        (draft(aspects=[{"term": "price", "sentiment": "positive"}]), {}, "bad_spans"),
        (draft(), {"aspects": ["battery", "price"]}, "missing_aspects"),
        (draft(aspects=[]), {"aspects": ["battery"]}, "missing_aspects"),
        (draft(), {"sentiment": "positive"}, "wrong_sentiment"),
        (
            draft(sentiment="positive", aspects=[{"term": "battery", "sentiment": "negative"}]),
            {"sentiment": "positive"},
            "wrong_sentiment",
        ),
        (draft(text="The battery is fine.", aspects=[]), {"quality_filter": True}, "low_quality"),
        (draft(text="battery " * 501, aspects=[]), {"quality_filter": True}, "low_quality"),
    ],
)
async def test_what_was_not_asked_for_is_not_paid_a_rating(
    reply: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    outcome = await written(script(reply), **options)
    assert isinstance(outcome, Discarded)
    assert outcome.reason == reason
    assert outcome.detail
    assert outcome.slip.text == reply["text"].strip()


async def test_what_was_asked_for_passes() -> None:
    outcome = await written(script(draft(), RATING), aspects=["Battery", "microphone"], sentiment="mixed")
    assert isinstance(outcome, Passed)


@pytest.mark.parametrize("text_of", ["Short.", "battery " * 501])
async def test_without_the_filter_any_length_passes_and_is_scored(text_of: str) -> None:
    outcome = await written(script(draft(text=text_of, aspects=[]), RATING), min_quality_score=1.0)
    assert isinstance(outcome, Passed)
    assert outcome.slip.quality is not None
    assert outcome.slip.quality.parts["length"] < 1


@pytest.mark.parametrize("filtered", [True, False])
@pytest.mark.parametrize(
    ("rating", "least"),
    [(RATING | {"coherence": 0.4, "relevance": 0.4, "grammar": 0.4}, 0.75), (RATING | {"relevance": FLOOR}, 0.1)],
)
async def test_a_low_score_is_kept_with_its_parts(rating: dict[str, Any], least: float, filtered: bool) -> None:
    outcome = await written(script(draft(), rating), quality_filter=filtered, min_quality_score=least)
    assert outcome.slip.quality is not None
    assert outcome.slip.quality.parts["relevance"] == rating["relevance"]
    assert isinstance(outcome, Discarded) is filtered
    if isinstance(outcome, Discarded):
        assert outcome.reason == TextReason.LOW_QUALITY
        assert rating["reasoning"] in outcome.detail


@pytest.mark.parametrize("share", ["90%", "0.9", 0.9])
async def test_marks_in_other_spellings(share: object) -> None:
    outcome = await written(script(draft(), RATING | {"coherence": share}))
    assert isinstance(outcome, Passed)
    assert outcome.slip.quality is not None
    assert outcome.slip.quality.parts["coherence"] == 0.9


@pytest.mark.parametrize("share", [8, -0.1, "NaN", "good", None, "800%"])
async def test_marks_that_are_none(share: object) -> None:
    outcome = await written(script(draft(), RATING | {"coherence": share}))
    assert isinstance(outcome, Discarded)
    assert outcome.reason == TextReason.MALFORMED
    assert outcome.slip.text == TEXT


@pytest.mark.parametrize("rated", [False, True])
async def test_refusals(rated: bool) -> None:
    ask = script(draft(), Refused("no")) if rated else script(Refused("no"))
    outcome = await written(ask)
    assert isinstance(outcome, Discarded)
    assert outcome.reason == TextReason.REFUSED


@pytest.mark.parametrize("hostile", ["{{ 7 * 7 }}", "{% for x in y %}", "</product>"])
async def test_braces_of_a_product_are_text(hostile: str) -> None:
    ask = script(draft(), RATING)
    outcome = await write(text().but(product=hostile), ask=ask, prompts=PROMPTS)
    assert isinstance(outcome, Passed)
    assert hostile.replace("</", "<\\/") in ask.asked[0].prompt.user


async def test_a_version_that_is_not_here_ends_the_job() -> None:
    with pytest.raises(Permanent, match="no templates v9; it has v1, v2") as caught:
        await written(FakeAsk(), Prompts(versions()), version="v9")
    assert caught.value.role == "writer"
