"""Names in all scripts, and the words for those that cannot be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.names import alike, fault, spellings, split_model, trimmed

SCRIPTS = [
    "Algebra", "Équations différentielles", unicodedata.normalize("NFD", "Équations différentielles"), "Größe",
    "代数幾何", "線形\u3000代数", "非線\u00a0形", "微积分 (一)", "선형대수", unicodedata.normalize("NFD", "선형대수"),
    "الجبر الخطي", "\u200fالجبر (1)\u200f", "جبر خطی پایه\u200cها", "אלגברה לינארית",
    "क्\u200dष बीजगणित", "श्रृंखला", "ക്\u200d", "தமிழ்", "বীজগণিত", "พีชคณิต", "Ալգեբրա", "алгебра", "άλγεβρα",
    "👨\u200d👩\u200d👧 families", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "❤\ufe0f",
    "\u1820\u180e\u1820", "∑ ∫ √2 ≤ π", "C*-algebras: a & b <i> \"q\" 'r' \\frac $x$ {y} #%?/", "x\u0301\u0302\u0303",
    "\U0001d49c", "豈", "Å", "=1+1", "-x", "a.b.*.>", "x" * 200, "\ue000 private",
]  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS, ids=ascii)
def test_every_script_makes_names(name: str) -> None:
    assert fault(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a\u200bb", "U+200B ZERO WIDTH SPACE (character 2)"),
        ("ab\u200b", "U+200B ZERO WIDTH SPACE (character 3)"),
        ("\ufeffab", "U+FEFF ZERO WIDTH NO-BREAK SPACE (character 1)"),
        ("a\nb", "U+000A LINE FEED (character 2)"),
        ("a\r\nb", "U+000D CARRIAGE RETURN (character 2)"),
        ("a\tb", "U+0009 CHARACTER TABULATION (character 2)"),
        ("a\0b", "U+0000 NULL (character 2)"),
        ("a\x1b[2Jb", "U+001B ESCAPE (character 2)"),
        ("a\x07b", "U+0007 a control character (character 2)"),
        ("a\x85b", "U+0085 NEXT LINE (character 2)"),
        ("a\u2028b", "U+2028 LINE SEPARATOR (character 2)"),
        ("a\xadb", "U+00AD SOFT HYPHEN (character 2)"),
        ("a\u202eb", "U+202E RIGHT-TO-LEFT OVERRIDE (character 2)"),
        ("a\u2060b", "U+2060 WORD JOINER (character 2)"),
        ("a\ud800b", "U+D800 half of a surrogate pair (character 2)"),
        ("a\uffffb", "U+FFFF no character (character 2)"),
        ("a\u3164b", "U+3164 HANGUL FILLER (character 2)"),
        ("\u200d", "a character that can be seen"),
        ("\u00a0\u3000", "a character that can be seen"),
        ("", "a character that can be seen"),
        ("\u0301", "a character that can be seen"),
    ],
    ids=ascii,
)
def test_what_no_name_holds_is_told_by_its_name_and_place(name: str, words: str) -> None:
    found = fault(name)
    assert found is not None
    assert found.endswith(words)


@given(st.text())
def test_a_name_trimmed_is_trimmed_and_never_a_line_break_is_let_through(text: str) -> None:
    name = trimmed(text)
    assert trimmed(name) == name
    if fault(name) is None:
        assert len(name.splitlines()) == 1
        assert name.encode().decode() == name
        assert alike(name) in spellings(name)


@pytest.mark.parametrize("around", [" ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2003", "\u2028", "\x85"], ids=ascii)
def test_white_space_around_a_name_goes(around: str) -> None:
    assert trimmed(f"{around}線形 代数{around}") == "線形 代数"


def test_a_name_is_the_same_with_its_accents_apart() -> None:
    composed, apart = unicodedata.normalize("NFC", "Équation"), unicodedata.normalize("NFD", "Équation")
    assert composed != apart
    assert alike(composed) == alike(apart)
    assert set(spellings(apart)) == set(spellings(f" {composed} ")) == {composed, apart}
    assert spellings("plain") == ["plain"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("openai/gpt-4o", ("openai", "gpt-4o")),
        (" openai / gpt-4o \n", ("openai", "gpt-4o")),
        ("openai/meta-llama/Llama 3.1\u00a0", ("openai", "meta-llama/Llama 3.1")),
    ],
    ids=ascii,
)
def test_a_model_is_split_at_its_first_slash(text: str, parts: tuple[str, str]) -> None:
    assert split_model(text) == parts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "provider/name"), (" ", "provider/name"), ("gpt-4o", "provider/name"), ("openai/", "provider/name"),
        ("/gpt-4o", "provider/name"), ("openai/ \n", "provider/name"), ("openai/gpt\n4o", "U+000A LINE FEED"),
        ("openai/gpt-4o\u200b", "U+200B ZERO WIDTH SPACE"), ("open\tai/x", "U+0009"), ("openai\n/x", "U+000A"),
    ],
    ids=ascii,
)  # fmt: skip
def test_what_names_no_model_is_told_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("+", r"\+")):
        split_model(text)
