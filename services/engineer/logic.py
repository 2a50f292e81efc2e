"""The engineer writes a problem with its answer and hints, or a variant of one that is given."""

from __future__ import annotations

import zlib
from pathlib import Path

from shared.contracts.ask import Ask, Prompt, Rendered
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.problem import Origin, Problem, ProblemReason
from shared.errors import Refused, Unreadable
from shared.grading.replies import ModelReply, Text, Texts, untagged

WRITE, REWORD, PARAMETERS = (
    Prompt(Path(__file__).with_name(f"{name}.v1.md")) for name in ("write", "reword", "parameters")
)
MIN_HINTS = 3

TECHNIQUES: tuple[str, ...] = (
    "Combine two concepts that are rarely met together, so that neither standard method suffices alone.",
    "Hide a case that a hasty solver overlooks: a degenerate, boundary or repeated case that changes the result.",
    "Add an unusual constraint that rules out the textbook shortcut.",
    "Choose parameters for which the familiar formula does not hold, though it looks as if it did.",
    "Let a quantity be defined only indirectly, so that it has to be set up before anything can be computed.",
    "Make several steps depend on each other, so that one slip early on changes the final value.",
    "Ask for the inverse of a standard question: give the result and ask for the parameter that yields it.",
    "Require careful counting with overlaps, symmetries or forbidden arrangements.",
    "Let an intuitive but wrong symmetry or independence assumption lead to a plausible false answer.",
    "Use a piecewise, recursive or periodic definition whose pattern breaks after the first few terms.",
    "Demand exact arithmetic where an estimate or a rounded intermediate value leads astray.",
    "Introduce one piece of irrelevant but natural information that tempts into a longer, wrong path.",
    "Need a change of representation (coordinates, modulus, generating function, complement) to become tractable.",
)


class Draft(ModelReply):
    """What the engineer model replies. Subject and topic are for its own discipline; the batch's are kept."""

    subject: Text = ""
    topic: Text = ""
    problem: Text
    answer: Text
    hints: Texts


class Reworded(ModelReply):
    """The given problem in other words."""

    reworded: Text


class Changed(Draft):
    """The given problem with other parameters, worked out anew."""

    changed: Text = ""


async def engineer(problem: Problem, *, ask: Ask) -> Outcome:
    """A problem of the envelope's subject, topic and level, with answer and hints `"0", "1", …`; where it has an
    origin, that one's variant."""
    if problem.origin and problem.origin.strategy == "reword":
        return await _ask(problem, _given(REWORD, problem, problem.origin), Reworded, ask)
    if problem.origin:
        return await _ask(problem, _given(PARAMETERS, problem, problem.origin), Changed, ask)
    variation = _variation(problem)
    prompt = WRITE.render(
        subject=problem.subject,
        topic=problem.topic,
        level=problem.level or "any",
        description=problem.description or "none",
        technique=TECHNIQUES[variation % len(TECHNIQUES)],
        variation=variation,
    )
    return await _ask(problem, prompt, Draft, ask)


async def _ask(problem: Problem, prompt: Rendered, shape: type[Draft] | type[Reworded], ask: Ask) -> Outcome:
    problem = problem.but(prompt_versions={**problem.prompt_versions, "engineer": prompt.version})
    try:
        parsed = (await ask("engineer", prompt, shape)).parsed
    except Refused as error:
        return Discarded(problem, ProblemReason.REFUSED, str(error))
    except Unreadable as error:
        return Discarded(problem, ProblemReason.MALFORMED, str(error))
    draft = parsed if isinstance(parsed, Draft) else _draft(parsed, problem.origin)
    if fault := _fault(draft) or _unchanged(draft, problem.origin):
        return Discarded(problem, ProblemReason.MALFORMED, fault)
    hints = {str(place): hint for place, hint in enumerate(draft.hints.values())}
    return Passed(problem.but(problem=draft.problem, answer=draft.answer, hints=hints))


def _variation(problem: Problem) -> int:
    return zlib.crc32(f"{problem.batch_id}/{problem.slot}".encode())


def _given(prompt: Prompt, problem: Problem, origin: Origin) -> Rendered:
    return prompt.render(
        subject=problem.subject,
        topic=problem.topic,
        level=problem.level or "any",
        problem=untagged(origin.problem),
        answer=untagged(origin.answer),
        hints=untagged("\n".join(f"{key}: {hint}" for key, hint in origin.hints.items())),
        variation=_variation(problem),
    )


def _draft(reworded: Reworded, origin: Origin | None) -> Draft:
    """In other words only: answer and hints are the original's, and are confirmed like any other's."""
    assert origin is not None
    return Draft(problem=reworded.reworded, answer=origin.answer, hints=origin.hints)


def _unchanged(draft: Draft, origin: Origin | None) -> str:
    same = origin is not None and draft.problem.split() == origin.problem.split()
    return "the variant is the original" if same else ""


def _fault(draft: Draft) -> str:
    """What makes the draft unfit to go on; empty where nothing does."""
    if not draft.problem:
        return "the problem is empty"
    if not draft.answer:
        return "the answer is empty"
    if len(draft.hints) < MIN_HINTS:
        return f"{len(draft.hints)} hints, at least {MIN_HINTS} are needed"
    if len(draft.problem) + len(draft.answer) + sum(map(len, draft.hints.values())) > MAX_TEXT_CHARS:
        return f"the texts are longer than {MAX_TEXT_CHARS} characters"
    return ""
