"""What a batch needs next. Pure: a batch in, a decision out."""

from __future__ import annotations

from math import ceil

from shared.contracts.batch import Batch
from shared.contracts.statuses import ENDED, BatchStatus, Flag

FULL = 0.8  #: share of the ledger's max_bytes above which no problem is issued
BUSY = 0.7  #: share to which what is begun may fill it, so that there still is room for new batches
SLOT_BYTES = 64 * 1024  #: of the ledger, that a problem takes, where none has ended yet
PRIOR = 8  #: problems; few enough to be outweighed soon, enough that one bad start does not issue dozens


def goal_reached(batch: Batch) -> bool:
    return missing(batch) == 0


def missing(batch: Batch) -> int:
    """How many are still to be accepted; each bucket's quota has to be filled by its own."""
    if batch.quotas:
        return sum(max(0, quota.wanted - quota.accepted) for quota in batch.quotas.values())
    return max(0, batch.wish.num_problems - batch.accepted)


def over_budget(batch: Batch) -> bool:
    return batch.wish.max_cost is not None and batch.cost >= batch.wish.max_cost


def stopped(batch: Batch) -> bool:
    """Whether the user ended it."""
    return batch.wish.state in ("cancelled", "deleted")


def flag(batch: Batch) -> Flag | None:
    """What the stages shall know of it."""
    if stopped(batch):
        return Flag.CANCELLED
    if batch.retrying and (batch.error is not None or over_budget(batch)):
        return Flag.CANCELLED  # what was sent on again runs though the goal is reached, but not for that
    if batch.ended or batch.error is not None or goal_reached(batch) or over_budget(batch):
        return Flag.ENDED
    return Flag.PAUSED if batch.wish.state == "paused" else None


def nearly_accepted(batch: Batch) -> int:
    """Pieces at the last stage: of problems those that the target failed, and only a repeat is still kept out.

    Those that the target solves end one stage earlier, so a rate of ends alone would look too bad in each wave. Counts
    are by stage; of one that is passed twice they cannot tell the visits apart, and the stage before it is the last.
    """
    last = next((stage for stage in reversed(batch.route) if batch.route.count(stage) == 1), "")
    return batch.counts.get(last, 0)


def acceptance_rate(batch: Batch) -> float:
    """The share accepted so far, with a prior of 1, which has the weight of `PRIOR` problems.

    Hoping for too much costs time; fearing too much costs money, as what is issued in vain is paid for.
    """
    near = nearly_accepted(batch)
    return (batch.accepted + near + PRIOR) / (batch.ended_problems + near + PRIOR)


def affordable(batch: Batch) -> int:
    """How many problems in flight what is left of the dollar cap can pay for, at the cost of those that ended.

    What is in flight has cost something too, which makes the guess of a problem's cost too high at first. Until the
    first has ended there is no guess, and few are tried.
    """
    if batch.wish.max_cost is None:
        return batch.wish.max_in_flight
    if not batch.ended_problems or not batch.cost:
        return PRIOR
    left = batch.wish.max_cost - batch.cost
    return max(1, left * batch.ended_problems // batch.cost)


def line(batch: Batch, room: int) -> int:
    """Slots 0 … line-1 shall exist. An absolute number, so that repeating it does no harm.

    `room` is how many problems of this batch may be in flight beside all other batches'.
    """
    if batch.ended or batch.closed or batch.retrying or flag(batch) is not None:
        return batch.issued
    near = nearly_accepted(batch)
    more = max(0, missing(batch) - near)
    ahead = min(batch.wish.max_in_flight, near + ceil(more / acceptance_rate(batch)), max(0, room))
    ahead = min(ahead, affordable(batch))
    return max(batch.issued, min(batch.ended_problems + ahead, batch.wish.max_attempts))


def claim(batch: Batch, unseen: int = 0) -> int:
    """Bytes of the ledger that what is in flight, and `unseen` problems more, will have taken when they end."""
    return (batch.in_flight + unseen) * slot_bytes(batch)


def slot_bytes(batch: Batch) -> int:
    """Bytes that a problem's facts take, on average; what is in flight counts as if it had ended already, so that
    the guess is too high at first."""
    return ceil(batch.fact_bytes / batch.ended_problems) if batch.ended_problems >= PRIOR else SLOT_BYTES


def fitting(batch: Batch, claimed: int, used: int, max_bytes: int) -> int:
    """How many slots the ledger has room for: all in flight may take half of it, and what they still have to write
    (half of it, on average) must fit below the line for what is begun."""
    each = slot_bytes(batch)
    room = min(max_bytes // 2 - claimed, int(max_bytes * BUSY) - used - claimed // 2)
    return max(0, room // each, 0 if claimed or used > max_bytes * FULL else 1)


def end(batch: Batch, promised: int) -> BatchStatus | None:
    """The end that it has come to; None while anything is in flight or still to do.

    `promised` is one above the highest slot that was published: those the ledger has not shown yet are in flight too.
    """
    if batch.in_flight or batch.issued < promised or batch.seen < batch.issued:
        return None
    if batch.retrying and flag(batch) is not Flag.CANCELLED:
        return None
    if goal_reached(batch):
        return BatchStatus.COMPLETED
    if stopped(batch):
        return BatchStatus.CANCELLED
    if batch.error is not None:
        return BatchStatus.FAILED
    if over_budget(batch):
        return BatchStatus.BUDGET_REACHED
    if batch.closed or batch.issued >= batch.wish.max_attempts:
        return BatchStatus.EXHAUSTED
    return None


def advance(batch: Batch, promised: int, now: float) -> Batch:
    """The batch with the status that its counters and the wish ask for; each change is counted."""
    if batch.standing:
        return batch
    if batch.wish.round > batch.asked and not stopped(batch):
        asked = {"asked": batch.wish.round, "asked_target": batch.wish.target, "purged": False}
        return batch.model_copy(update={**asked, "changes": batch.changes + 1})
    status = batch.status
    if status in ENDED:
        # a replayed dead letter may still complete a batch that ended short
        if status is not BatchStatus.COMPLETED and goal_reached(batch) and not batch.in_flight:
            status = BatchStatus.COMPLETED
    else:
        ended = end(batch, promised)
        if ended is not None:
            status = ended
        elif batch.wish.state == "paused":
            status = BatchStatus.PAUSED
        elif batch.started_at is not None:
            status = BatchStatus.RUNNING
    if status is batch.status:
        return batch
    finished = batch.finished_at or now if status in ENDED else None
    return batch.model_copy(update={"status": status, "changes": batch.changes + 1, "finished_at": finished})
