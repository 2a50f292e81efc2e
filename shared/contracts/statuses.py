"""The closed lists: stages, statuses, reasons. In the order in which a problem meets them."""

from __future__ import annotations

from enum import StrEnum

ROUTE: tuple[str, ...] = ("engineer", "checker", "solver", "embedder")  #: the default routing slip


class Status(StrEnum):
    """Where a problem stands."""

    IN_PROGRESS = "in_progress"  #: at a stage, or parked
    VALID = "valid"  #: confirmed, new, and the target failed
    SOLVED = "solved"  #: the target model found the answer
    DISCARDED = "discarded"  #: not fit, for the reason given
    SURPLUS = "surplus"  #: valid, but beyond the number wanted
    FAILED = "failed"  #: could not be processed
    CANCELLED = "cancelled"  #: the batch stopped before it was done


class Reason(StrEnum):
    """Why a problem was discarded, or failed."""

    MALFORMED = "malformed"  #: no readable reply, or one over its cap
    UNANSWERABLE = "unanswerable"  #: the problem has no single answer
    AMBIGUOUS = "ambiguous"  #: it can be read in two ways
    WRONG_REFERENCE = "wrong_reference"  #: the reviewer found the reference answer wrong
    REFERENCE_UNCONFIRMED = "reference_unconfirmed"  #: a blind re-solve did not match it
    BAD_HINTS = "bad_hints"  #: hints are wrong, or give the answer away
    OFF_TOPIC = "off_topic"  #: not of the subject and topic asked for
    REFUSED = "refused"  #: a model declined
    UNDECIDED = "undecided"  #: nothing could judge whether two answers are the same
    DUPLICATE = "duplicate"  #: too close to another problem
    PROVIDER_ERROR = "provider_error"  #: failed: the provider will not serve this model or request
    POISON = "poison"  #: failed: unreadable, or it kills its handlers
    FAULTS = "faults"  #: failed: its handlers raised too often


class BatchStatus(StrEnum):
    """Where a batch stands: queued -> running <-> paused -> one of the ends."""

    QUEUED = "queued"  #: accepted; nothing issued yet
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"  #: the wanted number is valid
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
