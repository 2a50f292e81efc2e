"""How many files and connections this process may have open: the soft limit is raised, what is left is shared out."""

from __future__ import annotations

import contextlib
import logging
import resource

log = logging.getLogger(__name__)

WANTED = 65_536  # more than any of our processes ever opens; where "unlimited" is allowed, no more is asked for
OFFERED = (WANTED, 10_240, 4_096, 1_024)  # macOS takes no more than its OPEN_MAX, 10,240, whatever limit it names
RESERVED = 64  # libraries, logs, the store's files, NATS, resolvers, and some room
LEAST = RESERVED + 32  # with less a process answers nobody
EACH = 3  # connections for one problem: a handler speaks to one server at a time, but those before it stay open a while


def raise_limit() -> int:
    """Raise the soft limit as far as the system lets us, and return it. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    for offer in OFFERED:
        target = offer if hard == unlimited else min(offer, hard)
        if soft == unlimited or soft >= target:
            break
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
            break
    return limit()


def limit() -> int:
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return WANTED if soft == resource.RLIM_INFINITY else soft


def available() -> int:
    """Connections that fit beside what every process has open."""
    return max(1, limit() - RESERVED)


def fitting(workers: int) -> int:
    """As many of the problems that were asked for at once as have room for their connections."""
    fits = max(1, available() // EACH)
    if fits < workers:
        log.warning("%s", too_few(workers))
    return min(workers, fits)


def too_few(workers: int) -> str | None:
    """What to tell the user where the limit is too low; else None."""
    fits = max(1, available() // EACH)
    if fits >= workers:
        return None
    needed = RESERVED + EACH * workers
    return (
        f"only {limit()} files may be open (`ulimit -n`), so a stage works on {fits} problems at once, not {workers} "
        f"(STUMPER_WORKERS); {needed} would do"
    )
