"""Keeps out repeats: a problem too close to an accepted one of its batch is a duplicate."""

from __future__ import annotations

from services.embedder.deciding import embedded, encoded
from services.embedder.entries import Entry, Near, Remember, Vector
from shared.contracts.ask import Ask
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.problem import Problem, ProblemReason
from shared.quality.verdict import beside


def space_of(problem: Problem) -> str:
    """Its batch, and of a batch that is tried again, the round: what was accepted in another one counts no more."""
    return f"{problem.batch_id}-{problem.round}" if problem.round else problem.batch_id


async def embed(problem: Problem, *, ask: Ask, remember: Remember) -> Outcome:
    """Accept the problem, or discard it as a duplicate of one accepted before. Raises Permanent, see `embedded`."""
    if not problem.problem:
        return Discarded(problem, ProblemReason.MALFORMED, "there is no problem text to embed")
    threshold = problem.options.similarity_threshold

    def fits(near: Near) -> bool:
        return not near.similar or near.similar[0].similarity < threshold

    async def decide(vector: Vector) -> Outcome:
        near = await remember(space_of(problem), Entry(problem.batch_id, problem.slot, vector), fits)
        known = problem.but(similar=near.similar, vector=encoded(vector))
        if near.known:
            return Passed(known.but(similar=[other for other in near.similar if other.similarity < threshold]))
        if fits(near):
            return Passed(known)
        closest = near.similar[0]
        shown = beside(closest.similarity, threshold, 3)
        return Discarded(known, ProblemReason.DUPLICATE, f"cosine {shown} with {closest.id}")

    return await embedded(problem, problem.problem, ask, decide)
