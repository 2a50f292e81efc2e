"""A text and the replies that make it, for tests of the line `texts`."""

from __future__ import annotations

from typing import Any

from services.writer.logic import Prompts
from shared.contracts.envelope import ModelSpec
from shared.contracts.text import Text, TextOptions
from shared.text_templates.templates import versions

PROMPTS = Prompts(versions())
TEXT = (
    "The battery lasted through two long flights and the train home, which I had not expected, but the microphone made "
    "every call sound as if I spoke from the bottom of a well."
)
RATING = {"reasoning": "One sentence.", "coherence": 0.9, "relevance": 0.8, "grammar": 0.7}


def draft(**changes: Any) -> dict[str, Any]:
    aspects = [
        {"term": "battery", "sentiment": "positive", "start": 4, "end": 11},
        {"term": "microphone", "sentiment": "negative", "start": None, "end": None},
    ]
    return {"text": TEXT, "sentiment": "mixed", "aspects": aspects} | changes


def text(**options: Any) -> Text:
    spec = ModelSpec(provider="simulator", model_name="sim-writer")
    return Text(
        batch_id="b1", slot=3, hop=0, route=["embedder"], product="headphones",
        models=dict.fromkeys(("writer", "reviewer", "embedding"), spec), options=TextOptions(**options),
    )  # fmt: skip
