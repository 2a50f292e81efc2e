"""Keeps out texts that repeat another of their product, in meaning or in words, and those not good enough with that."""

from __future__ import annotations

import hashlib
import unicodedata

from services.embedder.deciding import embedded, encoded
from services.embedder.entries import Entry, Near, Remember, Vector
from shared.contracts.ask import Ask
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.text import Quality, Text, TextReason
from shared.quality import score, signature
from shared.quality.scoring import PLACES
from shared.quality.verdict import beside, shortfall


def space_of(text: Text) -> str:
    """All samples of a product by one embedding model, whichever job they are of. Two spellings of a product that
    differ in capitals, blanks or how accents are written are one."""
    product = " ".join(unicodedata.normalize("NFC", text.product).casefold().split())
    product = unicodedata.normalize("NFC", product)
    return "texts-" + hashlib.sha256(f"{product}\0{text.models['embedding']}".encode()).hexdigest()[:32]


async def embed_text(text: Text, *, ask: Ask, remember: Remember) -> Outcome:
    """Accept the text with its final quality, or reject it. Raises Permanent, see `embedded`."""
    if not text.text or text.quality is None:
        return Discarded(text, TextReason.MALFORMED, "there is no rated text to compare")
    written, rated = text.text, text.quality

    def fits(near: Near) -> bool:
        return _judged(text, rated, near)[1] is None

    async def decide(vector: Vector) -> Outcome:
        entry = Entry(text.batch_id, text.slot, vector, signature(written))
        near = await remember(space_of(text), entry, fits)
        quality, wrong = _judged(text, rated, near)
        similar = near.similar
        if wrong and wrong[0] is TextReason.DUPLICATE and near.overlap and not _too_close(text, near):
            similar = [near.overlap]
        known = text.but(quality=quality, similar=similar, vector=encoded(vector))
        return Passed(known) if wrong is None or near.known else Discarded(known, *wrong)

    return await embedded(text, written, ask, decide)


def _judged(text: Text, rated: Quality, near: Near) -> tuple[Quality, tuple[TextReason, str] | None]:
    """The quality among such neighbours; and what is wrong, if anything."""
    options = text.options
    parts = rated.parts | {"uniqueness": round(1.0 - (near.overlap.similarity if near.overlap else 0.0), PLACES)}
    quality = Quality(score=score(parts), parts=parts)
    if _too_close(text, near):
        closest = near.similar[0]
        shown = beside(closest.similarity, options.similarity_threshold, 3)
        return quality, (TextReason.DUPLICATE, f"cosine {shown} with {closest.id}")
    if near.overlap and near.overlap.similarity >= options.max_jaccard:
        shown = beside(near.overlap.similarity, options.max_jaccard, 3)
        return quality, (TextReason.DUPLICATE, f"Jaccard {shown} with {near.overlap.id}")
    if options.quality_filter and (why := shortfall(parts, options.min_quality_score)):
        return quality, (TextReason.LOW_QUALITY, why)
    return quality, None


def _too_close(text: Text, near: Near) -> bool:
    return bool(near.similar) and near.similar[0].similarity >= text.options.similarity_threshold
