"""The checker's outcomes: review, blind re-solve, comparison."""

from __future__ import annotations

from typing import Any

import pytest

from services.checker.logic import RESOLVE, REVIEW, Review, check, reason_of
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.problem import Confirmation, ProblemReason
from shared.errors import Refused, Unreadable, Waiting
from tests.fake_ask import FakeAsk, envelope

GOOD = {"valid": True, "reason_code": "", "reason": "2 and 5", "corrected_hints": None}
SURE = {"equivalent": True, "confidence": 0.9, "reason": "same"}


def review(**changes: Any) -> dict[str, Any]:
    return GOOD | changes


def discarded(outcome: Outcome, reason: ProblemReason) -> Discarded:
    assert isinstance(outcome, Discarded)
    assert outcome.reason is reason
    return outcome


async def test_a_confirmed_problem_passes() -> None:
    ask = FakeAsk(("checker", GOOD), ("checker", {"answer": 7}))
    outcome = await check(envelope(), ask=ask)
    assert isinstance(outcome, Passed)
    problem = outcome.slip
    assert problem.confirmations == [Confirmation(model="simulator/checker", answer="7", agrees=True)]
    assert problem.hints == envelope().hints
    assert not problem.hints_were_corrected
    assert problem.prompt_versions == {
        "engineer": "write.v1@0",
        "checker": REVIEW.version,
        "resolve": RESOLVE.version,
    }


@pytest.mark.parametrize(("answer", "agrees"), [(7, True), (8, None)])
async def test_a_resolve_that_stands_in_thinking_only_may_agree_but_never_differ(answer: int, agrees: bool) -> None:
    ask = FakeAsk(("checker", GOOD), ("checker", {"answer": answer}), places={"checker": "reasoning_content"})
    outcome = await check(envelope(), ask=ask)
    assert outcome.slip.confirmations[0].agrees is agrees
    if not agrees:
        discarded(outcome, ProblemReason.UNDECIDED)


async def test_the_review_sees_everything_and_the_resolve_only_the_problem() -> None:
    ask = FakeAsk(("checker", GOOD), ("checker", {"answer": "31415"}))
    problem = envelope(answer="31415", hints={"0": "hint-a", "1": "hint-b", "2": "hint-c"})
    await check(problem, ask=ask)
    seen, blind = (asked.prompt.user for asked in ask.asked)
    for part in ("<problem>", "<answer>\n31415\n</answer>", "<hints>\n0: hint-a", "Subject: Algebra", "Topic: Quadr"):
        assert part in seen
    assert str(problem.problem) in blind
    for part in ("31415", "hint-", "<answer>", "<hints>"):
        assert part not in blind


@pytest.mark.parametrize(
    "code", ["unanswerable", "ambiguous", "wrong_reference", "bad_hints", "off_topic", "malformed", "Wrong Reference"]
)
async def test_an_invalid_problem_is_discarded_with_its_code(code: str) -> None:
    ask = FakeAsk(("checker", review(valid=False, reason_code=code, reason="why")))
    outcome = discarded(await check(envelope(), ask=ask), ProblemReason(code.lower().replace(" ", "_")))
    assert outcome.detail == "why"


@pytest.mark.parametrize(
    ("code", "words", "reason"),
    [
        ("incorrect_answer", "", ProblemReason.WRONG_REFERENCE),
        ("other", "The reference answer is 8, not 7.", ProblemReason.WRONG_REFERENCE),
        ("", "The wording is ambiguous.", ProblemReason.AMBIGUOUS),
        ("hints", "", ProblemReason.BAD_HINTS),
        ("other", "Not about this topic.", ProblemReason.OFF_TOPIC),
        ("duplicate", "", ProblemReason.UNANSWERABLE),
        ("", "", ProblemReason.UNANSWERABLE),
    ],
)
def test_unknown_codes_are_read_by_their_words(code: str, words: str, reason: ProblemReason) -> None:
    assert reason_of(Review(valid=False, reason_code=code, reason=words)) is reason


