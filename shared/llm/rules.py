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
    system: bool = True  #: False: what would be its system message stands before the user's
    base64: bool = True  #: vectors may be asked for as base64
    listed: bool = False  #: a text to embed is sent as a list of one


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


UNSUPPORTED = re.compile(
    r"unsupported|not support|unrecognized|unknown|not permitted|not allowed|deprecated|not enabled"
    r"|only .{0,40}(allowed|supported)|unexpected|extra[_ ](inputs|fields|forbidden)|not implemented|unavailable"
)
SHAPE = re.compile(
    r"response_?format|json_schema|json_object|json[ _](mode|schema|object)|structured[ _-]output|response_?schema"
    r"|guided[ _](json|decoding)|grammar"
)
SYSTEM = re.compile(
    r"system[ _'`\"]*(role|message|prompt|instruction)|role[ s:=]*['`\"]?system|['`\"]system['`\"]|messages\[0\]\.role"
    r"|developer (instruction|message|role)"
)
TWO_ROLES = re.compile(
    r"roles must alternate|only (the )?['`\"]?user['`\"]? and ['`\"]?assistant|should be ['`\"]user['`\"]"
)
VECTORS = re.compile(r"encoding_?format|base64")
LIST = re.compile(r"\b(list|array|sequence)\b")


def names_support(words: str) -> bool:
    """Do an error's words, in lower case, say that something is not supported?"""
    return UNSUPPORTED.search(words) is not None


def learn(rules: Rules, param: str, code: str, words: str, *, embeds: bool = False) -> Rules:
    """The rules after an error that refused a request made by `rules`; the same where it was for another reason.

    `param`, `code` and `words` are the error's own, in lower case.
    """
    everything = f"{param} {words}"
    if embeds:
        if rules.base64 and VECTORS.search(everything):
            return replace(rules, base64=False)
        if not rules.listed and "input" in everything and LIST.search(words):
            return replace(rules, listed=True)
        return rules
    if rules.structured != "text" and SHAPE.search(everything):
        return replace(rules, structured="object" if rules.structured == "schema" else "text")
    if rules.system and TWO_ROLES.search(words):
        return replace(rules, system=False)
    about = param or words
    if not UNSUPPORTED.search(f"{code} {words}"):
        return rules
    if rules.system and SYSTEM.search(everything):
        return replace(rules, system=False)
    if rules.temperature and "temperature" in about:
        return replace(rules, temperature=False)
    if rules.limit == "max_tokens" and "max_tokens" in about:
        return replace(rules, limit="max_completion_tokens")
    if rules.limit == "max_completion_tokens" and "max_completion_tokens" in about:
        return replace(rules, limit="max_tokens")
    return rules
