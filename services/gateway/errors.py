"""Every error leaves as RFC 9457 `application/problem+json`: {type, title, status, detail, errors?, request_id}."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from shared.errors import StoreUnavailable, Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: the same with a parameter that names JSON: older clients of these routes look for that text in the header
TEXT_MEDIA_TYPE = 'application/problem+json; fallback="application/json"'
TEXT_PATHS = (
    "/api/generate", "/api/result", "/api/job", "/api/validate", "/api/test-llm", "/api/augmentation", "/api/config",
    "/api/rate-limit-status", "/api/quality-stats",
)  # fmt: skip
RETRY_AFTER = {"Retry-After": "2"}
MAX_ERRORS = 50  # a body can hold a million mistakes; nobody reads more than these
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PLACES = frozenset({"body", "query", "path", "header"})


class Problem(HTTPException):
    """A request that is answered with an error. `errors` are (field, message) pairs.

    FastAPI lets an HTTPException through wherever it is raised, also while a body is read.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.status, self.errors = status, errors


def not_found(what: str, which: str) -> Problem:
    return Problem(404, f"there is no {what} {printable(which)!r}")


def bad_field(field: str, message: str) -> Problem:
    return Problem(422, f"{field}: {message}", [(field, message)])


def printable(text: str, limit: int = 200) -> str:
    """Text from a request, fit to be sent back: valid UTF-8 and not endless."""
    shown = text.encode("utf-8", "replace").decode()
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def respond(scope: Scope, problem: Problem) -> JSONResponse:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = [{"field": field, "message": message} for field, message in problem.errors]
    body["request_id"] = scope.get("state", {}).get("request_id")
    media_type = TEXT_MEDIA_TYPE if scope.get("path", "").startswith(TEXT_PATHS) else MEDIA_TYPE
    return JSONResponse(body, problem.status, problem.headers, media_type=media_type)


def install(app: FastAPI) -> None:
    """Have the app answer each kind of exception so. What is left becomes a 500 in `Edge`."""

    async def on_problem(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return respond(request.scope, error)

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return respond(request.scope, _of_framework(request, error))

    async def on_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return respond(request.scope, _of_validation(error.errors()))

    async def on_unavailable(request: Request, error: Exception) -> JSONResponse:
        log.warning("%s %s: %s", request.method, printable(request.scope["path"]), error)
        return respond(request.scope, _of_outage(error))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(Unavailable, on_unavailable)


def _of_outage(error: Exception) -> Problem:
    who = "the store" if isinstance(error, StoreUnavailable) else "NATS"
    return Problem(503, f"{who} does not answer; try again later", headers=RETRY_AFTER)


def _of_framework(request: Request, error: HTTPException) -> Problem:
    path = printable(request.scope["path"])
    if error.status_code == 405:
        allowed = {"Allow": ", ".join(method for method in METHODS if _serves(request, method))}
        return Problem(405, f"{printable(request.method)} is not possible at {path}", headers=allowed)
    detail = f"nothing is at {path}" if error.status_code == 404 else error.detail
    return Problem(error.status_code, detail, headers=error.headers)


def _serves(request: Request, method: str) -> bool:
    """Several routes may share a path; the framework names the methods of the first one only."""
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def _of_validation(found: Iterable[Mapping[str, Any]]) -> Problem:
    errors = list(dict.fromkeys((_field(error), _message(error)) for error in found))
    first, more = errors[0], len(errors) - 1
    detail = f"{first[0]}: {first[1]}" + (f" (and {more} more)" if more else "")
    return Problem(422, detail, errors[:MAX_ERRORS])


def _field(error: Mapping[str, Any]) -> str:
    """`taxonomy.Algebra.0`: the place as a user would write it, without pydantic's own marks."""
    where = [str(part) for part in error["loc"]]
    parts = where[1:] if where and where[0] in PLACES else where
    parts = [printable(part) for part in parts if part != "[key]" and not part.startswith("~")]
    return ".".join(parts) or (where[0] if where else "body")


def _message(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown field"
        case "missing":
            return "is required"
        case "model_attributes_type" | "model_type" if len(error["loc"]) == 1:
            return "must be a JSON object, sent as Content-Type: application/json"
    return printable(str(error["msg"]).removeprefix("Value error, "))