@pytest.mark.parametrize(
    ("corrected", "hints"),
    [
        ({"1": "better"}, ["Factor it.", "better", "Add them."]),
        (["a", "b", "c"], ["a", "b", "c"]),
        ({"1": "a", "2": "b", "3": "c"}, ["a", "b", "c"]),
        (["a"], ["a", "Find both roots.", "Add them."]),
        ({"7": "beyond", "0": ""}, ["Factor it.", "Find both roots.", "Add them."]),
        ({}, ["Factor it.", "Find both roots.", "Add them."]),
        (["Factor it.", None, ""], ["Factor it.", "Find both roots.", "Add them."]),
    ],
)
async def test_corrected_hints_are_merged_by_index(corrected: object, hints: list[str]) -> None:
    ask = FakeAsk(("checker", review(corrected_hints=corrected)), ("checker", {"answer": "7"}))
    outcome = await check(envelope(), ask=ask)
    assert isinstance(outcome, Passed)
    assert outcome.slip.hints == dict(zip("012", hints, strict=True))
    assert outcome.slip.hints_were_corrected == (outcome.slip.hints != envelope().hints)


async def test_another_answer_leaves_the_reference_unconfirmed() -> None:
    ask = FakeAsk(("checker", GOOD), ("checker", {"answer": "8"}))
    outcome = discarded(await check(envelope(), ask=ask), ProblemReason.REFERENCE_UNCONFIRMED)
    assert outcome.slip.confirmations[0].agrees is False


@pytest.mark.parametrize(
    ("judgement", "agrees"),
    [(SURE, True), (SURE | {"equivalent": False}, False), (SURE | {"confidence": 0.1}, None), (Refused("no"), None)],
)
async def test_the_judge_is_asked_where_rules_end(judgement: Any, agrees: bool | None) -> None:
    ask = FakeAsk(("checker", GOOD), ("checker", {"answer": "0.333"}), ("judge", judgement))
    outcome = await check(envelope(answer="1/3"), ask=ask)
    assert outcome.slip.confirmations[0].agrees is agrees
    assert outcome.slip.prompt_versions["judge"].startswith("judge.v1@")
    if agrees:
        assert isinstance(outcome, Passed)
    else:
        discarded(outcome, ProblemReason.UNDECIDED if agrees is None else ProblemReason.REFERENCE_UNCONFIRMED)


@pytest.mark.parametrize("answer", ["", "I don't know"])
async def test_no_answer_confirms_nothing(answer: str) -> None:
    ask = FakeAsk(("checker", GOOD), ("checker", {"answer": answer}))
    outcome = discarded(await check(envelope(), ask=ask), ProblemReason.UNDECIDED)
    assert outcome.slip.confirmations[0].agrees is None


@pytest.mark.parametrize("before", [[], [("checker", review(corrected_hints={"1": "better"}))]])
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Refused("no"), ProblemReason.REFUSED),
        (Unreadable("?"), ProblemReason.MALFORMED),
        ("prose", ProblemReason.MALFORMED),
    ],
)
async def test_refusals_and_unreadable_replies(before: list[Any], reply: Any, reason: ProblemReason) -> None:
    ask = FakeAsk(*before, ("checker", reply))
    outcome = discarded(await check(envelope(), ask=ask), reason)
    assert outcome.slip.hints_were_corrected == bool(before)
    assert ("resolve" in outcome.slip.prompt_versions) == bool(before)


@pytest.mark.parametrize(
    "replies", [[review(reason="x" * (MAX_TEXT_CHARS + 1))], [GOOD, {"answer": "x" * (MAX_TEXT_CHARS + 1)}]]
)
async def test_replies_over_the_cap_are_malformed(replies: list[Any]) -> None:
    discarded(await check(envelope(), ask=FakeAsk(*(("checker", reply) for reply in replies))), ProblemReason.MALFORMED)


@pytest.mark.parametrize("gap", [{"problem": None}, {"answer": ""}])
async def test_without_problem_or_answer_nothing_is_asked(gap: dict[str, Any]) -> None:
    discarded(await check(envelope(**gap), ask=FakeAsk()), ProblemReason.MALFORMED)


async def test_waiting_is_for_the_stage() -> None:
    with pytest.raises(Waiting):
        await check(envelope(), ask=FakeAsk(("checker", Waiting("limited", 3))))
