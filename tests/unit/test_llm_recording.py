"""A call's fact keeps what has room of a reply, and the reply is read back from it as it was read at first."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.contracts.call import CallFact
from shared.contracts.envelope import ModelSpec
from shared.errors import Refused, TooLong, Unreadable
from shared.llm.bill import RawReply
from shared.llm.recording import MAX_FACT_BYTES, TAIL_BYTES, keep, read

JSON = '{"answer": "4"}'


class Answer(BaseModel):
    answer: str


def bare(prompt: str = "1 + 1?") -> CallFact:
    model = ModelSpec(provider="openai", model_name="m")
    return CallFact(
        id="1", stage="solver", batch_id="b", slot=0, since=1, n=1, role="target", model=model, hash="h", at=0.0,
        prompt=prompt,
    )  # fmt: skip


def kept(
    text: str, finish: str = "stop", thinking: str = "", *elsewhere: tuple[str, str], prompt: str = ""
) -> CallFact:
    raw = RawReply(text, finish, 3, 2, False, 10, 0.1, thinking=thinking, elsewhere=elsewhere)
    fact = bare(prompt).model_copy(update={"finish": finish})
    return CallFact.model_validate_json(keep(fact, raw, Answer).model_dump_json())


def test_thinking_is_kept_apart() -> None:
    fact = kept(f"<think>a</think>{JSON}", "stop", "b")
    assert (fact.reply, fact.thinking, fact.place, fact.unread) == (JSON, "b\na", "", "")
    assert read(fact, Answer).answer == "4"


@pytest.mark.parametrize("place", ["reasoning_content", "tool_calls"])
def test_a_reply_that_stands_elsewhere_is_found_where_it_is_whole_and_last(place: str) -> None:
    fact = kept("", "stop", "", (place, f"I think that\n{JSON}\n"))
    assert (fact.reply, fact.place, fact.unread) == (JSON, place, "")
    assert read(fact, Answer).answer == "4"


@pytest.mark.parametrize(
    ("finish", "text"),
    [
        ("stop", f"{JSON}? Hm, no."),
        ("stop", f"<think>{JSON}"),
        ("stop", '{"other": 4}'),
        ("stop", '{"answer"'),
        ("length", JSON),
    ],
)
def test_what_stands_elsewhere_but_is_no_reply_is_named(finish: str, text: str) -> None:
    fact = kept("", finish, text, ("reasoning_content", text))
    assert fact.place == ""
    with pytest.raises(Unreadable) as caught:
        read(fact, Answer)
    assert str(caught.value) == fact.unread
    assert ("thinking" if finish == "length" else "reasoning_content") in fact.unread


def test_a_call_of_a_tool_is_found_beside_chatter() -> None:
    fact = kept("I call the tool.", "tool_calls", "", ("tool_calls", JSON))
    assert fact.place == "tool_calls"
    assert read(fact, Answer).answer == "4"
    assert kept(JSON, "tool_calls", "", ("tool_calls", '{"answer": "5"}')).reply == JSON


@pytest.mark.parametrize(
    ("text", "finish", "words"),
    [
        ("", "stop", "empty"),
        ("4", "stop", "no JSON object"),
        (f"<think>{JSON}", "stop", "no end"),
        (f"<think>{JSON}</think>", "stop", "nothing but its thinking"),
        ('{"answer": "4', "length", "broke off before its end"),
        (f"<think>{JSON}", "length", "broke off while its model was still thinking"),
    ],
)
def test_why_a_reply_cannot_be_read(text: str, finish: str, words: str) -> None:
    fact = kept(text, finish)
    assert words in fact.unread
    with pytest.raises(Unreadable, match=words):
        read(fact, Answer)


@pytest.mark.parametrize(("text", "finish"), [("I will not", "refused"), ('{"answer": "4', "content_filter")])
def test_what_was_declined_can_be_read(text: str, finish: str) -> None:
    fact = kept(text, finish)
    assert (fact.finish, fact.unread) == ("refused", "")
    with pytest.raises(Refused):
        read(fact, Answer)


@pytest.mark.parametrize("finish", ["length", "content_filter", "tool_calls", "end_turn", ""])
def test_a_whole_reply_is_used_whatever_ended_it(finish: str) -> None:
    fact = kept(JSON + "\n" * 9000, finish)
    assert read(fact, Answer).answer == "4"
    assert (fact.finish, fact.unread, fact.reply) == (finish, "", JSON)


def test_thinking_is_cut_first() -> None:
    fact = kept(f"<think>{'a' * MAX_FACT_BYTES}</think>{'x' * 100_000}{JSON}", "stop", "é" * MAX_FACT_BYTES)
    assert not fact.cut
    assert fact.reply == "x" * 100_000 + JSON
    assert 100_000 < len(fact.thinking.encode()) < MAX_FACT_BYTES
    assert read(fact, Answer).answer == "4"


def test_then_the_middle_of_the_reply_and_its_end_stays() -> None:
    fact = kept("x" * MAX_FACT_BYTES + JSON)
    assert fact.cut
    assert fact.reply.startswith("xxx")
    assert read(fact, Answer).answer == "4"


@pytest.mark.parametrize(
    "text",
    [
        "x" * MAX_FACT_BYTES,
        '{"answer": "' + "x" * MAX_FACT_BYTES + '"}',
        '{"steps": [' + '{"answer": "3"}, ' * 50_000 + '{"answer": "3"}], "answer": "4"}',
        JSON + "x" * MAX_FACT_BYTES,
    ],
)
def test_a_reply_that_lost_what_was_asked_for_is_too_long_and_not_unread(text: str) -> None:
    fact = kept(text)
    assert fact.cut
    assert fact.unread == ""
    with pytest.raises(TooLong):
        read(fact, Answer)


@given(
    st.text(alphabet='a\n\\"é😀\x00', min_size=1, max_size=5),
    st.text(alphabet='a\n\\"é😀\x00', min_size=1, max_size=5),
    st.integers(1, 300_000),
    st.integers(1, 300_000),
)
@settings(deadline=None)
def test_no_fact_is_larger_than_its_cap(text: str, thinking: str, times: int, more: int) -> None:
    fact = kept(text * times, "stop", thinking * more, prompt="é" * 1000)
    assert len(fact.model_dump_json().encode()) <= MAX_FACT_BYTES
    end = (text * times).rstrip()[-1000:]
    assert fact.reply.endswith(end)
    assert len(json.dumps(end)) < TAIL_BYTES


def test_a_fact_of_before_reads_as_it_did() -> None:
    fact = bare().model_copy(update={"reply": '{"answer": "4', "cut": True})
    with pytest.raises(TooLong):
        read(fact, Answer)
    assert read(bare().model_copy(update={"reply": JSON, "finish": "stop"}), Answer).answer == "4"
