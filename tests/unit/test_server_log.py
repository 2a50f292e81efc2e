"""What nats-server's log says of writes that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.server_log import ServerLog

FULL = (
    "[7] 2026/11/25 19:05:37.19 [ERR] JetStream failed to store a msg on stream '$G > LEDGER': "
    "write /d/1.blk: no space left on device\n"
)
FINE = "[7] 2026/11/25 19:05:36.00 [INF] Server is ready\n"


@pytest.fixture
def log(tmp_path: Path) -> ServerLog:
    return ServerLog(tmp_path / "server.log")


def write(log: ServerLog, text: str) -> None:
    with log.path.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def test_a_failed_write_is_news_once(log: ServerLog) -> None:
    assert log.write_error() is None
    write(log, FINE + FULL + FINE)
    said = log.write_error()
    assert said
    assert said.startswith("JetStream failed to store a msg")
    assert log.write_error() is None
    write(log, FULL)
    assert log.write_error()


def test_what_was_before_the_mark_is_no_news(log: ServerLog) -> None:
    write(log, FULL)
    log.mark()
    assert log.write_error() is None
    assert log.last_words() == "it logged nothing"


def test_a_line_that_is_being_written_is_read_when_it_is_whole(log: ServerLog) -> None:
    write(log, FULL[:60])
    assert log.write_error() is None
    write(log, FULL[60:])
    assert log.write_error()


def test_a_log_that_was_rotated_is_read_from_its_start(log: ServerLog) -> None:
    write(log, FINE * 10)
    log.mark()
    log.path.unlink()
    write(log, FULL)
    assert log.write_error()


def test_text_that_is_none_is_no_harm(log: ServerLog) -> None:
    write(log, "\udcff\udcfe" + FINE)
    assert log.write_error() is None
    write(log, FULL)
    assert log.write_error()


@pytest.mark.parametrize(
    "line",
    [
        "[7] t [ERR] JetStream stream '$G > KV_replicas' critical write error: write x: disk quota exceeded",
        "[7] t [ERR] Filestore [DEAD] Critical write error: write x: file too large",
        "[7] t [ERR] JetStream out of space, will be DISABLED",
    ],
)
def test_other_ways_to_refuse(log: ServerLog, line: str) -> None:
    write(log, line + "\n")
    assert log.write_error() == line.partition("[ERR] ")[2]


@pytest.mark.parametrize(
    "line", ["[7] t [WRN] Filestore [DEAD] Stream state outdated", "[7] t [ERR] slow consumer", "[7] t [INF] [ERR] no"]
)
def test_what_is_no_refusal(log: ServerLog, line: str) -> None:
    write(log, line + "\n")
    assert log.write_error() is None


def test_a_flood_is_read_from_its_end(log: ServerLog) -> None:
    write(log, FINE * 20_000 + FULL)
    assert log.write_error()
    assert log.write_error() is None
