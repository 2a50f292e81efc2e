"""The whole score over texts labelled by hand: what is computed, and what the simulated reviewer says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Any

from services.simulator.reviews import rate
from shared import quality

SAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "text_quality.jsonl").read_text("utf-8").splitlines()
]
MINIMUM = 0.6
AGREEMENT = 0.9  # of the good and of the bad apart


def judged(sample: dict[str, Any], seed: int = 0) -> dict[str, float]:
    marks = rate({"product": [sample["product"]], "text": [sample["text"]]}, Random(seed))
    return {
        "length": quality.length(sample["text"]),
        "lexical_diversity": quality.lexical_diversity(sample["text"]),
        "uniqueness": 1.0,
    } | {name: marks[name] for name in ("coherence", "relevance", "grammar")}


def test_the_samples_are_half_good_and_no_two_the_same() -> None:
    assert Counter(sample["good"] for sample in SAMPLES) == {True: 30, False: 30}
    assert all(bool(sample["flaw"]) != sample["good"] for sample in SAMPLES)
    signatures = [quality.signature(sample["text"]) for sample in SAMPLES]
    for place, one in enumerate(signatures):
        assert quality.uniqueness(one, signatures[:place]) > 0.5


def test_the_score_agrees_with_the_labels() -> None:
    agreed: dict[str, list[bool]] = defaultdict(list)
    for sample in SAMPLES:
        parts = judged(sample)
        right = quality.passes(parts, MINIMUM) == sample["good"]
        agreed[sample["flaw"] or "good"].append(right)
        if not right:
            print(f"{sample['flaw'] or 'good'}: {quality.score(parts)} {parts} {sample['text']}")
    for flaw, found in agreed.items():
        print(f"{flaw:14} {sum(found):2} of {len(found)}")
    good = agreed.pop("good")
    bad = [right for found in agreed.values() for right in found]
    print(f"agreement: good {sum(good) / len(good):.0%}, bad {sum(bad) / len(bad):.0%}")
    assert sum(good) / len(good) >= AGREEMENT
    assert sum(bad) / len(bad) >= AGREEMENT


def test_the_reviewer_is_needed() -> None:
    """Without it, most of the bad would pass: what is computed sees no sense in the words."""
    bad = [
        judged(sample) | {"coherence": 1.0, "relevance": 1.0, "grammar": 1.0} for sample in SAMPLES if sample["flaw"]
    ]
    assert sum(quality.passes(parts, MINIMUM) for parts in bad) > len(bad) / 2
