"""One line an event, and no key in any."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest

from shared import logs
from shared.settings import Settings

KEY = "qwertyuiop-not-shaped-like-a-key"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    known = Settings(_env_file=None, openai_api_key=KEY, mongo_url="mongodb://me:hunter22@db/x", log_level="INFO")
    monkeypatch.setattr(logs, "settings", lambda: known)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.configure("checker")
    yield logging.getLogger("a.test")
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)


def test_a_line_has_time_level_service_message_and_fields(
    configured: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configured.info("ready with %d", 3, extra={"batch": "b1", "words": "two words", "none": None})
    time, *rest = capsys.readouterr().err.rstrip("\n").split(" ", 1)
    assert time.endswith("Z")
    assert rest == ['INFO checker ready with 3 batch=b1 words="two words"']


def test_every_event_is_one_line_and_steers_no_terminal(
    configured: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configured.warning("one\ntwo\r\x1b[31m\u2028three\x9b", extra={"more": "a\nb"})
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert len(text.splitlines()) == 1
    assert text.rstrip("\n").isprintable()


def test_an_exception_is_its_message_and_where_it_passed(
    configured: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise ValueError(f"bad\nthing with {KEY}")
    except ValueError:
        configured.exception("it broke")
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    assert 'it broke error="ValueError: bad\\nthing with ***"' in text
    assert "test_logs.py" in text


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "hunter22",
        "sk-proj-abcdefghijkl_0123",
        "AIzaSyA-0123456789abcdefghijklmnop",
        "Bearer abc.def-ghi_jkl",
        "Authorization: bearer abcdefgh",
        "https://user:pa55word@host/path",
        "X-API-Key: 0123456789",
        '{"api_key": "0123456789"}',
    ],
)
def test_no_key_gets_out(configured: logging.Logger, capsys: pytest.CaptureFixture[str], secret: str) -> None:
    configured.error("it was %s here", secret, extra={"also": secret})
    text = capsys.readouterr().err
    for part in ("qwerty", "hunter22", "abcdef", "0123456789", "abc.def", "pa55word"):
        assert part not in text
    assert "***" in text
    assert "here" in text


def test_plain_words_stay(configured: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    configured.info("a task-force of 3, risk-free, at http://127.0.0.1:8000/docs and nats://127.0.0.1:4222")
    assert "task-force of 3, risk-free, at http://127.0.0.1:8000/docs and nats://127.0.0.1:4222" in (
        capsys.readouterr().err
    )


def test_noisy_libraries_show_warnings_only(configured: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    for name in logs.NOISY:
        logging.getLogger(f"{name}.inner").info("chatter")
        logging.getLogger(f"{name}.inner").warning("trouble from %s", name)
    text = capsys.readouterr().err
    assert "chatter" not in text
    assert text.count("trouble") == len(logs.NOISY)


def test_configuring_again_replaces(configured: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("solver")
    configured.info("hello")
    assert capsys.readouterr().err.count("\n") == 1


def test_the_line_goes_to_the_stderr_of_the_moment(
    configured: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", sys.stdout)
    configured.info("hello")
    assert "hello" in capsys.readouterr().out
