"""Origins of web pages (RFC 6454), as browsers write them in the `Origin` header."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
USUAL_PORTS = {"http": 80, "https": 443}  #: browsers leave them out


def origin(text: str) -> str:
    """In a browser's spelling. Raises ValueError with words for whoever set it."""
    found = ORIGIN.fullmatch(text.strip().lower().removesuffix("/"))
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65536):
        raise ValueError(
            "it names what is no origin; write scheme, host and port alone, each origin by its name, as in "
            "https://app.example.com or http://192.168.1.5:3000 (a name in other letters in its form with xn--)"
        )
    shown = "" if port in (None, USUAL_PORTS.get(found["scheme"])) else f":{port}"
    return f"{found['scheme']}://{found['host']}{shown}"


def _split(value: object) -> object:
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _each(texts: list[str]) -> list[str]:
    return [origin(text) for text in texts]


Origins = Annotated[list[str], NoDecode, BeforeValidator(_split), AfterValidator(_each)]
"""A setting of several, separated by commas."""
