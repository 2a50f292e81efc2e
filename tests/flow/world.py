"""A batch's surroundings without services: the test plays the stages, fact by fact."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from services.conductor.conductor import Conductor
from services.conductor.sweep import Sweep
from shared import lines, subjects
from shared.contracts.batch import Batch, TopicSpec, Wish
from shared.contracts.call import CallFact
from shared.contracts.envelope import Ending, ModelSpec
from shared.contracts.problem import Problem, ProblemStatus
from shared.contracts.statuses import Reason, Status
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store.protocols import Store

MODEL = ModelSpec(provider="simulator", model_name="sim-strong")
MODELS = dict.fromkeys(lines.of("problems").all_roles, MODEL)
COST = 10  # nano-dollars of each call that the player makes

Fate = Callable[[Problem], Status | Ending]


def batch(wanted: int, **wish: Any) -> Batch:
    limits = {"num_problems": wanted, "max_attempts": 100 * wanted} | wish
    topics = [TopicSpec(subject="Algebra", topic=f"topic {i}") for i in range(3)]
    return Batch(id=uuid.uuid4().hex[:20], created_at=time.time(), wish=Wish(**limits), models=MODELS, topics=topics)


def all_valid(_problem: Problem) -> Status:
    return ProblemStatus.VALID


def every_third_valid(problem: Problem) -> Status | Ending:
    return (ProblemStatus.VALID, ProblemStatus.SOLVED, Ending(code=Reason.DUPLICATE))[problem.slot % 3]


class World:
    """The store, the ledger, and stages played by hand."""

    def __init__(self, store: Store, ledger: Ledger, settings: Settings) -> None:
        self.store = store
        self.ledger = ledger
        self.settings = settings
        self.read = 0
        self.calls = 0
        self.bulk = ""  #: the reply of each call

    def conductor(self, store: Any = None, ledger: Any = None) -> Conductor:
        return Conductor(store or self.store, ledger or self.ledger, self.settings)

    async def accept(self, new: Batch) -> Batch:
        assert await self.store.batches.insert(new)
        await self.ledger.publish_once(subjects.batch_requested(new.id), b"{}")
        return new

    async def play(self, fate: Fate = all_valid, only: tuple[str, ...] = lines.of("problems").stages) -> int:
        """Every stage handles what waits for it now, once; how many problems moved."""
        moved, end = 0, (await self.ledger.state()).last
        while self.read < end and (facts := await self.ledger.read(self.read)):
            for fact in facts:
                if fact.seq > end:
                    return moved
                self.read = fact.seq
                parsed = subjects.parse(fact.subject)
                if isinstance(parsed, subjects.StationSubject) and parsed.stage in only:
                    await self.handle(parsed.stage, Problem.model_validate_json(fact.data), fate, fact.seq)
                    moved += 1
        return moved

    async def handle(self, stage: str, problem: Problem, fate: Fate, seq: int | None = None) -> None:
        """`seq` is the handled fact's place; without it the newest of its slot is taken for it."""
        await self.call(stage, problem)
        if stage == "solver":
            problem = problem.but(prompt_versions={**problem.prompt_versions, "target": "solve.v1@0"})
        hop = problem.hop + 1
        if problem.route:
            onward, station = problem.but(hop=hop, since=hop, route=problem.route[1:]), problem.route[0]
        else:
            end = fate(problem)
            ending = end if isinstance(end, Ending) else None
            status = ProblemStatus.DISCARDED if ending else end
            onward, station = problem.but(hop=hop, status=status, reason=ending), subjects.FINISHED
        await self.put(station, onward, seq)

    async def put(self, station: str, problem: Problem, seq: int | None = None) -> int | None:
        span = subjects.slot_span("problems", problem.batch_id, problem.slot)
        if seq is None:
            newest = await self.ledger.last(span)
            seq = newest.seq if newest else 0
        return await self.ledger.publish_once(
            subjects.station("problems", station, problem.batch_id, problem.slot, problem.hop),
            problem.model_dump_json().encode(),
            span=span,
            after=seq,
        )

    async def call(self, stage: str, problem: Problem, n: int | str = 1) -> None:
        call = CallFact(
            id=uuid.uuid4().hex[:16], stage=stage, batch_id=problem.batch_id, slot=problem.slot, since=problem.since,
            n=1, role="engineer", model=MODEL, hash="h", reply=self.bulk, input_tokens=3, output_tokens=2, cost=COST,
            at=time.time(),
        )  # fmt: skip
        subject = subjects.call(stage, problem.batch_id, problem.slot, problem.since, n)
        if await self.ledger.publish_once(subject, call.model_dump_json().encode()) is not None:
            self.calls += 1

    async def step(self, conductor: Conductor) -> None:
        """All that the ledger holds now."""
        while await conductor.step():
            pass

    async def run(self, conductor: Conductor, batch_id: str, fate: Fate = all_valid, rounds: int = 400) -> Batch:
        """Conduct and play until the batch has ended and nothing moves."""
        sweep = Sweep(conductor)
        await conductor.resume()
        for turn in range(rounds):
            await self.step(conductor)
            if turn % 5 == 4:
                await sweep.run()
            moved = await self.play(fate)
            found = await self.batch(batch_id)
            if found.ended and not moved and not found.in_flight:
                return found
        raise AssertionError(f"the batch did not end: {found}")

    async def batch(self, batch_id: str) -> Batch:
        found = await self.store.batches.get(batch_id)
        assert found is not None
        return found

    async def check(self, batch_id: str) -> None:
        """The counters say what the rows and calls say."""
        found = await self.batch(batch_id)
        rows = [row async for row in self.store.problems.stream(batch_id=batch_id)]
        where = Counter(row["stage"] or row["status"] for row in rows)
        assert dict(where) == found.counts
        reasons = Counter(row["reason"] for row in rows if row["reason"])
        assert dict(reasons) == found.reasons
        ranked = [row for row in rows if row["rank"] and row["envelope"].get("round", 0) == found.round]
        assert sorted(row["rank"] for row in ranked) == list(range(1, found.accepted + 1))
        unranked = [row for row in rows if row["status"] in ("valid", "surplus") and row not in ranked]
        assert not unranked or found.round, "only a round leaves some as they stood before it"
        assert all((row["rank"] <= found.wish.num_problems) == (row["status"] == "valid") for row in ranked)
        assert found.issued == max((row["slot"] for row in rows), default=-1) + 1
        sums = await self.store.calls.sums([row["id"] for row in rows])
        assert sum(s["cost"] for s in sums.values()) == found.cost
        assert sum(s["calls"] for s in sums.values()) == found.calls == await self.store.calls.count(batch_id)
        problems, calls = set(), 0
        after = 0
        while facts := await self.ledger.read(after, subject=f"*.*.{batch_id}.>"):
            after = facts[-1].seq
            problems |= {f.subject for f in facts if f.subject.startswith("problems.")}
            calls += sum(f.subject.startswith("calls.") for f in facts)
        hops = Counter(".".join(subject.split(".")[2:]) for subject in problems)
        assert max(hops.values(), default=1) == 1, "a hop has two successors"
