"""Keeps the embedded nats-server alive, and able to write."""

from __future__ import annotations

import logging
import time

from shared.embedded import NatsServer
from shared.errors import LedgerUnavailable

log = logging.getLogger(__name__)

PAUSE = 2.0  # s between two attempts to bring it back
LONGEST_PAUSE = 60.0  # s before a new start, where it refuses again soon after each
STEADY = 2 * LONGEST_PAUSE  # s without a refusal, after which the pause is the short one again


class NatsKeeper(NatsServer):
    """Starts it again when it died, and anew when it refuses to write though there is room.

    Only the server is started anew: the services wait with what they hold, a paid reply among it, and go on when they
    have reconnected.
    """

    _due = 0.0  # monotonic; nothing is tried earlier
    _refusal: str | None = None  # why it takes no writes
    _renewed = float("-inf")  # monotonic; when it was started anew for that
    _pause = PAUSE

    def look(self) -> bool:
        """Do what has to be done now; True where it was started."""
        now = time.monotonic()
        if self.alive:
            self._listen(now)
        else:
            self._refusal = None
        if now < self._due or (self.alive and self._refusal is None):
            return False
        if not self.alive:
            log.warning("nats-server died; starting it again on its port")
        elif self.has_room():
            log.warning("there is room again: starting nats-server anew")
            self._refusal, self._renewed = None, now
            self.stop()
        else:
            self._due = now + self._pause
            return False
        return self._start_again()

    def _listen(self, now: float) -> None:
        if not (said := self.write_error()) or self._refusal:
            return
        log.error("the ledger takes no writes: %s; it will again once there is room in %s", said, self.home)
        self._pause = min(LONGEST_PAUSE, 2 * self._pause) if now - self._renewed < STEADY else PAUSE
        self._refusal, self._due = said, now + self._pause

    def _start_again(self) -> bool:
        try:
            self.start()
        except LedgerUnavailable as error:
            log.warning("%s; trying again in %g s", error, PAUSE)
            self._due = time.monotonic() + PAUSE
            return False
        return True
