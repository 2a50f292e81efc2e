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
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx2
from openai import APIStatusError, AsyncOpenAI, DefaultAioHttpClient, omit
from pydantic import BaseModel

from shared.contracts.envelope import ModelSpec
from shared.errors import Fault, Permanent, Refused, Rejected, Transient
from shared.llm.connections import CONNECTION, Connection, watched
from shared.llm.openai_bodies import answer_in
from shared.llm.openai_faults import Source, classify
from shared.llm.openai_replies import chat_answer, embedding
from shared.llm.openai_words import Said, body_of, error_within, said
from shared.llm.rules import Rules, learn, names_support, rules_for
from shared.llm.shapes import in_words, response_format
from shared.llm.wire import Adjusted, Answer, Charged, Unreached

A = TypeVar("A")

CONNECT = 4.0  # s to reach the provider: two lost packets; who is not there is to be told within 5
KNOCK = 10.0  # s for a provider's list of models
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
            http_client=watched(
                DefaultAioHttpClient(
                    limits=limits,
                    timeout=waits,
                    follow_redirects=False,  # a redirected POST would be sent twice
                    trust_env=not _is_local(parts.hostname),  # proxies
                )
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
        rules = self._rules_of(spec)
        if schema is not None and rules.structured != "schema":
            system = f"{system}\n\n{in_words(schema)}".strip()
        if system and not rules.system:
            system, user = "", f"{system}\n\n{user}"
        messages = [{"role": "user", "content": user}]
        if system:
            messages.insert(0, {"role": "system", "content": system})
        body = f'{{"messages":{json.dumps(messages)},{_tail(spec, schema, rules)}'
        try:
            return await self._send("/chat/completions", body, spec, chat_answer, rules)
        except Refused as refusal:  # a filter before the model: nothing was paid
            return Answer(str(refusal), "refused", 0, 0, paid=False)
        except Charged as charged:
            if not isinstance(charged.fault, Refused):
                raise
            return replace(charged.bill, text=str(charged.fault), finish="refused")

    async def embed(self, spec: ModelSpec, text: str) -> tuple[list[float], Answer]:
        rules = self._rules_of(spec)
        asked: dict[str, Any] = {"model": spec.model_name, "input": [text] if rules.listed else text}
        if rules.base64:
            asked["encoding_format"] = "base64"
        return await self._send("/embeddings", json.dumps(asked), spec, embedding, rules)

    async def knock(self, spec: ModelSpec) -> None:
        try:
            async with asyncio.timeout(KNOCK):
                await self._client.get(self._base + "/models", cast_to=httpx2.Response, options=self._options)
        except TimeoutError:
            problem: Exception = Unreached(f"{spec}: no word within {KNOCK:g} s")
        except Exception as error:
            problem = classify(error, self._source(spec, "/models"))
            if type(problem) is not Unreached:
                return  # somebody is there, if perhaps without such a list
        else:
            return
        raise problem

    async def close(self) -> None:
        await self._client.close()

    def _rules_of(self, spec: ModelSpec) -> Rules:
        rules = self._rules.get(spec.model_name)
        if rules is None:
            rules = self._rules.setdefault(spec.model_name, rules_for(spec.model_name))
        return rules

    async def _send(self, path: str, body: str, spec: ModelSpec, read: Callable[[Any], A], rules: Rules) -> A:
        connection = Connection()
        CONNECTION.set(connection)
        try:
            # the SDK's own timeout is for each chunk, so a reply that drips would never end
            async with asyncio.timeout(self._timeout):
                response = await self._client.post(
                    self._base + path, cast_to=httpx2.Response, content=body.encode("ascii"), options=self._options
                )
        except Exception as error:
            problem: Exception = classify(error, self._source(spec, path, connection))
            if isinstance(error, APIStatusError):
                problem = self._adjusted(problem, said(body_of(error.response.content)), spec, rules, path)
        else:
            try:
                return answer_in(response.content, response.headers, read, self._source(spec, path))
            except Charged as charged:
                problem = charged
            except Fault as fault:
                heard = error_within(body_of(response.content))
                problem = self._adjusted(fault, heard, spec, rules, path) if heard else fault
        # raised here, the SDK's exception, which holds the request and the key, does not travel with it
        raise problem.with_traceback(None)

    def _adjusted(self, fault: Exception, heard: Said, spec: ModelSpec, rules: Rules, path: str) -> Exception:
        """Adjusted where the error tells how to put the request otherwise, else the fault."""
        if not isinstance(fault, Rejected | Permanent | Transient) or getattr(fault, "limited", False):
            return fault
        now = self._rules_of(spec)
        if now == rules:  # a sibling may have learned it while we were asking
            words = heard.words.lower()
            if isinstance(fault, Rejected) or names_support(words):
                now = learn(rules, heard.param, heard.code, words, embeds=path == "/embeddings")
                self._rules[spec.model_name] = now
        return fault if now == rules else Adjusted(self._source(spec, path).scrubbed(heard.words))

    def _source(self, spec: ModelSpec, path: str, connection: Connection | None = None) -> Source:
        return Source(str(spec), self._secret, time.time(), self._base + path, self._timeout, connection)


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
