"""Until a role's first good reply in a batch, its first rejected request holds those that are not yet sent.

What every request meets (a role that the model does not take, a field that the server does not know) is then met by
a few of them, not by all that the batch has in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Waiting
from shared.llm.clock import Patience

COME_BACK = 5.0  # s


class FirstReply:
    """One role of one batch."""

    def __init__(self) -> None:
        self._answered = False
        self._why = ""
        self._turn = asyncio.Lock()

    def answered(self) -> None:
        self._answered = True

    def rejected(self, why: str) -> None:
        self._why = why

    @asynccontextmanager
    async def turn(self, patience: Patience) -> AsyncIterator[None]:
        """One after the other where that is due, else at once. Raises Waiting when patience ends first."""
        if self._answered or not self._why:
            yield
            return
        place = asyncio.ensure_future(self._turn.acquire())
        try:
            await patience.wait(place)
        except BaseException as error:
            if not place.cancel() and not place.cancelled():
                self._turn.release()
            if isinstance(error, TimeoutError):
                raise Waiting(f"its first request was refused: {self._why}", COME_BACK) from None
            raise
        try:
            yield
        finally:
            self._turn.release()
