"""Replies are read with patience, and asked for with a schema that strict structured output accepts."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, ValidationError

from services.checker.logic import Review
from services.engineer.logic import Draft
from shared.errors import Unreadable
from shared.grading.judge import Judgement
from shared.grading.replies import Answer
from shared.llm.reading import parse


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (7, "7"),
        (0.5, "0.5"),
        (" 7 ", "7"),
        (None, ""),
        (True, "true"),
        ([1, 2], "1, 2"),
        ([[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
        ([["\\frac12", "2"], ["3", "4"]], "[[\\frac12, 2], [3, 4]]"),
        (["(1, 2)", "f(1, 3)"], "(1, 2), f(1, 3)"),
        (["1,5", "2"], "1,5; 2"),
        ([], ""),
        ({"value": 3}, "3"),
        ({"answer": {"latex": "\\pi"}}, "\\pi"),
        ({"type": "text", "text": " 7 "}, "7"),
        ({"value": ["1", "2"]}, "1, 2"),
    ],
)
def test_an_answer_is_text(written: object, read: str) -> None:
    assert Answer.model_validate({"answer": written, "thoughts": "…"}).answer == read


@pytest.mark.parametrize(
    "written", [{"x": 1}, {"x": 1, "y": 2}, {"value": 3, "unit": "cm"}, {}, [{"x": 1}], [1, None], {"type": "string"}]
)
def test_what_is_no_text_is_refused_and_named(written: object) -> None:
    with pytest.raises(Unreadable, match=r"`answer`: .*where a text is needed"):
        parse(json.dumps({"answer": written}), Answer)


def test_a_number_is_the_text_that_was_written() -> None:
    for number in ("0.1000000000000000055511151231257827", "12345678901234567890123", "1.50", "1e400", "-0"):
        assert parse(f'{{"answer": {number}}}', Answer).answer == number
        assert parse(f'{{"answer": [[{number}]]}}', Answer).answer == f"[[{number}]]"
        assert parse(f'{{"answer": {{"value": {number}}}}}', Answer).answer == number


def test_an_answer_is_needed() -> None:
    with pytest.raises(ValidationError):
        Answer.model_validate({"result": 7})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["a", "b"], {"0": "a", "1": "b"}),
        ({"1": "b", "0": "a"}, {"0": "a", "1": "b"}),
        ({"hint_1": "a", "hint_2": 2}, {"1": "a", "2": "2"}),
        (["a", None, " "], {"0": "a"}),
        ("one", {"0": "one"}),
        ("None.", {}),
        ("N/A", {}),
        ("1. a\n2. b\nand c\n3) d", {"0": "a", "1": "b\nand c", "2": "d"}),
        ("In 1. a\n2. b", {"0": "In 1. a\n2. b"}),
        ('["a", "b"]', {"0": "a", "1": "b"}),
        ([{"hint": "a"}, {"step": 2, "text": "b"}], {"0": "a", "1": "b"}),
        ([{"hint_1": "a"}, {"hint_2": "b"}], {"0": "a", "1": "b"}),
        ({"hints": ["a", "b"]}, {"0": "a", "1": "b"}),
        ({"hint 1a": "a", "hint 1b": "b"}, {"0": "a", "1": "b"}),
        ({"first": "a", "1": "b"}, {"0": "a", "1": "b"}),
        (None, {}),
    ],
)
def test_hints_are_read_from_lists_and_dicts(written: object, read: dict[str, str]) -> None:
    assert Draft.model_validate({"problem": "p", "answer": "a", "hints": written}).hints == read
    assert Review.model_validate({"valid": True, "corrected_hints": written}).corrected_hints == read


@pytest.mark.parametrize(
    ("reply", "properties"),
    [
        (Draft, {"subject", "topic", "problem", "answer", "hints"}),
        (Review, {"valid", "reason_code", "reason", "corrected_hints"}),
        (Answer, {"answer"}),
        (Judgement, {"equivalent", "confidence", "reason"}),
    ],
)
def test_schemas_are_strict(reply: type[BaseModel], properties: set[str]) -> None:
    schema = reply.model_json_schema()
    assert set(schema["properties"]) == set(schema["required"]) == properties
    assert not any("default" in field for field in schema["properties"].values())
    assert "additionalProperties" not in str(schema["properties"])
