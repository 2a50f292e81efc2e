"""Variants of an accepted text by CDA, ADA and CADA (arXiv 2409.11218): the context, the aspect terms or both changed.

A variant is accepted for what it is, not for what its model says of it: where half the sum of the share of aspects
kept and its similarity to the original reaches `LEAST`.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from services.writer import spans
from services.writer.replies import Replaced, VariantDraft
from shared.contracts.ask import Ask, Rendered, Role
from shared.contracts.text import Aspect, Strategy, Text, TextReason, Variant
from shared.errors import Permanent, Refused, Rejected, Unreadable
from shared.quality.verdict import beside
from shared.quality.words import words

LEAST = 0.8  #: (aspects kept + similarity) / 2
TRIES = 2  #: of each strategy
SAME_CONTEXT = 0.8  #: share of the words beside the terms that ADA leaves
MAX_CHARS = 6_000  #: of a variant; with the original and all tries it has to fit into one envelope
KEPT_OF_REJECTED = 1_500  # characters


class Renders(Protocol):
    def render(self, role: Role, version: str, file: str, **values: object) -> Rendered: ...


class Unfit(Exception):
    """Why a try is no variant."""

    def __init__(self, code: TextReason, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found in a try, as far as the look at it came."""

    aspects: list[Aspect]
    kept: float


async def vary(text: Text, ask: Ask, prompts: Renders) -> list[Variant]:
    """Every try, for each strategy until one is accepted; one without a call where there is nothing to change. None of
    them can take the original down with it."""
    tries: list[Variant] = []
    for strategy in dict.fromkeys(text.options.strategies):
        if strategy != "CDA" and not text.aspects:  # no model can help that
            why = Unfit(TextReason.MISSING_ASPECTS, "the original marks no aspect that could be changed")
            tries.append(_rejected(Variant(strategy=strategy, text="", accepted=False), why.code, why))
            continue
        for turn in range(TRIES):
            taken = [text.text or "", *(one.text for one in tries if one.accepted)]
            tries.append(await _try(text, strategy, turn, taken, ask, prompts))
            if tries[-1].accepted:
                break
    return tries


async def _try(text: Text, strategy: Strategy, turn: int, taken: Sequence[str], ask: Ask, prompts: Renders) -> Variant:
    made = Variant(strategy=strategy, text="", accepted=False)
    try:
        prompt = prompts.render(
            "writer",
            text.options.version,
            "vary",
            product=text.product,
            text=text.text or "",
            sentiment=text.sentiment,
            aspects=_terms(text),
            strategy=strategy,
            variation=zlib.crc32(f"{text.batch_id}/{text.slot}/{strategy}/{turn}".encode()),
        )
    except Permanent as error:  # the templates went or broke since it was written
        return _rejected(made, TextReason.PROVIDER_ERROR, error)
    made = made.model_copy(update={"prompt_version": prompt.version})
    try:
        draft = (await ask("writer", prompt, VariantDraft)).parsed
        if len(draft.text) > MAX_CHARS:
            made = made.model_copy(update={"text": draft.text[:KEPT_OF_REJECTED]})
            raise Unfit(TextReason.MALFORMED, f"it has {len(draft.text):,} characters, at most {MAX_CHARS:,} are taken")
        made = made.model_copy(update={"text": draft.text, "sentiment": draft.sentiment})
        found = measure(text, strategy, draft, taken)
        made = made.model_copy(update={"aspects": found.aspects, "kept": found.kept})
        similarity = round(_cosine(text.vector or "", (await ask.embed(draft.text)).parsed), 6)
        made = made.model_copy(update={"similarity": similarity})
        if (reached := (found.kept + similarity) / 2) < LEAST:
            shown = beside(reached, LEAST)
            places = len(shown.partition(".")[2])  # of the parts too, so that their sum is what is shown
            parts = f"kept {found.kept:.{places}f} + similarity {similarity:.{places}f}"
            raise Unfit(TextReason.BELOW_THRESHOLD, f"({parts}) / 2 = {shown} < {LEAST}")
    except Unfit as error:
        return _rejected(made, error.code, error)
    except Refused as error:
        return _rejected(made, TextReason.REFUSED, error)
    except Unreadable as error:
        return _rejected(made, TextReason.MALFORMED, error)
    except Rejected as error:
        return _rejected(made, TextReason.PROVIDER_ERROR, error)
    return made.model_copy(update={"accepted": True})


def _rejected(made: Variant, code: TextReason, why: Exception) -> Variant:
    told = {"reason": code.value, "detail": str(why)[:500]}
    return made.model_copy(update={"text": made.text[:KEPT_OF_REJECTED], "aspects": [], **told})


