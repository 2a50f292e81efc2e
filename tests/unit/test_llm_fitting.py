"""An object made to fit its type: numbers, truth values and texts where others were asked for."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from shared.errors import Unreadable
from shared.llm.reading import parse


class Verdict(BaseModel):
    valid: bool
    confidence: float | None = None


class Answer(BaseModel):
    answer: str


class Nested(BaseModel):
    parts: list[Answer]
    hints: dict[str, str] = {}


@pytest.mark.parametrize(
    "number",
    ["0", "-0", "42", "0.5", "1.50", "1E5", "1e400", "-1e-400", "12345678901234567890123", "9" * 5000,
     "0.1000000000000000055511151231257827", "3.14159265358979323846264", "Infinity", "+5", ".5"],
)  # fmt: skip
def test_a_number_where_a_text_was_asked_for_keeps_its_spelling(number: str) -> None:
    assert parse(f'{{"answer": {number}}}', Answer).answer == number
    assert parse(f'{{"hints": {{"0": {number}}}, "parts": []}}', Nested).hints == {"0": number}


@pytest.mark.parametrize(
    ("written", "read"),
    [("true", True), ('"true"', True), ('"Yes"', True), ("1", True), ('"1"', True), ('" no. "', False), ("0.0", False)],
)
def test_truth_values(written: str, read: bool) -> None:
    assert parse(f'{{"valid": {written}}}', Verdict).valid is read


@pytest.mark.parametrize("written", ["0.5", '"0.5"', "5e-1", "0.50000000000000000000000000001"])
def test_numbers(written: str) -> None:
    assert parse(f'{{"valid": true, "confidence": {written}}}', Verdict).confidence == 0.5


@pytest.mark.parametrize("written", ["NaN", "Infinity", "1e400", '"nan"', '"-inf"', "9" * 5000])
def test_what_is_no_finite_number_is_refused_where_one_was_asked_for(written: str) -> None:
    with pytest.raises(Unreadable, match="`confidence`"):
        parse(f'{{"valid": true, "confidence": {written}}}', Verdict)


def test_numbers_and_lists_become_what_was_asked_for() -> None:
    read = parse('{"parts": [{"answer": 1}, {"answer": 0.5}, {"answer": "x"}], "hints": ["a", 2]}', Nested)
    assert [part.answer for part in read.parts] == ["1", "0.5", "x"]
    assert read.hints == {"0": "a", "1": "2"}


def test_a_truth_value_is_no_text() -> None:
    with pytest.raises(Unreadable, match="answer"):
        parse('{"answer": true}', Answer)


def test_deep_objects_are_refused_not_a_crash() -> None:
    for depth in (150, 500, 900, 5000):
        with pytest.raises(Unreadable):
            parse('{"a": ' * depth + "1" + "}" * depth, Answer)
        with pytest.raises(Unreadable):
            parse('{"answer": ' + '{"value": [' * depth + "1" + "]}" * depth + "}", Answer)
