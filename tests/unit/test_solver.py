"""The solver's outcomes: only a clear failure of the target lets a problem go on."""

from __future__ import annotations

from typing import Any

import pytest

from services.solver.logic import SOLVE, solve
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Ended, Passed
from shared.contracts.problem import ProblemReason, TargetAnswer
from shared.errors import Refused, Stopped, Unreadable
from tests.fake_ask import FakeAsk, envelope


@pytest.mark.parametrize(("answer", "outcome"), [("8", Passed), ("x = 7", Ended), (7.0, Ended)])
async def test_the_rules_decide(answer: object, outcome: type) -> None:
    ask = FakeAsk(("target", {"answer": answer}))
    result = await solve(envelope(), ask=ask)
    assert type(result) is outcome
    assert result.slip.target_answers == [
        TargetAnswer(
            answer=str(answer), correct=outcome is Ended, decided_by="exact", model=str(envelope().models["target"])
        )
    ]
    assert result.slip.prompt_versions == {"engineer": "write.v1@0", "target": SOLVE.version}


@pytest.mark.parametrize(("equivalent", "outcome"), [(True, Ended), (False, Passed)])
async def test_the_judge_decides(equivalent: bool, outcome: type) -> None:
    judgement = {"equivalent": equivalent, "confidence": 0.9, "reason": "r"}
    ask = FakeAsk(("target", {"answer": "0.333"}), ("judge", judgement))
    result = await solve(envelope(answer="1/3"), ask=ask)
    assert type(result) is outcome
    assert result.slip.target_answers[0].decided_by == "judge"
    assert "judge" in result.slip.prompt_versions


@pytest.mark.parametrize(
    "script",
    [
        [("target", {"answer": "0.333"}), ("judge", {"equivalent": False, "confidence": 0.2, "reason": "?"})],
        [("target", {"answer": "0.333"}), ("judge", Unreadable("?"))],
        [("target", {"answer": ""})],
        [("target", {"answer": "I don't know."})],
    ],
)
async def test_what_nothing_can_judge_is_undecided(script: list[Any]) -> None:
    result = await solve(envelope(answer="1/3"), ask=FakeAsk(*script))
    assert isinstance(result, Discarded)
    assert result.reason == ProblemReason.UNDECIDED
    assert result.detail
    assert [(tried.correct, tried.decided_by) for tried in result.slip.target_answers] == [(None, "none")]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Refused("no"), ProblemReason.REFUSED),
        (Unreadable("broken off"), ProblemReason.UNDECIDED),
        ("The answer", ProblemReason.UNDECIDED),
        ({"answer": "x" * (MAX_TEXT_CHARS + 1)}, ProblemReason.MALFORMED),
    ],
)
async def test_a_target_that_gives_no_answer_has_not_failed(reply: Any, reason: ProblemReason) -> None:
    result = await solve(envelope(), ask=FakeAsk(("target", reply)))
    assert isinstance(result, Discarded)
    assert result.reason is reason
    assert result.slip.target_answers == []


@pytest.mark.parametrize(("answer", "outcome"), [("7", Ended), ("8", Discarded)])
async def test_an_answer_that_stands_in_thinking_only_may_be_right_but_never_wrong(answer: str, outcome: type) -> None:
    ask = FakeAsk(("target", {"answer": answer}), places={"target": "reasoning_content"})
    result = await solve(envelope(), ask=ask)
    assert type(result) is outcome
    if isinstance(result, Discarded):
        assert result.reason == ProblemReason.UNDECIDED
        assert "reasoning_content" in result.detail
        assert result.slip.target_answers[0].correct is None


async def test_the_target_sees_only_the_problem() -> None:
    ask = FakeAsk(("target", {"answer": "1"}))
    problem = envelope(answer="31415", hints={"0": "hint-a", "1": "hint-b", "2": "hint-c"})
    await solve(problem, ask=ask)
    assert str(problem.problem) in ask.asked[0].text
    assert "31415" not in ask.asked[0].text
    assert "hint-" not in ask.asked[0].text


async def test_earlier_answers_stay() -> None:
    earlier = TargetAnswer(answer="9", correct=False, decided_by="exact")
    result = await solve(envelope(target_answers=[earlier]), ask=FakeAsk(("target", {"answer": "8"})))
    assert [tried.answer for tried in result.slip.target_answers] == ["9", "8"]


async def test_without_problem_nothing_is_asked() -> None:
    result = await solve(envelope(problem=None), ask=FakeAsk())
    assert isinstance(result, Discarded)
    assert result.reason == ProblemReason.MALFORMED


async def test_stopping_is_for_the_stage() -> None:
    with pytest.raises(Stopped):
        await solve(envelope(), ask=FakeAsk(("target", Stopped("cancelled"))))
