"""What a batch needs next: lines, flags and ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.conductor import policy
from shared.contracts.batch import Batch
from shared.contracts.statuses import BatchStatus, Flag
from tests.flow.world import batch

WHERE = ("engineer", "checker", "solver", "embedder", "parked", "valid", "solved", "discarded", "failed", "cancelled")

counts = st.dictionaries(st.sampled_from(WHERE), st.integers(1, 300), max_size=8)


def standing(counts: dict[str, int], wanted: int = 50, **changes: object) -> Batch:
    base = batch(wanted)
    issued = sum(counts.values())
    values = {"counts": counts, "issued": issued, "accepted": counts.get("valid", 0), "started_at": 1.0} | changes
    return base.model_copy(update=values)


def test_the_first_line_is_what_is_wanted() -> None:
    assert policy.line(standing({}), room=10_000) == 50


def test_the_line_expects_the_rate_seen_so_far() -> None:
    """After 100 ends with 40 accepted: 10 missing at a rate of 48/108."""
    assert policy.line(standing({"valid": 40, "solved": 60}), room=10_000) == 100 + 23


def test_what_the_target_failed_counts_as_good_as_accepted() -> None:
    """100 solved and 100 at the embedder: the other 100 at a rate of 108/208."""
    wave = standing({"solved": 100, "embedder": 100}, wanted=200).model_copy()
    wave.wish.max_in_flight = 1000
    assert policy.line(wave, room=10_000) == 100 + 100 + 193


def test_a_first_visit_to_a_stage_that_is_also_the_last_one_counts_for_nothing_yet() -> None:
    route = ["writer", "embedder", "writer"]
    fresh = standing({"writer": 50, "rejected": 100}, wanted=50, route=route)
    assert (policy.nearly_accepted(fresh), policy.acceptance_rate(fresh)) == (0, 8 / 108)
    assert policy.nearly_accepted(standing({"writer": 50, "embedder": 3}, route=route)) == 3
    assert policy.nearly_accepted(standing({"writer": 50}, route=[])) == 0


def test_a_bad_start_does_not_issue_dozens() -> None:
    """None of the first 5 accepted: 5 more at a rate of 8/13."""
    assert policy.line(standing({"solved": 5}, wanted=5), room=10_000) == 5 + 9


def test_caps_bound_the_line() -> None:
    seen = standing({"solved": 10})
    assert policy.line(seen, room=7) == 17
    tight = seen.model_copy(update={"wish": seen.wish.model_copy(update={"max_attempts": 12})})
    assert policy.line(tight, room=10_000) == 12
    narrow = seen.model_copy(update={"wish": seen.wish.model_copy(update={"max_in_flight": 3})})
    assert policy.line(narrow, room=10_000) == 13


@given(counts, st.integers(1, 400), st.integers(0, 20_000))
def test_a_line_never_falls_and_never_passes_its_caps(where: dict[str, int], wanted: int, room: int) -> None:
    found = standing(where, wanted)
    line = policy.line(found, room)
    assert line >= found.issued
    if line > found.issued:
        assert line <= found.wish.max_attempts
        assert line - found.ended_problems <= min(found.wish.max_in_flight, room)
        assert policy.flag(found) is None


@given(counts, st.integers(1, 400), st.sampled_from(["running", "paused", "cancelled", "deleted"]), st.booleans())
def test_a_batch_ends_only_with_nothing_in_flight(where: dict[str, int], wanted: int, state: str, error: bool) -> None:
    found = standing(where, wanted, error="no" if error else None)
    found.wish.state = state  # type: ignore[assignment]
    after = policy.advance(found, promised=found.issued, now=9.0)
    if after.ended:
        assert not found.in_flight
        assert after.finished_at == 9.0
        assert after.changes == found.changes + 1
        assert policy.flag(after) is not None
    elif not found.in_flight:
        assert policy.line(found, room=1000) > found.issued or state == "paused", "stuck: nothing in flight or to do"
    assert policy.advance(after, promised=found.issued, now=10.0) == after


def test_what_was_published_but_not_shown_is_in_flight() -> None:
    cancelled = standing({"cancelled": 3})
    cancelled.wish.state = "cancelled"
    assert policy.end(cancelled, promised=4) is None
    assert policy.end(cancelled, promised=3) is BatchStatus.CANCELLED


def test_flags_follow_the_wish_and_the_goal() -> None:
    assert policy.flag(standing({"valid": 3})) is None
    assert policy.flag(standing({"valid": 50, "solver": 2})) is Flag.ENDED
    assert policy.flag(standing({}, error="no key")) is Flag.ENDED
    paused = standing({})
    paused.wish.state = "paused"
    assert policy.flag(paused) is Flag.PAUSED


def test_a_problems_bytes_are_guessed_until_some_have_ended() -> None:
    assert policy.slot_bytes(standing({"valid": 7}, fact_bytes=70_000)) == policy.SLOT_BYTES
    assert policy.slot_bytes(standing({"valid": 5, "solved": 5}, fact_bytes=70_001)) == 7001
    assert policy.claim(standing({"valid": 10, "engineer": 2, "parked": 1}, fact_bytes=70_000), unseen=2) == 5 * 7000


def test_slots_are_issued_only_where_the_ledger_has_room_for_their_facts() -> None:
    """10,000 bytes each: in flight at most half of 1 MB, and below 700 kB with half of what is in flight to come."""
    known = standing({"valid": 10}, fact_bytes=100_000)
    assert policy.fitting(known, 0, 0, 1_000_000) == 50
    assert policy.fitting(known, 400_000, 400_000, 1_000_000) == 10
    assert policy.fitting(known, 200_000, 601_000, 1_000_000) == 0
    assert policy.fitting(known, 200_000, 550_000, 1_000_000) == 5
    assert policy.fitting(known, 500_000, 100_000, 1_000_000) == 0
    assert policy.fitting(known, 0, 795_000, 1_000_000) == 1, "with nothing in flight one may always begin"
    assert policy.fitting(known, 0, 810_000, 1_000_000) == 0
