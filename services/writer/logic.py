"""The writer writes a text and has it rated; on its second visit it makes variants of what was accepted."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from services.writer import spans
from services.writer.replies import Rating, TextDraft
from services.writer.variants import vary
from shared import quality
from shared.contracts.ask import Ask, Rendered, Role
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.text import VARIED, Quality, Text, TextReason
from shared.errors import Permanent, Refused, Unreadable
from shared.quality.parts import FEWEST, MOST
from shared.quality.scoring import PLACES
from shared.quality.verdict import beside, shortfall
from shared.text_templates.templates import BrokenTemplate, Version, render

OPPOSITE = {"positive": "negative", "negative": "positive"}


@dataclass(frozen=True, slots=True)
class Prompts:
    """The versions of the templates that this process has."""

    known: Mapping[str, Version]

    def render(self, role: Role, version: str, file: str, **values: object) -> Rendered:
        """Raises Permanent where the version is not here, or stumbles: no other text of the job could be asked for."""
        try:
            if version not in self.known:
                raise BrokenTemplate(f"the writer has no templates {version}; it has {', '.join(self.known)}")
            return render(self.known[version], file, **values)
        except BrokenTemplate as error:
            broken = Permanent(str(error))
            broken.role = role
            raise broken from error


async def write(text: Text, *, ask: Ask, prompts: Prompts) -> Outcome:
    """A text of the product with checked spans and its quality, uniqueness aside; or the same with variants, where it
    has been accepted and belongs to those that get some."""
    if text.text is None or text.quality is None or text.vector is None:
        return await _first(text, ask, prompts)
    if text.bucket != VARIED or not text.options.strategies:
        return Passed(text)
    return Passed(text.but(variants=await vary(text, ask, prompts)))


async def _first(text: Text, ask: Ask, prompts: Prompts) -> Outcome:
    options = text.options
    prompt = prompts.render(
        "writer",
        options.version,
        "write",
        product=text.product,
        tone=options.tone or "",
        sentiment=options.sentiment or "",
        intensity=options.sentiment_intensity or "",
        aspects=options.aspects,
        examples=options.examples,
        variation=zlib.crc32(f"{text.batch_id}/{text.slot}".encode()),
    )
    text = text.but(prompt_versions={**text.prompt_versions, "writer": prompt.version})
    try:
        draft = (await ask("writer", prompt, TextDraft)).parsed
    except Refused as error:
        return Discarded(text, TextReason.REFUSED, str(error))
    except Unreadable as error:
        return Discarded(text, TextReason.MALFORMED, str(error))
    if fault := _fault(draft):
        return Discarded(text, TextReason.MALFORMED, fault)
    text = text.but(text=draft.text, sentiment=draft.sentiment, written_at=time.time())
    try:
        text = text.but(aspects=spans.checked(draft.text, draft.aspects))
    except spans.BadSpan as error:
        return Discarded(text, TextReason.BAD_SPANS, str(error))
    return _as_asked(text) or await _rated(text, ask, prompts)


def _fault(draft: TextDraft) -> str:
    """What makes the draft unfit to go on; empty where nothing does."""
    if not re.search(r"\w", draft.text):
        return "the text is empty"
    if len(draft.text) > MAX_TEXT_CHARS:
        return f"the text has {len(draft.text):,} characters, at most {MAX_TEXT_CHARS:,} are taken"
    if len(draft.aspects) > spans.MAX_ASPECTS:
        return f"it marks {len(draft.aspects)} aspects, at most {spans.MAX_ASPECTS} are taken"
    return ""


def _as_asked(text: Text) -> Discarded | None:
    """Whether it is what was asked for, as far as that takes no model."""
    options, written = text.options, text.text or ""
    if lacking := spans.missing(options.aspects, written, text.aspects):
        return Discarded(text, TextReason.MISSING_ASPECTS, f"it marks nothing about {', '.join(lacking)}")
    if options.sentiment:
        if text.sentiment != options.sentiment:
            return Discarded(text, TextReason.WRONG_SENTIMENT, f"it is {text.sentiment}, not {options.sentiment}")
        felt = {aspect.sentiment for aspect in text.aspects}
        if felt == {OPPOSITE.get(options.sentiment)}:
            return Discarded(text, TextReason.WRONG_SENTIMENT, f"all that it speaks of it finds {felt.pop()}")
    if options.quality_filter and not FEWEST <= (count := quality.count(written)) <= MOST:
        words = beside(count, FEWEST if count < FEWEST else MOST, 0)
        return Discarded(text, TextReason.LOW_QUALITY, f"{words} words; {FEWEST} to {MOST} are wanted")
    return None


async def _rated(text: Text, ask: Ask, prompts: Prompts) -> Outcome:
    options, written = text.options, text.text or ""
    prompt = prompts.render(
        "reviewer",
        options.version,
        "rate",
        product=text.product,
        tone=options.tone or "",
        sentiment=options.sentiment or "",
        aspects=options.aspects,
        text=written,
    )
    text = text.but(prompt_versions={**text.prompt_versions, "reviewer": prompt.version})
    try:
        rating = (await ask("reviewer", prompt, Rating)).parsed
    except Refused as error:
        return Discarded(text, TextReason.REFUSED, f"the reviewer declined: {error}")
    except Unreadable as error:
        return Discarded(text, TextReason.MALFORMED, f"the reviewer's rating: {error}")
    parts = {
        "length": round(quality.length(written), PLACES),
        "coherence": rating.coherence,
        "relevance": rating.relevance,
        "grammar": rating.grammar,
        "lexical_diversity": round(quality.lexical_diversity(written), PLACES),
        "uniqueness": 1.0,  # at best; the embedder knows what else there is of the product
    }
    text = text.but(quality=Quality(score=quality.score(parts), parts=parts))
    if options.quality_filter and (why := shortfall(parts, options.min_quality_score)):
        return Discarded(text, TextReason.LOW_QUALITY, f"{why}. {rating.reasoning[:500]}".strip())
    return Passed(text)
