"""The solver lets the target try. Only a clear failure lets a problem go on."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.ask import Ask, Prompt
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Ended, Outcome, Passed
from shared.contracts.problem import Problem, ProblemReason, ProblemStatus, TargetAnswer
from shared.errors import Refused, TooLong, Unreadable
from shared.grading.judge import never_wrong, same_answer
from shared.grading.replies import Answer, untagged

SOLVE = Prompt(Path(__file__).with_name("solve.v1.md"))


async def solve(problem: Problem, *, ask: Ask) -> Outcome:
    """Passed where the target's answer is another than the reference, Ended as solved where it is the same.

    A target that refuses, breaks off or answers what nothing can judge has not failed: Discarded.
    """
    if not problem.problem or not problem.answer:
        return Discarded(problem, ProblemReason.MALFORMED, "there is no problem or no answer to try")
    prompt = SOLVE.render(problem=untagged(problem.problem))
    problem = problem.but(prompt_versions={**problem.prompt_versions, "target": prompt.version})
    try:
        reply = await ask("target", prompt, Answer)
    except Refused as error:
        return Discarded(problem, ProblemReason.REFUSED, str(error))
    except TooLong as error:
        return Discarded(problem, ProblemReason.MALFORMED, str(error))
    except Unreadable as error:
        return Discarded(problem, ProblemReason.UNDECIDED, str(error))
    answer = reply.parsed.answer
    if len(answer) > MAX_TEXT_CHARS:
        return Discarded(problem, ProblemReason.MALFORMED, f"the answer is longer than {MAX_TEXT_CHARS} characters")
    verdict = await same_answer(problem.problem or "", problem.answer or "", answer, ask=ask)
    if reply.place:
        verdict = never_wrong(verdict, reply.place)
    tried = TargetAnswer(
        answer=answer,
        correct=verdict.equal,
        decided_by=verdict.decided_by,
        model=str(problem.models["target"]),
        round=problem.round,
    )
    problem = problem.but(
        target_answers=[*problem.target_answers, tried],
        prompt_versions={**problem.prompt_versions, **verdict.prompt_versions},
    )
    if verdict.equal is None:
        return Discarded(problem, ProblemReason.UNDECIDED, verdict.reason)
    return Ended(problem, ProblemStatus.SOLVED) if verdict.equal else Passed(problem)
