"""How a slot of a text job begins: its product, its options, and the bucket that lacks most."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from services.conductor import sources
from services.conductor.sources.buckets import allotted
from shared.contracts.batch import Batch, Quota, Wish
from shared.contracts.envelope import ModelSpec
from shared.contracts.text import VARIED, Text, TextOptions

MODELS = dict.fromkeys(
    ("writer", "reviewer", "embedding"), ModelSpec(provider="simulator", model_name="sim-writer", temperature=0.7)
)
OPTIONS = TextOptions(version="v2", sentiment="mixed", aspects=["price"], strategies=["CDA"])


def job(quotas: dict[str, Quota] | None = None, **changes: Any) -> Batch:
    return Batch(
        id="j1", line="texts", kind="text", route=["writer", "embedder", "writer"], created_at=0.0,
        wish=Wish(num_problems=10, max_attempts=100), models=MODELS, options=OPTIONS.model_dump(),
        source={"name": "product", "product": "{{ Café }}"}, quotas=quotas or {}, **changes,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["product", None])
async def test_the_first_envelope(name: str | None) -> None:
    batch = job()
    if name is None:  # the line's own source
        batch = batch.model_copy(update={"source": {"product": "{{ Café }}"}})
    (first,) = await sources.of(batch)(batch, [4], None)
    assert isinstance(first, Text)
    assert (first.batch_id, first.slot, first.hop, first.bucket) == ("j1", 4, 0, "")
    assert (first.product, first.options, first.models) == ("{{ Café }}", OPTIONS, MODELS)
    assert Text.model_validate_json(first.model_dump_json()) == first


async def test_only_those_with_variants_come_back() -> None:
    batch = job({VARIED: Quota(wanted=1), "": Quota(wanted=1)})
    varied, plain = await sources.of(batch)(batch, [0, 1], None)
    assert (varied.bucket, varied.route) == (VARIED, ["writer", "embedder", "writer"])
    assert (plain.bucket, plain.route) == ("", ["writer", "embedder"])


@pytest.mark.parametrize(
    ("varied", "rest", "slots", "expected"),
    [
        (Quota(wanted=3), Quota(wanted=2), range(5), {VARIED: 3, "": 2}),
        (Quota(wanted=3, accepted=1, in_flight=1), Quota(wanted=2), range(5, 8), {VARIED: 1, "": 2}),
        (Quota(wanted=3, accepted=3), Quota(wanted=2, in_flight=2), range(5, 9), {"": 4}),
        (Quota(wanted=1, in_flight=1), Quota(wanted=4, accepted=4), range(5, 7), {VARIED: 2}),
        (Quota(wanted=2), Quota(wanted=0), range(5, 8), {VARIED: 3}),
        (Quota(wanted=4, accepted=5), Quota(wanted=6, accepted=1, in_flight=4), range(20, 21), {"": 1}),
        (Quota(wanted=1, accepted=1), Quota(wanted=1, accepted=1), range(5, 7), {VARIED: 1, "": 1}),
    ],
)
def test_each_slot_is_for_what_lacks_most(varied: Quota, rest: Quota, slots: range, expected: dict[str, int]) -> None:
    batch = job({VARIED: varied, "": rest}, issued=slots.start)
    assert Counter(allotted(batch, slots).values()) == expected


def test_slots_in_flight_that_are_not_counted_yet_have_had_their_turn() -> None:
    batch = job({VARIED: Quota(wanted=3), "": Quota(wanted=3)}, issued=2)
    at_once = allotted(batch, range(2, 8))
    assert Counter(at_once.values()) == {VARIED: 3, "": 3}
    assert {slot: allotted(batch, [slot])[slot] for slot in range(2, 8)} == at_once


def test_a_gap_is_filled_by_what_lacks_most() -> None:
    batch = job({VARIED: Quota(wanted=3, in_flight=1), "": Quota(wanted=3, in_flight=3)}, issued=9)
    assert allotted(batch, [4]) == {4: VARIED}
