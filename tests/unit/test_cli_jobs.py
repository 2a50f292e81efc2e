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
from services.gateway.schemas.text import EnhancedRequest, TextRequest

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


PLAIN = {
    "product": "tea", "count": 3, "version": "v2", "temperature": 0.2, "model": "openai/a",
    "reviewer_model": "openai/b", "embedding_model": "openai/c", "max_cost_usd": 1.5, "max_attempts": 9,
    "random_seed": 7,
}  # fmt: skip
PLAIN_OPTIONS = [
    "--count", "3", "--version", "v2", "--temperature", "0.2", "--model", "openai/a", "--reviewer", "openai/b",
    "--embedding", "openai/c", "--max-cost", "1.5", "--max-attempts", "9", "--seed", "7",
]  # fmt: skip
ENHANCED = {
    "sentiment": "negative", "sentiment_intensity": 4, "tone": "dry", "few_shot": ["a", "b"],
    "aspects": ["price", "lid"], "min_quality_score": 0.7, "quality_filter": False,
}  # fmt: skip
ENHANCED_OPTIONS = [
    "--sentiment", "negative", "--intensity", "4", "--tone", "dry", "--example", "a", "--example", "b",
    "--aspect", "price", "--aspect", "lid", "--min-score", "0.7", "--no-quality-filter",
]  # fmt: skip


def test_every_field_of_the_routes_has_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(job("pending"))
    strategies = ["--strategy", "CDA", "--strategy", "ADA", "--ratio", "0.2"]
    for command in (
        ["generate", "tea", *PLAIN_OPTIONS],
        ["enhance", "tea", *PLAIN_OPTIONS, *ENHANCED_OPTIONS],
        ["augment", "tea", *PLAIN_OPTIONS, *ENHANCED_OPTIONS, *strategies],
    ):
        assert ran(monkeypatch, server, *command).exit_code == OK
    plain, enhanced, augmented = server.asked
    assert json.loads(plain.content) == PLAIN
    assert json.loads(enhanced.content) == json.loads(augmented.content) == PLAIN | ENHANCED
    assert PLAIN.keys() == TextRequest.model_fields.keys()
    assert (PLAIN | ENHANCED).keys() == EnhancedRequest.model_fields.keys()
    EnhancedRequest.model_validate(PLAIN | ENHANCED)
    assert [request.url.path for request in server.asked] == [
        "/api/generate", "/api/generate-enhanced", "/api/generate-augmented",
    ]  # fmt: skip
    assert augmented.url.query == b"augmentation_strategies=CDA&augmentation_strategies=ADA&augment_ratio=0.2"
    assert (plain.url.query, enhanced.url.query) == (b"", b"")


@pytest.mark.parametrize("command", ["enhance", "augment"])
def test_examples_of_ours(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    server = Server(job("pending"))
    assert ran(monkeypatch, server, command, "tea", "--few-shot").exit_code == OK
    assert json.loads(server.asked[0].content) == {"product": "tea", "few_shot": True}
    assert server.asked[0].url.query == b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "a\udcff"], "PRODUCT: not valid Unicode text"),
        (["generate", "tea", "--temperature", "nan"], "--temperature: a finite number is wanted"),
        (["enhance", "tea", "--min-score", "inf"], "--min-score: a finite number is wanted"),
        (["enhance", "tea", "--example", "a\udcff"], "--example: not valid Unicode text"),
        (["augment", "tea", "--ratio", "nan"], "--ratio: a finite number is wanted"),
        (["augment", "tea", "--strategy", "\udcff"], "--strategy: not valid Unicode text"),
        (["augment", "tea", "--idempotency-key", "a b"], "--idempotency-key: "),
    ],
)
def test_what_no_request_can_say_is_refused_by_its_option(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    server = Server(job())
    found = ran(monkeypatch, server, *arguments)
    assert (found.exit_code, server.asked) == (USAGE, [])
    assert words in found.stderr


@pytest.mark.parametrize("command", ["generate", "enhance", "augment"])
@pytest.mark.parametrize(("end", "code"), [("completed", OK), ("error", FAILED), ("cancelled", ENDED_SHORT)])
def test_json_is_all_that_stdout_gets(monkeypatch: pytest.MonkeyPatch, command: str, end: str, code: int) -> None:
    begun = ran(monkeypatch, Server(job("pending", warnings=["no writer"])), command, "tea", "--json")
    assert (begun.exit_code, json.loads(begun.stdout)) == (OK, job("pending", warnings=["no writer"]))
    assert begun.stderr == "warning: no writer\n"
    server = Server(job("pending"), job("running"), job(end))
    watched = ran(monkeypatch, server, command, "tea", "--json", "--watch")
    assert (watched.exit_code, json.loads(watched.stdout)) == (code, job(end))
    lines = watched.stderr.splitlines()
    assert (lines[0], [words.split()[1] for words in lines[1:]]) == ("job j1", ["running", end])


@pytest.mark.parametrize(("end", "code"), [("completed", OK), ("error", FAILED), ("cancelled", ENDED_SHORT)])
def test_watching_ends_with_the_job(monkeypatch: pytest.MonkeyPatch, end: str, code: int) -> None:
    words = "4 of 5 samples: refused" if end == "error" else None
    server = Server(job("pending"), job("running"), job(end, error_message=words))
    found = ran(monkeypatch, server, "generate", "tea", "--watch")
    assert (found.exit_code, found.stdout.splitlines()[0]) == (code, "j1")
    assert "The lid never leaks." in found.stdout
    assert (words or end) in found.stdout


def test_a_job_that_runs_can_be_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(job("running"), job("completed"))
    found = ran(monkeypatch, server, "watch", "a/b")
    assert (found.exit_code, {request.url.raw_path for request in server.asked}) == (OK, {b"/api/result/a%2Fb"})
    assert "The lid never leaks." in found.stdout
    assert [words.split()[1] for words in found.stderr.splitlines()] == ["running", "completed"]
    ended = ran(monkeypatch, Server(job("error")), "watch", "j1", "--json")
    assert (ended.exit_code, json.loads(ended.stdout)) == (FAILED, job("error"))


def test_what_a_variant_was_accepted_by_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    varied = SAMPLE | {"strategy": "CDA", "quality": None, "acceptance": {"score": 0.874}}
    found = ran(monkeypatch, Server(job(result=RESULT | {"samples": [SAMPLE, varied]})), "result", "j1")
    assert "(positive, quality 0.91)" in found.stdout
    assert "(CDA, positive, acceptance 0.87)" in found.stdout


def test_what_was_rejected_is_counted_by_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    rejected = [{"reason": "duplicate"}, {"reason": "below_threshold"}, {"reason": "duplicate"}]
    for command in ("status", "result"):
        found = ran(monkeypatch, Server(job(rejected=rejected)), command, "j1")
        assert "3 rejected (below_threshold 1, duplicate 2)" in found.stdout


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
