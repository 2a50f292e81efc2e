"""What FastAPI cannot say of the gateway by itself: its error shape and its API keys."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from services.gateway.edge import OPEN
from services.gateway.schemas.common import Reply, example_of

DESCRIPTION = """\
Makes maths problems that stump a model, and proves each one.

Errors are `application/problem+json` (RFC 9457). Every reply has `X-Request-ID`. Times are RFC 3339 in UTC, money is
in dollars, and null where a price is unknown. Paths work with and without a trailing slash.
"""


class FieldError(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    request_id: str


def install(app: FastAPI) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=app.openapi_tags
    )
    components = document.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.setdefault("schemas", {}).update(problem.pop("$defs"), Problem=problem)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    examples = _examples(Reply)
    for name, example in examples.items():
        if name in components["schemas"]:
            components["schemas"][name]["examples"] = [example]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path not in OPEN:
                operation["security"] = [{"bearer": []}, {"header": []}]
            _correct(operation["responses"], examples)
    return document


def _examples(model: type[BaseModel]) -> dict[str, Any]:
    """Schema name -> example, of this model and those made from it."""
    found: dict[str, Any] = {}
    for kind in model.__subclasses__():
        found |= _examples(kind)
        if "json_schema_extra" in kind.model_config:
            found[kind.__name__] = example_of(kind)
    return found


def _correct(responses: dict[str, Any], examples: dict[str, Any]) -> None:
    """Put the examples in, from which FastAPI would take the nulls; take its own error shape out."""
    for status, reply in list(responses.items()):
        for media in reply.get("content", {}).values():
            schema = media["schema"]
            schema = schema.get("anyOf", [schema])[0]  # of a page or a bare list, the page
            name = schema.get("$ref", schema.get("items", {}).get("$ref", "")).rpartition("/")[2]
            if name == "HTTPValidationError":
                del responses[status]
            elif name in examples:
                media.setdefault("example", examples[name] if "$ref" in schema else [examples[name]])
