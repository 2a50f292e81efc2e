"""`export`: problems as JSON lines, streamed; a file appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cli.client import Gateway
from cli.exits import Failure


def export(gateway: Gateway, batch_id: str, out: Path, status: str | None) -> int:
    """Writes to `out` (`-`: stdout); returns how many."""
    params = {"batch_id": batch_id} | ({"status": status} if status else {})
    number = 0
    with opened(out) as file:
        for line in gateway.lines("/api/problems/all", params=params):
            file.write(f"{line}\n".encode())  # JSON lines are UTF-8, whatever the terminal speaks
            number += 1
    return number


@contextlib.contextmanager
def opened(out: Path) -> Iterator[IO[bytes]]:
    """`-` is stdout."""
    if str(out) == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = out.with_name(f"{out.name}.tmp")
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    except OSError as error:
        raise Failure(f"{out}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
