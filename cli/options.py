"""What the commands share: options, and how a command ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import FAILED, INTERRUPTED, OK, USAGE, Failure

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder (default .stumper).")]
Url = Annotated[str | None, typer.Option("--gateway", metavar="URL", help="The gateway, if not the data folder's.")]
Batch = Annotated[str, typer.Argument(metavar="BATCH")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
MaxCost = Annotated[float | None, typer.Option(metavar="DOLLARS", help="Stop at this cost.")]
MaxAttempts = Annotated[int | None, typer.Option(help="Stop after so many attempts, whatever became of them.")]
Key = Annotated[str | None, typer.Option(metavar="KEY", help="The same key starts it once only.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Stay until it ends, with live progress.")]


def run(command: Callable[[], int]) -> None:
    """Run it and leave with its exit code; a Failure's words go to stderr."""
    if sys.stderr is None:  # closed by the caller
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    try:
        if sys.stdout is None:
            raise Failure("standard output is closed; send it to /dev/null if nobody shall read it")
        code = command()
        sys.stdout.flush()  # here, where a full disk can still be told
    except Failure as failure:
        for line in str(failure).splitlines():
            print(f"stumper: {line}", file=sys.stderr)
        code = failure.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read our output has had enough
        sys.stderr.close()
        code = OK
    except UnicodeEncodeError as error:  # an argument of bytes that are no text, or a terminal that lacks a letter
        print(f"stumper: {error}", file=sys.stderr)
        code = USAGE
    except OSError as error:
        with contextlib.suppress(OSError):
            print(f"stumper: {error}", file=sys.stderr)
        code = FAILED
    _forget_unwritten()
    raise typer.Exit(code)


def _forget_unwritten() -> None:
    """What stdout cannot take, Python would try to write once more at its end, and complain."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        sys.stdout = None
