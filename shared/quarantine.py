"""Messages that may kill their handlers run one at a time, so that a killer takes no other with it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

GATHER = 1.0  # s in which messages come together before the first may run


class Quarantine:
    """The line of messages that may kill, in one process.

    Each delivery turns the order round: whoever stood behind a killer, and died with it, stands before it in the
    next process.
    """

    def __init__(self, gather: float = GATHER) -> None:
        self._gather = gather
        self._line: list[tuple[int, asyncio.Future[None]]] = []
        self._busy = False

    @asynccontextmanager
    async def alone(self, seq: int, deliveries: int) -> AsyncIterator[None]:
        """Wait for a turn; no other message in quarantine runs until the block ends."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._line, (seq if deliveries % 2 else -seq, turn))
        if not self._busy:
            self._busy = True
            loop.call_later(self._gather, self._next)
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._next()

    def _next(self) -> None:
        while self._line:
            _, turn = heapq.heappop(self._line)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
