"""What the embedded nats-server writes into its log, from a mark on."""

from __future__ import annotations

import re
from pathlib import Path

REFUSES = re.compile(
    r"critical write error|failed to store a msg|no space left on device|disk quota exceeded|file too large"
    r"|input/output error|read-only file system|jetstream out of",
    re.IGNORECASE,
)
LONGEST = 256 * 1024  # bytes that one look reads; what is older of a log that grows faster is not news


class ServerLog:
    """Survives rotation: a file that became shorter is read from its start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark = 0

    def mark(self) -> None:
        """Only what is written from now on is of interest."""
        self._mark = self._size()

    def last_words(self) -> str:
        """Since the mark: an error if there is one, else the last line."""
        lines = self._read().splitlines()
        telling = [line for line in lines if "[FTL]" in line or "[ERR]" in line] or lines[-1:]
        return telling[-1] if telling else "it logged nothing"

    def write_error(self) -> str | None:
        """The last line since the mark which says that a write failed, and mark again.

        A stream that could not be written once takes nothing until the server starts anew, whatever room there is
        by then; the server says so at each attempt.
        """
        text = self._read()
        whole = text[: text.rfind("\n") + 1]
        self._mark += len(whole.encode(errors="surrogateescape"))
        told = [line for line in whole.splitlines() if "[ERR]" in line and REFUSES.search(line)]
        return told[-1].partition("[ERR] ")[2] if told else None

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def _read(self) -> str:
        size = self._size()
        if size == self._mark:
            return ""
        if size < self._mark:
            self._mark = 0
        self._mark = max(self._mark, size - LONGEST)
        try:
            with self.path.open("rb") as file:
                file.seek(self._mark)
                return file.read(LONGEST).decode(errors="surrogateescape")
        except OSError:
            return ""
