"""Why calls to a model wait, as a stage tells it and a user reads it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LATEST = 250_000_000_000.0  #: Unix seconds; all that a date can hold


class Wait(BaseModel):
    """Calls to this model wait until its provider answers well again."""

    model_config = ConfigDict(frozen=True)

    model: str  #: `provider/name`
    since: Annotated[float, Field(ge=0, le=LATEST, allow_inf_nan=False)]  #: Unix seconds
    words: str  #: the provider's
