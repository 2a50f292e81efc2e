"""The fold: what a chunk of facts makes of rows and batches. Pure.

Counters are a function of the ledger up to a place and of nothing else, so that it does not matter who folds what,
how often, or where a crash cuts in. To that end a row keeps its trail: where the piece stood as of which place.
A row may be ahead of its batch (a crash, or a rival conductor, between the two writes); the batch then counts what
the trail says of the batch's own place.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from services.conductor import streaks
from services.conductor.reading import ending, read_call, read_object
from shared import lines, subjects
from shared.contracts.batch import Batch, CallRow, Place, Quota, Row
from shared.contracts.envelope import ModelSpec, problem_id
from shared.contracts.statuses import BatchStatus, Status
from shared.facts import Fact
from shared.lines import Line

log = logging.getLogger(__name__)

FACT_OVERHEAD = 180  #: bytes that a message takes beside subject and data: its headers and the server's record


@dataclass
class Fold:
    """One chunk's work. `batches` and `rows` are as the store has them; results are in `after`, `changed`, `calls`."""

    epoch: int
    batches: dict[str, Batch]
    rows: dict[str, Row]
    counted_calls: dict[str, Place] = field(default_factory=dict)  #: known calls, and where they were counted
    after: dict[str, Batch] = field(default_factory=dict)
    changed: dict[str, Row] = field(default_factory=dict)
    calls: list[CallRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start: dict[str, str | None] = {}  # where a touched piece stood as of its batch's place
        self._taken: set[str] = set()  # calls of this chunk

    def run(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._take(fact)
        for row_id, before in self._start.items():
            row = self.changed.get(row_id) or self.rows[row_id]
            batch = self.after[row["batch_id"]]
            _recount(batch, before, standing(row, batch.applied), _bucket(row))

    def _take(self, fact: Fact) -> None:
        parsed = subjects.parse(fact.subject)
        before = self.batches.get(parsed.batch_id) if parsed else None
        place = Place(epoch=self.epoch, seq=fact.seq)
        if parsed is None or before is None or (before.wish.state == "deleted" and before.purged):
            return  # not ours, or of a batch that is gone
        if place <= before.applied:
            return
        batch = self.after.get(before.id)
        if batch is None:
            batch = self.after[before.id] = before.model_copy()  # its dicts are replaced, never changed
        match parsed:
            case subjects.BatchSubject(event="requested"):
                batch.started_at = batch.started_at or fact.time
            case subjects.BatchSubject():
                _begin_round(batch, read_object(fact.data) or {})
            case subjects.CallSubject():
                self._call(batch, before.applied, fact, place, parsed)
            case subjects.StationSubject():
                self._station(batch, before.applied, fact, place, parsed)
        if not isinstance(parsed, subjects.BatchSubject):
            batch.fact_bytes += len(fact.subject) + len(fact.data) + FACT_OVERHEAD
        batch.applied = place

    def _call(self, batch: Batch, applied: Place, fact: Fact, place: Place, subject: subjects.CallSubject) -> None:
        call = read_call(fact.data)
        if call is None:
            log.warning("no call can be read there", extra={"subject": fact.subject})
            return
        counted = self.counted_calls.get(call["id"])
        if counted is not None and counted <= applied and counted != place:
            return  # in an earlier stream, or published again after a purge: it was counted there
        if call["id"] in self._taken:
            return
        self._taken.add(call["id"])
        call |= {"problem_id": problem_id(batch.id, subject.slot), "place": [place.epoch, place.seq]}
        self.calls.append(call)
        self._begins(call["problem_id"], place)
        batch.calls += 1
        batch.input_tokens += call.get("input_tokens", 0)
        batch.output_tokens += call.get("output_tokens", 0)
        if call.get("cost") is None:
            batch.unpriced_calls += 1
        else:
            batch.cost += call["cost"]
        if not batch.standing:
            streaks.after_call(batch, call)

    def _begins(self, row_id: str, place: Place) -> None:
        """A call may be its slot's first fact in a ledger that was made anew."""
        row = self.changed.get(row_id) or self.rows.get(row_id)
        if row is not None and row["place"][0] < place.epoch and (row.get("first") or [0])[0] < place.epoch:
            self.changed[row_id] = row | {"first": [place.epoch, place.seq]}

    def _station(
        self, batch: Batch, applied: Place, fact: Fact, place: Place, subject: subjects.StationSubject
    ) -> None:
        if subject.slot >= max(batch.issued, batch.wish.max_attempts):
            return  # nobody of ours issues such a slot, and counting it would make us issue all below it
        if subject.line != batch.line or subject.stage not in (*batch.route, subjects.PARKED, subjects.FINISHED):
            return  # a ghost: nobody who works for this batch was there
        line = lines.of(batch.line)
        row_id = problem_id(batch.id, subject.slot)
        row = self.changed.get(row_id) or self.rows.get(row_id)
        envelope = read_object(fact.data) or {}
        if "models" not in envelope:  # it could not be read: what was known before stays
            known = dict(row["envelope"]) if row else {}
            envelope = known | {key: envelope[key] for key in ("status", "reason") if key in envelope}
        found = _where(line, subject.stage, envelope)
        passed = found == line.accepted and _round(envelope) == batch.round
        if row is not None and subject.hop <= row["hop"]:
            where = next((w for e, s, w in row["trail"] if (e, s) == (place.epoch, place.seq)), None)
            if where is None:
                return  # a ghost: of a purged batch, or a frozen handler; its calls' cost is all that counts
            # written before a crash, or by a rival, and now counted
        else:
            if row is not None and not row["stage"] and not _again(row, envelope):
                return  # a ghost that another stage took up: an end stands until the piece is sent on by hand
            where = found
            rank = row.get("rank") if row and _round(row["envelope"]) == _round(envelope) else None
            if back := _as_before(where, envelope):
                where, envelope = back
            elif passed:
                bucket = batch.quotas.get(_bucket(row, envelope))
                rank = batch.accepted + 1
                full = bucket.accepted >= bucket.wanted if bucket else rank > batch.wish.num_problems
                where = Status.SURPLUS.value if full else line.accepted
            self.changed[row_id] = _row(row, batch, applied, fact, place, subject, envelope, where, rank)
        self._start.setdefault(row_id, standing(self.rows.get(row_id), applied))
        batch.issued = max(batch.issued, subject.slot + 1)
        batch.started_at = batch.started_at or fact.time
        if passed:
            batch.accepted += 1
            _count_in(batch, _bucket(row, envelope), accepted=1)
        if (why := ending(read_object(fact.data) or {})) and _round(envelope) == batch.round:
            if where == subjects.PARKED:
                streaks.after_parked(batch, why, fact.time)
            elif subject.stage == subjects.FINISHED:
                streaks.after_end(batch, where, why)


def standing(row: Row | None, place: Place) -> str | None:
    """Where the piece stood as of `place`: a stage, `parked`, `<status>` or `<status>:<reason>`; None: not seen."""
    if row is None:
        return None
    found = None
    for epoch, seq, where in row["trail"]:
        if (epoch, seq) > (place.epoch, place.seq):
            break
        found = where
    return found


def stock(batch: Batch, rows: Iterable[Row], calls: dict[str, int], epoch: int) -> Batch:
    """The batch counted anew by its rows and the sums over its calls, at the beginning of an epoch."""
    quotas = {name: Quota(wanted=quota.wanted) for name, quota in batch.quotas.items()}
    fresh = batch.model_copy(update={"counts": {}, "quotas": quotas, "reasons": {}, "accepted": 0, "issued": 0})
    fresh.applied = Place(epoch=epoch, seq=0)
    for row in rows:
        _recount(fresh, None, standing(row, fresh.applied), _bucket(row))
        rank = row["rank"] if _round(row["envelope"]) == batch.round else None
        _count_in(fresh, _bucket(row), accepted=1 if rank else 0)
        fresh.accepted = max(fresh.accepted, rank or 0)
        fresh.issued = max(fresh.issued, row["slot"] + 1)
    fresh.calls, fresh.cost, fresh.unpriced_calls = calls["calls"], calls["cost"], calls["unpriced"]
    fresh.input_tokens, fresh.output_tokens = calls["input_tokens"], calls["output_tokens"]
    return fresh


def _recount(batch: Batch, before: str | None, after: str | None, bucket: str) -> None:
    counts, reasons = Counter(batch.counts), Counter(batch.reasons)
    for where, step in ((before, -1), (after, 1)):
        if where is not None:
            name, _, reason = where.partition(":")
            counts[name] += step
            if reason:
                reasons[reason] += step
            if name in (*batch.route, subjects.PARKED):
                _count_in(batch, bucket, in_flight=step)
    batch.counts = {name: n for name, n in counts.items() if n}
    batch.reasons = {name: n for name, n in reasons.items() if n}


def _count_in(batch: Batch, bucket: str, **more: int) -> None:
    if quota := batch.quotas.get(bucket):
        counted = quota.model_copy(update={name: getattr(quota, name) + n for name, n in more.items()})
        batch.quotas = {**batch.quotas, bucket: counted}


def _bucket(row: Row | None, envelope: dict[str, Any] | None = None) -> str:
    """Whose quota a piece counts for; its first envelope says it once for all."""
    found = (row["envelope"] if row else envelope or {}).get("bucket", "")
    return found if isinstance(found, str) else ""


def _round(envelope: dict[str, Any]) -> int:
    found = envelope.get("round", 0)
    return found if isinstance(found, int) else 0


def _begin_round(batch: Batch, news: dict[str, Any]) -> None:
    """Its stored pieces are to be tried by another target: ranks and the goal begin anew, and so does the batch. A cap
    holds; what the old target's provider said does not."""
    try:
        target = ModelSpec.model_validate(news["target"])
        round_ = int(news["round"])
    except (KeyError, TypeError, ValueError):
        return
    if round_ <= batch.round:
        return
    batch.round, batch.retrying, batch.closed = round_, True, batch.closed or batch.ended
    batch.models = batch.models | {"target": target}
    batch.accepted = 0
    batch.quotas = {name: quota.model_copy(update={"accepted": 0}) for name, quota in batch.quotas.items()}
    batch.status, batch.finished_at, batch.purged = BatchStatus.RUNNING, None, False
    batch.error, batch.streaks = None, {}


def _as_before(where: str, envelope: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """What a round could not finish stands as it stood before it, without a rank in this one."""
    before = envelope.get("before")
    if not isinstance(before, dict) or where.partition(":")[0] not in (Status.FAILED, Status.CANCELLED):
        return None
    stood = str(before["where"])
    return stood, envelope | {"status": stood.partition(":")[0], "reason": before.get("reason")}


def _where(line: Line, stage: str, envelope: dict[str, Any]) -> str:
    if stage != subjects.FINISHED:
        return stage
    status = envelope.get("status")
    if status not in tuple(line.statuses):
        return f"{Status.FAILED.value}:poison"
    code = ending(envelope).get("code")
    return f"{status}:{code}" if code else str(status)


def _row(
    old: Row | None,
    batch: Batch,
    applied: Place,
    fact: Fact,
    place: Place,
    subject: subjects.StationSubject,
    envelope: dict[str, Any],
    where: str,
    rank: int | None,
) -> Row:
    trail = list(old["trail"]) if old else []
    # only the newest entry that the batch has counted is needed of the past
    while len(trail) > 1 and (trail[1][0], trail[1][1]) <= (applied.epoch, applied.seq):
        trail.pop(0)
    status, _, reason = where.partition(":")
    at_end = subject.stage == subjects.FINISHED
    return {
        "id": problem_id(batch.id, subject.slot),
        "batch_id": batch.id,
        "slot": subject.slot,
        "hop": subject.hop,
        "place": [place.epoch, place.seq],
        "trail": [*trail, [place.epoch, place.seq, where]],
        "first": _first(old, place),
        "subject_of_fact": fact.subject,
        "stage": "" if at_end else subject.stage,
        "status": status if at_end else Status.IN_PROGRESS.value,
        "rank": rank,
        "envelope": envelope,
        "created_at": old["created_at"] if old else fact.time,
        "updated_at": fact.time,
        **lines.of(batch.line).columns_of(envelope),
        "reason": reason or None,
        "line": batch.line,
        "kind": batch.kind,
    }


def _first(old: Row | None, place: Place) -> list[int] | None:
    """Where the slot's facts begin in this epoch's ledger; None where an older version's row did not say."""
    if old is None:
        return [place.epoch, place.seq]
    first: list[int] | None = old.get("first")
    if first is not None and first[0] == place.epoch:
        return first
    return [place.epoch, place.seq] if old["place"][0] < place.epoch else None


def _again(row: Row, envelope: dict[str, Any]) -> bool:
    """Whether the piece was sent on again after the end that the row shows."""
    replays = envelope.get("replays")
    return isinstance(replays, int) and replays > row["envelope"].get("replays", 0)
