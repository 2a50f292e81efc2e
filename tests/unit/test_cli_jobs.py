"""`stumper text …`: what is sent, what is shown, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli import client
from cli.client import Gateway
from cli.exits import ENDED_SHORT, FAILED, OK, USAGE
from cli.main import app

SAMPLE = {"text": "The lid never leaks.", "sentiment": "positive", "strategy": None, "quality": {"score": 0.91}}
RESULT = {"samples": [SAMPLE], "total_samples": 1, "total_tokens_estimated": 5, "metadata": {}}


def job(status: str = "completed", **fields: Any) -> dict[str, Any]:
    ended = status in ("completed", "error", "cancelled")
    return {
        "job_id": "j1", "status": status, "progress": 100 if status == "completed" else 40, "error_message": None,
        "result": RESULT if ended else None, "cost": 0.01, "rejected": [], "warnings": [],
    } | fields  # fmt: skip


class Server:
    """Answers with these, the last one for ever; keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def ran(monkeypatch: pytest.MonkeyPatch, server: Server, *arguments: str) -> Any:
    monkeypatch.setattr(client, "connect", lambda *_: Gateway("http://gateway.test", None, httpx.MockTransport(server)))
    monkeypatch.setattr("cli.jobs.EVERY", 0.0)
    return CliRunner().invoke(app, ["text", *arguments])


def test_a_plain_job_says_only_what_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(job("pending"))
    found = ran(monkeypatch, server, "generate", "tea", "-n", "3", "--idempotency-key", "k")
    assert (found.exit_code, found.stdout) == (OK, "j1\n")
    sent = server.asked[0]
    assert (sent.method, sent.url.path, sent.headers["idempotency-key"]) == ("POST", "/api/generate", "k")
    assert json.loads(sent.content) == {"product": "tea", "count": 3}


def test_an_enhanced_and_an_augmented_job(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(job("pending"))
    options = ["--sentiment", "negative", "--intensity", "4", "--example", "a", "--example", "b", "--aspect", "price"]
    assert ran(monkeypatch, server, "enhance", "tea", *options).exit_code == OK
    assert ran(monkeypatch, server, "augment", "tea", "--strategy", "CDA", "--strategy", "ADA", "--ratio", "0.2")
    enhanced, augmented = server.asked
    assert json.loads(enhanced.content) == {
        "product": "tea", "sentiment": "negative", "sentiment_intensity": 4, "few_shot": ["a", "b"],
        "aspects": ["price"],
    }  # fmt: skip
    assert augmented.url.params.get_list("augmentation_strategies") == ["CDA", "ADA"]
    assert augmented.url.params["augment_ratio"] == "0.2"


@pytest.mark.parametrize(("end", "code"), [("completed", OK), ("error", FAILED), ("cancelled", ENDED_SHORT)])
def test_watching_ends_with_the_job(monkeypatch: pytest.MonkeyPatch, end: str, code: int) -> None:
    words = "4 of 5 samples: refused" if end == "error" else None
    server = Server(job("pending"), job("running"), job(end, error_message=words))
    found = ran(monkeypatch, server, "generate", "tea", "--watch")
    assert found.exit_code == code
    assert "The lid never leaks." in found.stdout
    assert (words or end) in found.stdout


def test_results_are_of_jobs_that_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    early = ran(monkeypatch, Server(job("running")), "result", "j1")
    assert early.exit_code == FAILED
    done = ran(monkeypatch, Server(job()), "result", "j1", "--json")
    assert (done.exit_code, json.loads(done.stdout)["job_id"]) == (OK, "j1")


def test_status_cancel_and_export(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    server = Server({"items": [job(), job("running")], "total": 2})
    assert len(ran(monkeypatch, server, "status").stdout.splitlines()) == 2
    assert "running" in ran(monkeypatch, Server(job("running")), "status", "j1").stdout
    gone = ran(monkeypatch, Server({"job_id": "j1", "status": "cancelled", "message": "It was"}), "cancel", "j1")
    assert gone.stdout == "It was\n"
    file = tmp_path / "out.jsonl"
    content = 'id,text\r\nj1-0,"é\n\nb"\r\n'.encode()  # an empty line may stand within a text
    export = ran(monkeypatch, Server(httpx.Response(200, content=content)), "export", "j1", "-o", str(file))
    assert export.exit_code == OK
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_what_the_gateway_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    error = {"title": "T", "status": 422, "errors": [{"field": "count", "message": "at most 50 samples a job"}]}
    found = ran(monkeypatch, Server(httpx.Response(422, json=error)), "generate", "tea", "-n", "99")
    assert found.exit_code == USAGE
    assert "count: at most 50" in found.stderr
