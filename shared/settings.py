"""Every setting, with unit and reason. Nobody else reads the environment.

An empty value means the default, for every setting: it is as if the line were not there. What cannot be used is
refused as a whole, one line for each setting, by the name that the user wrote.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from shared.contracts.price import Price
from shared.origins import Origins
from shared.setting_types import (
    ApiKeys,
    BindAddress,
    DatabaseName,
    Folder,
    HttpUrl,
    Key,
    ModelName,
    MongoUrl,
    NatsUrls,
    Upper,
    json_object,
    unquoted,
)

COMMENT_ALONE = re.compile(r"^([^\S\n]*(?:export[^\S\n]+)?[^\s=#]+[^\S\n]*=)[^\S\n]*#[^\n]*$", re.MULTILINE)

Prices = Annotated[dict[str, Price], NoDecode, BeforeValidator(json_object)]


class Misconfigured(Exception):
    """Some settings cannot be used; `str()` has a line for each, and no value of any."""


class DotEnvFile(DotEnvSettingsSource):
    """`.env`, where `KEY=   # comment` is an empty value too: dotenv would take the comment for it."""

    @staticmethod
    def _static_read_env_file(file_path: Path, *, encoding: str | None = None, **how: Any) -> Mapping[str, str | None]:
        text = COMMENT_ALONE.sub(r"\1", file_path.read_text(encoding=encoding or "utf-8-sig"))
        found = dotenv_values(stream=StringIO(text))
        return {name.lower(): value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Read from `STUMPER_*` and a `.env` file; providers' own variables keep their usual names."""

    model_config = SettingsConfigDict(
        env_prefix="STUMPER_", env_file=".env", extra="ignore", protected_namespaces=(), populate_by_name=True,
        allow_inf_nan=False, env_file_encoding="utf-8-sig",
    )  # fmt: skip

    # where things are
    nats_url: NatsUrls | None = None  # None: the embedded server that `stumper up` started on this data folder
    nats_replicas: int = Field(1, ge=1, le=5)  # copies of each stream; 3 on a cluster
    mongo_url: MongoUrl | None = None  # None: SQLite in the data folder
    mongo_database: DatabaseName = "stumper"
    data_dir: Folder = Path(".stumper")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Upper] = "INFO"
    gateway_url: HttpUrl = "http://127.0.0.1:8000"  # where the command line looks for the gateway
    host: BindAddress = "127.0.0.1"  # what the gateway binds
    port: int = Field(8000, ge=1, le=65535)
    simulator_url: HttpUrl = "http://127.0.0.1:8901"
    api_keys: ApiKeys = []  # separated by commas; empty: the gateway asks for none
    cors_origins: Origins = []  # of web pages that may call the gateway, comma-separated, beside this machine's own

    # who plays which role where a request does not say; the simulator's, so that nothing is paid unasked
    engineer_model: ModelName = "simulator/sim-strong"
    checker_model: ModelName = "simulator/sim-strong"
    target_model: ModelName = "simulator/sim-weak"
    embedding_model: ModelName = "simulator/sim-embed"
    judge_model: ModelName | None = None  # None: the checker's
    writer_model: ModelName = "simulator/sim-writer"
    reviewer_model: ModelName | None = None  # rates texts; None: the checker's

    # texts
    templates_dir: Folder | None = None  # of versions of the prompts beside ours, a folder each
    max_texts: int = Field(50, ge=1, le=10_000)  # samples that one job may ask for
    text_ttl: float | None = Field(None, ge=60)  # s that an ended job is kept; None: for ever

    # providers
    openai_api_key: Key | None = Field(None, validation_alias=AliasChoices("openai_api_key", "OPENAI_API_KEY"))
    openai_base_url: HttpUrl = Field(
        "https://api.openai.com/v1", validation_alias=AliasChoices("openai_base_url", "OPENAI_BASE_URL")
    )

    # the ledger
    ledger_max_bytes: int = Field(2 * 1024**3, ge=1024**2)  # ended problems give their space back
    ack_wait: float = Field(10.0, ge=0.5)  # s without a sign of its handler until a message goes to another
    max_deliveries: int = Field(20, ge=1)  # a message delivered more often kills its handlers
    workers: int = Field(256, ge=1, le=10_000)  # problems a stage's process works on at once
    grace: float = Field(30.0, ge=0)  # s that running handlers have after SIGTERM
    fault_delay: float = Field(2.0, ge=0)  # s before a problem whose handler raised is tried again; doubles each time
    max_faults: int = Field(5, ge=1)  # handlers that raised before it is a dead letter

    # calls
    call_timeout: float = Field(600.0, gt=0)  # s for one model call; models that think take minutes
    wait_in_place: float = Field(30.0, ge=0)  # s that a handler waits for a provider before its problem is parked

    prices: Annotated[
        dict[str, Price], NoDecode, BeforeValidator(json_object)
    ] = {}  # by `provider/model`, before the list that comes with genai-prices

    # the conductor
    lease: float = Field(2.0, gt=0)  # s after which a silent conductor is replaced
    sweep_every: float = Field(3.0, gt=0)  # s
    fold_every: float = Field(0.1, gt=0)  # s between two readings of the ledger
    purge_delay: float = Field(10.0, ge=0)  # s from telling what has ended to purging it; stages know 6 s old news
    purge_after: float = Field(24 * 3600.0, ge=0)  # s that an ended batch's subjects stay in the ledger
    text_purge_after: float = Field(3600.0, ge=0)  # the same of a text job's

    @model_validator(mode="before")
    @classmethod
    def _empty_is_the_default(cls, given: dict[str, Any]) -> dict[str, Any]:
        """After the sources are merged, so that an empty variable also hides what `.env` says."""
        return {name: _plain(name, value) for name, value in given.items() if not _is_empty(name, value)}

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        return init_settings, env_settings, DotEnvFile(settings_cls, env_file=dotenv_settings.env_file)


def _plain(name: str, value: Any) -> Any:
    return unquoted(value) if isinstance(value, str) and name != "api_keys" else value


def _is_empty(name: str, value: Any) -> bool:
    """Keys are told apart further: blanks or commas alone look as if somebody had meant to protect the gateway."""
    if value is None:
        return True
    return isinstance(value, str) and (value in ("", "''", '""') if name == "api_keys" else not unquoted(value))


@cache
def settings() -> Settings:
    """The process's settings, read once at the first use. Raises Misconfigured."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        lines = [f"{variable(str(one['loc'][0]))}: {one['msg'].removeprefix('Value error, ')}" for one in wrong]
        raise Misconfigured("\n".join(lines)) from None
    except (SettingsError, OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"the settings in .env cannot be read: {error}") from None


def variable(field: str) -> str:
    """What the user sets for it, in the spelling that the environment has."""
    upper = field.upper()
    if field in Settings.model_fields and Settings.model_fields[field].validation_alias is None:
        upper = f"STUMPER_{upper}"
    return next((name for name in os.environ if name.upper() == upper), upper)
