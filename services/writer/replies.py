"""What the models of the line `texts` reply."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from shared.contracts.text import Sentiment
from shared.grading.replies import ModelReply, as_text

_PLACE = {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def _prose(value: object) -> object:
    """Composed, so that a term is found whichever way its accents were written."""
    text = as_text(value)
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


def _small(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [] if value is None else value


def _place(value: object) -> object:
    """A place that is no number is one that the model did not give: the term is looked for."""
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        return None
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if len(digits) < 10 and digits.removeprefix("-").isdecimal() else None
    return value


def _share(value: object) -> object:
    """0.8, "0.8" and "80%" are the same."""
    if isinstance(value, str) and (text := value.strip()).endswith("%"):
        try:
            return float(text[:-1]) / 100
        except ValueError:
            return value
    return value


Prose = Annotated[str, BeforeValidator(_prose)]
Feeling = Annotated[Sentiment, BeforeValidator(_small)]
Position = Annotated[int | None, BeforeValidator(_place), WithJsonSchema(_PLACE)]
Share = Annotated[
    float, BeforeValidator(_share), Field(ge=0, le=1, allow_inf_nan=False), WithJsonSchema({"type": "number"})
]


class Marked(ModelReply):
    """An aspect where the model says that it stands."""

    term: Prose
    sentiment: Feeling
    start: Position = None
    end: Position = None


class TextDraft(ModelReply):
    text: Prose
    sentiment: Feeling
    aspects: Annotated[list[Marked], BeforeValidator(_listed)]


class Rating(ModelReply):
    """`reasoning` comes first, so that the marks follow from it."""

    reasoning: Annotated[str, BeforeValidator(as_text)] = ""
    coherence: Share
    relevance: Share
    grammar: Share


class Replaced(Marked):
    """An aspect of a variant, and the original's term in whose place it stands."""

    original: Prose = ""


class VariantDraft(ModelReply):
    changes: Annotated[str, BeforeValidator(as_text)] = ""
    text: Prose
    sentiment: Feeling
    aspects: Annotated[list[Replaced], BeforeValidator(_listed)]
