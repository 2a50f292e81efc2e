"""Names that people give: of models, subjects, topics, batches. Any script, but nothing that cannot be seen or said."""

from __future__ import annotations

import re
import unicodedata

CONTROLS = {
    unicodedata.lookup(alias): alias
    for alias in (
        "NULL", "BACKSPACE", "CHARACTER TABULATION", "LINE FEED", "LINE TABULATION", "FORM FEED",
        "CARRIAGE RETURN", "ESCAPE", "DELETE", "NEXT LINE",
    )
}  # fmt: skip
"""Unicode gives controls no names, only aliases; these are met."""

PLANE_ENDS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
REFUSED = re.compile(
    "["
    r"\x00-\x1f\x7f-\x9f\u2028\u2029"  # controls, line breaks among them
    r"\ud800-\udfff\ufdd0-\ufdef" + PLANE_ENDS +  # no characters
    r"\u00ad\u200b\u2060-\u2064\ufeff\u3164\uffa0"  # unseen: two names that look the same would differ
    r"\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0001"  # they turn or change the text around them
    "]"
)  # fmt: skip
"""What no script needs for its spelling. Joiners, direction marks and emoji's tags are not among it."""

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  #: what many a model's server does not take

MAX_KEY = 255  # characters
UNSEEN = frozenset({"Cf", "Me", "Mn", "Zs"})  #: categories of what shows nothing when it stands alone


def trimmed(name: str) -> str:
    """Without the white space around it, line breaks and U+00A0 among it."""
    return name.strip()


def alike(name: str) -> str:
    """Equal for names that Unicode calls the same: accents may stand in a letter or behind it."""
    return unicodedata.normalize("NFC", trimmed(name))


def spellings(name: str) -> list[str]:
    """The name as it is, and with its accents composed and taken apart: under which of them it was stored is open."""
    name = trimmed(name)
    return list(dict.fromkeys([name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)]))


def fault(name: str) -> str | None:
    """Why this cannot be a name, with the first character that is to blame; None for a good one."""
    if found := REFUSED.search(name):
        return _held(found)
    if all(unicodedata.category(char) in UNSEEN for char in name):
        return "must hold a character that can be seen"
    return None


def prose_fault(text: str) -> str | None:
    """The same for a text of several lines."""
    found = NO_TEXT.search(text)
    return _held(found) if found else None


def key_fault(key: str) -> str | None:
    """Why this cannot be an Idempotency-Key; None for a good one."""
    wanted = f"1 to {MAX_KEY} visible ASCII characters are wanted"
    if found := re.search(r"[^!-~]", key):
        return f"{_held(found)}; {wanted}"
    return None if 1 <= len(key) <= MAX_KEY else wanted


def _held(found: re.Match[str]) -> str:
    return f"must not hold {described(found[0])} (character {found.start() + 1})"


def described(char: str) -> str:
    """`U+200B ZERO WIDTH SPACE`"""
    name = unicodedata.name(char, "") or CONTROLS.get(char, "")
    if not name:
        kinds = {"Cc": "a control character", "Cs": "half of a surrogate pair", "Co": "a private character"}
        name = kinds.get(unicodedata.category(char), "no character")
    return f"U+{ord(char):04X} {name}"


def split_model(text: str) -> tuple[str, str]:
    """Provider and name of `provider/name`; a name may hold slashes itself. Raises ValueError with words for a user."""
    provider, _, name = map(trimmed, text.partition("/"))
    if not provider or not name:
        raise ValueError("write it as provider/name, for example openai/gpt-4o-mini")
    if wrong := fault(trimmed(text)):
        raise ValueError(wrong)
    return provider, name
