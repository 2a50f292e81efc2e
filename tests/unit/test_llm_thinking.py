"""What a model thought is never its answer, however it is marked."""

from __future__ import annotations

import pytest

from shared.llm.thinking import apart, untangled

DRAFT, JSON = '{"answer": "3"}', '{"answer": "4"}'


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{DRAFT}</think>{JSON}",
        f"<THINKING>\n{DRAFT}\n</Thinking>\n\n{JSON}",
        f'< think time="3">{DRAFT}< / think >{JSON}',
        f"{DRAFT} hm, no.</think>{JSON}",
        f"<think>{DRAFT}</think><reasoning>{DRAFT}</reasoning>{JSON}",
        f"<think>{DRAFT}<think>{DRAFT}</think>{DRAFT}</think>{JSON}",
        f"<think>In <think> tags I think. {DRAFT}</think>{JSON}",
        f"<think>{DRAFT}</thinking>{JSON}",
        f'<think>{{"note": "</think>", {DRAFT} </think>{JSON}',
        f"{JSON}<think>Was it {DRAFT}?</think>",
        f"{JSON}\n<reflection>a<think>{DRAFT}</think>b</reflection>",
        f"[THINK]{DRAFT}[/THINK]{JSON}",
        f"◁think▷{DRAFT}◁/think▷{JSON}",
        f"<seed:think>{DRAFT}</seed:think>{JSON}",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>{JSON}",
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|>{JSON}",
        f"<unused94>thought {DRAFT}<unused95>{JSON}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{JSON}<|return|>",
        f"{DRAFT}<|channel|>final<|message|>{JSON}",
        f"<|channel>thought\n{DRAFT}<channel|>{JSON}",
        f"analysisWe need {DRAFT}.assistantfinal{JSON}",
        f"```thinking\n{DRAFT}\n```\n{JSON}",
        f'<details type="reasoning" done="true"><summary>So</summary>{DRAFT}</details>{JSON}',
        f"<longcat_think>{DRAFT}</longcat_think><chain-of-thought>{DRAFT}</chain-of-thought>{JSON}",
        f"```Reasoning\n```json\n{DRAFT}\n```\n```\n```json\n{JSON}\n```",
        f"~~~ scratchpad\n{DRAFT}\n~~~\n{JSON}",
    ],
)
def test_thinking_is_set_apart(text: str) -> None:
    parts = apart(text)
    assert JSON in parts.spoken
    assert DRAFT not in parts.spoken
    assert DRAFT in parts.thought
    assert not parts.unclosed


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{JSON}",
        f"{JSON}<think>hm",
        f"<think>a</think>{JSON}<think>",
        f"<|channel|>analysis<|message|>{JSON}",
        f"```thinking\n{JSON}",
        f"```thinking\n```json\n{JSON}\n```",
    ],
)
def test_thinking_without_an_end_leaves_no_answer(text: str) -> None:
    parts = apart(text)
    assert parts.unclosed
    assert parts.spoken == ""
    assert JSON in parts.thought


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        "a < b, c > d and [1, 2]",
        '{"problem": "What does <think> mean, and </think>?", "answer": "4"}',
        f"```json\n{JSON}\n```",
        f"<answer>{JSON}</answer>",
        f"{JSON}<|end|>",
        f"<details>{JSON}</details>",
        "analysis: it is final",
    ],
)
def test_what_is_no_thinking_stays(text: str) -> None:
    parts = apart(text)
    assert (parts.spoken, parts.thought) == (text, "")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<think>3?</think> 4", "4"),
        ("it is 3</think>4", "4"),
        (" <think>3?", ""),
        ("What does <think> mean?", "What does <think> mean?"),
        ("$a < b$", "$a < b$"),
    ],
)
def test_a_string_that_begins_with_thinking(text: str, left: str) -> None:
    assert untangled(text) == left
