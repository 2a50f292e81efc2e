"""What the store can do. MongoDB and SQLite do the same; one contract test pins them to each other.

Every write is a conditional update of one document or an idempotent upsert, so neither needs transactions.
Every method raises StoreUnavailable where the database does not answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Protocol, Self

from shared.contracts.batch import Batch, CallRow, Place, Row, TokenSums


class Batches(Protocol):
    """Batches; a deleted one leaves a tombstone (wish.state `deleted`), so that its id is never reused."""

    async def insert(self, batch: Batch) -> bool:
        """False where the id exists (a tombstone counts)."""

    async def get(self, batch_id: str) -> Batch | None:
        """Tombstones too."""

    async def get_many(self, ids: Iterable[str]) -> dict[str, Batch]: ...

    async def open(self) -> list[Batch]:
        """All that the sweep has to look at, oldest first: not ended, or with a problem in flight, or not yet
        purged, or wish `deleted` and not yet buried."""

    async def wish(self, batch_id: str, **changes: Any) -> Batch | None:
        """Set fields of the wish, raise its rev by one; None where there is no such batch, or its wish is
        `deleted`, which is final. ValueError for what a wish cannot hold."""

    async def project(self, before: Batch, after: Batch) -> bool:
        """Write all but the wish, if `applied` and `wish.rev` still are those of `before`."""

    async def expired(self, kind: str, before: float, limit: int = 100) -> list[str]:
        """Ids of batches of this kind that ended before that time (Unix seconds), oldest first, without those whose
        wish is `deleted`."""

    async def bury(self, batch_id: str) -> None:
        """Turn a batch with wish `deleted` into a tombstone: ended and purged, with nothing in it but its
        models, options and `request_hash`. No write reaches it after that. Other batches are left as they are."""

    async def list(
        self, *, status: str | None, skip: int, limit: int, kinds: Sequence[str] | None = None
    ) -> tuple[list[Batch], int]:
        """Of these kinds, where given; newest first, with the total; without those whose wish is `deleted`. Their
        topics are not read, so they are empty here: ten thousand of them make megabytes a batch."""

    async def tally(self, kinds: Sequence[str]) -> dict[str, dict[str, int]]:
        """`counts` and `reasons` of all batches of these kinds, each summed up by its names; without those whose wish
        is `deleted`."""


class Problems(Protocol):
    """Problems, one row a slot."""

    async def put(self, rows: Sequence[Row]) -> None:
        """Each row is written only over a lower hop, or over the same hop at the same place; else skipped."""

    async def get(self, problem_id: str) -> Row | None: ...

    async def get_many(self, ids: Iterable[str]) -> dict[str, Row]: ...

    def stream(
        self, *, batch_id: str | None = None, status: str | None = None, kinds: Sequence[str] | None = None
    ) -> AsyncIterator[Row]:
        """Every match (`kinds` count where no batch is named), by batch and slot, without holding all in memory."""

    async def of_batches(self, batch_ids: Iterable[str]) -> list[Row]:
        """All rows of these, by batch and slot, without their vectors."""

    async def mean(self, field: str, *, status: str, kinds: Sequence[str]) -> float | None:
        """Of a number in the envelope, as `quality.score`, over the rows that have it; None where none does."""

    async def in_flight(self, batch_id: str) -> list[Row]:
        """Rows that are not at an end."""

    async def behind(self, batch_id: str, round_: int, *, role: str, limit: int) -> list[Row]:
        """Rows at an end whose `role` was asked (by the envelope's `prompt_versions`), but not in this round yet; by
        slot."""

    async def slots(self, batch_id: str) -> set[int]: ...

    async def outlines(
        self, batch_id: str, *, start: int = 0, limit: int = 2000, status: str | None = None
    ) -> list[Row]:
        """Rows from slot `start` on, ascending, with nothing but `slot`, `status`, `place` and `first`."""

    async def count(self, batch_id: str | None = None, *, kinds: Sequence[str] | None = None) -> int: ...

    async def delete(self, batch_id: str) -> None: ...

    async def list(
        self,
        *,
        skip: int,
        limit: int,
        batch_id: str | None = None,
        status: str | None = None,
        reason: str | None = None,
        subject: Sequence[str] | None = None,
        topic: Sequence[str] | None = None,
        q: str | None = None,
        kinds: Sequence[str] | None = None,
    ) -> tuple[list[Row], int]:
        """By batch id, then slot ascending; with the total. Subject and topic are one of those given. `q` is found
        anywhere in the problem's text, case-insensitively, as plain characters."""


class Calls(Protocol):
    """Model calls, one row a call, upserted by id."""

    async def put(self, rows: Sequence[CallRow]) -> None: ...

    async def places(self, ids: Iterable[str]) -> dict[str, Place]:
        """Where known calls were counted."""

    async def of_problem(self, problem_id: str) -> list[CallRow]:
        """In the order in which they returned (`at`)."""

    async def sums(self, problem_ids: Iterable[str]) -> dict[str, dict[str, int]]:
        """{problem id: {calls, cost, unpriced, input_tokens, output_tokens}}; those without calls are absent."""

    async def total(self, batch_id: str) -> dict[str, int]:
        """The same sums over all calls of a batch; zeros where it has none."""

    async def tokens(self, batch_ids: Iterable[str]) -> list[TokenSums]:
        """What the calls of these took, in no order."""

    async def count(self, batch_id: str | None = None) -> int: ...

    async def delete(self, batch_id: str) -> None: ...


class Items(Protocol):
    """Immutable sets of items, named by their content and read by number."""

    async def put(self, set_id: str, start: int, items: Sequence[dict[str, Any]]) -> None:
        """Number them from `start` on; one that is there stays."""

    async def get(self, set_id: str, numbers: Iterable[int]) -> dict[int, dict[str, Any]]: ...

    async def count(self, set_id: str) -> int: ...


Record = dict[str, Any]
"""A JSON object with its `id`, when it was made (`created_at`, Unix seconds), and its revision (`rev`)."""


class Records(Protocol):
    """Records by kind: datasets, models, experiments, evaluations. Who changes one names the revision that it read."""

    async def insert(self, kind: str, record: Record) -> bool:
        """As revision 1, whatever it says. False where the id exists."""

    async def get(self, kind: str, record_id: str) -> Record | None: ...

    async def get_many(self, kind: str, ids: Iterable[str]) -> dict[str, Record]: ...

    async def swap(self, kind: str, record: Record) -> bool:
        """Write it over the one of the same id if that still has the same `rev`, which is then raised by one."""

    async def delete(self, kind: str, record_id: str, rev: int) -> bool:
        """If it still has this revision."""

    async def list(
        self, kind: str, *, skip: int = 0, limit: int, where: Mapping[str, str | int | bool | None] | None = None
    ) -> tuple[list[Record], int]:
        """Newest first, with the total. `where`: values of the record's own keys; a missing one is None."""


class Checkpoints(Protocol):
    """Where a reader of the ledger stands: a small document by name."""

    async def get(self, name: str) -> dict[str, Any] | None: ...

    async def swap(self, name: str, before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
        """Write `after` if the document still is `before` (None: does not exist)."""


class Store(Protocol):
    """One database. `async with await open_store(settings)`."""

    @property
    def batches(self) -> Batches: ...
    @property
    def problems(self) -> Problems: ...
    @property
    def calls(self) -> Calls: ...
    @property
    def items(self) -> Items: ...
    @property
    def records(self) -> Records: ...
    @property
    def checkpoints(self) -> Checkpoints: ...

    async def ping(self) -> str:
        """Name and version of the database."""

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...
