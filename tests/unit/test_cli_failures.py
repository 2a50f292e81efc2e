"""What goes wrong on this side of the gateway: one line on stderr, and an exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

import cli
from cli.batches import generate
from cli.client import Gateway
from cli.exits import FAILED, USAGE, Failure
from cli.known import known
from cli.options import run
from cli.plan import locked
from cli.request import build, read_json_file
from shared.settings import settings


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(Failure) as caught:
        call()
    assert caught.value.code == USAGE
    return str(caught.value)


class Full:
    """A stdout on a full disk."""

    def write(self, _: str) -> int:
        return 0

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def ends(command: Callable[[], int]) -> int:
    with pytest.raises(typer.Exit) as caught:
        run(command)
    return caught.value.exit_code


def test_the_id_of_a_batch_that_runs_is_not_lost(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    reply = httpx.Response(202, json={"batch_id": "b" * 24})
    gateway = Gateway("http://gateway.test", None, httpx.MockTransport(lambda _: reply))
    monkeypatch.setattr(sys, "stdout", Full())
    assert ends(lambda: generate(gateway, {}, None, follow=False)) == FAILED
    said = capsys.readouterr().err
    assert "b" * 24 in said
    assert "No space left" in said
    assert said.count("\n") == 1


def test_what_cannot_be_written_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    assert ends(lambda: 0) == FAILED
    assert capsys.readouterr().err == "stumper: [Errno 28] No space left on device\n"


def test_a_closed_stdout_is_one_line_and_nothing_begins(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert ends(lambda: pytest.fail("began")) == FAILED
    assert capsys.readouterr().err.startswith("stumper: standard output is closed")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_python_does_not_complain_once_more_at_its_end() -> None:
    code = "from cli.options import run\nrun(lambda: print('x') or 0)"
    with open("/dev/full", "w") as full:
        ended = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True)
    assert "stumper: [Errno 28]" in ended.stderr
    assert "Exception ignored" not in ended.stderr


@pytest.mark.parametrize("below", ["", "x"])
def test_a_file_is_no_data_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / below

    def hold() -> None:
        with locked(folder):
            pass

    assert str(folder) in refused(hold)


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"max_cost_usd": float("nan")}, "--max-cost"),
        ({"max_cost_usd": float("inf")}, "--max-cost"),
        ({"name": "caf\udce9"}, "--name"),
    ],
)
def test_what_json_cannot_say_is_refused_by_its_option(fields: dict[str, Any], flag: str) -> None:
    assert refused(lambda: build(None, {}, None, {"num_problems": 1} | fields)).startswith(f"{flag}: ")


def test_what_json_cannot_say_is_refused_by_its_field(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"num_problems": 1, "max_cost_usd": NaN}')
    assert "NaN is no number" in refused(lambda: build(body, {}, None, {}))
    body.write_text('{"num_problems": 1, "max_cost_usd": 1e400}')
    assert "'max_cost_usd': a finite number" in refused(lambda: build(body, {}, None, {}))


@pytest.mark.parametrize("key", ["", "a\nb", "clé", "x" * 256])
def test_a_key_that_no_header_can_carry(key: str) -> None:
    gateway = Gateway("http://gateway.test", None, httpx.MockTransport(lambda _: pytest.fail("sent")))
    assert refused(lambda: generate(gateway, {}, key, follow=False)).startswith("--idempotency-key: ")


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000])
def test_json_that_python_does_not_read(tmp_path: Path, text: str) -> None:
    body = tmp_path / "body.json"
    body.write_text(text)
    assert str(body) in refused(lambda: read_json_file(body))


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUMPER_PORT", "http")
    settings.cache_clear()
    try:
        assert refused(known).startswith("STUMPER_PORT: ")
    finally:
        settings.cache_clear()


def test_an_early_interrupt_is_silent(capsys: Any) -> None:
    cli._quiet(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""
    cli._quiet(ValueError, ValueError("x"), None)
    assert "ValueError: x" in capsys.readouterr().err


def test_an_argument_that_is_no_text_is_one_line(capsys: Any) -> None:
    assert ends(lambda: len("\udcff".encode())) == USAGE
    assert capsys.readouterr().err.startswith("stumper: 'utf-8' codec can't encode")
