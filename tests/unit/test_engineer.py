"""The engineer's outcomes."""

from __future__ import annotations

from typing import Any

import pytest

from services.engineer.logic import PARAMETERS, REWORD, TECHNIQUES, WRITE, engineer
from shared.contracts.envelope import MAX_TEXT_CHARS
from shared.contracts.outcome import Discarded, Passed
from shared.contracts.problem import Origin, ProblemReason
from shared.errors import Permanent, Refused, Unreadable
from tests.fake_ask import FakeAsk, envelope

HINTS = {"0": "Factor.", "1": "Find both roots.", "2": "Multiply."}
DRAFT = {
    "subject": "Algebra",
    "topic": "Quadratics",
    "problem": " Find the product of the roots of x^2 - 7x + 10 = 0. ",
    "answer": 10,
    "hints": HINTS,
}
EMPTY = envelope(problem=None, answer=None, hints={}, prompt_versions={})


def draft(**changes: Any) -> dict[str, Any]:
    return DRAFT | changes


@pytest.mark.parametrize("hints", [HINTS, list(HINTS.values()), dict(zip("123", HINTS.values(), strict=True))])
async def test_a_draft_passes(hints: object) -> None:
    outcome = await engineer(EMPTY, ask=FakeAsk(("engineer", draft(hints=hints))))
    assert isinstance(outcome, Passed)
    problem = outcome.slip
    assert problem.problem == "Find the product of the roots of x^2 - 7x + 10 = 0."
    assert problem.answer == "10"
    assert problem.hints == HINTS
    assert problem.prompt_versions == {"engineer": WRITE.version}
    assert (problem.subject, problem.topic) == ("Algebra", "Quadratics")


@pytest.mark.parametrize(
    "reply",
    [
        draft(problem="  "),
        draft(answer=None),
        draft(hints=["one", "two"]),
        draft(hints=["one", "two", " ", None]),
        draft(problem="x" * (MAX_TEXT_CHARS + 1)),
        draft(hints=["one", "two", "x" * MAX_TEXT_CHARS]),
        {"problem": "no answer", "hints": ["1", "2", "3"]},
        "Here is a problem:",
        Unreadable("no JSON"),
    ],
)
async def test_what_is_not_whole_is_malformed(reply: Any) -> None:
    outcome = await engineer(EMPTY, ask=FakeAsk(("engineer", reply)))
    assert isinstance(outcome, Discarded)
    assert outcome.reason == ProblemReason.MALFORMED
    assert outcome.detail
    assert outcome.slip.problem is None
    assert outcome.slip.prompt_versions == {"engineer": WRITE.version}


async def test_a_refusal_is_an_outcome() -> None:
    outcome = await engineer(EMPTY, ask=FakeAsk(("engineer", Refused("no"))))
    assert isinstance(outcome, Discarded)
    assert (outcome.reason, outcome.detail) == (ProblemReason.REFUSED, "no")


async def test_other_faults_are_for_the_stage() -> None:
    with pytest.raises(Permanent):
        await engineer(EMPTY, ask=FakeAsk(("engineer", Permanent("bad key"))))


async def test_the_prompt_names_what_is_wanted() -> None:
    ask = FakeAsk(("engineer", DRAFT))
    await engineer(EMPTY, ask=ask)
    lines = ask.asked[0].prompt.user.splitlines()
    for line in (
        "Subject: Algebra",
        "Topic: Quadratics",
        "Level: High School",
        "Description: Roots and coefficients",
    ):
        assert line in lines
    for key in DRAFT:
        assert f'"{key}"' in ask.asked[0].prompt.system


async def test_slots_differ_and_a_repeat_of_a_slot_does_not() -> None:
    prompts: dict[int, str] = {}
    for slot in [*range(60), 0]:
        ask = FakeAsk(("engineer", DRAFT))
        await engineer(EMPTY.but(slot=slot), ask=ask)
        assert prompts.setdefault(slot, ask.asked[0].text) == ask.asked[0].text
    assert len(set(prompts.values())) == 60
    assert sum(any(technique in text for text in prompts.values()) for technique in TECHNIQUES) > len(TECHNIQUES) / 2


ORIGIN = Origin(id="o-1", strategy="reword", problem="Find 2 + 3.", answer="5", hints=HINTS)


async def test_other_words_keep_answer_and_hints() -> None:
    ask = FakeAsk(("engineer", {"reworded": " What do 2 and 3 make together? "}))
    outcome = await engineer(EMPTY.but(origin=ORIGIN), ask=ask)
    assert isinstance(outcome, Passed)
    found = outcome.slip
    assert (found.problem, found.answer, found.hints) == ("What do 2 and 3 make together?", "5", HINTS)
    assert found.prompt_versions == {"engineer": REWORD.version}
    assert found.origin == ORIGIN


async def test_other_parameters_bring_an_answer_of_their_own() -> None:
    given = ORIGIN.model_copy(update={"strategy": "parameters"})
    reply = {"changed": "the numbers", "problem": "Find 4 + 5.", "answer": 9, "hints": ["a", "b", "c"]}
    outcome = await engineer(EMPTY.but(origin=given), ask=FakeAsk(("engineer", reply)))
    assert isinstance(outcome, Passed)
    assert (outcome.slip.problem, outcome.slip.answer) == ("Find 4 + 5.", "9")
    assert outcome.slip.prompt_versions == {"engineer": PARAMETERS.version}


@pytest.mark.parametrize(
    ("strategy", "reply"),
    [
        ("reword", {"reworded": "Find  2 + 3."}),
        ("reword", {"reworded": " "}),
        ("reword", "no JSON"),
        ("reword", {"reworded": "x" * (MAX_TEXT_CHARS + 1)}),
        ("parameters", {"changed": "", "problem": "Find 2 + 3.", "answer": "5", "hints": ["a", "b", "c"]}),
        ("parameters", {"changed": "", "problem": "", "answer": "", "hints": []}),
        ("parameters", {"problem": "Find 4 + 5.", "answer": "9", "hints": ["a"]}),
    ],
)
async def test_what_is_no_variant_is_malformed(strategy: str, reply: Any) -> None:
    given = ORIGIN.model_copy(update={"strategy": strategy})
    outcome = await engineer(EMPTY.but(origin=given), ask=FakeAsk(("engineer", reply)))
    assert isinstance(outcome, Discarded)
    assert outcome.reason is ProblemReason.MALFORMED
