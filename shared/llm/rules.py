"""What a model takes in a request. A table for those known; the rest is learned from a provider's refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rules:
    """How to put a request to a model."""

    structured: Literal["schema", "object", "text"] = "schema"  #: how a shape is asked for
    temperature: bool = True
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"  #: the name of the cap


REASONING = Rules(temperature=False, limit="max_completion_tokens")

# the first pattern that fits a model's name, without `ft:` or a vendor's prefix
TABLE = tuple(
    (re.compile(pattern), rules)
    for pattern, rules in (
        (r"gpt-5(\.\d+)?-chat", Rules(limit="max_completion_tokens")),
        (r"o\d|gpt-[5-9]|codex", REASONING),
        (r"gpt-4o-2024-05-13|chatgpt-4o|gpt-4-turbo|gpt-4-\d{4}-preview|gpt-3\.5", Rules("object")),
        (r"gpt-4(-0\d{3}|-32k.*)?$", Rules("text")),
    )
)


def rules_for(model_name: str) -> Rules:
    name = model_name.removeprefix("ft:").rsplit("/", 1)[-1]
    return next((rules for pattern, rules in TABLE if pattern.match(name)), Rules())


def learn(rules: Rules, param: str, code: str, words: str) -> Rules:
    """The rules after a 400 that refused a request made by `rules`; the same where it was refused for another reason.

    `param`, `code` and `words` are the error's own, in lower case.
    """
    unsupported = "unsupported" in code or any(
        word in words for word in ("unsupported", "not support", "unrecognized", "unknown", "not permitted")
    )
    about = param or words
    if rules.structured != "text" and any(
        name in f"{param} {words}" for name in ("response_format", "json_schema", "json_object", "json mode")
    ):
        return replace(rules, structured="object" if rules.structured == "schema" else "text")
    if not unsupported:
        return rules
    if rules.temperature and "temperature" in about:
        return replace(rules, temperature=False)
    if rules.limit == "max_tokens" and "max_tokens" in about:
        return replace(rules, limit="max_completion_tokens")
    if rules.limit == "max_completion_tokens" and "max_completion_tokens" in about:
        return replace(rules, limit="max_tokens")
    return rules
