"""JSON from people, read as RFC 7493 has it: nothing is lost without a word."""

from __future__ import annotations

import json
from typing import Any


class NotJson(ValueError):
    """Its words say what is wrong, and where."""


class GivenTwice(NotJson):
    def __init__(self, key: str) -> None:
        super().__init__("is given twice in one object")
        self.key = key


def read(content: bytes | str) -> Any:
    """Raises NotJson; of two values under one key in one object, plain JSON would keep the second in silence."""
    try:
        return json.loads(content, object_pairs_hook=_each_once, parse_constant=_no_number)
    except NotJson:
        raise
    except UnicodeDecodeError as error:
        raise NotJson(f"not JSON: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise NotJson("nested too deep") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise NotJson("holds a number of thousands of digits") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise GivenTwice(key)
            seen.add(key)
    return found


def _no_number(text: str) -> Any:
    raise NotJson(f"not JSON: {text} is no number there")
