"""Problems and calls: every scenario against both stores."""

from __future__ import annotations

import struct
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.batch import Place, Row
from shared.store import Store
from tests.contract.store_documents import call, row, vector


def slots(rows: list[Row]) -> list[tuple[str, int]]:
    return [(each["batch_id"], each["slot"]) for each in rows]


AWKWARD = [
    {"problem": "ℝ → 𝔽₂: {'a': \"b\"} \\frac{1}{2} \0 \u2028"},
    {"problem": "x" * 400_000, "answer": "é" * 30_000},
    {"hints": {"$a": "1", "a.b": "2", "": "3", "\0": "4", "$": "5"}},
    {"hints": {"a.b": "2", "é": ""}},
    {"vector": vector(0.1, -2.5, 1e-30)},
    {"vector": vector(*struct.unpack("<2f", b"\x01\x00\xc0\x7f\xff\xff\xff\xff"))},  # NaNs with a payload
    {"vector": "AAAAAAA="},  # not a whole number of floats
    {"vector": "AAAAAB=="},  # not how base64 would write it
    {"vector": "no base64"},
    {"vector": ""},
    {"rank": 2**40, "reason": "duplicate", "trail": []},
]


@pytest.mark.parametrize("fields", AWKWARD, ids=lambda fields: "-".join(fields))
async def test_a_row_comes_back_as_it_went_in(store: Store, fields: dict[str, Any]) -> None:
    sent = row(**fields)
    await store.problems.put([sent])
    assert await store.problems.get("b1-0") == sent
    assert sent == row(**fields), "the caller's row is left alone"
    assert (await store.problems.get_many(["b1-0", "b1-1"])) == {"b1-0": sent}
    assert await store.problems.get("b1-1") is None


async def test_a_row_may_have_no_envelope(store: Store) -> None:
    sent = row(envelope=None)
    await store.problems.put([sent])
    assert await store.problems.get("b1-0") == sent


@pytest.mark.parametrize(
    ("hop", "place", "written"),
    [
        (4, (1, 900), False),
        (5, (1, 50), True),  # the same fact again
        (5, (1, 51), False),
        (5, (2, 50), False),
        (6, (1, 10), True),
        (6, (0, 0), True),
    ],
)
async def test_only_a_higher_hop_or_the_same_fact_is_written(
    store: Store, hop: int, place: tuple[int, int], written: bool
) -> None:
    old, new = row(hop=5, place=(1, 50), stage="old"), row(hop=hop, place=place, stage="new")
    await store.problems.put([old])
    await store.problems.put([row(1), new, row(2)])
    assert await store.problems.get("b1-0") == (new if written else old)
    assert await store.problems.slots("b1") == {0, 1, 2}


async def test_a_written_row_replaces_all_of_the_old_one(store: Store) -> None:
    await store.problems.put([row(hop=1, vector=vector(1.0), extra=1)])
    await store.problems.put([row(hop=2)])
    assert await store.problems.get("b1-0") == row(hop=2)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_and_repetition_ends_in_the_same_row(store: Store, data: st.DataObject) -> None:
    facts = [row(slot, hop=hop, stage=f"{slot}.{hop}") for slot in range(2) for hop in range(1, 5)]
    orders = st.lists(st.sampled_from(facts), max_size=10).flatmap(lambda more: st.permutations(facts + more))
    remaining = iter(data.draw(orders))
    await store.problems.delete("b1")
    while chunk := list(islice(remaining, data.draw(st.integers(1, 6)))):
        await store.problems.put(chunk)
    assert await store.problems.get_many(["b1-0", "b1-1"]) == {"b1-0": facts[3], "b1-1": facts[7]}


async def test_lists_are_filtered_and_paged(store: Store) -> None:
    await store.problems.put([row(slot, "b2", status="valid") for slot in range(5)])
    await store.problems.put([row(slot, "b1") for slot in (10, 9, 2)])
    await store.problems.put([row(0, "b3", status="discarded", reason="duplicate", subject="Logic", topic="Sets")])
    found, total = await store.problems.list(skip=0, limit=5)
    assert (slots(found), total) == ([("b1", 2), ("b1", 9), ("b1", 10), ("b2", 0), ("b2", 1)], 9)
    found, total = await store.problems.list(skip=5, limit=5)
    assert (slots(found), total) == ([("b2", 2), ("b2", 3), ("b2", 4), ("b3", 0)], 9)
    assert await store.problems.list(skip=40, limit=5) == ([], 9)
    for filters in (
        {"batch_id": "b3"},
        {"status": "discarded"},
        {"reason": "duplicate"},
        {"subject": ["Logic"]},
        {"topic": ["Set", "Sets"]},
        {"batch_id": "b3", "status": "discarded", "reason": "duplicate", "subject": ["Logic"], "topic": ["Sets"]},
    ):
        found, total = await store.problems.list(skip=0, limit=5, **filters)
        assert (slots(found), total) == ([("b3", 0)], 1), filters
    assert await store.problems.list(skip=0, limit=5, batch_id="b3", status="valid") == ([], 0)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ÉTALE", [0]),
        ("étale", [0]),
        ("100%", [1]),
        ("%", [1]),
        ("_", [2]),
        (".*", [2]),
        ("\\frac{1}{2}", [2]),
        ("(", [3]),
        ("[", []),
        ("'", [3]),
        ("\0", [3]),
        ("\n", [3]),
        ("of", [0, 1, 2]),
        ("", [0, 1, 2, 3, 4]),
    ],
)
async def test_a_search_takes_every_character_as_itself(store: Store, q: str, found: list[int]) -> None:
    texts = ["Étale of X", "100% of it", "a_b of \\Frac{1}{2} .*", "f(x) isn't\0\nthat", None]
    await store.problems.put([row(slot, problem=text) for slot, text in enumerate(texts)])
    rows, total = await store.problems.list(skip=0, limit=9, q=q)
    assert ([each["slot"] for each in rows], total) == (found, len(found))


