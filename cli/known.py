"""The settings, with words for the user where they are wrong."""

from __future__ import annotations

from pathlib import Path

from cli.exits import USAGE, Failure
from shared.settings import Misconfigured, Settings, settings
from shared.start import complaints


def known() -> Settings:
    """Raises Failure with a line for each setting that cannot be read."""
    try:
        return settings()
    except Misconfigured as error:
        raise Failure(str(error), USAGE) from None


def check(known: Settings, data: Path | None = None) -> None:
    """Raises Failure with a line for each setting with which a stack could not start. `data`: given with --data."""
    if data is not None:
        known = known.model_copy(update={"data_dir": data})
    if lines := complaints(known, stores=True, folder="--data" if data is not None else ""):
        raise Failure("\n".join(lines), USAGE)
