"""The OpenAPI document: valid, an example for each operation, and examples that are true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate
from pydantic import BaseModel

from services.gateway.app import create_app
from services.gateway.schemas.augmentation import AugmentRequest
from services.gateway.schemas.generation import GenerationRequest
from services.gateway.schemas.targets import TargetRequest
from services.gateway.schemas.text import AnyRequest, EnhancedRequest, TextRequest
from services.gateway.schemas.trial import TrialBody
from shared.settings import Settings

BODIES: dict[str, type[BaseModel]] = {
    "post /api/generation": GenerationRequest,
    "post /api/batches/{batch_id}/augment": AugmentRequest,
    "patch /api/batches/{batch_id}/target-model": TargetRequest,
    "post /api/generate": TextRequest,
    "post /api/generate-enhanced": EnhancedRequest,
    "post /api/generate-augmented": EnhancedRequest,
    "post /api/test-llm": TrialBody,
    "post /api/validate": AnyRequest,
}
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(settings: Settings) -> dict[str, Any]:
    return create_app(settings).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, found in document["paths"].items():
        for method in METHODS & found.keys():
            yield f"{method} {path}", found[method]


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_all_routes_of_the_contract_are_there(document: dict[str, Any]) -> None:
    assert {name for name, _ in operations(document)} == {
        "post /api/generation", "get /api/generation/status/{batch_id}", "post /api/generation/{batch_id}/cancel",
        "get /api/batches", "get /api/batches/{batch_id}", "delete /api/batches/{batch_id}",
        "get /api/batches/problems/count", "post /api/batches/{batch_id}/augment",
        "patch /api/batches/{batch_id}/target-model", "get /api/batches/{batch_id}/matrix",
        "post /api/generate", "post /api/generate-enhanced", "post /api/generate-augmented",
        "get /api/augmentation/strategies", "get /api/result/{job_id}", "delete /api/job/{job_id}", "get /api/jobs",
        "get /api/job/{job_id}/export", "post /api/validate", "get /api/config", "get /api/rate-limit-status",
        "get /api/quality-stats", "get /api/test-llm", "post /api/test-llm",
        "get /api/problems", "get /api/problems/all", "get /api/problems/problem/{problem_id}",
        "get /api/problems/batch/{batch_id}/problems",
        "get /", "get /health", "get /healthz", "get /readyz", "get /api/health",
        "get /api/dead", "get /api/dead/{letter_id}", "post /api/dead/{letter_id}/replay",
        "delete /api/dead/{letter_id}",
    }  # fmt: skip


def test_every_operation_has_a_summary_and_an_example_of_each_reply(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert any(status.startswith("2") for status in operation["responses"]), name
        for status, reply in operation["responses"].items():
            if status not in ("204", "307"):
                assert reply["content"], (name, status)
                assert all("example" in media for media in reply["content"].values()), (name, status)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                assert parameter["examples"], (name, parameter["name"])
        if body := operation.get("requestBody"):
            assert all(media["examples"] for media in body["content"].values()), name


def test_the_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        replies = [media for reply in operation["responses"].values() for media in reply.get("content", {}).values()]
        for media in replies:
            check(document, media["schema"], media["example"], name)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for example in media["examples"].values():
                check(document, media["schema"], example["value"], name)
                BODIES[name].model_validate(example["value"])


def check(document: dict[str, Any], schema: dict[str, Any], example: Any, name: str) -> None:
    validator = Draft202012Validator(schema | {"components": document["components"]})
    assert [error.message for error in validator.iter_errors(example)] == [], name
