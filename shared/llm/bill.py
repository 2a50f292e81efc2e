"""What a call is put on the bill with. Nothing in here may raise: what it is about has been paid."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from shared.contracts.envelope import ModelSpec
from shared.contracts.price import Price
from shared.llm import prices
from shared.llm.wire import Answer

CHARS_PER_TOKEN = 4  # where nobody counted
FAR_BELOW = 16  # characters a token, on average: no text has fewer tokens
OVER_THE_CAP = 2  # times `max_tokens`, and
SLACK = 1000  # tokens more, that a reply may have: servers count thinking in different ways
GUESSED_OUTPUT = 1000  # tokens of a lost reply, where there was no other yet

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply that was paid for. `cost` is in nano-dollars, None where the price is unknown; `latency` in seconds."""

    text: str
    finish: str  #: `stop`, `length`, `refused`, `timeout` (lost), `error`, or another word of the provider's
    input_tokens: int
    output_tokens: int
    estimated: bool  #: the tokens are our guess
    cost: int | None
    latency: float
    cached_tokens: int = 0  #: of the input
    thinking: str = ""  #: see `Answer`
    elsewhere: tuple[tuple[str, str], ...] = ()

    def with_text(self, text: str) -> Self:
        return replace(self, text=text)


class Bill:
    """Prices replies. `own`: the user's prices by `provider/model`."""

    def __init__(self, own: Mapping[str, Price]) -> None:
        self._own = own

    def prepare(self, spec: ModelSpec) -> None:
        """Load the price list before a call, so that nothing need be opened after it."""
        self._cost(spec, 0, 0, 0, 0.0, "")

    def reply(self, spec: ModelSpec, answer: Answer, sent: int, at: float, latency: float) -> RawReply:
        """`sent`: characters. Tokens that cannot be true are estimated."""
        if not answer.paid:
            return RawReply(answer.text, answer.finish, 0, 0, False, 0, latency)
        inputs, outputs = answer.input_tokens, answer.output_tokens
        estimated = False
        if inputs is None or inputs * FAR_BELOW < sent:
            inputs, estimated = tokens(sent), True
        if outputs is None or _too_few(outputs, answer.text) or _too_many(outputs, spec.max_tokens):
            outputs, estimated = tokens(_written(answer)), True
        cached = max(0, min(answer.cached_tokens, inputs))
        cost = answer.cost
        if cost is None:
            cost = self._cost(spec, inputs, outputs, cached, at, answer.model)
        return RawReply(
            answer.text,
            answer.finish,
            inputs,
            outputs,
            estimated,
            cost,
            latency,
            cached,
            answer.thinking,
            answer.elsewhere,
        )

    def lost(self, spec: ModelSpec, sent: int, at: float, latency: float, *, usual: float, embeds: bool) -> RawReply:
        """A request whose reply never came. `usual`: output tokens of this model's replies, 0 where there was none."""
        inputs = tokens(sent)
        outputs = 0 if embeds else min(int(usual) or GUESSED_OUTPUT, spec.max_tokens or GUESSED_OUTPUT + int(usual))
        return RawReply("", "timeout", inputs, outputs, True, self._cost(spec, inputs, outputs, 0, at, ""), latency)

    def _cost(self, spec: ModelSpec, inputs: int, outputs: int, cached: int, at: float, replied: str) -> int | None:
        try:
            return prices.cost(spec, inputs, outputs, at, cached_tokens=cached, replied=replied, own=self._own)
        except Exception:  # whatever it is: an unknown price is better than a reply that was paid and is lost
            log.exception("cannot price a call", extra={"model": str(spec)})
            return None


def _written(answer: Answer) -> int:
    """Characters; what was thought is among the other places only where there is no text."""
    thinking = 0 if any(text == answer.thinking for _, text in answer.elsewhere) else len(answer.thinking)
    return len(answer.text) + thinking + sum(len(text) for _, text in answer.elsewhere)


def tokens(characters: int) -> int:
    return -(-characters // CHARS_PER_TOKEN)


def _too_few(outputs: int, text: str) -> bool:
    if outputs * FAR_BELOW >= len(text):
        return False
    return outputs * FAR_BELOW < len(" ".join(text.split()))  # a run of blanks may be one token


def _too_many(outputs: int, cap: int | None) -> bool:
    return cap is not None and outputs > OVER_THE_CAP * cap + SLACK
