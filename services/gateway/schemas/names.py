"""Names in requests: trimmed, of any script, distinct."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from shared.contracts import names

MAX_NAME = 200  # characters


def named(value: Any) -> Any:
    """Judged before its type is: lone surrogates are no text to pydantic, and could not be told by their names."""
    if not isinstance(value, str):
        return value
    name = names.trimmed(value)
    if name and (wrong := names.fault(name[: MAX_NAME + 1])):
        raise PydanticCustomError("name", "{wrong}", {"wrong": wrong})
    return name


def prose(value: Any) -> Any:
    if isinstance(value, str) and (wrong := names.prose_fault(value)):
        raise PydanticCustomError("prose", "{wrong}", {"wrong": wrong})
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME), BeforeValidator(named)]
NameSought = Annotated[str, StringConstraints(max_length=MAX_NAME), BeforeValidator(named)]  #: "" is nobody's


def distinct(given: Iterable[Any]) -> None:
    """Raises for two that are one name: a JSON object's keys would overwrite each other once they are trimmed."""
    seen: dict[str, str] = {}
    for name in given:
        if not isinstance(name, str) or len(name.strip()) > MAX_NAME:  # judged by its type or length later
            continue
        key = names.alike(name)
        if key in seen:
            but = "" if seen[key] == name else ", once with blanks around it or with its accents apart"
            raise PydanticCustomError("name", "names '{name}' twice{but}", {"name": names.trimmed(name), "but": but})
        seen[key] = name
