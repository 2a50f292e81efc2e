"""The log of accepted texts: of a product, over its jobs, by meaning and by words; the quality gate is part of it."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from services.embedder.space import Spaces
from services.embedder.texts import embed_text, space_of
from shared.contracts.ask import Reply, Usage
from shared.contracts.envelope import ModelSpec
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.text import Quality, Text, TextOptions, TextReason
from shared.errors import Permanent, Refused
from shared.ledger import Ledger
from shared.quality import score

MODELS = {"embedding": ModelSpec(provider="simulator", model_name="sim-embed")}
WORDS = (
    "The battery of these headphones lasted through two long flights and a train ride, the ear pads stayed soft and "
    "the case closes with a click, but the microphone made me sound as if I spoke from the bottom of a well."
)
CHANGED = WORDS.replace("two long", "three long")  # most shingles are the same
OTHER = (
    "After a month at my desk I hardly notice them any more, which is praise: no hiss, no pinch, and calls that nobody "
    "complains about. Only the charging port feels loose, and the app forgets my settings whenever it updates."
)
FAIR = {"length": 1.0, "coherence": 0.8, "relevance": 0.8, "grammar": 0.8, "lexical_diversity": 0.8, "uniqueness": 1.0}


def sample(slot: int, text: str = WORDS, *, batch: str = "b", product: str = "headphones", **options: Any) -> Text:
    return Text(
        batch_id=batch, slot=slot, hop=1, route=[], models=MODELS, product=product, text=text, sentiment="mixed",
        quality=Quality(score=score(FAIR), parts=FAIR), options=TextOptions(**options),
    )  # fmt: skip


class Embedding:
    """A model that gives this vector, whatever the text."""

    def __init__(self, *values: float) -> None:
        self.values = list(values)

    async def embed(self, text: str) -> Reply[list[float]]:
        return Reply(self.values, "", Usage(1, 0), 1, "m", 0.1)


async def accept(spaces: Spaces, text: Text, *values: float) -> Outcome:
    return await embed_text(text, ask=Embedding(*values), remember=spaces.remember)


async def entries(ledger: Ledger) -> list[str]:
    return [fact.subject for fact in await ledger.read(0, stream="VECTORS")]


@pytest.fixture
def spaces(ledger: Ledger) -> Spaces:
    return Spaces(ledger, signed=True)


async def test_a_repeat_in_meaning(spaces: Spaces, ledger: Ledger) -> None:
    assert isinstance(await accept(spaces, sample(0), 1, 0, 0), Passed)
    outcome = await accept(spaces, sample(1, OTHER), 1, 0.1, 0)
    assert isinstance(outcome, Discarded)
    assert outcome.reason == TextReason.DUPLICATE
    assert "b-0" in outcome.detail
    assert outcome.slip.similar[0].id == "b-0"
    assert len(await entries(ledger)) == 1


async def test_a_repeat_in_words(spaces: Spaces, ledger: Ledger) -> None:
    assert isinstance(await accept(spaces, sample(0), 1, 0, 0), Passed)
    outcome = await accept(spaces, sample(1, CHANGED, max_jaccard=0.7), 0, 1, 0)
    assert isinstance(outcome, Discarded)
    assert outcome.reason == TextReason.DUPLICATE
    assert outcome.detail.startswith("Jaccard")
    assert (outcome.slip.similar[0].id, outcome.slip.similar[0].similarity >= 0.7) == ("b-0", True)
    assert len(await entries(ledger)) == 1


async def test_the_limits_themselves_are_repeats(spaces: Spaces) -> None:
    await accept(spaces, sample(0), 1, 0)
    for limits in (
        {"max_jaccard": 1.0, "similarity_threshold": 2.0},
        {"max_jaccard": 2.0, "similarity_threshold": 1.0},
    ):
        outcome = await accept(spaces, sample(1, **limits), 1, 0)
        assert isinstance(outcome, Discarded)
        assert outcome.reason == TextReason.DUPLICATE


async def test_uniqueness_is_part_of_the_score_and_of_its_gate(spaces: Spaces, ledger: Ledger) -> None:
    await accept(spaces, sample(0), 1, 0, 0)
    outcome = await accept(spaces, sample(1, CHANGED, max_jaccard=1.0, quality_filter=False), 0, 1, 0)
    assert isinstance(outcome, Passed)
    quality = outcome.slip.quality
    assert 0 < quality.parts["uniqueness"] < 0.4
    assert quality.score == score(quality.parts) < score(FAIR)
    gate = {"max_jaccard": 1.0, "quality_filter": True, "min_quality_score": score(FAIR)}
    outcome = await accept(spaces, sample(2, CHANGED.replace("a click", "one click"), **gate), 0, 0, 1)
    assert isinstance(outcome, Discarded)
    assert outcome.reason == TextReason.LOW_QUALITY
    assert outcome.slip.quality is not None
    assert outcome.slip.quality.parts["uniqueness"] < 1
    assert len(await entries(ledger)) == 2, "what the gate stops is in no later text's way"
    assert isinstance(await accept(spaces, sample(3, OTHER, **gate), 0, 0, 1), Passed)


async def test_the_scope_is_product_and_model(spaces: Spaces) -> None:
    await accept(spaces, sample(0, batch="first", product="Café Blue"), 1, 0)
    for product in ("Café Blue", "  café \t BLUE ", "Cafe\u0301 Blue"):
        outcome = await accept(spaces, sample(0, batch="second", product=product), 1, 0)
        assert isinstance(outcome, Discarded), product
        assert outcome.slip.similar[0].id == "first-0"
    assert isinstance(await accept(spaces, sample(0, batch="second", product="Cafe Blue"), 1, 0), Passed)
    other = sample(1, batch="second", product="Café Blue")
    other = other.but(models={"embedding": ModelSpec(provider="openai", model_name="text-embedding-3-small")})
    assert isinstance(await accept(spaces, other, 1, 0), Passed)
    assert space_of(other).isascii()
    assert not set(space_of(sample(0, product="a.b *>"))) & set(".*> ")


async def test_a_redelivery_after_the_append_is_accepted_with_the_same_quality(ledger: Ledger) -> None:
    replicas = [Spaces(ledger, signed=True) for _ in range(2)]
    strict = {"quality_filter": True, "min_quality_score": score(FAIR), "max_jaccard": 2.0}
    first = await accept(replicas[0], sample(0, **strict), 1, 0, 0)
    await accept(replicas[0], sample(1, CHANGED, max_jaccard=1.0), 0, 1, 0)  # like it, and later
    for spaces in (*replicas, Spaces(ledger, signed=True)):
        again = await accept(spaces, sample(0, **strict), 1, 0, 0)
        assert isinstance(again, Passed)
        assert again.slip.quality == first.slip.quality
        assert again.slip.vector == first.slip.vector
    assert len(await entries(ledger)) == 2


async def test_of_rival_repeats_one_is_accepted(ledger: Ledger) -> None:
    replicas = [Spaces(ledger, signed=True) for _ in range(4)]
    directions = np.eye(40)
    rivals = [accept(replicas[slot % 4], sample(slot), *directions[slot]) for slot in range(40)]
    outcomes = await asyncio.gather(*rivals)
    assert sum(isinstance(outcome, Passed) for outcome in outcomes) == 1
    assert len(await entries(ledger)) == 1


async def test_another_replica_reads_vectors_and_signatures(ledger: Ledger) -> None:
    await accept(Spaces(ledger, signed=True), sample(0), 1, 0, 0)
    fresh = Spaces(ledger, signed=True)
    by_words = await accept(fresh, sample(1), 0, 1, 0)
    by_meaning = await accept(fresh, sample(2, OTHER), 1, 0, 0)
    assert [outcome.detail.split()[0] for outcome in (by_words, by_meaning)] == ["Jaccard", "cosine"]


async def test_rubbish_in_the_log_is_passed_over(ledger: Ledger) -> None:
    space = space_of(sample(0))
    for slot, data in enumerate((b"", b"12345", bytes(1024), bytes(1029))):
        assert await ledger.publish_once(f"vectors.{space}.b.{slot}", data)
    assert isinstance(await accept(Spaces(ledger, signed=True), sample(7), 1, 0), Passed)


async def test_what_cannot_be_compared(spaces: Spaces) -> None:
    for text in (sample(0).but(text=None), sample(0).but(quality=None)):
        outcome = await accept(spaces, text, 1, 0)
        assert isinstance(outcome, Discarded)
        assert outcome.reason == TextReason.MALFORMED
    for values in ((), (0.0, 0.0), (float("nan"), 1.0)):
        outcome = await accept(spaces, sample(0), *values)
        assert isinstance(outcome, Discarded)
        assert outcome.reason == TextReason.MALFORMED
    await accept(spaces, sample(0), 1, 0)
    with pytest.raises(Permanent, match=r"3 dimensions.* 2 before") as caught:
        await accept(spaces, sample(1, OTHER), 1, 0, 0)
    assert caught.value.role == "embedding"


async def test_a_refusal_is_a_reason(spaces: Spaces) -> None:
    class Prude:
        async def embed(self, text: str) -> Reply[list[float]]:
            raise Refused("not this")

    outcome = await embed_text(sample(0), ask=Prude(), remember=spaces.remember)
    assert isinstance(outcome, Discarded)
    assert (outcome.reason, outcome.detail) == (TextReason.REFUSED, "not this")
