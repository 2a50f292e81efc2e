"""The solver lets the target try. Only a clear failure lets a problem go on."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.ask import Ask, Prompt
from shared.contracts.envelope import MAX_TEXT_CHARS, Envelope, TargetAnswer
from shared.contracts.outcome import Discarded, Outcome, Passed, Solved
from shared.contracts.statuses import Reason
from shared.errors import Refused, TooLong, Unreadable
from shared.grading.judge import never_wrong, same_answer
from shared.grading.replies import Answer, untagged

SOLVE = Prompt(Path(__file__).with_name("solve.v1.md"))


async def solve(problem: Envelope, *, ask: Ask) -> Outcome:
    """Passed where the target's answer is another than the reference, Solved where it is the same.

    A target that refuses, breaks off or answers what nothing can judge has not failed: Discarded.
    """
    if not problem.problem or not problem.answer:
        return Discarded(problem, Reason.MALFORMED, "there is no problem or no answer to try")
    prompt = SOLVE.render(problem=untagged(problem.problem))
    problem = problem.but(prompt_versions={**problem.prompt_versions, "target": prompt.version})
    try:
        reply = await ask("target", prompt, Answer)
    except Refused as error:
        return Discarded(problem, Reason.REFUSED, str(error))
    except TooLong as error:
        return Discarded(problem, Reason.MALFORMED, str(error))
    except Unreadable as error:
        return Discarded(problem, Reason.UNDECIDED, str(error))
    answer = reply.parsed.answer
    if len(answer) > MAX_TEXT_CHARS:
        return Discarded(problem, Reason.MALFORMED, f"the answer is longer than {MAX_TEXT_CHARS} characters")
    verdict = await same_answer(problem.problem or "", problem.answer or "", answer, ask=ask)
    if reply.place:
        verdict = never_wrong(verdict, reply.place)
    tried = TargetAnswer(answer=answer, correct=verdict.equal, decided_by=verdict.decided_by)
    problem = problem.but(
        target_answers=[*problem.target_answers, tried],
        prompt_versions={**problem.prompt_versions, **verdict.prompt_versions},
    )
    if verdict.equal is None:
        return Discarded(problem, Reason.UNDECIDED, verdict.reason)
    return Solved(problem) if verdict.equal else Passed(problem)
