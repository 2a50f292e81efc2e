"""Subjects: written and read back, and nothing else is taken for ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared import subjects

names = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True)
numbers = st.integers(0, 10**9)


@given(names, names, numbers, numbers)
def test_problems_read_back(stage: str, batch: str, slot: int, hop: int) -> None:
    subject = subjects.station("problems", stage, batch, slot, hop)
    assert subjects.parse(subject) == subjects.StationSubject("problems", stage, batch, slot, hop)
    assert subjects.hop_span("problems", batch, slot, hop).split(".")[2:] == subject.split(".")[2:]


@given(names, names, numbers, numbers, numbers, names)
def test_calls_read_back(stage: str, batch: str, slot: int, since: int, n: int, own: str) -> None:
    for number in (n, f"{n}x{own}"):
        subject = subjects.call(stage, batch, slot, since, number)
        assert subjects.parse(subject) == subjects.CallSubject(stage, batch, slot, since, str(number))


@given(st.text(max_size=80))
def test_nothing_raises(text: str) -> None:
    subjects.parse(text)


def test_numbers_have_one_spelling() -> None:
    for slot in ("01", "+1", "1_0", " 1", "٧", "-1", "1.0", ""):
        assert subjects.parse(f"problems.checker.b.{slot}.1") is None
