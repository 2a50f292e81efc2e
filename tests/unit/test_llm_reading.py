"""Reading replies: what can be repaired is, what cannot is Unreadable, and nothing else is ever raised."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.errors import Unreadable
from shared.llm.latex import SHADOWED
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
        '```json\n{"answer": "4"}\n```',
        '```\n{"answer": "4"}\n```\nHope that helps!',
        'Let S = {1, 2} and f(x) = \\frac{1}{x}.\n\nSo: {"answer": "4"}',
        '{"answer": "4",}',
        '{"answer": "4", }\n',
        '{"answer": "4"',
        '{"answer": 4}',
        '{"result": {"answer": "4"}}',
        '{"answer": "3"}\nNo, wait.\n{"answer": "4"}',
        '{"steps": [1, 2]} {"answer": "4"}',
        '[{"answer": "4"}]',
        'With \\text{} and {} as they are: {"answer": "4",}',
    ],
)
def test_an_object_is_found_and_repaired(text: str) -> None:
    if text == '{"answer": "4"':
        with pytest.raises(Unreadable, match="broken"):
            parse(text, Answer)
    else:
        assert parse(text, Answer).answer == "4"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        # escaped as it should be
        (r"\\frac{1}{2}", r"\frac{1}{2}"),
        (r"\\nu and \\times", r"\nu and \times"),
        (r"a\nb\tc", "a\nb\tc"),
        (r"\u00e9 \/ \"", 'é / "'),
        # not a JSON escape
        (r"\alpha + \sqrt{2} \(x\) \{1\} \, \%", r"\alpha + \sqrt{2} \(x\) \{1\} \, \%"),
        (r"\underline{x} \u12", r"\underline{x} \u12"),
        # a JSON escape, but meant otherwise
        (r"\frac{1}{2} \forall \f", "\\frac{1}{2} \\forall \f"),
        (r"\binom{n}{k} \beta \boxed{3}", r"\binom{n}{k} \beta \boxed{3}"),
        (r"2 \times 3, \theta, \text{if}, \tan x, \to", r"2 \times 3, \theta, \text{if}, \tan x, \to"),
        (r"\nu", r"\nu"),
        (r"$x \neq 0$, $a \ne b$, $\nabla f$, $e^{\nu}$", r"$x \neq 0$, $a \ne b$, $\nabla f$, $e^{\nu}$"),
        (r"\rho, \right), \rangle", r"\rho, \right), \rangle"),
        # and these are what they say
        (r"Solve.\nThen\tadd.\r\nRest", "Solve.\nThen\tadd.\r\nRest"),
        (r"Let\nu = 3, and\ne = 2", "Let\nu = 3, and\ne = 2"),
        (r"\\frac{1}{2}\nu = 3\times", "\\frac{1}{2}\nu = 3\times"),
        (r"\\\\ \\\frac12", "\\\\ \\\\frac12"),
    ],
)
def test_backslashes(sent: str, meant: str) -> None:
    assert parse(f'{{"answer": "{sent}"}}', Answer).answer == meant


def test_bare_line_breaks_in_a_string_are_taken() -> None:
    assert parse('{"answer": "a\nb\tc"}', Answer).answer == "a\nb\tc"


def test_a_comma_within_a_string_stays() -> None:
    assert parse('{"answer": "f(x,]) and {a,}",}', Answer).answer == "f(x,]) and {a,}"


def test_numbers_and_lists_become_what_was_asked_for() -> None:
    read = parse('{"parts": [{"answer": 1}, {"answer": 0.5}, {"answer": "x"}], "hints": ["a", 2]}', Nested)
    assert [part.answer for part in read.parts] == ["1", "0.5", "x"]
    assert read.hints == {"0": "a", "1": "2"}


def test_a_truth_value_is_no_text() -> None:
    with pytest.raises(Unreadable, match="answer"):
        parse('{"answer": true}', Answer)


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
        ('{"answer": "4', "broken"),
        ("{" * 5000, "broken"),
        ('{"a":' * 5000, "broken"),
        ('{"valid": NaN}', "broken"),
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
def test_nothing_but_unreadable_is_raised(text: str) -> None:
    for reply in (Verdict, Nested):
        with contextlib.suppress(Unreadable):
            parse(text, reply)


# a control character followed by the rest of a command is what a model sends that forgot to escape one
COLLISION = re.compile(r"[\b\f][a-zA-Z]|([\n\r\t])([a-zA-Z]+)")


def collides(text: str) -> bool:
    return any(
        not match[1] or {"\n": "n", "\r": "r", "\t": "t"}[match[1]] + match[2] in SHADOWED
        for match in COLLISION.finditer(text)
    )


sound = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: not collides(text))
latex = st.lists(
    st.sampled_from(["\\frac{1}{2}", "\\nu", "\\", "\\\\", "$", '"', "{", "}", ",}", "\n", "x", "\\u12", "\\times "])
).map("".join)
texts = st.one_of(sound, latex.filter(lambda text: not collides(text)))


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
def test_valid_json_is_read_as_it_was_written(verdict: Verdict, around: str, ascii_only: bool) -> None:
    written = json.dumps(verdict.model_dump(), ensure_ascii=ascii_only)
    assert parse(around.replace("{}", written), Verdict) == verdict
