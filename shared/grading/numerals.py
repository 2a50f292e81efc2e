"""Numbers as other places write them: `1.000,5`, `10 000`, `1'000`, `12,34,567`, digits of other scripts.

A mark that groups in one place and parts decimals in another gives several readings. The first is the usual one; a
comparison calls equal what is equal in it, and different only what differs in all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
_LOOSELY_GROUPED = re.compile(r"\([1-9]\d{0,2}(?:, ?\d{3})+\)|[1-9]\d{0,2}(?:, \d{3})+")
_INDIAN = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}")
_NUMERAL = re.compile(r"(?<![\w.,\\])\d+(?:[.,]\d+)+(?![\w]|[.,]\d)")
_BY_BLANKS = re.compile(r"(?<![\d.,])(?<![\d.,] )([1-9]\d{0,2}(?: \d{3})+)(?:([.,])(\d+))?(?![\d.,]| \d)")
_BY_APOSTROPHES = re.compile(r"(?<![\w.,'])[1-9]\d{0,2}(?:['’ʼ]\d{3})+(?![\d'’])")
_CERTAIN_GROUPS = re.compile(r"(?<=\d)\s*(?:,\s*\\!|\\!\s*,|٬|\\!)\s*(?=\d)")
_BRACED_COMMA = re.compile(r"(?<![\d,.])(\d+)\{,\}(\d+)(?!\{,\}|\d)")
_LOOKALIKES = (("\uff01", "\uff5e"), ("\ufe50", "\ufe6b"), ("\U0001d400", "\U0001d7ff"), ("ℎ", "ℎ"))
_MAX_READINGS = 3
MAX_NUMERALS = 64  # of one answer


def in_ascii(text: str) -> str:
    """With digits, letters and signs of full width or of other scripts as plain ones, odd blanks as blanks.

    A text whose digits are of several scripts is left as it is: nobody writes a number so.
    """
    if text.isascii():
        return text
    zeros = {ord(sign) - unicodedata.decimal(sign) for sign in text if unicodedata.category(sign) == "Nd"}
    return text if len(zeros) > 1 else "".join(sign if sign.isascii() else _plain(sign) for sign in text)


def _plain(sign: str) -> str:
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    if category in ("Zs", "Zl", "Zp"):
        return " "
    if category == "Cf":
        return "*" if sign == "\u2062" else ""
    if sign in "٫．｡":
        return "."
    if (
        "\uff01" <= sign <= "\uff5e"
        or "\ufe50" <= sign <= "\ufe6b"
        or "\U0001d400" <= sign <= "\U0001d7ff"
        or sign == "ℎ"
    ):
        return unicodedata.normalize("NFKC", sign)
    return sign


def grouped(text: str) -> str:
    """With the marks taken out that can only group digits, as in `32,\\!768`; still LaTeX."""
    text = _CERTAIN_GROUPS.sub("", text)
    text = _BRACED_COMMA.sub(_braced, text).replace("{,}", ",")
    return _BY_APOSTROPHES.sub(lambda found: re.sub("['’ʼ]", "", found.group()), text)


def _braced(found: re.Match[str]) -> str:
    """`0{,}5` has a decimal comma; `1{,}234` may be either."""
    whole, rest = found.groups()
    return f"{whole},{rest}" if len(rest) == 3 and whole[0] != "0" and len(whole) < 4 else f"{whole}.{rest}"


def readings(text: str) -> list[str]:
    """The text with its numerals read in one way throughout: the usual way first, then others that are possible."""
    text = _BY_BLANKS.sub(_by_blanks, text)
    if loose := _LOOSELY_GROUPED.fullmatch(text):
        return [text, "".join(re.findall(r"\d", loose.group()))]
    if not 0 < len(_NUMERAL.findall(text)) <= MAX_NUMERALS:
        return [text]
    usual, decimal, thousands = (_read_outside(text, way) for way in (_usual, _decimal_comma, _thousands_point))
    found = [usual]
    for other in (decimal, thousands, text):
        if other not in found:
            found.append(other)
    return found[:_MAX_READINGS]


def _by_blanks(found: re.Match[str]) -> str:
    whole, mark, decimals = found.groups()
    return whole.replace(" ", "") + (f".{decimals}" if mark else "")


def _read_outside(text: str, way: Callable[[str], str]) -> str:
    """Numerals outside of brackets read this way; inside a comma parts values, unless semicolons do."""
    depth, done, parts = 0, 0, []
    for found in _NUMERAL.finditer(text):
        between = text[done : found.start()]
        depth += sum(between.count(sign) for sign in "([{⦃⟦") - sum(between.count(sign) for sign in ")]}⦄⟧")
        inside = depth > 0 and ";" not in text
        parts += [between, found.group() if inside else way(found.group())]
        done = found.end()
    return "".join(parts) + text[done:]


def _usual(numeral: str) -> str:
    commas, points = numeral.count(","), numeral.count(".")
    whole, _, decimals = numeral.rpartition("." if numeral.rfind(".") > numeral.rfind(",") else ",")
    if commas and not points:
        if _GROUPED.fullmatch(numeral) or _INDIAN.fullmatch(numeral):
            return numeral.replace(",", "")
        # `0,125` can be no group of thousands, and hardly a list
        return numeral.replace(",", ".") if commas == 1 and re.fullmatch(r"0,\d{3,}", numeral) else numeral
    if points == 1 and commas and numeral[-1 - len(decimals)] == ".":
        return numeral.replace(",", "") if _GROUPED.fullmatch(whole) or _INDIAN.fullmatch(whole) else numeral
    if points and commas == 1 and _GROUPED.fullmatch(whole.replace(".", ",")):
        return f"{whole.replace('.', '')}.{decimals}"
    if points > 1 and not commas and _GROUPED.fullmatch(numeral.replace(".", ",")):
        return numeral.replace(".", "")
    return numeral


def _decimal_comma(numeral: str) -> str:
    return numeral.replace(",", ".") if numeral.count(",") == 1 and "." not in numeral else _usual(numeral)


def _thousands_point(numeral: str) -> str:
    single = numeral.count(".") == 1 and "," not in numeral and _GROUPED.fullmatch(numeral.replace(".", ","))
    return numeral.replace(".", "") if single else _usual(numeral)
