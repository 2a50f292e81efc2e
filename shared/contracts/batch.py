"""A batch as the store holds it. The gateway writes `wish`, and the conductor all else and the end of what expired."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import ENDED, BatchStatus


class TopicSpec(BaseModel):
    """One topic that problems may be asked of."""

    subject: str
    topic: str
    level: str = ""  #: empty: drawn from the usual mix of levels
    description: str = ""


class Wish(BaseModel):
    """What the user wants of the batch now; `rev` rises with each change."""

    rev: int = 1
    state: Literal["running", "paused", "cancelled", "deleted"] = "running"
    num_problems: int
    max_attempts: int
    max_in_flight: int = 256
    max_cost: int | None = None  #: nano-dollars
    target: ModelSpec | None = None  #: in place of the one that the batch began with
    round: int = 0  #: how often the stored problems shall have been tried by another target


class Place(BaseModel):
    """A place in the ledger. Epochs count streams; a sequence number means nothing outside its epoch."""

    epoch: int = 0
    seq: int = 0

    def __lt__(self, other: Place) -> bool:
        return (self.epoch, self.seq) < (other.epoch, other.seq)

    def __le__(self, other: Place) -> bool:
        return (self.epoch, self.seq) <= (other.epoch, other.seq)


class Streak(BaseModel):
    """How one role's calls went in this batch: what came in a row since its last readable reply."""

    model_config = ConfigDict(frozen=True)

    answered: bool = False  #: it gave a readable reply at least once
    rejected: int = 0  #: problems whose request the provider would not take
    empty: int = 0  #: problems parked for an answer that is no reply
    empty_since: float | None = None
    unread: int = 0  #: replies that could not be read


class Quota(BaseModel):
    """A share of what a batch wants, which is counted by itself."""

    wanted: int
    accepted: int = 0  #: surplus included
    in_flight: int = 0


Kind = Literal["generation", "augmentation", "evaluation", "text", "account"]

PARKED = "parked"  #: where what waits is counted
ACCOUNT = "account"  #: the id of the standing account


class Batch(BaseModel):
    """The document. Counters are exact for the ledger up to `applied`."""

    id: str
    # these defaults are what documents of before mean by their silence
    line: str = "problems"  #: see `shared.lines`
    kind: Kind = "generation"
    route: list[str] = ["engineer", "checker", "solver", "embedder"]  #: the stages that its pieces pass
    source: dict[str, Any] = {}  #: how a slot begins: `name` (empty: as usual for the line) and what that needs
    name: str | None = None
    created_at: float  #: Unix seconds, as all times inside
    wish: Wish
    models: dict[str, ModelSpec]  #: by role
    options: dict[str, Any] = {}  #: as the line's envelopes have them
    topics: list[TopicSpec] = []
    random_seed: int = 0
    request_hash: str = ""  #: of the body, so that a reused Idempotency-Key with another body shows

    status: BatchStatus = BatchStatus.QUEUED
    applied: Place = Place()
    counts: dict[str, int] = {}  #: pieces by where they stand: a stage, `parked`, or an end status
    quotas: dict[str, Quota] = {}  #: by bucket, where the number wanted falls into several
    reasons: dict[str, int] = {}
    accepted: int = 0  #: problems that passed every stage, surplus included; the last rank given
    issued: int = 0  #: highest slot seen + 1
    fact_bytes: int = 0  #: of the ledger, that its problems' facts took so far
    calls: int = 0
    cost: int = 0  #: nano-dollars, of the calls whose price is known
    unpriced_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    error: str | None = None  #: a provider's words, where they stopped the batch
    waiting: str | None = None  #: a provider's words, where problems are parked until it answers again
    waiting_role: str = ""  #: who waits for it; empty where it is not known
    waiting_since: float | None = None
    streaks: dict[str, Streak] = {}  #: by role
    details: dict[str, str] = {}  #: reason -> what the last problem with it was told, for reasons that are not its own
    warnings: list[str] = []  #: in the reply that accepted it
    changes: int = 0  #: how many `batches.changed` facts there should be
    asked: int = 0  #: the newest round that a `batches.changed` fact should announce
    asked_target: ModelSpec | None = None  #: whom that fact names
    round: int = 0  #: the newest round that the ledger has announced; ranks and `accepted` count what ended in it
    retrying: bool = False  #: whether some that had reached the target are still to be tried in this round
    closed: bool = False  #: it had ended when the round began: nothing new is issued
    started_at: float | None = None
    finished_at: float | None = None
    purged: bool = False  #: its subjects are gone from the ledger

    @classmethod
    def account(cls, now: float) -> Batch:
        """The bill of the calls that belong to no piece of work. It issues nothing and never ends."""
        wish = Wish(num_problems=0, max_attempts=0)
        return cls(id=ACCOUNT, kind="account", route=[], created_at=now, wish=wish, models={})

    @property
    def standing(self) -> bool:
        """Whether it only is a bill."""
        return self.kind == "account"

    @property
    def awaits_round(self) -> bool:
        """Whether another round is wished that the ledger has not announced yet."""
        return self.wish.round > self.round and self.wish.state not in ("cancelled", "deleted")

    @property
    def current_models(self) -> dict[str, ModelSpec]:
        """By role, for slots that begin now."""
        return self.models | ({"target": self.wish.target} if self.wish.target else {})

    @property
    def seen(self) -> int:
        """Slots that the ledger has shown."""
        return sum(self.counts.values())

    @property
    def ended_problems(self) -> int:
        """Slots at an end."""
        return sum(self.ends.values())

    @property
    def ends(self) -> dict[str, int]:
        """Slots at an end, by status: whatever is neither a stage nor parked."""
        return {where: n for where, n in self.counts.items() if where != PARKED and where not in self.route}

    @property
    def in_flight(self) -> int:
        return self.seen - self.ended_problems

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def total_cost(self) -> int | None:
        """Nano-dollars; None where some call's price is unknown."""
        return None if self.unpriced_calls else self.cost

    @property
    def shortfall(self) -> str | None:
        """Of a batch that ended short: what most of its problems came to, where models or providers are to blame."""
        if self.status not in (BatchStatus.EXHAUSTED, BatchStatus.BUDGET_REACHED):
            return None
        counts = {code: self.reasons.get(code, 0) for code in self.details}
        if 2 * sum(counts.values()) <= self.ended_problems:
            return None
        most = max(counts, key=lambda code: counts[code])
        return f"{counts[most]} of {self.ended_problems} problems ended as {most}; the last: {self.details[most]}"


Row = dict[str, Any]
"""A piece of work as the store holds it:

`id, batch_id, slot, hop, place [epoch, seq] of the fact it shows, trail [[epoch, seq, where], …] (where the
piece stood as of each place, ascending), first [epoch, seq] (of its slot's facts, in that epoch's ledger; rows
of before have none), subject_of_fact, stage (where it waits, "" at an end), status, rank, envelope (a dict),
created_at, updated_at, line, kind` (rows of before have neither, and are problems of a generation), and copies of
the envelope's fields for queries: `reason` and what the line says.
"""


class TokenSums(NamedTuple):
    """Tokens of a batch's calls by one stage in one role with one prompt."""

    batch_id: str
    stage: str
    role: str
    prompt_version: str
    input: int
    cached: int  #: a part of the input
    output: int


CallRow = dict[str, Any]
"""A model call as the store holds it: the `calls` fact with `id`, `problem_id` and `place` added."""
