"""What the commands print: progress, facts, tables; no control characters."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import httpx
import pytest
from rich.console import Console

from cli import watch as watching
from cli.client import Gateway
from cli.exits import Failure
from cli.jobs import JOB
from cli.screen import clean, cut, dollars, seconds
from cli.tail import of_batch, raw, readable
from cli.watch import BATCH, Bars, line, watch
from shared.facts import Fact

RUNNING = {
    "status": "running",
    "total_needed": 10,
    "valid_generated": 4,
    "stats": {"valid": 4, "solved": 2, "discarded": 1, "surplus": 0, "in_progress": 8},
    "reasons": {"duplicate": 1, "malformed": 0},
    "stages": {"engineer": 5, "checker": 3, "parked": 0},
    "batch_cost": 0.0312,
    "cost_per_valid": 0.0078,
    "rate_per_minute": 12.34,
    "eta_seconds": 200.0,
    "error": None,
}


def test_progress_in_one_line() -> None:
    assert line(RUNNING) == (
        "running; valid 4/10, solved 2, discarded 1, in progress 8 (duplicate 1); "
        "$0.0312, $0.0078 a valid one; 12.3 a minute, about 3 min 20 s left"
    )


def test_an_unknown_price_is_said() -> None:
    assert "price unknown" in line(RUNNING | {"batch_cost": None, "cost_per_valid": None})


def test_an_error_is_shown_and_steers_nothing() -> None:
    assert line({"status": "failed", "error": "bad\nkey\x1b]0;x\x07"}).endswith("bad key�]0;x�")


def drawn(bars: Bars, status: dict[str, Any]) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(bars.show(status))
    return out.getvalue()


def labels(text: str) -> list[str]:
    """Of the bars, from the top down."""
    return [words.split()[0] for words in takewhile(lambda words: ": " not in words, text.splitlines())]


def test_the_bars_show_stages_cost_rate_and_time_left() -> None:
    text = drawn(Bars(BATCH), RUNNING)
    for words in ("engineer", "checker", "4/10", "$0.0312", "12.3 a minute", "3 min 20 s left"):
        assert words in text


@pytest.mark.parametrize(
    "route", [("engineer", "checker", "solver", "embedder"), ("solver", "embedder"), ("writer", "embedder")]
)
def test_the_bars_are_those_of_the_batchs_own_route(route: tuple[str, ...]) -> None:
    bars = Bars(BATCH)
    at = dict.fromkeys((*route, "parked"), 0)
    assert labels(drawn(bars, RUNNING | {"stages": at})) == ["valid", *route, "parked"]
    text = drawn(bars, RUNNING | {"stages": at | {"embedder": 7}})
    assert labels(text) == ["valid", *route, "parked"]
    assert [words.split()[-1] for words in text.splitlines() if "embedder" in words] == ["7"]
    assert labels(drawn(Bars(BATCH), {"status": "queued"})) == ["valid"], "of one that tells no stages"


def test_a_job_of_texts_has_the_stages_of_its_line() -> None:
    job = {
        "job_id": "j1", "status": "running", "progress": 40, "cost": 0.0123, "error_message": "503\nbusy\x1b[2J",
        "rejected": [{"reason": "low_quality"}, {"reason": "below_threshold"}, {"reason": "low_quality"}],
        "stages": {"writer": 3, "embedder": 1, "parked": 0}, "warnings": ["no writer"],
    }  # fmt: skip
    text = drawn(Bars(JOB), job)
    assert labels(text) == ["accepted", "writer", "embedder", "parked"]
    for words in ("40%", "$0.0123", "3 rejected (below_threshold 1, low_quality 2)", "no writer", "503 busy�[2J"):
        assert words in text


WAITS = {
    "role": "target", "model": "openai/x", "since": "2026-11-21T10:02:10Z", "words": "openai/x: cannot\nconnect\x1b[2J",
}  # fmt: skip


def test_who_waits_is_shown_with_the_providers_words() -> None:
    here = datetime(2026, 11, 21, 10, 2, 10, tzinfo=UTC).astimezone().strftime("%H:%M:%S")
    text = line(RUNNING | {"waiting": [WAITS], "warnings": ["no solver is running"]})
    assert text.endswith(f"target waits since {here}: openai/x: cannot connect�[2J; no solver is running")
    assert f"target openai/x waits since {here}: 503" in line(RUNNING | {"waiting": [WAITS | {"words": "503"}]})
    text = drawn(Bars(BATCH), RUNNING | {"waiting": [WAITS], "warnings": ["no solver is running"]})
    assert "cannot connect" in text
    assert "no solver is running" in text


@pytest.mark.parametrize("gap", [{"role": None, "model": None}, {"since": None}, {"since": "soon"}, {"words": ""}])
def test_a_wait_with_gaps_is_shown_all_the_same(gap: dict[str, Any]) -> None:
    assert "waits" in line(RUNNING | {"waiting": [WAITS | gap]})


def scripted(*replies: dict[str, Any] | int) -> Gateway:
    left = list(replies)

    def handler(_: httpx.Request) -> httpx.Response:
        reply = left.pop(0)
        return httpx.Response(reply) if isinstance(reply, int) else httpx.Response(200, json=reply)

    return Gateway("http://gateway.test", None, httpx.MockTransport(handler))


def watched(*replies: dict[str, Any] | int) -> tuple[dict[str, Any], str]:
    out = io.StringIO()
    status = watch(scripted(*replies), "b", out=Console(file=out, width=200), every=0.0)
    return status, out.getvalue()


def test_watch_prints_each_state_once() -> None:
    queued, done = RUNNING | {"status": "queued"}, RUNNING | {"status": "completed", "valid_generated": 10}
    status, text = watched(queued, queued, RUNNING, RUNNING, RUNNING | {"valid_generated": 5}, done)
    assert status["status"] == "completed"
    assert [words.split(";")[0] for words in text.splitlines()] == ["queued", "running", "completed"]


def test_watch_rides_out_a_gateway_that_is_away() -> None:
    status, _ = watched(RUNNING, 503, 503, RUNNING | {"status": "completed"})
    assert status["status"] == "completed"


def test_watch_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.0)
    with pytest.raises(Failure):
        watched(RUNNING, *[503] * 50)


def test_watch_ends_for_a_batch_that_is_gone() -> None:
    with pytest.raises(Failure):
        watched(RUNNING, 404)


# ---- facts


def fact(subject: str, body: Any) -> Fact:
    return Fact(seq=3, subject=subject, data=json.dumps(body).encode(), time=1_700_000_000.5)


@pytest.mark.parametrize(
    ("subject", "body", "words"),
    [
        ("batches.requested.b1", {}, "b1  requested"),
        ("batches.changed.b1.2", {"status": "running"}, "b1  is running"),
        ("batches.changed.b1.3", {"status": "failed", "error": "no\nkey"}, "b1  is failed: no key"),
        ("problems.checker.b1.7.2", {"problem": "Let $x$\n be"}, "b1/7 hop 2  waits for checker: Let $x$ be"),
        ("problems.engineer.b1.7.1", {"subject": "Algebra", "topic": "Sums"}, "waits for engineer: Algebra, Sums"),
        ("problems.solver.b1.7.5", {"problem": "P", "faults": 2}, "waits for solver (fault 2): P"),
        ("problems.parked.b1.7.3", {"problem": "P"}, "parked until resumed: P"),
        (
            "problems.parked.b1.7.3",
            {"problem": "P", "reason": {"code": "provider_error", "role": "checker", "detail": "503\nbusy"}},
            "parked until resumed provider_error, checker: 503 busy: P",
        ),
        (
            "problems.finished.b1.7.4",
            {"status": "failed", "reason": {"code": "provider_error", "role": "target", "detail": "400 no"}},
            "finished failed provider_error, target: 400 no",
        ),
        ("calls.engineer.b1.7.1.0", {"unread": "no JSON"}, "0.00 s, unreadable: no JSON"),
        ("problems.finished.b1.7.4", {"status": "valid", "reason": None}, "b1/7 hop 4  finished valid"),
        (
            "problems.finished.b1.7.4",
            {"status": "discarded", "reason": {"code": "duplicate", "detail": "0.91 to b1-2"}},
            "finished discarded duplicate: 0.91 to b1-2",
        ),
        (
            "calls.engineer.b1.7.1.0",
            {
                "model": {"provider": "simulator", "model_name": "sim-strong"},
                "input_tokens": 80, "output_tokens": 20, "cost": 3_100_000, "latency": 0.5,
            },
            "b1/7  engineer call 0 to simulator/sim-strong: 80+20 tokens, $0.0031, 0.50 s",
        ),
        ("calls.engineer.b1.7.1.0x9", {"cost": None}, "price unknown"),
        ("something.else", {"a": 1}, 'something.else  {"a": 1}'),
    ],
)  # fmt: skip
def test_a_fact_is_one_readable_line(subject: str, body: Any, words: str) -> None:
    text = readable(fact(subject, body))
    assert words in text
    assert "\n" not in text


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[1]", b"null", b'{"reason": null, "status": null}', b'"x"'])
@pytest.mark.parametrize(
    "subject", ["problems.finished.b.1.2", "problems.parked.b.1.2", "calls.x.b.1.2.3", "batches.changed.b.1", "y"]
)
def test_no_fact_breaks_the_tail(subject: str, data: bytes) -> None:
    found = Fact(seq=1, subject=subject, data=data, time=0.0)
    assert readable(found).isprintable()
    assert json.loads(raw(found))["subject"] == subject


def test_a_fact_knows_its_batch() -> None:
    assert of_batch(fact("batches.requested.b1", {}), "b1")
    assert of_batch(fact("problems.solver.b1.2.3", {}), "b1")
    assert not of_batch(fact("problems.b1.b2.2.3", {}), "b1")
    assert not of_batch(fact("b1", {}), "b1")


# ---- small things


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "price unknown"),
        (0.0, "$0.00"),
        (0.0123, "$0.0123"),
        (0.00003, "$0.000030"),
        (0.1, "$0.10"),
        (12.345, "$12.35"),
    ],
)
def test_dollars(amount: float | None, text: str) -> None:
    assert dollars(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(None, "?"), (0.4, "0 s"), (59.4, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_seconds(amount: float | None, text: str) -> None:
    assert seconds(amount) == text


def test_clean_keeps_mathematics_and_drops_what_steers() -> None:
    assert clean("∫₀¹ x² dx ≤ ½,\n  α·β") == "∫₀¹ x² dx ≤ ½, α·β"
    assert clean("پایه\u200cها क्\u200dष 👨\u200d👩\u200d👧") == "پایه\u200cها क्\u200dष 👨\u200d👩\u200d👧"
    assert clean("a\x1b[2Jb\x07\u202ec\ud800") == "a�[2Jb��c�"
    assert cut("abcdef", 4) == "abc…"
