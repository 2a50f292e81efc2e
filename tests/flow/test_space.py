"""The log of accepted vectors: replicas decide one after the other."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest

from services.embedder.entries import Entry, Vector
from services.embedder.logic import embed
from services.embedder.space import Spaces
from shared.contracts.ask import Reply, Usage
from shared.contracts.envelope import Similar
from shared.contracts.outcome import Discarded, Passed
from shared.contracts.problem import Options, Problem, ProblemReason
from shared.errors import Permanent
from shared.ledger import Ledger
from tests.flow.world import MODELS


def problem(slot: int, batch: str = "b", threshold: float = 0.82) -> Problem:
    return Problem(
        batch_id=batch, slot=slot, hop=3, route=[], models=MODELS, subject="s", topic="t", problem=f"problem {slot}",
        options=Options(similarity_threshold=threshold),
    )  # fmt: skip


def unit(*values: float) -> Vector:
    vector = np.array(values, dtype=np.float32)
    return vector / np.linalg.norm(vector)


async def put(spaces: Spaces, problem: Problem, vector: Vector) -> list[Similar]:
    """The closest ones; it is accepted unless one is too close."""
    threshold = problem.options.similarity_threshold
    entry = Entry(problem.batch_id, problem.slot, vector)
    near = await spaces.remember(
        problem.batch_id, entry, lambda near: all(s.similarity < threshold for s in near.similar)
    )
    return near.similar


class Embedding:
    def __init__(self, *values: float) -> None:
        self.values = list(values)

    async def embed(self, text: str) -> Reply[list[float]]:
        return Reply(self.values, "", Usage(1, 0), 1, "m", 0.1)


async def test_close_ones_are_kept_out_and_named(ledger: Ledger) -> None:
    spaces = Spaces(ledger)
    assert isinstance(await embed(problem(0), ask=Embedding(2, 0, 0), remember=spaces.remember), Passed)
    assert isinstance(await embed(problem(1), ask=Embedding(0, 3, 0), remember=spaces.remember), Passed)
    outcome = await embed(problem(2), ask=Embedding(1, 0.1, 0), remember=spaces.remember)
    assert isinstance(outcome, Discarded)
    assert outcome.reason == ProblemReason.DUPLICATE
    assert outcome.slip.similar[0].id == "b-0"
    assert outcome.slip.similar[0].similarity == pytest.approx(0.995, abs=1e-3)
    assert isinstance(await embed(problem(2, batch="c"), ask=Embedding(1, 0, 0), remember=spaces.remember), Passed)


async def test_the_threshold_itself_is_a_repeat(ledger: Ledger) -> None:
    spaces = Spaces(ledger)
    await put(spaces, problem(0, threshold=1.0), unit(1, 0))
    near = await put(spaces, problem(1, threshold=1.0), unit(1, 0))
    assert near[0].similarity == 1.0
    assert len(await ledger.read(0, stream="VECTORS")) == 1


@pytest.mark.parametrize("values", [(), (0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0)])
async def test_what_is_no_vector_is_malformed(ledger: Ledger, values: tuple[float, ...]) -> None:
    outcome = await embed(problem(0), ask=Embedding(*values), remember=Spaces(ledger).remember)
    assert isinstance(outcome, Discarded)
    assert outcome.reason == ProblemReason.MALFORMED


async def test_a_redelivery_finds_its_own_entry(ledger: Ledger) -> None:
    await put(Spaces(ledger), problem(0), unit(1, 0))
    for spaces in (Spaces(ledger), Spaces(ledger)):
        assert isinstance(await embed(problem(0), ask=Embedding(1, 0), remember=spaces.remember), Passed)
    assert len(await ledger.read(0, stream="VECTORS")) == 1


async def test_of_rival_repeats_one_is_accepted(ledger: Ledger) -> None:
    """Replicas race with clusters of near-equal problems: one of each cluster gets in."""
    rng = random.Random(1)
    replicas = [Spaces(ledger) for _ in range(4)]
    jobs = []
    for slot in range(60):
        vector = [0.0] * 10
        vector[slot % 10] = 1.0
        vector[(slot + 1) % 10] = rng.uniform(0, 0.2)
        jobs.append(put(replicas[slot % 4], problem(slot), unit(*vector)))
    await asyncio.gather(*jobs)
    accepted = await ledger.read(0, stream="VECTORS")
    assert len(accepted) == 10


async def test_a_log_made_anew_is_read_anew(ledger: Ledger) -> None:
    spaces = Spaces(ledger)
    for slot in range(3):
        await put(spaces, problem(slot), unit(*(float(slot == i) for i in range(3))))
    await ledger.js.delete_stream("VECTORS")
    await ledger.ensure()
    await put(spaces, problem(7), unit(0, 1, 1))
    assert [f.subject for f in await ledger.read(0, stream="VECTORS")] == ["vectors.b.b.7"]


class Changing:
    """An embedding model that gives another vector each time, the last one for ever."""

    def __init__(self, *vectors: list[float]) -> None:
        self.vectors = list(vectors)
        self.asked = 0

    async def embed(self, text: str) -> Reply[list[float]]:
        vector = self.vectors[min(self.asked, len(self.vectors) - 1)]
        self.asked += 1
        return Reply(vector, "", Usage(1, 0), 1, "m", 0.1)


async def test_a_vector_of_other_dimensions_is_asked_for_once_more(ledger: Ledger) -> None:
    spaces = Spaces(ledger)
    await put(spaces, problem(0), unit(1, 0))
    model = Changing([1, 0, 0], [0, 1])
    assert isinstance(await embed(problem(1), ask=model, remember=spaces.remember), Passed)
    assert model.asked == 2


@pytest.mark.parametrize("known", [True, False], ids=["this replica has read the log", "it has not"])
async def test_other_dimensions_twice_are_the_batchs_end(ledger: Ledger, known: bool) -> None:
    spaces = Spaces(ledger)
    await put(spaces, problem(0), unit(1, 0))
    model = Changing([1, 0, 0])
    with pytest.raises(Permanent, match=r"3 dimensions.* 2 before") as caught:
        await embed(problem(1), ask=model, remember=(spaces if known else Spaces(ledger)).remember)
    assert caught.value.role == "embedding"
    assert str(MODELS["embedding"]) in str(caught.value)
    assert model.asked == 2
    assert len(await ledger.read(0, stream="VECTORS")) == 1
    assert isinstance(await embed(problem(1, batch="c"), ask=model, remember=spaces.remember), Passed), "another space"


async def test_an_accepted_one_stays_so_whatever_the_model_gives_now(ledger: Ledger) -> None:
    await put(Spaces(ledger), problem(0), unit(1, 0))
    model = Changing([1, 0, 0])
    assert isinstance(await embed(problem(0), ask=model, remember=Spaces(ledger).remember), Passed)


async def test_rubbish_in_the_log_is_passed_over(ledger: Ledger) -> None:
    for slot, data in enumerate((b"", unit(1, 0).tobytes(), b"12345", unit(1, 0, 0).tobytes(), unit(0, 1).tobytes())):
        assert await ledger.publish_once(f"vectors.b.b.{slot}", data)
    near = await put(Spaces(ledger), problem(7), unit(1, 1))
    assert {found.id for found in near} == {"b-1", "b-4"}


async def test_a_full_log_ends_the_batch_with_that_word(ledger: Ledger) -> None:
    """Waiting would hold a worker for ever: room comes only where a batch is deleted, or the limit raised."""
    ledger.settings = ledger.settings.model_copy(update={"ledger_max_bytes": 40_000})
    await ledger.ensure()
    spaces = Spaces(ledger)
    for slot in range(10):
        await put(spaces, problem(slot), unit(*np.eye(256)[slot]))

    async def fill() -> None:
        for slot in range(10, 40):
            await put(spaces, problem(slot), unit(*np.eye(256)[slot]))

    with pytest.raises(Permanent, match=r"VECTORS.* is full.* STUMPER_LEDGER_MAX_BYTES"):
        await fill()
    near = await put(spaces, problem(0), unit(*np.eye(256)[0]))
    assert near == [], "one that was accepted before stays accepted"
