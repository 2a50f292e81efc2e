"""`stumper retarget` and `stumper matrix`: what they ask and show."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli import client
from cli.main import app
from tests.unit.test_cli_client import gateway

RETARGETED = {"message": "The stored problems are tried by a/b/c", "status": "running"}
MATRIX = {
    "models": [
        {"model": "a/weak", "tried": 2, "solved": 0, "failed": 2, "undecided": 0, "pass_rate": 0.0},
        {"model": "a/strong", "tried": 1, "solved": 0, "failed": 0, "undecided": 1, "pass_rate": None},
    ],
    "items": [
        {"slot": 0, "question": "What\x1b[2J is 1 + 1?", "results": {"a/weak": {"correct": False}}},
        {"slot": 7, "question": "And 2?", "results": {"a/weak": {"correct": False}, "a/strong": {"correct": None}}},
    ],
    "total": 5,
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def call(reply: Any, sent: list[httpx.Request], *arguments: str) -> Any:
        def handler(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(200, json=reply)

        monkeypatch.setattr(client, "connect", lambda *_: gateway(handler))
        return CliRunner().invoke(app, list(arguments))

    return call


@pytest.mark.parametrize(("flags", "again"), [([], "true"), (["--only-later"], "false")])
def test_retarget_asks_for_another_target(run: Callable[..., Any], flags: list[str], again: str) -> None:
    sent: list[httpx.Request] = []
    result = run(RETARGETED, sent, "retarget", "a/b?", "openai/ft:gpt/x", *flags)
    assert (result.exit_code, result.stdout) == (0, "The stored problems are tried by a/b/c\n")
    (request,) = sent
    assert (request.method, request.url.query) == ("PATCH", f"retarget={again}".encode())
    assert request.url.raw_path.partition(b"?")[0] == b"/api/batches/a%2Fb%3F/target-model"
    assert json.loads(request.content) == {"provider": "openai", "model_name": "ft:gpt/x"}
    assert json.loads(run(RETARGETED, sent, "retarget", "b", "a/b", "--json").stdout) == RETARGETED


def test_a_model_needs_its_provider(run: Callable[..., Any]) -> None:
    sent: list[httpx.Request] = []
    result = run(RETARGETED, sent, "retarget", "b", "gpt")
    assert result.exit_code == 2
    assert "PROVIDER/NAME" in result.stderr
    assert not sent


def test_the_matrix_shows_sums_and_problems(run: Callable[..., Any]) -> None:
    sent: list[httpx.Request] = []
    shown = run(MATRIX, sent, "matrix", "b", "-n", "2").stdout
    assert sent[0].url.query == b"per_page=2"
    lines = [line.split() for line in shown.splitlines()]
    assert lines[1] == ["a/weak", "2", "0", "2", "0", "0%"]
    assert lines[2] == ["a/strong", "1", "0", "0", "1"]
    assert "\x1b" not in shown
    assert lines[5][0] == "0"
    assert lines[6][-2:] == ["failed", "undecided"]
    assert shown.endswith("… and 3 more\n")
    assert json.loads(run(MATRIX, sent, "matrix", "b", "--json").stdout) == MATRIX
    nothing = {"models": [], "items": [], "total": 0}
    assert "no target has tried" in run(nothing, sent, "matrix", "b").stdout
    assert len(run(MATRIX, sent, "matrix", "b", "-n", "0").stdout.splitlines()) == 3
