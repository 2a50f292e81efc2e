"""Output into a pipe or terminal of any encoding: no letter that it lacks is an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENVIRONMENTS = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    PLAIN,
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii:strict"},
]
COMMAND = """
import sys, httpx
import cli.client, cli.main
item = {"batch_id": "b", "status": "running", "name": "Größe ≤ 数学 " * 9, "id": "checker.b.7.2", "error": "数 ≤"}
def answer(request):
    if request.url.path == "/api/problems/all":
        return httpx.Response(200, content=b'{"problem":"x \\xe2\\x89\\xa4 \\xe6\\x95\\xb0"}\\n')
    return httpx.Response(200, json={"items": [item], "total": 2, "status": "running", "error": "数 ≤ …"})
transport = httpx.MockTransport(answer)
cli.client.connect = lambda *_: cli.client.Gateway("http://gateway.test", None, transport)
cli.main.app(sys.argv[1:], prog_name="stumper")
"""
FACT = """
import time
from cli.tail import readable, raw
from shared.facts import Fact
import json, cli
body = json.dumps({"problem": "x \u2264 \u6570 " * 99}).encode()
for call in (readable, raw):
    print(call(Fact(1, "problems.checker.b.1.0", body, time.time())))
"""


def said(code: str, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """In a folder of its own, by a file: Python reads an argument in the terminal's encoding, a file in UTF-8."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("STUMPER_", "LC_", "LANG", "PYTHON"))}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        script.write_text(code, encoding="utf-8")
        return subprocess.run(
            [sys.executable, str(script), *arguments],
            cwd=folder, env=known | {"PYTHONPATH": str(ROOT)} | variables, capture_output=True, timeout=60,
        )  # fmt: skip


@pytest.mark.parametrize("variables", ENVIRONMENTS, ids=str)
@pytest.mark.parametrize("arguments", [["status"], ["status", "b"], ["status", "b", "--json"], ["dead"], ["--help"]])
def test_a_letter_that_the_pipe_lacks(variables: dict[str, str], arguments: list[str]) -> None:
    ended = said(COMMAND, variables, *arguments)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout


@pytest.mark.parametrize("variables", ENVIRONMENTS, ids=str)
def test_what_we_shorten_ends_in_ascii_dots(variables: dict[str, str]) -> None:
    ended = said(COMMAND, variables, "status")
    assert b"\\u2026" not in ended.stdout


@pytest.mark.parametrize("variables", ENVIRONMENTS, ids=str)
def test_an_export_is_utf_8_whatever_the_pipe_is(variables: dict[str, str]) -> None:
    ended = said(COMMAND, variables, "export", "b")
    assert ended.returncode == 0
    assert ended.stdout.decode() == '{"problem":"x \u2264 \u6570"}\n'


@pytest.mark.parametrize("variables", ENVIRONMENTS, ids=str)
def test_the_ledger_can_be_followed(variables: dict[str, str]) -> None:
    ended = said(FACT, variables)
    assert (ended.returncode, ended.stderr) == (0, b"")
    shown, raw = ended.stdout.splitlines()
    assert json.loads(raw)["fact"]["problem"].startswith("x \u2264")
    assert b"waits for checker" in shown
