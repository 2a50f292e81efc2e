"""The providers. Those of one wire format differ by a line here; nothing else knows them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is, and whose wire format it speaks."""

    wire: Literal["openai"]
    base_url: Callable[[Settings], str]
    key: Callable[[Settings], SecretStr | None] | None  #: None: it asks for none
    key_setting: str = ""  #: what a user sets
    hosted: str = ""  #: the domain that asks for the key; a server at another address may do without
    prices: str | None = None  #: its name in genai-prices


PROVIDERS = {
    "openai": Provider(
        "openai",
        lambda s: s.openai_base_url,
        lambda s: s.openai_api_key,
        "OPENAI_API_KEY",
        hosted="openai.com",
        prices="openai",
    ),
    "simulator": Provider("openai", lambda s: f"{s.simulator_url.rstrip('/')}/v1", None),
}


def names() -> list[str]:
    return sorted(PROVIDERS)


def configured(name: str, settings: Settings) -> str | None:
    """None where the provider can be used, else the words why not."""
    provider = PROVIDERS.get(name)
    if provider is None:
        return f"there is no provider {name!r}; known are {', '.join(names())}"
    if provider.key is None:
        return None
    key = provider.key(settings)
    host = (urlsplit(provider.base_url(settings)).hostname or provider.hosted).rstrip(".")
    if (key and key.get_secret_value().strip()) or not f".{host}".endswith(f".{provider.hosted}"):
        return None
    return f"{provider.key_setting} is not set"
