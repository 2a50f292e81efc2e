"""What happens to every request before a route sees it, and to every reply after."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors import Problem, printable, respond

log = logging.getLogger(__name__)

MAX_BODY = 8 * 1024 * 1024  #: bytes; ten thousand topics with descriptions fit
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
OPEN = frozenset(
    {"/", "/health", "/healthz", "/readyz", "/api/health", "/docs", "/docs/oauth2-redirect", "/openapi.json"}
)  #: paths that need no API key


class Edge:
    """Request id, trailing slash, API key, size limit, and a 500 for whatever nobody caught.

    Leaves in `request.state`: `request_id`, and `caller`, a digest of the API key that was used.
    """

    def __init__(self, app: ASGIApp, api_keys: list[str]) -> None:
        self.app = app
        self._keys = [key.encode() for key in api_keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers)
        scope.setdefault("state", {}).update(request_id=request_id, caller="")
        path: str = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope["path"] = path = path[:-1]
        began, status = time.perf_counter(), 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            if path not in OPEN:
                scope["state"]["caller"] = self._identify(headers)
            await self.app(scope, _limited(headers, receive), send_marked)
        except Problem as problem:
            await respond(scope, problem)(scope, receive, send_marked)
        except Exception:
            log.exception("%s %s", scope["method"], printable(path), extra={"request_id": request_id})
            if status:
                raise  # the reply has begun; only a broken connection can say that it is not whole
            failure = Problem(500, "something went wrong here; the log has it under this request id")
            await respond(scope, failure)(scope, receive, send_marked)
        finally:
            took = f"{(time.perf_counter() - began) * 1000:.1f}ms"
            extra = {"status": status, "took": took, "request_id": request_id}
            log.debug("%s %s", scope["method"], printable(path), extra=extra)

    def _identify(self, headers: Headers) -> str:
        """A digest of the caller's API key, "" where none is asked for. Raises a 401."""
        if not self._keys:
            return ""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        presented = token if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        offered = presented.strip().encode("latin-1", "replace")
        matches = [hmac.compare_digest(offered, key) for key in self._keys]  # all of them: equal time
        if not any(matches):
            detail = "the API key is not valid" if offered else "an API key is needed"
            raise Problem(
                401,
                f"{detail}: send `Authorization: Bearer …` or `X-API-Key`",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return hashlib.sha256(offered).hexdigest()


def request_id_of(headers: Headers) -> str:
    """The caller's where it is a sane token, else one of our own."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _limited(headers: Headers, receive: Receive) -> Receive:
    """`receive` that raises a 413 above `MAX_BODY`, before the body is read where its length is declared."""
    declared = headers.get("content-length", "")
    too_large = declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BODY)
    seen = 0

    async def receive_limited() -> Message:
        nonlocal seen
        message = None if too_large else await receive()
        if message is not None and message["type"] == "http.request":
            seen += len(message.get("body", b""))
        if message is None or seen > MAX_BODY:
            raise HTTPException(413, f"the body is above {MAX_BODY // 1024**2} MB")
        return message

    return receive_limited
