"""OpenAI's wire format, through its SDK.

The SDK does the wire and nothing else: its retries are off. Requests go through its generic `post` with a body that
we have made, and replies are read from the raw body: `chat.completions.create` walks every field of both through
type annotations, which is half of its time (1.35 ms a call against 0.6).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx2
from openai import AsyncOpenAI, DefaultAioHttpClient, omit
from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Refused
from shared.llm.openai_faults import Source, classify, said
from shared.llm.openai_replies import chat_answer, embedding
from shared.llm.rules import Rules, learn, rules_for
from shared.llm.shapes import in_words, response_format
from shared.llm.wire import Adjusted, Answer, Lost

A = TypeVar("A")

CONNECT = 10.0  # s to reach the provider
IDLE = 4.0  # s that a connection is kept; vLLM's server closes after 5, and what is sent at that moment is lost

# the SDK describes itself and our machine in these, for each request: leaving them out saves a seventh of its work
TELLTALES = "Lang Package-Version OS Arch Runtime Runtime-Version Async Retry-Count Read-Timeout"
LEAN = {f"X-Stainless-{name}": omit for name in TELLTALES.split()}

logging.getLogger("httpx2").setLevel(logging.WARNING)  # it writes a line for each request


class OpenAIWire:
    """One provider with one key; belongs to the event loop that it is first used in."""

    def __init__(self, base_url: str, key: str | None, *, timeout: float, connections: int) -> None:
        """`timeout`: seconds for one request. `key` None: the server asks for none."""
        parts = urlsplit(base_url)
        self._secret = key
        self._base = urlunsplit(parts._replace(query="", fragment="")).rstrip("/")
        self._timeout = timeout
        self._rules: dict[str, Rules] = {}
        limits = httpx2.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE
        )
        waits = httpx2.Timeout(timeout, connect=CONNECT, pool=CONNECT + timeout)
        self._client = AsyncOpenAI(
            api_key=key or "none",
            base_url=self._base,
            default_query=dict(parse_qsl(parts.query)),
            max_retries=0,
            timeout=waits,
            http_client=DefaultAioHttpClient(
                limits=limits,
                timeout=waits,
                follow_redirects=False,  # a redirected POST would be sent twice
                trust_env=not _is_local(parts.hostname),  # proxies
            ),
        )
        # all that have a default are given, which spares the SDK copying its own for each request
        self._options: Any = {
            "security": {"bearer_auth": True},
            "headers": LEAN,
            "params": {},
            "max_retries": 0,
            "timeout": waits,
        }

    async def complete(self, spec: ModelSpec, system: str, user: str, schema: type[BaseModel] | None) -> Answer:
        rules = self._rules.get(spec.model_name)
        if rules is None:
            rules = self._rules.setdefault(spec.model_name, rules_for(spec.model_name))
        if schema is not None and rules.structured != "schema":
            system = f"{system}\n\n{in_words(schema)}".strip()
        messages = [{"role": "user", "content": user}]
        if system:
            messages.insert(0, {"role": "system", "content": system})
        body = f'{{"messages":{json.dumps(messages)},{_tail(spec, schema, rules)}'
        try:
            return await self._send("/chat/completions", body, spec, chat_answer, rules)
        except Refused as refusal:  # a filter before the model: nothing was paid
            return Answer(str(refusal), "refused", 0, 0)

    async def embed(self, spec: ModelSpec, text: str) -> tuple[list[float], Answer]:
        body = json.dumps({"model": spec.model_name, "input": text, "encoding_format": "base64"})
        return await self._send("/embeddings", body, spec, embedding, None)

    async def close(self) -> None:
        await self._client.close()

    async def _send(self, path: str, body: str, spec: ModelSpec, read: Callable[[Any], A], rules: Rules | None) -> A:
        try:
            # the SDK's own timeout is for each chunk, so a reply that drips would never end
            async with asyncio.timeout(self._timeout):
                response = await self._client.post(
                    self._base + path, cast_to=httpx2.Response, content=body.encode("ascii"), options=self._options
                )
        except Exception as error:
            problem: Exception = self._fault(error, spec, rules)
        else:
            try:
                return read(json.loads(response.content))
            except Exception:  # whatever it is, this body cannot be read
                what = response.text[:200]
                problem = Lost(self._source(spec).says(f"its reply is not what was asked for: {what}"))
        # raised here, the SDK's exception, which holds the request and the key, does not travel with it
        raise problem

    def _fault(self, error: Exception, spec: ModelSpec, rules: Rules | None) -> Exception:
        if rules is not None and getattr(error, "status_code", None) in (400, 422):
            heard = said(error)  # type: ignore[arg-type]
            now = self._rules[spec.model_name]
            if now == rules:  # a sibling may have learned it while we were asking
                now = self._rules[spec.model_name] = learn(rules, heard.param, heard.code, heard.words.lower())
            if now != rules:
                return Adjusted(self._source(spec).scrubbed(heard.words))
        return classify(error, self._source(spec))

    def _source(self, spec: ModelSpec) -> Source:
        return Source(str(spec), self._secret, time.time())


@lru_cache(maxsize=256)
def _tail(spec: ModelSpec, schema: type[BaseModel] | None, rules: Rules) -> str:
    """All of a request but its messages, which is the same for many, as the rest of a JSON object."""
    rest: dict[str, Any] = {"model": spec.model_name}
    if spec.temperature is not None and rules.temperature:
        rest["temperature"] = spec.temperature
    if spec.max_tokens is not None:
        rest[rules.limit] = spec.max_tokens
    if schema is not None and rules.structured == "schema":
        rest["response_format"] = response_format(schema)
    elif schema is not None and rules.structured == "object":
        rest["response_format"] = {"type": "json_object"}
    return json.dumps(rest)[1:]


def _is_local(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
