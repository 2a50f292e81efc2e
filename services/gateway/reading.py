"""How a body is read: as the JSON of RFC 7493, in which nothing can be lost without a word."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.gateway.errors import Problem, bad_field, printable


class StrictRequest(Request):
    async def json(self) -> Any:
        """Raises a 422 that says what keeps the body from being JSON."""
        if not hasattr(self, "_json"):
            self._json = read(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """For routers whose routes take a body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


def read(body: bytes) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_each_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise bad_field("body", f"not JSON: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise bad_field("body", "nested too deep") from None
    except json.JSONDecodeError as error:
        words = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise bad_field("body", words) from None
    except ValueError:
        raise bad_field("body", "holds a number of thousands of digits") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise bad_field(printable(twice), "is given twice in one object")
    return found


def _no_number(text: str) -> Problem:
    raise bad_field("body", f"not JSON: {text} is no number there")
