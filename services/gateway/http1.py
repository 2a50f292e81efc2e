"""The server's own answer to bytes that are no HTTP: a problem like every other error."""

from __future__ import annotations

import secrets

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.errors import MEDIA_TYPE, Problem, respond

WORDS = (
    "not a valid HTTP/1.1 request; in an address, blanks and all characters beyond ASCII are percent-encoded, "
    "as curl does with -G --data-urlencode"
)


class Http1(H11Protocol):
    def send_400_response(self, msg: str) -> None:
        """uvicorn's words, `msg`, say nothing of what to do."""
        request_id = secrets.token_hex(16)
        body = bytes(respond({"state": {"request_id": request_id}}, Problem(400, WORDS)).body)
        headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Content-Length", str(len(body))),
            ("X-Request-ID", request_id),
            ("Connection", "close"),
        ]
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
