"""Keys are kept out of every word that is kept: providers and proxies echo them, whole or in part."""

from __future__ import annotations

import re

SHORT = 6  # characters; a shorter key is looked for as a word, so that it does not tear others apart

KEY_LIKE = re.compile(
    r"\b(?:sk|rk|pk|sess|key)-[\w*.…-]{3,}"
    r"|\b(?:gsk|hf|xai|pplx|nvapi|r8|csk|fw|tgp|glpat|ghp|github_pat)[_-][\w*.…-]{4,}"
    r"|\bAIza[\w*.…-]{4,}"
    r"|\b(?:Bearer|Basic)\s+[^\s,;'\"]+",
    re.IGNORECASE,
)
IN_A_QUERY = re.compile(
    r"([?&](?:[\w-]*key|[\w-]*token|secret|password|sig|signature|code|auth\w*)=)[^&\s\"'<>)]+", re.IGNORECASE
)
IN_AN_ADDRESS = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)


def scrubbed(text: str, secret: str | None) -> str:
    """One line without the key, or what looks like one or a part of one."""
    if secret:
        text = re.sub(re.escape(secret) if len(secret) >= SHORT else rf"\b{re.escape(secret)}\b", "[key]", text)
    text = IN_A_QUERY.sub(r"\1[key]", text)
    text = IN_AN_ADDRESS.sub(r"\1[key]@", text)
    return " ".join(KEY_LIKE.sub("[key]", text).split())
