"""The closed lists that all lines share. A line's own statuses and reasons stand with its payload."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a piece of work stands, on any line."""

    IN_PROGRESS = "in_progress"  #: at a stage, or parked
    SURPLUS = "surplus"  #: accepted, but beyond the number wanted
    FAILED = "failed"  #: could not be processed
    CANCELLED = "cancelled"  #: the batch stopped before it was done


class Reason(StrEnum):
    """Why a piece of work was discarded, or failed, on any line."""

    MALFORMED = "malformed"  #: no readable reply, or one over its cap
    REFUSED = "refused"  #: a model declined
    DUPLICATE = "duplicate"  #: too close to another one
    PROVIDER_ERROR = "provider_error"  #: failed: the provider will not serve this model or request
    POISON = "poison"  #: failed: unreadable, or it kills its handlers
    FAULTS = "faults"  #: failed: its handlers raised too often


class BatchStatus(StrEnum):
    """Where a batch stands: queued -> running <-> paused -> one of the ends."""

    QUEUED = "queued"  #: accepted; nothing issued yet
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"  #: the wanted number is accepted
    EXHAUSTED = "exhausted"  #: the cap on attempts came first
    BUDGET_REACHED = "budget_reached"  #: the cap on cost came first
    CANCELLED = "cancelled"
    FAILED = "failed"  #: a provider refuses to serve it; `error` has its words


ENDED: frozenset[BatchStatus] = frozenset(
    {
        BatchStatus.COMPLETED,
        BatchStatus.EXHAUSTED,
        BatchStatus.BUDGET_REACHED,
        BatchStatus.CANCELLED,
        BatchStatus.FAILED,
    }
)


class Flag(StrEnum):
    """What a batch's entry in the KV bucket `controls` tells the stages."""

    PAUSED = "paused"  #: park what is held
    ENDED = "ended"  #: goal, cap or failure: finish what is held as cancelled; replays go on
    CANCELLED = "cancelled"  #: finish everything as cancelled
