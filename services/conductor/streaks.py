"""Ends by faults in a row: what every request meets ends a batch, what one request meets does not.

In a row is by the ledger's order, and a readable reply of the role begins anew. So these, too, are a function of the
ledger up to a place. Each function takes a batch that the fold is at work on, and changes its streaks and error.
"""

from __future__ import annotations

from typing import Any

from services.conductor.reading import text
from shared.contracts.batch import Batch, Streak
from shared.contracts.statuses import Reason, Status

REJECTED_IN_A_ROW = 20  #: problems whose request the provider would not take
REJECTED_AT_FIRST = 5  #: the same, of a role that has had no readable reply in this batch
EMPTY_IN_A_ROW = 10  #: problems parked as nothing came that is a reply, from a model that gave this batch none yet …
EMPTY_FOR = 60.0  #: … and so many seconds from the first of them to the last
UNREAD = 20  #: replies that could not be read

REJECTED, EMPTY = "rejected", "empty"  #: kinds of an ending
NO_REPLY = ("timeout", "error")  #: how a call is recorded that was paid, or may have been, and brought no reply
NOT_ITS_OWN = (Reason.MALFORMED, Reason.REFUSED, Reason.PROVIDER_ERROR, Reason.POISON, Reason.FAULTS)
"""Reasons for which a model, its provider or we ourselves are to blame, and not what the problem says."""
MAX_WORDS = 500  #: characters kept of what a problem was told


def after_call(batch: Batch, call: dict[str, Any]) -> None:
    """Count a recorded call."""
    role = text(call, "role")
    if role not in batch.models or call.get("finish") in NO_REPLY:
        return
    if unread := text(call, "unread"):
        streak = _count(batch, role, unread=1)
        if streak.unread >= UNREAD:
            _stop(batch, role, f"{streak.unread} replies in a row could not be read; the last: {unread}")
        return
    batch.streaks = {**batch.streaks, role: Streak(answered=True)}
    if batch.waiting_role in (role, ""):
        batch.waiting, batch.waiting_role, batch.waiting_since = None, "", None


def after_parked(batch: Batch, why: dict[str, Any], at: float) -> None:
    """Count a piece that was parked at `at` (Unix seconds)."""
    role, words = text(why, "role"), text(why, "detail")
    if why.get("code") != Reason.PROVIDER_ERROR:
        return
    if batch.waiting is None or role != batch.waiting_role:
        batch.waiting_role, batch.waiting_since = role, at
    batch.waiting = words or batch.waiting
    if why.get("kind") != EMPTY or role not in batch.models:
        return
    streak = _count(batch, role, empty=1, at=at)
    lasted = 0.0 if streak.empty_since is None else at - streak.empty_since
    if streak.empty >= EMPTY_IN_A_ROW and lasted >= EMPTY_FOR and not _has_replied(batch, role):
        _stop(batch, role, f"{streak.empty} answers in a row, over {lasted:.0f} s, held no reply; the last: {words}")


def after_end(batch: Batch, where: str, why: dict[str, Any]) -> None:
    """Count a piece that ended as `<status>:<reason>`."""
    status, _, code = where.partition(":")
    role, words = text(why, "role"), text(why, "detail")
    if code in NOT_ITS_OWN and words:
        batch.details = {**batch.details, code: blamed(batch, role, words)[:MAX_WORDS]}
    if status != Status.FAILED:
        return
    if why.get("stops_batch"):
        _stop(batch, role, words or "the provider refused")
    elif why.get("kind") == REJECTED and role in batch.models:
        streak = _count(batch, role, rejected=1)
        if streak.rejected >= (REJECTED_IN_A_ROW if streak.answered else REJECTED_AT_FIRST):
            _stop(batch, role, f"{streak.rejected} requests in a row were rejected; the last: {words}")


def blamed(batch: Batch, role: str, words: str) -> str:
    """A provider's words, with the role and the model that they are about."""
    if role not in batch.models:
        return words
    model = str(batch.models[role])
    return f"{role}: {words}" if model in words else f"{role} {model}: {words}"


def _stop(batch: Batch, role: str, words: str) -> None:
    if batch.error is None:
        batch.error = blamed(batch, role, words)


def _has_replied(batch: Batch, role: str) -> bool:
    """Whether the role's model has, in whichever role."""
    asked = batch.models[role]
    for other, streak in batch.streaks.items():
        model = batch.models.get(other)
        if model and streak.answered and (model.provider, model.model_name) == (asked.provider, asked.model_name):
            return True
    return False


def _count(batch: Batch, role: str, at: float | None = None, **more: int) -> Streak:
    streak = batch.streaks.get(role, Streak())
    grown: dict[str, Any] = {name: getattr(streak, name) + n for name, n in more.items()}
    if at is not None:
        grown["empty_since"] = at if streak.empty_since is None else min(at, streak.empty_since)
    streak = streak.model_copy(update=grown)
    batch.streaks = {**batch.streaks, role: streak}
    return streak
