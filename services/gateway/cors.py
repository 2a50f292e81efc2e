"""Which web pages may read the gateway's replies (the Fetch standard's CORS protocol)."""

from __future__ import annotations

import json
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from services.gateway.edge import request_id_of
from services.gateway.errors import Problem, printable, respond

LOOPBACK = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?"  #: matched as a whole
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Cors(CORSMiddleware):
    """Pages of this machine, and of the origins that are named: where no API key is asked for, any page that may call
    the gateway may spend money. No credentials, and never `*`.

    The outermost layer: a preflight carries no API key, and a page must be able to read errors too.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_origin_regex=LOOPBACK,
            allow_methods=METHODS,
            allow_headers=["*"],
            allow_private_network=True,
            expose_headers=["X-Request-ID", "Location", "Retry-After"],
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        response: Response = super().preflight_response(request_headers)
        request_id = request_id_of(request_headers)
        if response.status_code != 200:
            kept = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
            response = respond({"state": {"request_id": request_id}}, self._refusal(request_headers, kept))
        response.headers["X-Request-ID"] = request_id
        return response

    def _refusal(self, request_headers: Headers, headers: dict[str, str]) -> Problem:
        origin, method = request_headers["origin"], request_headers["access-control-request-method"]
        if not self.is_allowed_origin(origin):
            words = (
                f"the origin {json.dumps(printable(origin))} is not allowed; STUMPER_CORS_ORIGINS names those that are"
            )
        else:
            words = f"the method {json.dumps(printable(method))} is not allowed; allowed are {', '.join(METHODS)}"
        return Problem(400, words, headers=headers)
