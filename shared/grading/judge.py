"""Are two answers to a problem the same? Exact rules first, then a model, else nobody knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from shared.contracts.ask import Ask, Prompt
from shared.errors import Refused, Unreadable
from shared.grading import exact
from shared.grading.replies import ModelReply, Text, untagged

JUDGE = Prompt(Path(__file__).with_name("judge.v1.md"))
MIN_CONFIDENCE = 0.5  # below it a judgement is a guess

_NO_ANSWER = re.compile(
    r"(?:i\s+(?:do\s*n[o']t|don’t)\s+know|i\s+am\s+not\s+sure|i(?:'m|’m)\s+not\s+sure|unknown|n/?a"
    r"|(?:i\s+)?can(?:no|')?t\s+(?:answer|solve|determine)(?:\s+(?:this|it|that))?(?:\s+problem)?"
    r"|null|\?+|\.{3}|…|-)[.!\s]*",
    re.IGNORECASE,
)


def _confidence(value: object) -> object:
    """Percentages as shares; words and what else is no number stay, for the reader to refuse."""
    if isinstance(value, str) and (number := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", value)):
        value = float(number.group(1)) / (100 if number.group(2) else 1)
    if isinstance(value, int | float) and 1 < value <= 100:
        return value / 100
    return value


class Judgement(ModelReply):
    """What the judge model replies."""

    equivalent: bool
    confidence: Annotated[float, BeforeValidator(_confidence), Field(ge=0, le=1)]
    reason: Text = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`equal` is None where nothing could decide; `decided_by` is then `none`."""

    equal: bool | None
    decided_by: Literal["exact", "judge", "none"]
    reason: str = ""
    prompt_versions: dict[str, str] = field(default_factory=dict)


def gives_no_answer(candidate: str) -> bool:
    """Whether the text is empty or says no more than that its writer has no answer."""
    return not candidate.strip() or _NO_ANSWER.fullmatch(candidate.strip()) is not None


async def same_answer(problem: str, reference: str, candidate: str, *, ask: Ask) -> Verdict:
    """Whether the candidate is the reference answer in other words.

    Never a guess: no answer, an unsure judge, one that refuses or cannot be read all give `equal` None. What else
    `ask` raises is let through.
    """
    if gives_no_answer(candidate):
        return Verdict(None, "none", "no answer was given")
    equal = exact.compare(reference, candidate)
    if equal is not None:
        return Verdict(equal, "exact")
    prompt = JUDGE.render(problem=untagged(problem), answer=untagged(reference), candidate=untagged(candidate))
    versions = {"judge": prompt.version}
    try:
        judgement = (await ask("judge", prompt, Judgement)).parsed
    except (Refused, Unreadable) as error:
        return Verdict(None, "none", f"the judge gave no verdict: {error}", versions)
    if judgement.confidence < MIN_CONFIDENCE:
        return Verdict(None, "none", f"the judge was not sure: {judgement.reason}", versions)
    return Verdict(judgement.equivalent, "judge", judgement.reason, versions)


def never_wrong(verdict: Verdict, place: str) -> Verdict:
    """Of an answer that stood only in `place`, as a model's thinking: it may be the right one, but was not given."""
    if verdict.equal is not False:
        return verdict
    reason = f"the answer stood in {place} only, so that it is another than the reference decides nothing"
    return replace(verdict, equal=None, decided_by="none", reason=reason)