def measure(text: Text, strategy: Strategy, draft: VariantDraft, taken: Iterable[str]) -> Measured:
    """The aspects of a try, and the share of the original's that it keeps as its strategy wants. Raises Unfit."""
    if not re.search(r"\w", draft.text):
        raise Unfit(TextReason.MALFORMED, "it is empty")
    if words(draft.text) in map(words, taken):
        raise Unfit(TextReason.DUPLICATE, "it is the same text as the original or another variant")
    if draft.sentiment != text.sentiment:
        raise Unfit(TextReason.WRONG_SENTIMENT, f"it is {draft.sentiment}, and the original is {text.sentiment}")
    if len(draft.aspects) > spans.MAX_ASPECTS:
        raise Unfit(
            TextReason.MALFORMED, f"it marks {len(draft.aspects)} aspects, at most {spans.MAX_ASPECTS} are taken"
        )
    try:
        aspects = spans.checked(draft.text, draft.aspects)
    except spans.BadSpan as error:
        raise Unfit(TextReason.BAD_SPANS, str(error)) from None
    kept = _terms_kept(text, draft) if strategy == "CDA" else _replaced(text, strategy, draft)
    return Measured(aspects, kept)


def _terms_kept(text: Text, draft: VariantDraft) -> float:
    """CDA: the terms themselves stand."""
    terms = _terms(text)
    lost = [term for term in terms if not spans.stands(term, draft.text)]
    for one in draft.aspects:
        if one.original.strip().lower() in map(str.lower, lost):
            raise Unfit(
                TextReason.WRONG_ASPECTS,
                f"CDA keeps the aspect terms, and it has {one.term!r} in place of {one.original!r}",
            )
    return 1 - len(lost) / len(terms) if terms else 1.0


def _replaced(text: Text, strategy: Strategy, draft: VariantDraft) -> float:
    """ADA, CADA: another term stands in the place of each, and the same is felt about it."""
    feelings = {aspect.term.lower(): aspect.sentiment for aspect in reversed(text.aspects)}
    new = {one.original.strip().lower(): one for one in draft.aspects if _is_new(one, text, draft)}
    new = {original: one for original, one in new.items() if original in feelings}
    if not new:
        raise Unfit(TextReason.WRONG_ASPECTS, f"{strategy} changes the aspect terms, and they are the same")
    before = _context(text.text or "", list(feelings))
    after = _context(draft.text, [*(one.term for one in new.values()), *(t for t in feelings if t not in new)])
    same = _overlap(before, after)
    if strategy == "ADA" and same < SAME_CONTEXT:
        raise Unfit(TextReason.WRONG_CONTEXT, f"ADA keeps the context, and {beside(same, SAME_CONTEXT)} of it is left")
    if strategy == "CADA" and before == after:
        raise Unfit(TextReason.WRONG_CONTEXT, "CADA changes the context too, and it is the same")
    return sum(one.sentiment == feelings[original] for original, one in new.items()) / len(feelings)


def _is_new(one: Replaced, text: Text, draft: VariantDraft) -> bool:
    """Whether the term has taken the original's place: it did not stand there before, and the original does no more."""
    return not spans.whole(one.term, text.text or "") and not spans.whole(
        one.original, spans.without([one.term], draft.text)
    )


def _terms(text: Text) -> list[str]:
    return list({aspect.term.lower(): aspect.term for aspect in reversed(text.aspects)}.values())[::-1]


def _context(text: str, terms: Iterable[str]) -> list[str]:
    """The words beside the terms."""
    return words(spans.without(terms, text))


def _overlap(before: Sequence[str], after: Sequence[str]) -> float:
    """Of the words, in whatever order: 1 for the same, 0 for none in common."""
    total = len(before) + len(after)
    return 2 * (Counter(before) & Counter(after)).total() / total if total else 1.0


def _cosine(original: str, values: Sequence[float]) -> float:
    """Raises Unfit where the two cannot be compared."""
    mine: npt.NDArray[np.float32] = np.frombuffer(base64.b64decode(original), dtype="<f4")
    other = np.asarray(values, dtype=np.float64)
    length = float(np.linalg.norm(other)) if other.size else 0.0
    if other.size != mine.size or not np.isfinite(length) or not length:
        raise Unfit(
            TextReason.MALFORMED,
            f"its embedding, of {other.size} dimensions, cannot be compared with one of {mine.size}",
        )
    return float(mine @ (other / length))
