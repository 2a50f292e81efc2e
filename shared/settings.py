"""Every setting, with unit and reason. Nobody else reads the environment."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.contracts.price import Price
from shared.origins import Origins


class Settings(BaseSettings):
    """Read from `STUMPER_*` and a `.env` file; providers' own variables keep their usual names."""

    model_config = SettingsConfigDict(
        env_prefix="STUMPER_", env_file=".env", extra="ignore", protected_namespaces=(), populate_by_name=True
    )

    # where things are
    nats_url: str | None = None  # None: the embedded server that `stumper up` started on this data folder
    nats_replicas: int = Field(1, ge=1, le=5)  # copies of each stream; 3 on a cluster
    mongo_url: str | None = None  # None: SQLite in the data folder
    mongo_database: str = "stumper"
    data_dir: Path = Path(".stumper")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    gateway_url: str = "http://127.0.0.1:8000"  # where the command line looks for the gateway
    host: str = "127.0.0.1"  # what the gateway binds
    port: int = Field(8000, ge=1, le=65535)
    simulator_url: str = "http://127.0.0.1:8901"
    api_keys: Annotated[list[str], NoDecode] = []  # comma-separated; empty: the gateway asks for none
    cors_origins: Origins = []  # of web pages that may call the gateway, comma-separated, beside this machine's own

    # who plays which role where a request does not say; the simulator's, so that nothing is paid unasked
    engineer_model: str = "simulator/sim-strong"
    checker_model: str = "simulator/sim-strong"
    target_model: str = "simulator/sim-weak"
    embedding_model: str = "simulator/sim-embed"
    judge_model: str | None = None  # None: the checker's

    # providers
    openai_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("openai_api_key", "OPENAI_API_KEY"))
    openai_base_url: str = Field(
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

    prices: dict[str, Price] = {}  # by `provider/model`, before the list that comes with genai-prices

    # the conductor
    lease: float = Field(2.0, gt=0)  # s after which a silent conductor is replaced
    sweep_every: float = Field(3.0, gt=0)  # s
    fold_every: float = Field(0.1, gt=0)  # s between two readings of the ledger
    purge_delay: float = Field(10.0, ge=0)  # s from telling what has ended to purging it; stages know 6 s old news
    purge_after: float = Field(24 * 3600.0, ge=0)  # s that an ended batch's subjects stay in the ledger

    @field_validator("engineer_model", "checker_model", "target_model", "embedding_model", "judge_model")
    @classmethod
    def _trimmed(cls, model: str | None) -> str | None:
        """A `.env` file's quotes keep blanks and line breaks; no model's name begins or ends with one."""
        return model and model.strip()


@cache
def settings() -> Settings:
    """The process's settings, read once at the first use."""
    return Settings()
