"""The settings, with words for the user where they are wrong."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_settings import SettingsError

from cli.exits import USAGE, Failure
from shared.llm import providers
from shared.settings import Settings, settings

ROLES = ("engineer", "checker", "target", "embedding", "judge")


def known() -> Settings:
    """Raises Failure with a line for each setting that cannot be read."""
    try:
        return settings()
    except ValidationError as error:
        lines = [f"{_variable(str(wrong['loc'][0]))}: {wrong['msg']}" for wrong in error.errors(include_url=False)]
        raise Failure("\n".join(lines), USAGE) from None
    except (SettingsError, OSError, UnicodeDecodeError) as error:
        raise Failure(f"the settings cannot be read: {error}", USAGE) from error


def check_models(settings: Settings) -> None:
    """Raises Failure with a line for each model that the gateway would not start with."""
    lines = []
    for role in ROLES:
        text = getattr(settings, f"{role}_model")
        if text is None:
            continue
        provider, slash, name = text.partition("/")
        if not slash or not name:
            lines.append(f"STUMPER_{role.upper()}_MODEL is {text!r}: write it as provider/name")
        elif provider not in providers.names():
            names = ", ".join(providers.names())
            lines.append(f"STUMPER_{role.upper()}_MODEL is {text!r}: unknown provider; known are {names}")
    if lines:
        raise Failure("\n".join(lines), USAGE)


def _variable(field: str) -> str:
    upper = field.upper()
    return upper if upper.startswith(("STUMPER_", "OPENAI_")) else f"STUMPER_{upper}"