async def test_a_stream_gives_every_match_in_order(store: Store) -> None:
    assert [each async for each in store.problems.stream()] == []
    for name in ("b2", "b1", "b3"):
        await store.problems.put(
            [row(slot, name, status="valid" if slot % 3 else "solved") for slot in reversed(range(1000))]
        )
    everything = [(name, slot) for name in ("b1", "b2", "b3") for slot in range(1000)]
    assert slots([each async for each in store.problems.stream()]) == everything
    assert slots([each async for each in store.problems.stream(batch_id="b2")]) == everything[1000:2000]
    solved = [each async for each in store.problems.stream(status="solved")]
    assert slots(solved) == [each for each in everything if each[1] % 3 == 0]
    assert len([each async for each in store.problems.stream(batch_id="b1", status="valid")]) == 666


async def test_a_stream_may_be_left_and_rows_may_come_meanwhile(store: Store) -> None:
    await store.problems.put([row(slot) for slot in range(500)])
    seen = []
    async for each in store.problems.stream(batch_id="b1"):
        seen.append(each["slot"])
        if len(seen) == 1:
            await store.problems.put([row(slot) for slot in range(500, 600)])
        if len(seen) == 550:
            break
    assert seen == list(range(550))


async def test_what_is_in_flight_is_not_at_an_end(store: Store) -> None:
    ends = ("valid", "solved", "discarded", "surplus", "failed", "cancelled")
    await store.problems.put([row(slot, status=status) for slot, status in enumerate(ends)])
    await store.problems.put([row(8), row(7), row(9, "b2")])
    assert await store.problems.in_flight("b1") == [row(7), row(8)]
    assert await store.problems.slots("b1") == {*range(6), 7, 8}
    assert await store.problems.slots("none") == set()


async def test_deleting_takes_one_batch_only(store: Store) -> None:
    for name in ("b1", "b10"):
        await store.problems.put([row(slot, name) for slot in range(2500)])
        await store.calls.put([call(n, 0, name) for n in range(3)])
    await store.problems.delete("b1")
    await store.calls.delete("b1")
    await store.calls.delete("none")
    assert [await store.problems.count(name) for name in ("b1", "b10", None)] == [0, 2500, 2500]
    assert [await store.calls.count(name) for name in ("b1", "b10", None)] == [0, 3, 3]


async def test_calls_come_in_the_order_in_which_they_returned(store: Store) -> None:
    rows = [call(n, at=10.0 + n % 4, place=[1, 40 + n * 30], reply="ℝ" * 20_000) for n in range(6)]
    await store.calls.put(rows)
    await store.calls.put([call(0, 1)])
    assert [each["n"] for each in await store.calls.of_problem("b1-0")] == [0, 4, 1, 5, 2, 3]
    assert (await store.calls.of_problem("b1-0"))[1] == rows[4]
    assert await store.calls.of_problem("none") == []


async def test_a_call_put_again_replaces_itself(store: Store) -> None:
    await store.calls.put([call(n) for n in range(3)])
    again = call(1, place=[2, 7], cost=5)
    await store.calls.put([call(3), again, call(4)])
    await store.calls.put([])
    assert await store.calls.count("b1") == 5
    assert (await store.calls.of_problem("b1-0"))[1] == again
    places = await store.calls.places([again["id"], call(4)["id"], "none"])
    assert places == {again["id"]: Place(epoch=2, seq=7), call(4)["id"]: Place(epoch=1, seq=4)}


async def test_sums_know_what_they_do_not_know(store: Store) -> None:
    await store.calls.put([call(0), call(1, cost=None), call(2, cost=2**40), call(0, 1, cost=None), call(0, 2)])
    assert await store.calls.sums(["b1-0", "b1-1", "b1-9"]) == {
        "b1-0": {"calls": 3, "cost": 1_000 + 2**40, "unpriced": 1, "input_tokens": 90, "output_tokens": 36},
        "b1-1": {"calls": 1, "cost": 0, "unpriced": 1, "input_tokens": 30, "output_tokens": 12},
    }
    assert await store.calls.sums([]) == {}
    await store.calls.put([call(0, 3, batch_id="b2")])
    total = {"calls": 5, "cost": 2_000 + 2**40, "unpriced": 2, "input_tokens": 150, "output_tokens": 60}
    assert await store.calls.total("b1") == total
    assert await store.calls.total("b3") == dict.fromkeys(total, 0)


async def test_nothing_is_put_where_nothing_is_given(store: Store) -> None:
    await store.problems.put([])
    assert await store.problems.get_many([]) == {}
    assert await store.calls.places([]) == {}


async def test_outlines_say_where_rows_stand(store: Store) -> None:
    """Rows of an older version say nothing of where their facts begin."""
    await store.problems.put([row(slot, first=[2, 7 + slot]) for slot in (0, 1, 3)])
    await store.problems.put([row(4), row(5, status="valid", first=None), row(2, batch_id="b2", first=[1, 1])])
    found = await store.problems.outlines("b1")
    assert [each["slot"] for each in found] == [0, 1, 3, 4, 5]
    assert found[2] == {"slot": 3, "status": "in_progress", "place": [1, 103], "first": [2, 10]}
    assert [each["first"] for each in found[3:]] == [None, None]
    assert [each["slot"] for each in await store.problems.outlines("b1", start=1, limit=2)] == [1, 3]
    assert [each["slot"] for each in await store.problems.outlines("b1", status="valid")] == [5]
    assert await store.problems.outlines("b1", start=6) == []
