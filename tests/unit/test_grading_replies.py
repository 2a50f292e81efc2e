"""Replies are read with patience, and asked for with a schema that strict structured output accepts."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from services.checker.logic import Review
from services.engineer.logic import Draft
from shared.grading.judge import Judgement
from shared.grading.replies import Answer


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (7, "7"),
        (0.5, "0.5"),
        (" 7 ", "7"),
        (None, ""),
        (True, "True"),
        ([1, 2], "1, 2"),
        ([[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
        ({"x": 1}, '{"x": 1}'),
    ],
)
def test_an_answer_is_text(written: object, read: str) -> None:
    assert Answer.model_validate({"answer": written, "thoughts": "…"}).answer == read


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
