"""Reading replies: what can be repaired is, what cannot is Unreadable, and nothing else is ever raised."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.errors import Unreadable
from shared.llm.reading import MAX_MESSAGE, parse


class Verdict(BaseModel):
    valid: bool
    reason: str = ""
    confidence: float | None = None
    fixed: dict[str, str] | None = None


class Answer(BaseModel):
    answer: str


class Nested(BaseModel):
    parts: list[Answer]
    hints: dict[str, str] = {}


@pytest.mark.parametrize(
    "text",
    [
        '{"answer": "4"}',
        '\ufeff {"answer": "4"} ',
        '\u200b{\u200b"answer"\u00a0: "4"}\u200b',
        '```json\n{"answer": "4"}\n```',
        '```\n{"answer": "4"}\n```\nHope that helps!',
        'Here:\n~~~json\n{"answer": "4"}\n~~~',
        'Let S = {1, 2} and f(x) = \\frac{1}{x}.\n\nSo: {"answer": "4"}',
        "The set {x : x > 0}, {a: b}, [0, 1), {'a', \"b\"} " * 100 + 'gives {"answer": "4"}.',
        'With \\text{} and {} as they are: {"answer": "4",}',
        '{"answer": "4",}',
        '{"answer": "4", }\n',
        '{"answer": 4}',
        '{"result": {"answer": "4"}}',
        '{"status": "ok", "response": {"data": {"answer": "4"}}}',
        '{"type": "object", "properties": {"answer": "4"}}',
        '{"thoughts": {"answer": "3"}, "reply": {"answer": "4"}}',
        '{"name": "Answer", "arguments": "{\\"answer\\": \\"4\\"}"}',
        '{"answer": "3"}\nNo, wait.\n{"answer": "4"}',
        '{"answer": "3"} {"answer": "4"} {"done": true}',
        '{"answer": "3", "answer": "4"}',
        '{"steps": [1, 2]} {"answer": "4"}',
        '[{"answer": "4"}]',
        '[{"step": 1}, {"answer": "4"}]',
        '{"type": "object", "properties": {"answer": {"type": "string"}}}\n{"answer": "4"}',
        '{"answer": "4"}\nas asked: {"type": "object", "properties": {"answer": {"type": "string"}}}',
        'Of the shape {"answer": string}: {"answer": "4"}',
        '{{"answer": "4"}}',
        '{"answer": "4"}\nin the shape {"answer": "<your answer>"}, {"answer": "..."}',
        "{'answer': '4'}",
        "{'answer': '4', 'sure': True, 'why': None}",
        '{answer: "4"}',
        "{“answer”: “4”}",
        '{"answer"： "4"，"x": 1}',
        '{// as asked\n"answer": "4" /* exact */, # done\n}',
        '{"Answer": "4"}',
        '{"noise": NaN, "more": [1e400, -Infinity, ' + "9" * 5000 + '], "answer": "4"}',
        '{"deep": ' + "[" * 90 + "]" * 90 + ', "answer": "4"}',
        r'"{\"answer\": \"4\"}"',
        r"{\"answer\": \"4\"}",
        r'"\"{\\\"answer\\\": \\\"4\\\"}\""',
        '<think>{"answer": "3"}</think>{"answer": "4"}',
        '<think>{"answer": "3"}</think>{<think>hm</think>"answer": "4"}',
        '{"answer": "<think>3?</think>4"}',
        '{"a": oops. Again: {"answer": "4"}',
    ],
)
def test_an_object_is_found_and_repaired(text: str) -> None:
    assert parse(text, Answer).answer == "4"


@pytest.mark.parametrize(
    "text",
    [
        '{"answer": "4"',  # who knows how it would go on
        '{"steps": [{"answer": "3"}, {"answer": "4"}',
        '{"steps": [oops, {"answer": "3"}], "answer": "4"}',
        '{"steps": "a "quoted" word", "more": {"answer": "3"}, "answer": "4"}',
        '[{"answer": "3"}, {"answer": "4"}]',
        '{"draft": {"answer": "3"}, "final": {"answer": "4"}}',
        '{"think": {"answer": "4"}}',
        '{"answer": 1/2}',
        '{"answer": 1,000}',
        '{"answer": 007}',
        "{'answer': 'Newton's'}",
        '{"answer": four}',
        '{"properties": {"answer": {"type": "string"}}}',
        '<think>{"answer": "4"}',
        '{"answer": "4"}<think>',
        '<think>{"answer": "4"}</think>',
        '{"deep": ' + "[" * 900 + "]" * 900 + ', "answer": "4"}',
    ],
)
def test_what_may_mean_something_else_is_not_read(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text, Answer)


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ('{"answer": "4"}' + "\n" * 9000, True),
        ('```json\n{"answer": "4"}\n```\nThis is because', True),
        ('We find 4.\n{"answer": "4"}\n', True),
        ('<think>so</think>{"answer": "4"} as', True),
        ('Perhaps {"answer": "4"}? No: 2 +', False),
        ('{"answer": "4', False),
        ('{"answer": "3"} or rather {"answer": "4', False),
        ('{"answer": "4"', False),
    ],
)
def test_a_reply_that_broke_off_after_its_json_is_whole(text: str, is_whole: bool) -> None:
    if is_whole:
        assert parse(text, Answer, broke_off=True).answer == "4"
    else:
        with pytest.raises(Unreadable):
            parse(text, Answer, broke_off=True)


def test_strings_are_read_by_their_neighbours() -> None:
    read = parse(r'{"parts": [{"answer": "\\alpha and \\beta"}, {"answer": "Then\nu = 1\nu"}]}', Nested)
    assert [part.answer for part in read.parts] == [r"\alpha and \beta", "Then\nu = 1\nu"]
    prose = r'Since $\frac12 \to 1$: {"answer": "A \\ B"}'
    assert parse(prose, Answer).answer == r"A \ B"


def test_bare_line_breaks_in_a_string_are_taken() -> None:
    assert parse('{"answer": "a\nb\tc"}', Answer).answer == "a\nb\tc"


def test_a_comma_within_a_string_stays() -> None:
    assert parse('{"answer": "f(x,]) and {a,}",}', Answer).answer == "f(x,]) and {a,}"


def test_half_a_surrogate_pair_does_not_get_in() -> None:
    parse(r'{"answer": "\ud800 \\frac"}', Answer).answer.encode()
    assert parse(r'{"answer": "\ud83d\ude00"}', Answer).answer == "😀"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("I cannot do that.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ("{" * 5000, "no JSON object"),
        ('{"answer": 4} {"answer": "4', "broken"),
        ('<think>{"valid": true}', "thinking has no end"),
        ('<think>{"valid": true}</think>', "nothing but its thinking"),
        ('{"answer": "4', "broken"),
        ('{"a":' * 5000, "broken"),
        ('{"valid": NaN}', "`valid`"),
        ('{"reason": "x"}', "`valid`: Field required"),
        ('{"valid": "perhaps"}', "`valid`"),
        ('{"valid": true, "fixed": {"0": []}}', "`fixed.0`"),
    ],
)
def test_what_is_wrong_is_said_in_words_for_the_model(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(text, Verdict)
    assert words in str(caught.value)
    assert len(str(caught.value)) <= MAX_MESSAGE
    assert caught.value.__cause__ is None


json_like = st.text(alphabet=st.sampled_from('{}[]":,\\abfnrtu0179 \n`$ueE+-.falsetruenull\ud800😀'), max_size=60)


@given(st.one_of(st.text(max_size=200), json_like, json_like.map(lambda text: '{"valid": true, "reason": "' + text)))
@example("{" * 100_000)
@example('{"a":' * 900 + '"\\ud800"' + "}" * 900)
@example('{"parts":[' * 450 + "]}" * 450)
@example('{"valid": ' + "9" * 5000 + "}")
@example('{"valid": 1e999}')
@settings(deadline=None)
def test_nothing_but_unreadable_is_raised(text: str) -> None:
    for reply in (Verdict, Nested):
        with contextlib.suppress(Unreadable):
            parse(text, reply)


# a control character and letters are what a model sends that forgot to escape a command
COLLISION = re.compile(r"[\b\f\n\r\t\a\v][a-zA-Z]")
sound = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\\"), max_size=60).filter(
    lambda text: not COLLISION.search(text)
)
latex = st.lists(
    st.sampled_from(["\\frac{1}{2}", "\\nu ", "\\", "$", '"', "{", "}", ",}", "\n", "x", "\\u12", "\\times ", "'"])
).map(" ".join)
texts = st.one_of(sound, latex.filter(lambda text: not text.endswith("\\")))


@given(
    st.builds(
        Verdict,
        valid=st.booleans(),
        reason=texts,
        confidence=st.none() | st.floats(0, 1),
        fixed=st.none() | st.dictionaries(texts, texts, max_size=3),
    ),
    st.sampled_from(["{}", "```json\n{}\n```", "Here it is:\n{}\nDone."]),
    st.booleans(),
)
@settings(deadline=None)
def test_valid_json_is_read_as_it_was_written(verdict: Verdict, around: str, ascii_only: bool) -> None:
    written = json.dumps(verdict.model_dump(), ensure_ascii=ascii_only)
    assert parse(around.replace("{}", written), Verdict) == verdict
