"""HTTP to the gateway. Whatever goes wrong becomes a Failure with words for the user and an exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from cli.exits import FAILED, UNREACHABLE, USAGE, Failure
from cli.known import known as read_settings
from cli.screen import clean
from shared.children import command_line
from shared.embedded import read_json
from shared.settings import Settings

TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # s


def gateway_url(known: Settings) -> str:
    """The one that is set explicitly, else that of the stack which runs on the data folder, else the default."""
    if "gateway_url" not in known.model_fields_set:
        stack = read_json(known.data_dir / "stack.json")
        if stack and command_line(int(stack["pid"])):
            return str(stack["gateway_url"])
    return known.gateway_url


class Gateway:
    """The gateway's routes, by method and path."""

    def __init__(self, url: str, api_key: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.url = url.rstrip("/")
        with self._failures():
            # trust_env off: a proxy for the world outside must not get what goes to our own gateway
            self._http = httpx.Client(
                base_url=self.url, headers=headers, timeout=TIMEOUT, transport=transport, trust_env=False
            )

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """The reply's JSON (None where it has none). Raises Failure."""
        with self._failures():
            reply = self._http.request(method, path, **arguments)
            _refuse(reply)
            return reply.json() if reply.content else None

    def lines(self, path: str, **arguments: Any) -> Iterator[str]:
        """A streamed reply of one JSON value a line (a text in it may hold what Unicode calls a line's end)."""
        accept = {"Accept": "application/x-ndjson"}
        with self._failures(), self._http.stream("GET", path, headers=accept, **arguments) as reply:
            if reply.is_error:
                reply.read()
            _refuse(reply)
            rest = b""
            for chunk in reply.iter_bytes():
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line.decode() for line in whole if line.strip())
            if rest.strip():
                yield rest.decode()

    def chunks(self, path: str, **arguments: Any) -> Iterator[bytes]:
        """A streamed reply as it comes."""
        with self._failures(), self._http.stream("GET", path, **arguments) as reply:
            if reply.is_error:
                reply.read()
            _refuse(reply)
            yield from reply.iter_bytes()

    def close(self) -> None:
        self._http.close()

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Failure(f"{self.url} is no address: {error}", USAGE) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Failure(
                f"no gateway answers at {self.url}; start one with `stumper up`, or name it with --gateway",
                UNREACHABLE,
            ) from error
        except (httpx.HTTPError, ValueError) as error:
            raise Failure(f"the gateway at {self.url} broke off: {clean(error)}", UNREACHABLE) from error


def connect(data: Path | None = None, url: str | None = None) -> Gateway:
    """The gateway that the options, the environment or the data folder name."""
    known = read_settings()
    if data is not None:
        known = known.model_copy(update={"data_dir": data})
    return Gateway(url or gateway_url(known), known.api_keys[0] if known.api_keys else None)


def _refuse(reply: httpx.Response) -> None:
    """Raises Failure for an error reply, with one line for each field that it names."""
    if not reply.is_error:
        return
    try:
        problem = reply.json()
    except ValueError:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    lines = [
        f"{clean(error.get('field', ''))}: {clean(error.get('message', ''))}"
        for error in problem.get("errors") or []
        if isinstance(error, dict)
    ]
    if not lines:
        lines = [clean(problem.get("detail") or problem.get("title") or f"HTTP {reply.status_code}")]
    if reply.status_code >= 500 and (request_id := reply.headers.get("X-Request-ID")):
        lines.append(f"request id: {clean(request_id)}")
    code = {400: USAGE, 422: USAGE, 502: UNREACHABLE, 503: UNREACHABLE, 504: UNREACHABLE}.get(reply.status_code)
    raise Failure("\n".join(lines), FAILED if code is None else code)
