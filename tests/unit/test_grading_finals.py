"""Where a reply's final answer stands: boxes, thinking, and the words around it."""

from __future__ import annotations

import pytest

from shared.grading.exact import compare
from shared.grading.finals import final_parts, joined


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        (r"The answer is $\boxed{\frac{3}{5}}$.", [r"\frac{3}{5}"]),
        (r"\boxed{5} cm", ["5 cm"]),
        (r"\boxed{5} as required.", ["5"]),
        (r"\boxed{\{1, 2\}}", [r"\{1, 2\}"]),
        (r"\boxed{\boxed{5}}", ["5"]),
        (r"\boxed{x = \fbox{5}}", ["x = 5"]),
        (r"\boxed{5}, that is, \boxed{5}", ["5"]),
        (r"\boxed{4} at first, then \boxed{5}", ["4", "5"]),
        (r"The subtotal is \boxed{7}. The final answer is 84.", ["7", "84"]),
        (r"The answer is \boxed{7}", ["7"]),
        (r"\boxed{7", [r"\boxed{7"]),
        (r"<think>\boxed{4}</think>\boxed{5}", ["5"]),
        (r"\boxed{4}</think>\boxed{5}", ["5"]),
        ("<think>a<think>b</think>4</think>5", ["5"]),
        (r"5 <think> or \boxed{4}", ["5"]),
        (r"**\boxed{5}**", ["5"]),
        (r"-\boxed{5}", ["5", ""]),
        (r"2\cdot\boxed{5}", ["5", ""]),
        (r"\frac{1}{\boxed{2}}", ["2", ""]),
        (r"\sqrt{\boxed{2}}", ["2", ""]),
        (r"\boxed{5}!", ["5!", "5"]),
        ("The answer is 5!", ["5!", "5"]),
        ("The value is $5$.", ["5"]),
        ("at least $5$", ["at least $5$"]),
        ("x = 5 is the answer", ["x = 5"]),
    ],
)
def test_final_parts(reply: str, parts: list[str]) -> None:
    assert final_parts(reply) == parts


@pytest.mark.parametrize(
    ("reply", "listed"),
    [
        (r"\(\boxed{2}\) and \(\boxed{9}\)", "2, 9"),
        (r"The roots are $\boxed{2}$, $\boxed{9}$.", "2, 9"),
        (r"\boxed{2} is too small, so \boxed{9}", ""),
        (r"\boxed{2}", ""),
    ],
)
def test_several_boxes_as_one_list(reply: str, listed: str) -> None:
    assert joined(reply) == listed


@pytest.mark.parametrize("reply", [r"Case 1: \boxed{2}. Case 2: \boxed{9}.", r"\boxed{9}? No, the answer is 2."])
@pytest.mark.parametrize("reference", ["2", "9", "5"])
def test_a_reply_that_names_two_answers_is_undecided(reply: str, reference: str) -> None:
    assert compare(reference, reply) is None
    assert compare(reply, reference) is None


@pytest.mark.parametrize("reply", [r"\boxed{2} or \boxed{9}", r"\boxed{9}, \boxed{2}"])
def test_boxes_side_by_side_may_be_right_and_are_never_wrong(reply: str) -> None:
    assert compare(r"\{2, 9\}", reply) is True
    assert compare("7", reply) is None


def test_thinking_is_no_answer() -> None:
    assert compare("5", r"<think>It may be \boxed{5}.") is None
    assert compare("5", r"<think>It may be \boxed{4}.</think> \boxed{5}") is True
