"""What the OpenAI SDK raises, and what errors say, as our faults.

Every class of the SDK's exceptions stands in a table; a test holds that against the SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import openai

from shared.errors import Fault, Permanent, Refused, Rejected, Transient
from shared.llm.connections import Connection
from shared.llm.meanings import (
    DECLINED,
    DOWN,
    LIMITED,
    THIS_REQUEST,
    TOO_LARGE,
    is_about_us,
)
from shared.llm.openai_words import Said, body_of, said
from shared.llm.retry_after import LONGEST, retry_after
from shared.llm.secrets import scrubbed
from shared.llm.wire import Empty, Lost, Unreached, Unsent

MAX_WORDS = 500  # characters of a provider's message
RACE = 1.0  # s; a request that a closing connection swallows hears so within a round trip

# the connection never stood, so nothing was sent
UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    httpx2.ConnectError,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)

# what a server does that has closed a connection which we still held
CLOSED = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError, BrokenPipeError)

# another protocol, or a body that cannot be unpacked
NO_HTTP = (aiohttp.ClientResponseError, httpx2.DecodingError)


@dataclass(frozen=True, slots=True)
class Source:
    """Whom a fault is about, and what must not be in its text."""

    name: str
    secret: str | None
    now: float  #: Unix seconds
    asked: str = ""  #: the address
    timeout: float = 0.0  #: s, of one request
    connection: Connection | None = None  #: where there may be no reply

    def scrubbed(self, text: str) -> str:
        """One line, at most `MAX_WORDS` characters, without the key or what looks like a part of one."""
        return scrubbed(text, self.secret)[:MAX_WORDS]

    def says(self, text: str) -> str:
        return f"{self.name}: {self.scrubbed(text)}"

    def at(self, text: str) -> str:
        """With the address that was asked, where that may be the mistake."""
        return self.says(text) + (f" (asked {self.scrubbed(self.asked)})" if self.asked else "")


def classify(error: Exception, source: Source) -> Fault:
    """The fault that this exception of a request means. Its text is fit for a user."""
    for kind in type(error).__mro__:
        if kind in FAULTS:
            return FAULTS[kind](error, source)
    return _connection(error, source)


def _status(error: Any, source: Source) -> Fault:
    heard = said(body_of(error.response.content))
    reason = heard.words or error.response.reason_phrase
    return fault_of(error.status_code, heard, f"{error.status_code} {reason}", error.response.headers, source)


def fault_in_reply(heard: Said, headers: Mapping[str, str], source: Source) -> Fault:
    """An error that came with a 200."""
    words = heard.words or heard.code or "an error without words"
    status = heard.status if heard.status and 400 <= heard.status < 600 else None
    if status and str(status) not in words:
        words = f"{status} {words}"
    return fault_of(status, heard, words, headers, source)


def fault_of(status: int | None, heard: Said, words: str, headers: Mapping[str, str], source: Source) -> Fault:
    """`status` None: the error came with a 200, and names none itself. Then its words decide."""
    about = heard.about
    text = source.at(words) if status in (404, 405) or (status or 400) < 400 else source.says(words)
    pause = min(heard.retry_after, LONGEST) if heard.retry_after else retry_after(headers, source.now)
    fault: Fault
    if DECLINED.search(about) and (status or 400) < 429:
        fault = Refused(source.scrubbed(heard.words))
    elif is_about_us(about, status) or (status is not None and (status in (401, 402, 403, 404) or status < 400)):
        fault = Permanent(text)
    elif status == 429 and TOO_LARGE.search(about):
        fault = Rejected(text)
    elif status == 429 or (status is None and LIMITED.search(about)):
        fault = Transient(text, pause, limited=True)
    elif status in (408, 409, 425) or (status or 0) >= 500 or (status is None and DOWN.search(about)):
        fault = Transient(text, pause)
    elif status is not None or THIS_REQUEST.search(about):
        fault = Rejected(text)
    else:
        fault = Empty(source.at(words))
    return fault


def _connection(error: Exception, source: Source) -> Fault:
    """Sent or not? The SDK's aiohttp transport calls a cut connection `ConnectTimeout`, so its causes decide."""
    causes: list[BaseException] = [error]
    while isinstance(cause := causes[-1].__cause__, Exception):  # a timeout's cause is a CancelledError
        causes.append(cause)
    last = causes[-1]
    told = f"{type(last).__name__}: {last}"
    if any(isinstance(cause, UNSENT) for cause in causes) or isinstance(last, httpx2.ConnectTimeout):
        return Unreached(source.says(f"cannot connect ({told})"))
    connection = source.connection or Connection()
    if connection.traced and not connection.stood:  # not within our own time, or the pool never gave it one
        return Unreached(source.says(f"cannot connect ({told})"))
    if connection.status and connection.status >= 400:  # an error whose words were lost on the way
        return fault_of(connection.status, Said(), f"{connection.status} ({told})", {}, source)
    if any(isinstance(cause, NO_HTTP) for cause in causes):
        return Empty(source.at(f"what it answered cannot be read ({told})"))
    if isinstance(last, TimeoutError | httpx2.TimeoutException):
        return Lost(source.says(f"no reply within {source.timeout:g} s, which is the limit (STUMPER_CALL_TIMEOUT)"))
    if connection.reused and connection.age < RACE and isinstance(last, CLOSED) and not _began_to_answer(last):
        return Unsent(source.says(f"it closed the connection between two requests ({told})"))
    return Lost(source.says(f"the connection broke off ({told})"))


def _began_to_answer(error: BaseException) -> bool:
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)


def _junk(error: Exception, source: Source) -> Fault:
    return Empty(source.at(f"the reply is not what was asked for ({type(error).__name__}: {error})"))


def _setup(error: Exception, source: Source) -> Fault:
    return Permanent(source.says(str(error) or type(error).__name__))


FAULTS: dict[type[BaseException], Callable[[Any, Source], Fault]] = {
    openai.APIStatusError: _status,
    openai.BadRequestError: _status,
    openai.AuthenticationError: _status,
    openai.OAuthError: _status,
    openai.PermissionDeniedError: _status,
    openai.NotFoundError: _status,
    openai.ConflictError: _status,
    openai.UnprocessableEntityError: _status,
    openai.RateLimitError: _status,
    openai.InternalServerError: _status,
    openai.APIConnectionError: _connection,
    openai.APITimeoutError: _connection,
    openai.APIError: _connection,
    openai.APIResponseValidationError: _junk,
    openai.LengthFinishReasonError: _junk,
    openai.ContentFilterFinishReasonError: _junk,
    # raised before anything is sent, or by parts of the SDK that we do not use
    openai.OpenAIError: _setup,
    openai.InvalidWebhookSignatureError: _setup,
    openai.WebSocketConnectionClosedError: _setup,
    openai.WebSocketQueueFullError: _setup,
}
