"""What the commands share: options, and how a command ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import INTERRUPTED, OK, Failure

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder (default .stumper).")]
Url = Annotated[str | None, typer.Option("--gateway", metavar="URL", help="The gateway, if not the data folder's.")]
Batch = Annotated[str, typer.Argument(metavar="BATCH")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def run(command: Callable[[], int]) -> None:
    """Run it and leave with its exit code; a Failure's words go to stderr."""
    try:
        code = command()
    except Failure as failure:
        for line in str(failure).splitlines():
            print(f"stumper: {line}", file=sys.stderr)
        code = failure.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read our output has had enough
        sys.stderr.close()
        code = OK
    raise typer.Exit(code)
