"""What a text job will come to, by what earlier ones came to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.estimate import (
    ASSUMED,
    ASSUMED_SECONDS,
    MOST_CALLS,
    VARY,
    Estimate,
    Size,
    basis,
    duration,
    estimate,
    reached,
    wanted,
)
from shared.contracts.batch import Batch, Quota, TokenSums, Wish
from shared.contracts.envelope import ModelSpec
from shared.contracts.price import Price
from shared.contracts.statuses import BatchStatus
from shared.contracts.text import VARIED
from shared.text_templates.templates import versions

PRICES = {f"simulator/{name}": Price(input=Decimal(1), output=Decimal(2)) for name in ("w", "r", "e")}
SAMPLE = {"writer": (700, 200), "reviewer": (800, 100), "embedding": (90, 0)}
VARIANT = {"writer": (900, 300), "embedding": (80, 0)}


def models(writer: str = "w") -> dict[str, ModelSpec]:
    names = {"writer": writer, "reviewer": "r", "embedding": "e"}
    return {role: ModelSpec(provider="simulator", model_name=name) for role, name in names.items()}


def job(count: int = 5, varied: int = 0, strategies: int = 0, **fields: Any) -> Batch:
    quotas = {VARIED: Quota(wanted=varied, accepted=varied)} if varied else {}
    document: dict[str, Any] = {
        "id": "job", "line": "texts", "kind": "text", "route": ["writer", "embedder"], "created_at": 1000.0,
        "wish": Wish(num_problems=count, max_attempts=100), "models": models(), "quotas": quotas,
        "options": {"strategies": ["CDA", "ADA", "CADA"][:strategies]},
    }  # fmt: skip
    return Batch(**document | fields)


def ended(name: str, accepted: int = 5, seconds: float = 8.0, calls: int = 15, **fields: Any) -> Batch:
    known: dict[str, Any] = {
        "id": name, "status": BatchStatus.COMPLETED, "counts": {"accepted": accepted, "rejected": 2},
        "finished_at": 1000.0 + seconds, "calls": calls,
    }  # fmt: skip
    return job(**known | fields)


def spent(batch: Batch, each: Mapping[str, tuple[int, int]] = SAMPLE, variant: Any = VARIANT) -> list[TokenSums]:
    """Its calls, where every accepted text took so much."""
    size, sums = reached(batch), []
    for role, (into, out) in each.items():
        stage = "embedder" if role == "embedding" else "writer"
        sums.append(TokenSums(batch.id, stage, role, "v1/x@0", into * size.samples, 0, out * size.samples))
    for role, (into, out) in variant.items() if size.variants else ():
        prompt = "v1/vary@0" if role == "writer" else ""
        sums.append(TokenSums(batch.id, "writer", role, prompt, into * size.variants, 0, out * size.variants))
    return sums


def estimated(wish: Batch, past: Sequence[Batch], calls: list[TokenSums] | None = None, workers: int = 256) -> Estimate:
    if calls is None:
        calls = [each for batch in past for each in spent(batch)]
    found = basis(wish, past)
    return estimate(wish, found, [each for each in calls if each.batch_id in found.ids], workers)


def cost(wish: Batch, found: Estimate) -> int | None:
    return found.cost(wish, 1.79e9, PRICES)[0]


def nano(samples: int = 0, variants: int = 0) -> int:
    def each(spent: Mapping[str, tuple[int, int]]) -> int:
        return sum(1000 * into + 2000 * out for into, out in spent.values())

    return samples * each(SAMPLE) + variants * each(VARIANT)


def test_without_an_earlier_job_it_says_what_it_assumes() -> None:
    wish = job(10)
    found = estimated(wish, [])
    assert (found.jobs, found.same_models) == (0, False)
    assert found.sample == ASSUMED
    assert found.seconds == ASSUMED_SECONDS
    assert "no earlier job" in found.warnings[0]
    writer = found.sample["writer"]
    assert f"{writer.input} + {writer.output} of the writer" in found.warnings[0]
    assert estimated(wish, [], workers=4).seconds == 3 * ASSUMED_SECONDS


def test_a_job_like_earlier_ones_comes_to_what_they_came_to() -> None:
    past = [ended("b1"), ended("b2")]
    found = estimated(job(5), past)
    assert (found.jobs, found.same_models, found.warnings) == (2, True, [])
    assert cost(job(5), found) == nano(5)
    assert found.seconds == 8.0


def test_what_was_rejected_is_paid_for_by_what_was_accepted() -> None:
    past = [ended("b1", accepted=4), ended("b2", accepted=1)]
    calls = [TokenSums(name, "writer", "writer", "", 1000, 400, 50) for name in ("b1", "b2")]
    assert estimated(job(), past, calls).sample["writer"] == estimated(job(), past[::-1], calls).sample["writer"]
    tokens = estimated(job(), past, calls).sample["writer"]
    assert (tokens.input, tokens.cached, tokens.output) == (400, 160, 20)


def test_jobs_of_the_same_models_come_first_and_those_of_others_are_priced_by_todays_list() -> None:
    other = ended("b1", models=models("another"), cost=10**12)
    assert cost(job(5), estimated(job(5), [other])) == nano(5)
    assert not estimated(job(5), [other]).same_models
    double = [TokenSums(*each[:4], *(2 * n for n in each[4:])) for each in spent(other)]
    mine = ended("b2")
    both = estimated(job(5), [other, mine], [*double, *spent(mine)])
    assert (both.jobs, both.same_models, cost(job(5), both)) == (1, True, nano(5))
    warm = {role: model.model_copy(update={"temperature": 1.5}) for role, model in models().items()}
    assert estimated(job(5, models=warm), [mine]).same_models, "a temperature is no other model"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": BatchStatus.RUNNING},
        {"status": BatchStatus.CANCELLED},
        {"status": BatchStatus.FAILED},
        {"finished_at": None},
        {"calls": 0},
    ],
)
def test_jobs_that_did_not_run_out_tell_nothing(fields: dict[str, Any]) -> None:
    assert estimated(job(), [ended("b1", **fields)]).jobs == 0


@pytest.mark.parametrize("status", [BatchStatus.COMPLETED, BatchStatus.EXHAUSTED, BatchStatus.BUDGET_REACHED])
def test_jobs_that_ended_short_by_themselves_tell(status: BatchStatus) -> None:
    assert estimated(job(), [ended("b1", status=status)]).jobs == 1


def test_jobs_that_accepted_nothing_are_told_of() -> None:
    found = estimated(job(), [ended("b1", 0), ended("b2", 0), ended("b3", models=models("another"))])
    assert (found.jobs, found.same_models) == (1, False)
    assert found.warnings == ["earlier jobs of these models that accepted no sample: 2"]
    assert estimated(job(), [ended("b1", 0)]).jobs == 0


def test_jobs_whose_calls_are_not_there_are_no_reason_to_say_that_it_is_free() -> None:
    assert estimated(job(), [ended("b1")], []).sample == ASSUMED


def test_the_calls_to_sum_up_are_bounded() -> None:
    past = [ended(f"b{n}", calls=MOST_CALLS // 4) for n in range(9)]
    assert basis(job(), past).ids == ["b0", "b1", "b2", "b3"], "the newest"
    assert basis(job(), [ended("big", calls=MOST_CALLS), *past]).ids == ["big"]
    huge = [ended("x", calls=9 * MOST_CALLS), ended("y", calls=2 * MOST_CALLS)]
    assert basis(job(), [*huge, *past]).ids == ["b0", "b1", "b2", "b3"]
    assert basis(job(), huge).ids == ["y"]


def test_variants_add_what_earlier_variants_took() -> None:
    wish = job(10, varied=5, strategies=2)
    assert wanted(wish) == Size(10, 10)
    plain, varied = ended("b1"), ended("b2", accepted=6, varied=3, strategies=3)
    assert reached(varied) == Size(6, 9)
    found = estimated(wish, [plain, varied])
    assert (cost(wish, found), found.warnings) == (nano(10, 10), [])
    other = varied.model_copy(update={"models": models("another")})
    found = estimated(wish, [plain, other])
    assert (cost(wish, found), found.same_models) == (nano(10, 10), True)
    assert cost(job(10), estimated(job(10), [varied])) == nano(10), "without those of the job that made some"


def test_variants_that_nobody_made_yet_are_taken_as_samples_that_nobody_rates() -> None:
    wish = job(4, varied=2, strategies=1)
    for past in ([], [ended("b1")]):
        found = estimated(wish, past)
        assert found.variant == {role: tokens for role, tokens in found.sample.items() if role != "reviewer"}
        assert "no earlier job made variants" in found.warnings[-1]


def test_an_unknown_price_is_not_free() -> None:
    wish = job(models=models("nobody-knows"))
    found = estimated(wish, [ended("b1")])
    assert found.cost(wish, 1.79e9, PRICES) == (None, ["simulator/nobody-knows"])
    free = {name: Price(input=Decimal(0), output=Decimal(0)) for name in PRICES}
    assert found.cost(job(), 1.79e9, free) == (0, [])


def test_a_job_that_was_paused_does_not_count_more_than_another() -> None:
    past = [ended(f"b{n}", seconds=8.0) for n in range(4)]
    assert estimated(job(5), [*past, ended("paused", seconds=86_400.0)]).seconds == 8.0


def test_jobs_with_variants_are_timed_by_such_jobs_where_there_are_any() -> None:
    plain, varied = ended("b1", 5, seconds=4.0), ended("b2", 4, seconds=20.0, varied=1, strategies=1)
    assert estimated(job(5), [plain, varied]).seconds == 4.0
    assert estimated(job(4, varied=1, strategies=1), [plain, varied]).seconds == 20.0
    assert estimated(job(4, varied=1, strategies=1), [plain]).seconds == 4.0
    assert estimated(job(5), [varied]).seconds == 20.0


def test_where_all_were_of_one_size_seconds_grow_with_the_texts() -> None:
    assert duration(50, [(5, 4.0), (5, 6.0), (5, 5.0)]) == 50.0


def test_bigger_jobs_that_took_less_do_not_make_time_run_backwards() -> None:
    assert duration(50, [(1, 9.0), (10, 3.0), (20, 2.0)]) == 3.0


sizes = st.tuples(st.integers(1, 50), st.floats(0, 1e5))


@given(st.lists(sizes, min_size=1, max_size=12), st.integers(1, 50), st.integers(0, 50))
def test_more_texts_never_take_less_time(past: list[tuple[int, float]], texts: int, more: int) -> None:
    first, second = duration(texts, past), duration(texts + more, past)
    assert 0 <= first <= second * (1 + 1e-9) + 1e-9
    assert first == pytest.approx(duration(texts, past[::-1]))


@given(
    st.floats(0, 100), st.floats(0, 10), st.lists(st.integers(1, 50), min_size=2, unique=True, max_size=9),
    st.integers(1, 50),
)  # fmt: skip
def test_a_line_is_found_again(start: float, each: float, counts: list[int], texts: int) -> None:
    past = [(n, start + each * n) for n in counts]
    # a start of nothing may come out a little below it, and the line then goes through the origin
    assert duration(texts, past) == pytest.approx(start + each * texts, rel=1e-6, abs=1e-6)


tokens = st.tuples(st.integers(0, 5_000), st.integers(0, 5_000))
pasts = st.lists(
    st.tuples(st.integers(0, 9), st.fixed_dictionaries(dict.fromkeys(("writer", "reviewer", "embedding"), tokens))),
    max_size=6,
)


@given(pasts, st.integers(1, 50), st.integers(0, 9), st.integers(1, 3))
def test_more_never_costs_less(past: list[Any], count: int, more: int, strategies: int) -> None:
    jobs = [ended(f"b{n}", accepted) for n, (accepted, _) in enumerate(past)]
    calls = [
        each
        for batch, (_, took) in zip(jobs, past, strict=True)
        for each in spent(batch.model_copy(update={"counts": {"accepted": 1}}), took)
    ]
    wishes = [job(count), job(count + more), job(count + more, varied=count, strategies=strategies)]
    costs = [cost(wish, estimated(wish, jobs, calls)) for wish in wishes]
    assert None not in costs
    assert costs == sorted(costs, key=lambda each: each or 0)
    found = estimated(job(count), jobs, calls)
    assert all(math.isfinite(each.input + each.output) for each in found.sample.values())
    useful = [took for batch, (accepted, took) in zip(jobs, past, strict=True) if accepted]
    if any(map(any, (pair for took in useful for pair in took.values()))):
        assert found.jobs == len(useful)
        assert (costs[0] or 0) > 0


def test_prompts_for_variants_go_by_the_name_that_is_looked_for() -> None:
    for version in versions().values():
        names = {file: f"/{VARY}@" in found.version for file, found in version.files.items()}
        assert names == {"write": False, "rate": False, "vary": True}
