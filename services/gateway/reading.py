"""How a body is read: nothing in it is lost without a word."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.gateway.errors import bad_field, printable
from shared import strict_json
from shared.strict_json import GivenTwice, NotJson


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
        return strict_json.read(body)
    except GivenTwice as error:
        raise bad_field(printable(error.key), str(error)) from None
    except NotJson as error:
        raise bad_field("body", str(error)) from None
