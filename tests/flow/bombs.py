"""Stores and ledgers that die, on purpose, between two writes."""

from __future__ import annotations

from typing import Any


class Crash(BaseException):
    """The process dies here."""


class Bomb:
    """Passes everything on to `inner`, and dies right after (or before) the chosen call."""

    def __init__(self, inner: Any, fuse: dict[str, int], path: str = "") -> None:
        self._inner, self._fuse, self._path = inner, fuse, path

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        path = f"{self._path}.{name}".lstrip(".")
        if name in ("batches", "problems", "calls", "checkpoints"):
            return Bomb(value, self._fuse, path)
        if path not in self._fuse:
            return value

        async def burn(*args: Any, **kwargs: Any) -> Any:
            result = await value(*args, **kwargs)
            self._fuse[path] -= 1
            if self._fuse[path] == 0:
                raise Crash(path)
            return result

        return burn
