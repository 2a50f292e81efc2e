"""What an error says, wherever it stands: servers of this wire format wrap their errors in a dozen ways, put them into
a 200, a list, a plain text or a choice, and write codes as numbers, words or texts of digits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.llm.retry_after import duration

DEEPEST = 4  # wrappings
LONGEST = 2000  # characters of an error's words that are looked at

# a status that stands in the body in words: Google's, and the types of OpenAI's and Anthropic's errors
STATUSES = {
    "unauthenticated": 401, "authentication_error": 401, "invalid_api_key": 401, "unauthorized": 401,
    "billing_error": 402, "payment_required": 402,
    "permission_denied": 403, "permission_error": 403, "forbidden": 403,
    "not_found": 404, "not_found_error": 404,
    "resource_exhausted": 429, "rate_limit_error": 429, "rate_limit_exceeded": 429, "too_many_requests": 429,
    "invalid_argument": 400, "failed_precondition": 400, "invalid_request_error": 400, "badrequesterror": 400,
    "internal": 500, "server_error": 500, "api_error": 500, "internal_server_error": 500, "internalservererror": 500,
    "unavailable": 503, "service_unavailable": 503, "overloaded_error": 529, "overloaded": 529,
    "deadline_exceeded": 504, "timeout": 504, "timeout_error": 504,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """An error, as far as it can be read."""

    words: str = ""
    code: str = ""  #: code, type and status as they stand there, in lower case
    param: str = ""  #: in lower case
    status: int | None = None  #: HTTP's, where the body names one
    retry_after: float | None = None  #: s

    @property
    def about(self) -> str:
        return f"{self.code} {self.words.lower()}"


def body_of(content: bytes) -> Any:
    """JSON where it is JSON, else its text; pages of HTML and binaries are of no use to anybody."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        text = content[: 4 * LONGEST].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") or "\0" in text else text


def said(body: Any) -> Said:
    """What the body of an error says."""
    return _read(body, DEEPEST)


def error_within(body: Any) -> Said | None:
    """The error in a body that should have been a reply; None where it holds none.

    It may stand in the place of the reply, beside it, in a list, or in a choice.
    """
    if isinstance(body, list):
        return next((found for item in body[:3] if isinstance(item, dict) and (found := error_within(item))), None)
    if isinstance(body, str):  # plain text, or a JSON string
        return Said(body[:LONGEST]) if body.strip() else None
    if not isinstance(body, dict):
        return None
    if body.get("error"):
        return said(body)
    choice = _first(body.get("choices"))
    for place in (choice, choice.get("message")):
        if isinstance(place, dict) and place.get("error"):
            return said(place)
    if choice.get("finish_reason") == "error":
        return Said("the reply ended with an error")
    if choice or _first(body.get("data")):
        return None
    names_one = any(body.get(name) for name in ("detail", "message", "errors", "msg", "error_message", "error_msg"))
    return said(body) if names_one or body.get("object") == "error" or body.get("type") == "error" else None


def _first(items: Any) -> dict[str, Any]:
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _read(body: Any, depth: int) -> Said:
    if isinstance(body, list):
        body = next((item for item in body if item), "")
    if not isinstance(body, dict):
        return Said("" if body is None or isinstance(body, bool) else str(body)[:LONGEST])
    inner = next((body[name] for name in ("error", "errors", "detail", "message") if body.get(name)), None)
    if isinstance(inner, list | dict) and depth:
        found = _read(inner, depth - 1)
    else:
        found = Said(_text(body, "message", "msg", "detail", "error", "error_message", "error_msg", "title"))
    codes = [found.code, *(str(body[name]).lower()[:100] for name in CODES if _plain(body.get(name)))]
    where = body.get("param") or body.get("loc") or ""
    return Said(
        found.words + _raw(body),
        " ".join(filter(None, codes)),
        found.param or (".".join(map(str, where)) if isinstance(where, list) else str(where))[:200].lower(),
        found.status or next(_statuses(body), None),
        found.retry_after or _delay(body),
    )


CODES = ("code", "status", "type", "status_code", "error_code", "http_status", "statusCode")


def _plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _text(body: dict[str, Any], *names: str) -> str:
    return next((str(body[name])[:LONGEST] for name in names if _plain(body.get(name))), "")


def _statuses(body: dict[str, Any]) -> Iterator[int]:
    for name in CODES:
        value = body.get(name)
        if not _plain(value):
            continue
        text = str(value).strip().lower()
        if text.isascii() and text.isdigit() and len(text) == 3:
            yield int(text)
        elif (known := STATUSES.get(text)) is not None:
            yield known


def _raw(body: dict[str, Any]) -> str:
    """What the provider behind a router said."""
    metadata = body.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f": {raw[:500]}" if isinstance(raw, str) and raw else ""


def _delay(body: dict[str, Any]) -> float | None:
    """Google's `RetryInfo`."""
    details = body.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(text := detail.get("retryDelay"), str):
            return duration(text)
    return None
