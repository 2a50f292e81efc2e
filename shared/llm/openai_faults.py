"""What the OpenAI SDK raises, as our faults. Every class of it stands in a table; a test holds that against the SDK."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import openai

from shared.errors import Fault, Permanent, Refused, Rejected, Transient
from shared.llm.retry_after import retry_after
from shared.llm.wire import Lost

MAX_WORDS = 500  # characters of a provider's message

KEY_LIKE = re.compile(r"\b(?:sk|rk|pk|sess|key)-[\w*.…-]{3,}|\bBearer\s+\S+", re.IGNORECASE)

NO_QUOTA = re.compile(r"insufficient_quota|billing_hard_limit_reached|billing_not_active|account_deactivated")
NO_MODEL = re.compile(r"model_not_found|model.{0,200}does not exist|invalid model|unknown model", re.DOTALL)
DECLINED = re.compile(r"content_filter|content_policy_violation|invalid_prompt|responsibleaipolicyviolation")
TOO_LARGE = re.compile(r"request too large|context_length_exceeded|string_above_max_length")

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


@dataclass(frozen=True, slots=True)
class Source:
    """Whom a fault is about, and what must not be in its text."""

    name: str
    secret: str | None
    now: float  #: Unix seconds

    def scrubbed(self, text: str) -> str:
        """One line, at most `MAX_WORDS` characters, without the key or what looks like a part of one."""
        if self.secret:
            text = text.replace(self.secret, "[key]")
        return " ".join(KEY_LIKE.sub("[key]", text).split())[:MAX_WORDS]

    def says(self, text: str) -> str:
        return f"{self.name}: {self.scrubbed(text)}"


@dataclass(frozen=True, slots=True)
class Said:
    """An error's body, as far as it can be read."""

    words: str
    code: str  #: code and type, in lower case
    param: str  #: in lower case


def said(error: openai.APIStatusError) -> Said:
    body: Any = error.body
    if not isinstance(body, dict):
        text = str(body or "").strip()
        return Said("" if text.startswith("<") else text, "", "")
    words = body.get("message") or body.get("detail") or body.get("error") or ""
    code = f"{body.get('code') or ''} {body.get('type') or ''}".strip().lower()
    return Said(str(words), code, str(body.get("param") or "").lower())


def classify(error: Exception, source: Source) -> Fault:
    """The fault that this exception of a request means. Its text is fit for a user."""
    for kind in type(error).__mro__:
        if kind in FAULTS:
            return FAULTS[kind](error, source)
    return _connection(error, source)


def _status(error: Any, source: Source) -> Fault:
    status: int = error.status_code
    heard = said(error)
    about = f"{heard.code} {heard.words.lower()}"
    text = source.says(f"{status} {heard.words or error.response.reason_phrase}")
    fault: Fault
    if status in (401, 402, 403, 404) or status < 400 or NO_QUOTA.search(about):
        fault = Permanent(text)
    elif status == 429 and not TOO_LARGE.search(about):
        fault = Transient(text, retry_after(error.response.headers, source.now), limited=True)
    elif status in (408, 409, 425) or status >= 500:
        fault = Transient(text, retry_after(error.response.headers, source.now))
    elif status == 400 and NO_MODEL.search(about):
        fault = Permanent(text)
    elif DECLINED.search(about):
        fault = Refused(source.scrubbed(heard.words))
    else:
        fault = Rejected(text)
    return fault


def _connection(error: Exception, source: Source) -> Fault:
    """Sent or not? The SDK's aiohttp transport calls a cut connection `ConnectTimeout`, so its causes decide."""
    causes: list[BaseException] = [error]
    while isinstance(cause := causes[-1].__cause__, Exception):  # a timeout's cause is a CancelledError
        causes.append(cause)
    last = causes[-1]
    if any(isinstance(cause, UNSENT) for cause in causes) or isinstance(last, httpx2.ConnectTimeout):
        return Transient(source.says(f"cannot connect ({type(last).__name__}: {last})"))
    if isinstance(last, TimeoutError | httpx2.TimeoutException):
        return Lost(source.says("no reply in time"))
    return Lost(source.says(f"the connection broke off ({type(last).__name__}: {last})"))


def _junk(error: Exception, source: Source) -> Fault:
    return Lost(source.says(f"the reply is not what was asked for ({type(error).__name__}: {error})"))


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
