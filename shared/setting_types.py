"""What a setting may hold, each kind checked as it is read. No message repeats a value: it could be a key."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from shared.contracts.names import fault

NATS_SCHEMES = ("nats", "tls", "ws", "wss")
HOST_NAME = re.compile(r"[^\W_]([\w-]*[^\W_])?(\.[^\W_]([\w-]*[^\W_])?)*\.?")
DATABASE = re.compile(r'[^/\\. "$*<>:|?\x00]{1,63}')


def unquoted(text: str) -> str:
    """Without blanks around it, and without the quotes that `docker --env-file` leaves in place."""
    text = text.strip()
    if len(text) > 1 and text[0] in "'\"" and text.find(text[0], 1) == len(text) - 1:
        return text[1:-1].strip()
    return text


def _without_blanks(text: str) -> str:
    if any(c.isspace() or not c.isprintable() for c in text):
        raise ValueError("it has a blank, a line break or another invisible character inside")
    return text


def _address(text: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    _without_blanks(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port cannot be read; a port is a number from 1 to 65535") from None
    if parts.scheme not in schemes or "://" not in text:
        raise ValueError(f"write it with its scheme, as in {example}")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("a port is a number from 1 to 65535")
    _host_name(parts.hostname or "")
    return parts


def _host_name(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not HOST_NAME.fullmatch(text) or re.fullmatch(r"[\d.]+", text):
            raise ValueError("it names no host that can be") from None
    return text


def http_url(text: str) -> str:
    _address(text, ("http", "https"), "http://127.0.0.1:8000")
    return text


def nats_urls(text: str) -> str:
    urls = [url.strip() for url in text.split(",") if url.strip()]
    if not urls:
        raise ValueError("it names no server")
    schemes = {_address(url, NATS_SCHEMES, "nats://127.0.0.1:4222").scheme for url in urls}
    if schemes & {"ws", "wss"} and schemes & {"nats", "tls"}:
        raise ValueError("servers over WebSocket and others cannot be mixed")
    return ",".join(urls)


def mongo_url(text: str) -> str:
    """MongoDB's own reader checks the options; here is what keeps it from being an address at all."""
    scheme, separator, rest = _without_blanks(text).partition("://")
    if not separator or scheme not in ("mongodb", "mongodb+srv"):
        raise ValueError("write it with its scheme, as in mongodb://127.0.0.1:27017")
    for host in re.split(r"[/?]", rest, maxsplit=1)[0].rpartition("@")[2].split(","):
        _address(f"mongodb://{host}", ("mongodb",), "")
    return text


def database_name(text: str) -> str:
    if not DATABASE.fullmatch(text):
        raise ValueError('MongoDB takes up to 63 characters, and none of / \\ . " $ * < > : | ? or a blank')
    return text


def bind_address(text: str) -> str:
    text = text.removeprefix("[").removesuffix("]")
    if "/" in text or (text.count(":") == 1):
        raise ValueError("a host alone; the port has a setting of its own")
    return _host_name(_without_blanks(text))


def header_value(text: str) -> str:
    """A key as an HTTP header can carry it."""
    for position, character in enumerate(text, 1):
        if not "!" <= character <= "~":
            what = "a blank or line break" if character.isspace() else "no plain ASCII letter, digit or sign"
            raise ValueError(f"character {position} of {len(text)} is {what}, which no key can hold")
    return text


def _secret(value: SecretStr) -> SecretStr:
    return SecretStr(header_value(unquoted(value.get_secret_value())))


def api_keys(value: object) -> object:
    """Keys separated by commas, or a JSON list. Raises ValueError where none is left, or one cannot be sent."""
    if not isinstance(value, str):
        return value
    text = unquoted(value)
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            raise ValueError("write the keys separated by commas") from None
    else:
        listed = text.split(",")
    keys = [unquoted(str(key)) for key in listed]
    keys = [key for key in keys if key]
    if not keys:
        raise ValueError("it is set but holds no usable key; leave it empty to ask for none")
    for number, key in enumerate(keys, 1):
        try:
            header_value(key)
        except ValueError as error:
            raise ValueError(f"key {number}: {error}") from None
    return keys


def json_object(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("write it as JSON, in one line") from None


def model_name(text: str) -> str:
    provider, slash, name = text.partition("/")
    if not slash or not provider or not name.strip():
        raise ValueError("write it as provider/name")
    if wrong := fault(text):
        raise ValueError(wrong)
    _without_blanks(provider)
    if name[0].isspace():  # a server may have models with a blank inside
        raise ValueError("its name begins with a blank")
    return text


def folder(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("there is no home folder that `~` could stand for") from None


ApiKeys = Annotated[list[str], NoDecode, BeforeValidator(api_keys)]
HttpUrl = Annotated[str, AfterValidator(http_url)]
NatsUrls = Annotated[str, AfterValidator(nats_urls)]
MongoUrl = Annotated[str, AfterValidator(mongo_url)]
DatabaseName = Annotated[str, AfterValidator(database_name)]
BindAddress = Annotated[str, AfterValidator(bind_address)]
Key = Annotated[SecretStr, AfterValidator(_secret)]
ModelName = Annotated[str, AfterValidator(model_name)]
Folder = Annotated[Path, AfterValidator(folder)]
Upper = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
