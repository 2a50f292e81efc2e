"""The checker reviews a problem with its answer in view, then solves it blind; only a match confirms the answer."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field

from shared.contracts.ask import Ask, Prompt
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.problem import Confirmation, Problem, ProblemReason
from shared.errors import Refused, Unreadable
from shared.grading.judge import never_wrong, same_answer
from shared.grading.replies import Answer, ModelReply, OptionalTexts, Text, untagged

REVIEW = Prompt(Path(__file__).with_name("review.v1.md"))
RESOLVE = Prompt(Path(__file__).with_name("resolve.v1.md"))

REVIEW_REASONS = (
    ProblemReason.UNANSWERABLE,
    ProblemReason.AMBIGUOUS,
    ProblemReason.WRONG_REFERENCE,
    ProblemReason.BAD_HINTS,
    ProblemReason.OFF_TOPIC,
    ProblemReason.MALFORMED,
)
_TELLING_WORDS: tuple[tuple[str, ProblemReason], ...] = (
    (r"ambigu|unclear|two ways", ProblemReason.AMBIGUOUS),
    (r"hint", ProblemReason.BAD_HINTS),
    (r"topic|subject", ProblemReason.OFF_TOPIC),
    (r"wrong|incorrect|reference|answer (?:is|should)", ProblemReason.WRONG_REFERENCE),
)


class Review(ModelReply):
    """What the reviewing model replies."""

    valid: bool
    reason_code: Text = ""
    reason: Text = ""
    corrected_hints: OptionalTexts = Field(default_factory=dict)


async def check(problem: Problem, *, ask: Ask) -> Outcome:
    """The problem with its blind re-solve recorded, and its hints corrected where the review asked for it."""
    if not problem.problem or not problem.answer:
        return Discarded(problem, ProblemReason.MALFORMED, "there is no problem or no answer to check")
    problem = problem.but(prompt_versions={**problem.prompt_versions, "checker": REVIEW.version})
    try:
        reviewed = await _review(problem, ask)
        if isinstance(reviewed, Discarded):
            return reviewed
        problem = reviewed.but(prompt_versions={**reviewed.prompt_versions, "resolve": RESOLVE.version})
        return await _resolve(problem, ask)
    except Refused as error:
        return Discarded(problem, ProblemReason.REFUSED, str(error))
    except Unreadable as error:
        return Discarded(problem, ProblemReason.MALFORMED, str(error))


async def _review(problem: Problem, ask: Ask) -> Problem | Discarded:
    prompt = REVIEW.render(
        subject=problem.subject,
        topic=problem.topic,
        level=problem.level or "any",
        description=problem.description or "none",
        problem=untagged(problem.problem or ""),
        answer=untagged(problem.answer or ""),
        hints=untagged("\n".join(f"{key}: {hint}" for key, hint in problem.hints.items())),
    )
    reply = await ask("checker", prompt, Review)
    review = reply.parsed
    texts = (review.reason_code, review.reason, *review.corrected_hints.values())
    if sum(map(len, texts)) > MAX_TEXT_CHARS:
        return Discarded(problem, ProblemReason.MALFORMED, f"the review is longer than {MAX_TEXT_CHARS} characters")
    if not review.valid:
        return Discarded(problem, reason_of(review), review.reason)
    hints = _merged(problem.hints, review.corrected_hints)
    corrected = problem.hints_were_corrected or hints != problem.hints
    return problem.but(hints=hints, hints_were_corrected=corrected)


def _merged(hints: dict[str, str], corrected: dict[str, str]) -> dict[str, str]:
    """Corrections take the place of the hints with their index; none is dropped or added."""
    if "0" not in corrected and len(corrected) == len(hints):  # counted from one
        corrected = dict(zip(hints, corrected.values(), strict=True))
    return {key: corrected.get(key, hint) for key, hint in hints.items()}


async def _resolve(problem: Problem, ask: Ask) -> Outcome:
    text, reference = problem.problem or "", problem.answer or ""
    prompt = RESOLVE.render(problem=untagged(text))
    reply = await ask("checker", prompt, Answer)
    answer = reply.parsed.answer
    if len(answer) > MAX_TEXT_CHARS:
        return Discarded(problem, ProblemReason.MALFORMED, f"the re-solve is longer than {MAX_TEXT_CHARS} characters")
    verdict = await same_answer(text, reference, answer, ask=ask)
    if reply.place:
        verdict = never_wrong(verdict, reply.place)
    problem = problem.but(
        confirmations=[*problem.confirmations, Confirmation(model=reply.model, answer=answer, agrees=verdict.equal)],
        prompt_versions={**problem.prompt_versions, **verdict.prompt_versions},
    )
    if verdict.equal is None:
        return Discarded(problem, ProblemReason.UNDECIDED, verdict.reason)
    if not verdict.equal:
        return Discarded(problem, ProblemReason.REFERENCE_UNCONFIRMED, verdict.reason)
    return Passed(problem)


def reason_of(review: Review) -> ProblemReason:
    """The review's code; for one that is not on the list, what its words point to, else `unanswerable`."""
    code = re.sub(r"[^a-z]+", "_", review.reason_code.lower()).strip("_")
    if code in REVIEW_REASONS:
        return ProblemReason(code)
    words = f"{review.reason_code} {review.reason}".lower().replace("_", " ")
    return next((reason for pattern, reason in _TELLING_WORDS if re.search(pattern, words)), ProblemReason.UNANSWERABLE)
