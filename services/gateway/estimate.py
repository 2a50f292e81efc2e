"""What a text job will come to, by what earlier ones came to. Pure.

Tokens are priced by today's list, and not by what earlier jobs paid. What was rejected on the way to a sample is among
its tokens, as it is among the calls of earlier jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil
from statistics import median

from shared.contracts.batch import Batch, TokenSums
from shared.contracts.price import Price
from shared.contracts.statuses import BatchStatus
from shared.contracts.text import VARIED, TextStatus
from shared.llm import prices

EARLIER = 300  #: of the newest jobs that are looked at
MOST_CALLS = 2_000  #: of earlier jobs' that are summed up
#: what was stopped from outside paid for samples that it never finished
RAN_OUT = frozenset({BatchStatus.COMPLETED, BatchStatus.EXHAUSTED, BatchStatus.BUDGET_REACHED})
UNRATED = "reviewer"  #: the role that nobody plays for a variant
VARY = "vary"  #: the file of the prompt for one


@dataclass(frozen=True, slots=True)
class Tokens:
    input: float
    output: float
    cached: float = 0.0  #: a part of the input


Spent = Mapping[str, Tokens]
"""By role."""

#: by the shipped prompts, and rounded up
ASSUMED: Spent = {"writer": Tokens(450, 200), "reviewer": Tokens(400, 80), "embedding": Tokens(110, 0)}
ASSUMED_SECONDS = 4.0  #: of a sample's calls, one after the other; samples go side by side


@dataclass(frozen=True, slots=True)
class Size:
    """How many texts, each with all that was rejected on the way to it."""

    samples: int
    variants: int

    @property
    def texts(self) -> int:
        return self.samples + self.variants


@dataclass(frozen=True, slots=True)
class Basis:
    """Earlier jobs that accepted something, newest first."""

    jobs: Sequence[Batch]
    varied: Sequence[Batch]  #: those that tell of variants; none where none are wanted
    same_models: bool
    in_vain: int  #: jobs of the same models that accepted nothing

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(batch.id for batch in (*self.jobs, *self.varied)))


@dataclass(frozen=True, slots=True)
class Estimate:
    size: Size
    sample: Spent
    variant: Spent
    seconds: float
    jobs: int  #: that it rests on
    same_models: bool
    warnings: list[str]

    def cost(self, job: Batch, at: float, own: Mapping[str, Price]) -> tuple[int | None, list[str]]:
        """Nano-dollars, None where a price is not known; and the models whose price that is."""
        total, unknown = 0, []
        for role, model in job.models.items():
            for texts, spent in ((self.size.samples, self.sample), (self.size.variants, self.variant)):
                tokens = spent.get(role, Tokens(0, 0))
                # of one text, as a price may depend on the size of a request
                each = prices.cost(
                    model, ceil(tokens.input), ceil(tokens.output), at, cached_tokens=int(tokens.cached), own=own
                )
                if each is None:
                    unknown.append(str(model))
                else:
                    total += texts * each
        return None if unknown else total, list(dict.fromkeys(unknown))


def wanted(job: Batch) -> Size:
    quota = job.quotas.get(VARIED)
    return Size(job.wish.num_problems, quota.wanted * len(job.options["strategies"]) if quota else 0)


def reached(job: Batch) -> Size:
    """Of one that has ended; surplus was paid for and is of no use."""
    quota = job.quotas.get(VARIED)
    varied = min(quota.accepted, quota.wanted) if quota else 0
    return Size(job.counts.get(TextStatus.ACCEPTED, 0), varied * len(job.options.get("strategies", ())))


def basis(job: Batch, earlier: Iterable[Batch]) -> Basis:
    """Those of the same models; those of any, where there are none; `earlier` are jobs of any state, newest first."""
    ran_out = [each for each in earlier if each.status in RAN_OUT and each.finished_at is not None and each.calls]
    alike = [each for each in ran_out if _names(each) == _names(job)]
    useful = [each for each in ran_out if reached(each).samples]
    same = [each for each in alike if reached(each).samples]
    varied: list[Batch] = []
    if wanted(job).variants:
        varied = [each for each in same if reached(each).variants]
        varied = varied or [each for each in useful if reached(each).variants]
    return Basis(_few(same or useful), _few(varied), bool(same), len(alike) - len(same))


def estimate(job: Batch, found: Basis, calls: Sequence[TokenSums], workers: int) -> Estimate:
    """`calls`: of the basis's jobs; `workers`: texts that a stage works on at once."""
    size, warnings = wanted(job), []
    if found.in_vain:
        warnings.append(f"earlier jobs of these models that accepted no sample: {found.in_vain}")
    sample = _each(found.jobs, sum(reached(each).samples for each in found.jobs), calls, variants=False)
    rests = bool(sample)
    seconds = ASSUMED_SECONDS * ceil(size.texts / workers)
    if rests:
        # a variant begins when its sample is accepted, so jobs with them take longer than others of as many texts
        timed = [each for each in found.jobs if bool(reached(each).variants) == bool(size.variants)] or found.jobs
        seconds = duration(size.texts, [(reached(each).texts, _seconds(each)) for each in timed])
    else:
        sample = ASSUMED
        said = ", ".join(f"{tokens.input:g} + {tokens.output:g} of the {role}" for role, tokens in ASSUMED.items())
        warnings.append(
            "the estimate rests on no earlier job, as none has run to its end: it is assumed that a sample takes the "
            f"tokens {said}, and {ASSUMED_SECONDS:g} s"
        )
    variant: Spent = {}
    if size.variants:
        variant = _each(found.varied, sum(reached(each).variants for each in found.varied), calls, variants=True)
        if not variant:
            variant = {role: tokens for role, tokens in sample.items() if role != UNRATED}
            warnings.append(
                "no earlier job made variants: it is assumed that one takes what a sample takes without its rating"
            )
    return Estimate(
        size, sample, variant, round(seconds, 3), len(found.jobs) if rests else 0, rests and found.same_models, warnings
    )


