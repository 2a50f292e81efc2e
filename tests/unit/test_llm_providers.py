"""The table of providers, the rules of models, shapes, and the faults that the SDK's exceptions mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import jsonschema  # type: ignore[import-untyped]
import openai
import pytest
from openai import OpenAIError
from pydantic import BaseModel, Field

from shared.llm import openai_faults, providers
from shared.llm.openai_faults import FAULTS, Source
from shared.llm.retry_after import duration, retry_after
from shared.llm.rules import Rules, learn, rules_for
from shared.llm.shapes import in_words, response_format
from shared.settings import Settings

# providers


def settings(**more: Any) -> Settings:
    return Settings(_env_file=None, **{"openai_api_key": None, **more})


def test_names_are_sorted_and_the_simulator_needs_nothing() -> None:
    assert providers.names() == ["openai", "simulator"]
    assert providers.configured("simulator", settings()) is None


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_missing_key_is_named(key: str | None) -> None:
    assert providers.configured("openai", settings(openai_api_key=key)) == "OPENAI_API_KEY is not set"
    assert providers.configured("openai", settings(openai_api_key="sk-x")) is None


def test_an_unknown_provider_hears_which_are_known() -> None:
    assert providers.configured("opnai", settings()) == "there is no provider 'opnai'; known are openai, simulator"


# the SDK's exceptions

# never raised by a request of ours, and mapped by their parent
NOT_OURS = {
    "SubjectTokenProviderError", "StreamAlreadyConsumed", "MutuallyExclusiveAuthError", "APIRemovedInV1",
    "_AmbiguousModuleClientUsageError", "MissingDependencyError", "AgentOutputParseError", "AgentTurnResultError",
    "AgentFilePreparationError", "AgentFileStagingError",
}  # fmt: skip


def subclasses(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(subclasses(child) for child in type.__subclasses__(kind)))


def test_every_exception_of_the_sdk_is_mapped() -> None:
    exported = [getattr(openai, name) for name in openai.__all__]
    kinds = {kind for kind in exported if isinstance(kind, type) and issubclass(kind, Exception)}
    kinds |= {kind for kind in subclasses(OpenAIError) if kind.__module__.startswith("openai")}
    unmapped = {kind.__name__ for kind in kinds if kind not in FAULTS}
    assert unmapped <= NOT_OURS


@pytest.mark.parametrize(
    ("url", "needs_key"),
    [
        ("https://api.openai.com/v1", True),
        ("https://API.OpenAI.com./v1/", True),
        ("https://eu.api.openai.com/v1", True),
        ("http://127.0.0.1:11434/v1", False),
        ("http://[::1]:8000/v1", False),
        ("http://localhost:1234", False),
        ("http://ollama:11434/v1", False),
        ("https://openai.com.example.org/v1", False),
        ("https://myopenai.com/v1", False),
    ],
)
def test_a_server_of_ones_own_needs_no_key(url: str, needs_key: bool) -> None:
    assert (providers.configured("openai", settings(openai_base_url=url)) is not None) == needs_key
    assert providers.configured("openai", settings(openai_base_url=url, openai_api_key="sk-x")) is None


def test_faults_name_the_model_and_hold_no_key() -> None:
    source = Source("openai/gpt-4o", "a-very-secret-key", 0.0)
    fault = openai_faults.classify(OpenAIError("broken setup with a-very-secret-key"), source)
    assert str(fault) == "openai/gpt-4o: broken setup with [key]"


# when to come back


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360), ("1h2m3.5s", 3723.5), ("20ms", 0.02), ("1d", 86400), ("12", 12), ("0", 0), (" 1S ", 1),
     ("", None), ("soon", None), ("6m later", None), ("-5", None), ("nan", None), ("inf", None)],
)  # fmt: skip
def test_durations(text: str, seconds: float | None) -> None:
    assert duration(text) == seconds


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "Mon, 01 Jun 2026 12:01:00 GMT"}, 60),
        ({"retry-after": "Mon, 01 Jun 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "2m"}, 120),
        ({"retry-after": "-3", "x-ratelimit-reset-tokens": "2s"}, 2),
        ({"retry-after": "Mon, 99 Jun 2026"}, None),
        ({"x-ratelimit-reset-requests": "9s", "x-ratelimit-reset-tokens": "2s"}, 2),
        ({"x-ratelimit-reset-requests": "9s", "x-ratelimit-remaining-requests": "0",
          "x-ratelimit-reset-tokens": "2s", "x-ratelimit-remaining-tokens": "0"}, 9),
        ({"x-ratelimit-reset-requests": "9s", "x-ratelimit-remaining-requests": "8"}, None),
    ],
)  # fmt: skip
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOON) == seconds


# rules


def test_rules_of_known_models() -> None:
    assert rules_for("gpt-4o-mini") == rules_for("sim-strong") == rules_for("gpt-4.1") == Rules()
    assert not rules_for("o4-mini-2025-04-16").temperature
    assert rules_for("gpt-5.1-chat-latest").temperature
    assert rules_for("gpt-4-0613").structured == "text"
    assert rules_for("gpt-4o-2024-05-13").structured == "object"
    assert rules_for("olmo-7b") == Rules()


@pytest.mark.parametrize(
    ("param", "code", "words"),
    [
        ("", "", "too long"),
        ("", "", "the system message and the prompt are too long"),
        ("temperature", "", "must be below 2"),
        ("", "", "unknown field: max_tokenz"),
    ],
)
def test_nothing_is_learned_from_another_refusal(param: str, code: str, words: str) -> None:
    assert learn(Rules(), param, code, words) == Rules()


def test_text_is_the_last_resort() -> None:
    assert learn(Rules("text"), "response_format", "", "response_format unsupported") == Rules("text")


# shapes


class Part(BaseModel):
    name: str = Field(description="its name", min_length=1)
    kind: Literal["a", "b"] | None = None


class Whole(BaseModel):
    title: str = ""  # a field called as a word of the schema language
    default: int = 3
    part: Part = Field(description="dropped beside a reference")
    parts: list[Part] = []


class Tree(BaseModel):
    children: list[Tree] = []


class Open(BaseModel):
    hints: dict[str, str] | None = None
    anything: dict[str, Any] = {}


def objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in objects(item)]
    if not isinstance(node, dict):
        return []
    own = [node] if isinstance(node.get("properties"), dict) and node.get("type") == "object" else []
    return own + objects(list(node.values()))


@pytest.mark.parametrize("reply", [Part, Whole, Tree])
def test_a_strict_schema_requires_all_and_allows_no_more(reply: type[BaseModel]) -> None:
    sent = response_format(reply)["json_schema"]
    assert sent["strict"] is True
    jsonschema.Draft202012Validator.check_schema(sent["schema"])
    for node in objects(sent["schema"]):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
    assert "minLength" not in str(sent)
    assert response_format(reply) is response_format(reply)


def test_a_strict_schema_keeps_fields_descriptions_and_null() -> None:
    schema = response_format(Whole)["json_schema"]["schema"]
    assert list(schema["properties"]) == ["title", "default", "part", "parts"]
    assert schema["properties"]["part"] == {"$ref": "#/$defs/Part"}
    part = schema["$defs"]["Part"]
    assert part["properties"]["name"] == {"type": "string", "description": "its name"}
    assert {"type": "null"} in part["properties"]["kind"]["anyOf"]
    jsonschema.validate({"title": "", "default": 1, "part": {"name": "x", "kind": None}, "parts": []}, schema)


def test_open_mappings_are_not_strict() -> None:
    sent = response_format(Open)["json_schema"]
    assert sent["strict"] is False
    jsonschema.validate({"hints": {"0": "x"}, "anything": {"y": 1}}, sent["schema"])
    assert "required" not in sent["schema"]


def test_shapes_in_words() -> None:
    assert '{"name": string, "kind": "a" | "b" or null}' in in_words(Part)
    assert '"hints": {…: string} or null' in in_words(Open)
    assert '"parts": [{"name"' in in_words(Whole)
    assert "…" in in_words(Tree)
