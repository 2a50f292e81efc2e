"""Names wherever a request carries one: all scripts, trimmed, and refused with the character's name."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from pydantic import ValidationError

from services.gateway.acceptance import batch_of, defaults_of
from services.gateway.schemas.generation import GenerationRequest
from services.gateway.schemas.problems import BatchProblemsQuery
from shared.contracts.batch import Batch, TopicSpec
from shared.settings import Settings
from tests.unit.test_names import SCRIPTS

DEFAULTS = defaults_of(Settings(_env_file=None))
APART = unicodedata.normalize("NFD", "Équations")


def request(**fields: Any) -> GenerationRequest:
    return GenerationRequest.model_validate({"num_problems": 1} | fields)


def refusals(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        request(**fields)
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in caught.value.errors(include_url=False)]


@pytest.mark.parametrize("name", SCRIPTS, ids=ascii)
def test_subjects_topics_and_levels_stay_as_they_were_given(name: str) -> None:
    asked = request(taxonomy={name: {name: {"level": name[:100]}}, "list": [name]}, name=name)
    batch = batch_of(asked, DEFAULTS, "b" * 24)
    assert batch.name == name
    assert Batch.model_validate_json(batch.model_dump_json()).topics == [
        TopicSpec(subject=name, topic=name, level=name[:100]), TopicSpec(subject="list", topic=name),
    ]  # fmt: skip


def test_white_space_around_names_goes() -> None:
    asked = request(
        name=" mine\n",
        taxonomy={"Algebra ": ["Roots\r\n", "\u3000Limits"], "\tLogic": {"Sets\u00a0": {"level": " L "}}},
        engineer_model="openai/gpt-4.1 \n",
        checker_model={"provider": " openai", "model_name": "o4-mini\n"},
    )
    assert asked.name == "mine"
    assert asked.taxonomy is not None
    assert {subject: list(topics) for subject, topics in asked.taxonomy.items()} == {
        "Algebra": ["Roots", "Limits"], "Logic": ["Sets"],
    }  # fmt: skip
    assert str(asked.engineer_model) == "openai/gpt-4.1"
    assert str(asked.checker_model) == "openai/o4-mini"
    assert asked.digest() == request(
        name="mine", taxonomy={"Algebra": ["Roots", "Limits"], "Logic": {"Sets": {"level": "L"}}},
        engineer_model="openai/gpt-4.1", checker_model="openai/o4-mini",
    ).digest()  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"name": "a{}b"}, "name"),
        ({"taxonomy": {"a{}b": ["x"]}}, "taxonomy.a{}b.[key]"),
        ({"taxonomy": {"x": ["y", "a{}b"]}}, "taxonomy.x.~list.1"),
        ({"taxonomy": {"x": {"a{}b": {}}}}, "taxonomy.x.~object.a{}b.[key]"),
        ({"taxonomy": {"x": {"y": {"level": "a{}b"}}}}, "taxonomy.x.~object.y.level"),
        ({"target_model": "openai/a{}b"}, "target_model"),
        ({"target_model": {"provider": "openai", "model_name": "a{}b"}}, "target_model.model_name"),
        ({"target_model": {"provider": "open{}ai", "model_name": "x"}}, "target_model.provider"),
    ],
)
@pytest.mark.parametrize(
    ("char", "words"),
    [("\u200b", "U+200B ZERO WIDTH SPACE"), ("\n", "U+000A LINE FEED"), ("\ud800", "U+D800"), ("\0", "U+0000 NULL")],
    ids=ascii,
)
def test_a_bad_character_is_named_wherever_it_stands(fields: Any, where: str, char: str, words: str) -> None:
    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return {put(key): put(inner) for key, inner in value.items()}
        return [put(inner) for inner in value] if isinstance(value, list) else value.replace("{}", char)

    ((found, message),) = refusals(**put(fields))
    assert found == put(where).encode(errors="surrogatepass").decode(errors="replace")
    assert words in message


def test_a_description_has_lines_and_no_other_controls() -> None:
    text = "First\n\tsecond \u200b\u2028 — ∑\r\n"
    asked = request(taxonomy={"A": {"x": {"description": text}}})
    assert asked.model_dump()["taxonomy"]["A"]["x"]["description"] == text
    for char, words in (("\0", "U+0000 NULL"), ("\x1b", "U+001B ESCAPE"), ("\udc00", "U+DC00 half")):
        ((_, message),) = refusals(taxonomy={"A": {"x": {"description": f"ab{char}"}}})
        assert message.startswith(f"must not hold {words}")
        assert message.endswith("(character 3)")


@pytest.mark.parametrize(
    "taxonomy",
    [
        {"A": ["x", "x "]},
        {"A": ["Équations", APART]},
        {"A": {"x": {}, "x\n": {}}},
        {"A": ["x"], " A": ["y"]},
        {"Équations": ["x"], APART: ["y"]},
    ],
    ids=ascii,
)
def test_two_spellings_of_one_name_are_told(taxonomy: Any) -> None:
    ((_, message),) = refusals(taxonomy=taxonomy)
    assert "twice, once with blanks around it or with its accents apart" in message


def test_names_that_differ_in_case_or_width_are_two() -> None:
    request(taxonomy={"A": ["x", "X", "ｘ"], "a": ["x"]})


@pytest.mark.parametrize("role", ["engineer", "checker", "target", "embedding", "judge"])
def test_configured_models_are_read_as_those_of_requests_are(role: str) -> None:
    trimmed = defaults_of(Settings(_env_file=None, **{f"{role}_model": " openai/gpt-4.1 \n"}))
    assert str(getattr(trimmed, role)) == "openai/gpt-4.1"
    with pytest.raises(ValueError, match=rf"(?is){role}_model.*U\+000A LINE FEED"):
        defaults_of(Settings(_env_file=None, **{f"{role}_model": "openai/gpt\n4.1"}))


def test_white_space_around_a_configured_model_goes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUMPER_TARGET_MODEL", " simulator/sim-weak \n")
    monkeypatch.setenv("STUMPER_JUDGE_MODEL", "\u00a0openai/a/b\r\n")
    settings = Settings(_env_file=None)
    assert (settings.target_model, settings.judge_model) == ("simulator/sim-weak", "openai/a/b")


def test_a_filter_is_read_as_a_name() -> None:
    assert BatchProblemsQuery(topic=" Roots\u3000").topic == "Roots"
    with pytest.raises(ValidationError, match=r"U\+0000 NULL"):
        BatchProblemsQuery(subject="a\0b")
