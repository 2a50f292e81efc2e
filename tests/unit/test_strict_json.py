"""JSON from people: nothing lost without a word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.strict_json import GivenTwice, NotJson, read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_json_is_read_as_it_was_meant(value: Any) -> None:
    assert read(json.dumps(value)) == read(json.dumps(value).encode()) == value


def test_a_mark_of_the_byte_order_does_no_harm() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}') == read('{"a": 1}'.encode("utf-16")) == {"a": 1}


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"x": 0, "a": 1, "a": 2}}]', '{"\\u0061": 1, "a": null}'])
def test_a_key_counts_once(text: str) -> None:
    with pytest.raises(GivenTwice) as caught:
        read(text)
    assert caught.value.key == "a"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON: Expecting value at line 1, column 1"),
        ('{"a":\n 1,}', "not JSON: .* at line 2, column"),
        ('[NaN]', "not JSON: NaN is no number there"),
        ('{"a": -Infinity}', "not JSON: -Infinity is no number there"),
        ("[" * 100_000, "nested too deep"),
        ("9" * 5000, "holds a number of thousands of digits"),
        (b'["\xff"]', "not JSON: not UTF-8 at byte 2"),
    ],
    ids=lambda value: ascii(value)[:30],
)  # fmt: skip
def test_what_is_no_json_is_told_where(content: str | bytes, words: str) -> None:
    with pytest.raises(NotJson, match=words):
        read(content)
