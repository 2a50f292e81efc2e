"""Why calls to a model wait, as a stage tells it and a user reads it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Wait(BaseModel):
    """Calls to this model wait until its provider answers well again."""

    model_config = ConfigDict(frozen=True)

    model: str  #: `provider/name`
    since: float  #: Unix seconds
    words: str  #: the provider's
