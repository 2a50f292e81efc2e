"""Huge bodies are refused by their size, not piece by piece."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.gateway.schemas.generation import GenerationRequest
from services.gateway.schemas.taxonomy import MAX_TOPICS

NAMES = [f"t{n}" for n in range(MAX_TOPICS - 1)]
JUNK = {f" {n}": 3 for n in range(MAX_TOPICS + 1)}


def errors(**fields: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        GenerationRequest.model_validate({"num_problems": 1} | fields)
    return [error["msg"] for error in caught.value.errors(include_input=False, include_url=False)]


@pytest.mark.parametrize(
    "taxonomy",
    [
        {f"s{n}": [*NAMES, NAMES[-1]] for n in range(8)},
        {f"s{n}": [1] * MAX_TOPICS for n in range(8)},
        {"s": JUNK},
        JUNK,
        {name: [] for name in JUNK},
    ],
)
def test_too_many_topics_is_one_error(taxonomy: Any) -> None:
    (message,) = errors(taxonomy=taxonomy)
    assert message.endswith(f"topics, above {MAX_TOPICS}")


def test_a_name_is_measured_before_its_accents_are_put_in_order() -> None:
    """Which takes time that grows with the square of their number."""
    name = "a" + "\u0301" * 200_000 + "\u0316" * 200_000
    (message,) = errors(taxonomy={"s": [name]})
    assert message == "String should have at most 200 characters"


def test_a_topic_named_twice() -> None:
    assert errors(taxonomy={"s": [*NAMES, NAMES[-1]]}) == [f"names {NAMES[-1]!r} twice"]


@pytest.mark.parametrize(
    "fields",
    [JUNK, {"taxonomy": {"s": {"t": JUNK}}}, {"engineer_model": JUNK}, {"seeds": [1] * 1000}, {"level_weights": JUNK}],
)
def test_junk_is_one_error(fields: dict[str, Any]) -> None:
    assert len(errors(**fields)) == 1


def test_the_shape_of_a_model_is_said() -> None:
    assert errors(engineer_model="gpt") == ["write it as provider/name, for example openai/gpt-4o-mini"]