def duration(texts: int, past: Sequence[tuple[int, float]]) -> float:
    """Seconds for so many texts, by (texts, seconds) of earlier jobs: on the line of Theil and Sen, so that a job that
    was paused for a day doesn't count more than another. Through the origin, where they tell no start that all have.
    """
    slopes = [(s2 - s1) / (n2 - n1) for (n1, s1), (n2, s2) in combinations(past, 2) if n1 != n2]
    slope = max(0.0, median(slopes)) if slopes else 0.0
    start = median(seconds - slope * n for n, seconds in past)
    if not slopes or start < 0:
        return texts * median(seconds / n for n, seconds in past)
    return start + slope * texts


def _each(jobs: Sequence[Batch], texts: int, calls: Iterable[TokenSums], *, variants: bool) -> Spent:
    """Tokens that one text took; empty where nothing tells."""
    ids = {batch.id for batch in jobs}
    sums: dict[str, list[int]] = {}
    for call in calls:
        if call.batch_id in ids and _of_variant(call) == variants:
            so_far = sums.get(call.role, [0, 0, 0])
            sums[call.role] = [a + b for a, b in zip(so_far, (call.input, call.output, call.cached), strict=True)]
    if not texts or not any(map(any, sums.values())):
        return {}
    return {role: Tokens(*(number / texts for number in numbers)) for role, numbers in sums.items()}


def _of_variant(call: TokenSums) -> bool:
    """The writer asks for a variant by a prompt of its own, and has it embedded itself."""
    return call.stage == "writer" and (f"/{VARY}@" in call.prompt_version or call.role == "embedding")


def _names(job: Batch) -> dict[str, str]:
    return {role: str(model) for role, model in job.models.items()}


def _seconds(job: Batch) -> float:
    assert job.finished_at is not None
    return max(0.0, job.finished_at - job.created_at)


def _few(jobs: Sequence[Batch]) -> list[Batch]:
    """The newest whose calls are not too many to sum up; the smallest one at least."""
    fitting, calls = [], 0
    for job in jobs:
        if calls + job.calls <= MOST_CALLS:
            fitting.append(job)
            calls += job.calls
    return fitting or sorted(jobs, key=lambda job: job.calls)[:1]
