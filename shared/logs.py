"""One line for each event on stderr: `time level service message key=value …`. No key ever gets out."""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from urllib.parse import urlsplit

from pydantic import SecretStr

from shared.settings import Settings, settings

NOISY = (
    "aiohttp.access",
    "asyncio",
    "faststream.access",
    "httpcore",
    "httpx",
    "nats",
    "openai",
    "uvicorn.access",
)  #: a line a message or request; only their warnings are shown

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

KEY_SHAPES = (
    (re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{6,}"), "***"),
    (re.compile(r"\bAIza[0-9A-Za-z_-]{20,}"), "***"),
    (re.compile(r"(?i)\b(bearer)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"(?i)\b((?:x-)?api[-_ ]?key['\"]?\s*[:=]\s*['\"]?)[^\s'\",&}]{6,}"), r"\1***"),
    (re.compile(r"(\w://)[^/\s:@]*:?[^/\s@]*@"), r"\1***@"),
)

UNPRINTABLE = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    ord("\n"): "\\n",
    ord("\t"): " ",
    ord("\r"): "",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def secrets_of(known: Settings) -> list[str]:
    """Every secret value in the settings, longest first; without those too short to be told from a word."""
    found: set[str] = set()
    for name in type(known).model_fields:
        value = getattr(known, name)
        if isinstance(value, SecretStr):
            found.add(value.get_secret_value())
        elif name == "api_keys":
            found.update(value)
        elif isinstance(value, str) and "@" in value and "://" in value:
            found.add(urlsplit(value).password or "")
    return sorted((secret for secret in found if len(secret) >= 6), key=len, reverse=True)


def scrub(text: str, secrets: list[str]) -> str:
    """The text without those secrets, or anything that looks like a key."""
    for secret in secrets:
        text = text.replace(secret, "***")
    for shape, instead in KEY_SHAPES:
        text = shape.sub(instead, text)
    return text


class Line(logging.Formatter):
    """A record as one line. An exception becomes its message and the places that it passed."""

    def __init__(self, service: str, secrets: list[str]) -> None:
        super().__init__()
        self.service, self.secrets = service, secrets

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        parts = [f"{at}.{int(record.msecs):03d}Z", record.levelname, self.service, record.getMessage()]
        extras = {k: v for k, v in vars(record).items() if k not in STANDARD and not k.startswith("_")}
        parts += [f"{key}={_value(value)}" for key, value in extras.items() if value not in (None, "")]
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)
            trail = " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-6:])
            parts += [f"error={_value(f'{type(error).__name__}: {error}')}", f"at={_value(trail)}"]
        return scrub(" ".join(parts), self.secrets).translate(UNPRINTABLE)


def _value(value: object) -> str:
    text = str(value)
    return f'"{text}"' if re.search(r"\s", text) else text


class Stderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever `sys.stderr` is when a line comes."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> object:
        return sys.stderr


def configure(service: str) -> None:
    """Log as `service` from now on, at the level that the settings name. A second call replaces the first."""
    known = settings()
    handler = Stderr()
    handler.setFormatter(Line(service, secrets_of(known)))
    root = logging.getLogger()
    root.handlers = [old for old in root.handlers if not isinstance(old, Stderr)] + [handler]
    root.setLevel(known.log_level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    faststream = logging.getLogger("faststream")  # comes with a coloured handler of its own
    faststream.handlers.clear()
    faststream.propagate = True
    logging.captureWarnings(True)
