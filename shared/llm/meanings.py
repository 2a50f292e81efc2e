"""What the words of an error mean. All in lower case, as they are met in the wild."""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.DOTALL)


NO_QUOTA = _any(
    r"insufficient[_ ]?(quota|credit|balance|fund)",
    r"billing_hard_limit|billing_not_active|account_deactivated|arrearage|payment[_ ]required",
    r"(budget|spend(ing)?[_ ]limit)[_ ]?(has been |was |is |limit )?(exceeded|reached|exhausted)",
    r"(exceed\w*|over)( \w+){0,3} (budget|spend\w* limit)|exceeded\w*budget|\bmax budget\b",
    r"credit balance is too low|(out of|no|not enough|requires more|add more) credits?\b",
)
# said of a limit a minute too, then with a 429
QUOTA_SPENT = _any(
    r"\bquota\b.{0,40}(exceed|exhaust|reached|used up)",
    r"(exceed\w*|reached|out of)( \w+){0,3} quota\b",
    r"quota_exceeded",
)
NO_KEY = _any(
    r"(invalid|incorrect|wrong|expired|missing|no|bad|revoked|disabled)[_ ]"
    r"(api|access|auth\w*|x-api|bearer|virtual)[_ -]?(key|token)",
    r"(api|access)[_ ]?key[_ ]?(\w+ ){0,3}(invalid|not valid|expired|not found|missing|required|revoked|disabled)",
    r"invalid[_ ]authentication|authentication[_ ](error|fail\w+|required)|unauthenticated|not authenticated",
    r"\bunauthorized\b",
)
NO_MODEL = _any(
    r"model_not_found|model_decommissioned|not a valid model",
    r"\bmodel\b.{0,200}\b(does not|doesn't) exist",
    r"\bmodel\b.{0,100}\bnot found",
    r"\b(invalid|unknown|no such|unsupported|unrecognized) model\b",
    r"\bmodel\b.{0,80} (is|has been) (deprecated|decommissioned|retired)",
)
DECLINED = _any(
    r"content_filter|content_policy|content management policy|invalid_prompt|responsibleaipolicy|moderation_blocked",
    r"\b(input|prompt|content|request) (was|is|has been) flagged|data_inspection_failed",
)
TOO_LARGE = _any(r"request too large|context_length_exceeded|string_above_max_length")
LIMITED = _any(r"rate[_ -]?limit|too many requests|resource_exhausted|throttl")
DOWN = _any(
    r"overloaded|unavailable|internal( server)? error|server_error|bad gateway|gateway time|timed? ?out|temporar",
    r"try again|at capacity|no capacity|upstream|connection (error|refused|reset)|provider returned error",
)
THIS_REQUEST = _any(
    r"invalid[_ ](request|argument|value|parameter)|unsupported|not support|too long|context length|bad request",
    r"validation error|unprocessable|extra inputs|must be|is required|unrecognized",
)


def is_about_us(words: str, status: int | None) -> bool:
    """Of quota, key or an unknown model: no request of ours will be taken, whatever else the status says."""
    if status != 429 and QUOTA_SPENT.search(words):
        return True
    return any(pattern.search(words) for pattern in (NO_QUOTA, NO_KEY, NO_MODEL))
