"""What can go wrong, as the code sees it; who acts on it is decided in `llm` and `stage`.

* Fault                  an attempt at a model call failed
  - Transient            try again later: 429, 5xx, timeout, connection
  - Permanent            will never succeed for this model: bad key, unknown model, no quota
  - Rejected             will never succeed for this request: 400, too long
  - Refused              the provider or the model declined the content (paid for)
  - Unreadable           paid for, but not what was asked
    - TooLong            and longer than may be kept
* Waiting                a provider or a limit has to recover first; waiting is no fault
* Stopped                the batch was cancelled, reached its goal or is paused
* Overtaken              another handler took the problem further; this fact of it is history
* Unavailable            a part of the house is away
  - LedgerUnavailable    NATS
    - StreamFull         one of its streams has no room
  - StoreUnavailable     MongoDB or SQLite
"""

from __future__ import annotations


class Fault(Exception):
    """A model call failed; `str()` is fit for a user and holds no key."""

    role: str = ""  #: whose call it was, once `Ask` knows


class Transient(Fault):
    """Try again later. `retry_after` is in seconds, None where the provider named no time."""

    def __init__(self, message: str, retry_after: float | None = None, *, limited: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.limited = limited  #: a 429: the provider wants fewer requests


class Permanent(Fault):
    """This model will never answer with this key: bad key, unknown model, exhausted quota."""


class Rejected(Fault):
    """The provider will never take this request (for example, too long), but may take others."""


class Refused(Fault):
    """The provider or the model declined to answer."""


class Unreadable(Fault):
    """The model answered, and was paid, but not in the shape that was asked for."""


class TooLong(Unreadable):
    """The reply was longer than its cap; it was cut, so asking again would only cost the same again."""


class Waiting(Exception):
    """The provider is down or limiting for longer than a handler may wait; come back after `seconds`."""

    role: str = ""  #: whose call it was, once `Ask` knows

    def __init__(self, message: str, seconds: float, kind: str = "") -> None:
        super().__init__(message)
        self.seconds = seconds
        self.kind = kind  #: `empty`: the provider answered, but with nothing that is a reply


class Stopped(Exception):
    """No further call may begin for this batch. `state` is the flag that says so."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the batch is {state}")
        self.state = state


class Overtaken(Exception):
    """The fact that is being handled is not its slot's newest any more, or its slot has ended: leave it."""


class Unavailable(Exception):
    """A part of the house does not answer; the caller may try again."""


class LedgerUnavailable(Unavailable):
    """NATS does not answer."""


class StreamFull(LedgerUnavailable):
    """A stream has reached its limit of bytes; what it refused may fit later."""


class StoreUnavailable(Unavailable):
    """The store does not answer."""
