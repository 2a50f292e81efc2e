"""HTTP errors become words and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli import client
from cli.client import Gateway, gateway_url
from cli.exits import FAILED, INTERRUPTED, UNREACHABLE, USAGE, Failure
from cli.export import export
from cli.main import app
from services.gateway.schemas.augmentation import AugmentRequest
from shared.settings import Settings

Handler = Callable[[httpx.Request], httpx.Response]


def gateway(handler: Handler) -> Gateway:
    return Gateway("http://gateway.test", "key", httpx.MockTransport(handler))


def problem(status: int, **fields: Any) -> Handler:
    return lambda _: httpx.Response(status, json={"title": "T", "status": status} | fields)


def refused(handler: Handler) -> Failure:
    with pytest.raises(Failure) as caught:
        gateway(handler).call("GET", "/x")
    return caught.value


def test_each_wrong_field_is_a_line() -> None:
    errors = [{"field": "num_problems", "message": "too\nfew\x1b[31m"}, {"field": "taxonomy", "message": "no topics"}]
    failure = refused(problem(422, errors=errors))
    assert str(failure) == "num_problems: too few�[31m\ntaxonomy: no topics"
    assert failure.code == USAGE


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, USAGE), (422, USAGE), (401, FAILED), (404, FAILED), (409, FAILED), (500, FAILED), (503, UNREACHABLE)],
)
def test_codes(status: int, code: int) -> None:
    failure = refused(problem(status, detail="why"))
    assert (str(failure), failure.code) == ("why", code)


def test_a_server_fault_names_its_request() -> None:
    reply = httpx.Response(500, json={"detail": "oops"}, headers={"X-Request-ID": "r1"})
    assert str(refused(lambda _: reply)) == "oops\nrequest id: r1"


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b'{"errors": [3], "title": "T"}'])
def test_an_error_in_another_shape_still_has_words(body: bytes) -> None:
    assert str(refused(lambda _: httpx.Response(418, content=body))) in ("HTTP 418", "T")


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ConnectTimeout("no")])
def test_nobody_there(error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    failure = refused(fail)
    assert failure.code == UNREACHABLE
    assert "no gateway answers at http://gateway.test" in str(failure)


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")])
def test_it_broke_off(error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    assert refused(fail).code == UNREACHABLE


def test_a_reply_that_is_no_json() -> None:
    assert refused(lambda _: httpx.Response(200, content=b"<html>")).code == UNREACHABLE


@pytest.mark.parametrize("url", ["gateway:8000", "http://gateway:port", ""])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Failure) as caught:
        Gateway(url).call("GET", "/x")
    assert caught.value.code == USAGE


def test_the_api_key_is_sent() -> None:
    there = gateway(lambda request: httpx.Response(200, json=request.headers["authorization"]))
    assert there.call("GET", "/x") == "Bearer key"


def test_lines_end_at_newlines_only() -> None:
    lines = [json.dumps({"text": "a\u2028b\x85c"}, ensure_ascii=False), '{"n": 2}']
    there = gateway(lambda _: httpx.Response(200, content="\n".join(lines).encode()))
    assert list(there.lines("/x")) == lines


def test_an_export_is_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "problems.jsonl"
    out.write_text("old")

    def breaks_off(request: httpx.Request) -> httpx.Response:
        def content() -> Any:
            yield b'{"id": 1}\n{"id"'
            raise httpx.RemoteProtocolError("cut")

        return httpx.Response(200, content=content())

    with pytest.raises(Failure):
        export(gateway(breaks_off), "b", out, "valid")
    assert out.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["problems.jsonl"]

    assert export(gateway(lambda _: httpx.Response(200, content=b'{"id": 1}\n{"id": 2}\n')), "b", out, "valid") == 2
    assert out.read_text() == '{"id": 1}\n{"id": 2}\n'


def test_an_export_to_nowhere(tmp_path: Path) -> None:
    there = gateway(lambda _: httpx.Response(200, content=b""))
    with pytest.raises(Failure, match="No such file"):
        export(there, "b", tmp_path / "no" / "file", None)


def settings(**known: Any) -> Settings:
    return Settings(_env_file=None, **known)


def test_the_gateway_of_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"pid": 7, "gateway_url": "http://127.0.0.1:1"}))
    monkeypatch.setattr(client, "command_line", lambda pid: "python -m cli up" if pid == 7 else "")
    monkeypatch.delenv("STUMPER_GATEWAY_URL", raising=False)
    assert gateway_url(settings(data_dir=tmp_path)) == "http://127.0.0.1:1"
    assert gateway_url(settings(data_dir=tmp_path, gateway_url="http://set")) == "http://set"
    assert gateway_url(settings(data_dir=tmp_path / "other")) == "http://127.0.0.1:8000"
    monkeypatch.setattr(client, "command_line", lambda pid: "")
    assert gateway_url(settings(data_dir=tmp_path)) == "http://127.0.0.1:8000"


# ---- whole commands

BATCH = "k3v9qd2m7xw4ta5n6rbyc8he"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command against a handler; its result."""

    def call(handler: Handler, *arguments: str) -> Any:
        monkeypatch.setattr(client, "connect", lambda *_: gateway(handler))
        return CliRunner().invoke(app, list(arguments))

    return call


def ended(status: str) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(202, json={"batch_id": BATCH})
        return httpx.Response(200, json={"status": status, "total_needed": 3, "valid_generated": 3, "stats": {}})

    return handler


@pytest.mark.parametrize("command", [["generate", "--num", "3"], ["augment", BATCH]])
@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("exhausted", 3), ("budget_reached", 3), ("cancelled", 3), ("deleting", 3), ("failed", 1)],
)
def test_watch_tells_how_it_ended(run: Callable[..., Any], command: list[str], status: str, code: int) -> None:
    result = run(ended(status), *command, "--watch")
    assert result.exit_code == code
    assert result.stdout.splitlines()[0] == BATCH
    assert status in result.stdout
    assert "\x1b" not in result.stdout


def test_generate_sends_what_was_asked(run: Callable[..., Any], tmp_path: Path) -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, json={"batch_id": BATCH})

    taxonomy = tmp_path / "taxonomy.json"
    taxonomy.write_text('{"Algebra": ["Quadratics"]}')
    file = tmp_path / "request.json"
    file.write_text('{"num_problems": 9, "name": "from the file"}')
    result = run(
        handler, "generate", "--file", str(file), "--num", "3", "--target", "openai/ft:gpt/x", "--max-cost", "1.5",
        "--taxonomy", str(taxonomy), "--seed", "7", "--idempotency-key", "k1",
    )  # fmt: skip
    assert (result.exit_code, result.stdout) == (0, f"{BATCH}\n")
    assert json.loads(sent[0].content) == {
        "num_problems": 3,
        "name": "from the file",
        "target_model": {"provider": "openai", "model_name": "ft:gpt/x"},
        "taxonomy": {"Algebra": ["Quadratics"]},
        "max_cost_usd": 1.5,
        "random_seed": 7,
    }
    assert sent[0].headers["idempotency-key"] == "k1"


STARTED = {"batch_id": BATCH, "status": "started", "message": "Making 3", "warnings": ["no solver"]}


def kept(sent: list[httpx.Request], *looks: dict[str, Any], reply: dict[str, Any] = STARTED) -> Handler:
    """Starts a batch, then shows it so; keeps what it was asked."""
    left = list(looks)

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, json=reply) if request.method == "POST" else httpx.Response(200, json=left.pop(0))

    return handler


def test_augment_sends_every_field_of_its_route(run: Callable[..., Any]) -> None:
    sent: list[httpx.Request] = []
    result = run(
        kept(sent), "augment", BATCH, "--strategy", "parameters", "--strategy", "reword", "--ratio", "0.5",
        "--engineer", "openai/a/b", "--max-cost", "1.5", "--max-attempts", "9", "--name", "more", "--seed", "4",
        "--idempotency-key", "k1",
    )  # fmt: skip
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{BATCH}\n", "warning: no solver\n")
    assert (sent[0].method, sent[0].url.path) == ("POST", f"/api/batches/{BATCH}/augment")
    assert sent[0].headers["idempotency-key"] == "k1"
    body = json.loads(sent[0].content)
    assert body == {
        "strategies": ["parameters", "reword"], "ratio": 0.5, "engineer_model": "openai/a/b", "max_cost_usd": 1.5,
        "max_attempts": 9, "name": "more", "random_seed": 4,
    }  # fmt: skip
    assert body.keys() == AugmentRequest.model_fields.keys()
    AugmentRequest.model_validate(body)


def test_augment_makes_both_kinds_of_all_unless_told(run: Callable[..., Any]) -> None:
    sent: list[httpx.Request] = []
    assert run(kept(sent), "augment", "a/b?").exit_code == 0
    assert sent[0].url.raw_path == b"/api/batches/a%2Fb%3F/augment"
    assert json.loads(sent[0].content) == {"strategies": ["reword", "parameters"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ratio", "nan"], "--ratio: a finite number is wanted"),
        (["--max-cost", "inf"], "--max-cost: a finite number is wanted"),
        (["--name", "a\udcff"], "--name: not valid Unicode text"),
        (["--engineer", "\udcff/x"], "--engineer: not valid Unicode text"),
        (["--strategy", "\udcff"], "--strategy: not valid Unicode text"),
        (["--idempotency-key", ""], "--idempotency-key: "),
        (["--seed", "x"], "--seed"),
    ],
)
def test_what_cannot_be_asked_of_augment(run: Callable[..., Any], arguments: list[str], words: str) -> None:
    sent: list[httpx.Request] = []
    result = run(kept(sent), "augment", BATCH, *arguments)
    assert (result.exit_code, sent) == (USAGE, [])
    assert words in result.stderr


@pytest.mark.parametrize(("status", "code"), [(409, FAILED), (404, FAILED), (422, USAGE), (503, UNREACHABLE)])
def test_what_augment_is_refused(run: Callable[..., Any], status: int, code: int) -> None:
    result = run(problem(status, detail="no valid problems"), "augment", BATCH)
    assert (result.exit_code, result.stderr) == (code, "stumper: no valid problems\n")


@pytest.mark.parametrize("command", [["generate", "--num", "3"], ["augment", BATCH]])
@pytest.mark.parametrize(("status", "code"), [("completed", 0), ("exhausted", 3), ("failed", 1)])
def test_json_is_all_that_stdout_gets(run: Callable[..., Any], command: list[str], status: str, code: int) -> None:
    begun = run(kept([]), *command, "--json")
    assert (begun.exit_code, json.loads(begun.stdout)) == (0, STARTED)
    end = {"status": status, "total_needed": 3, "valid_generated": 1, "stats": {}, "stages": {"engineer": 0}}
    watched = run(kept([], end), *command, "--json", "--watch")
    assert (watched.exit_code, json.loads(watched.stdout)) == (code, end)
    assert watched.stderr.splitlines()[:2] == [f"batch {BATCH}", "warning: no solver"]
    assert watched.stderr.splitlines()[-1].startswith(f"{status}; valid 1/3")


def test_a_batch_that_runs_can_be_watched(run: Callable[..., Any]) -> None:
    sent: list[httpx.Request] = []
    looks = [{"status": "running", "total_needed": 3}, {"status": "cancelled", "total_needed": 3}]
    found = run(kept(sent, *looks), "watch", "a/b")
    assert (found.exit_code, [line.split(";")[0] for line in found.stdout.splitlines()]) == (
        3,
        ["running", "cancelled"],
    )
    assert {(request.method, request.url.raw_path) for request in sent} == {
        ("GET", b"/api/generation/status/a%2Fb")
    }  # fmt: skip
    as_json = run(kept([], *looks), "watch", BATCH, "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (3, looks[1])
    assert run(problem(404, detail="there is no batch"), "watch", BATCH).exit_code == FAILED


def test_ctrl_c_tells_how_to_come_back(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.batches.watch", interrupted)
    monkeypatch.setattr("cli.jobs.watch", interrupted)
    for command, followed in ((["augment", BATCH, "-w"], "watch"), (["text", "watch", BATCH], "text watch")):
        result = run(kept([]), *command)
        assert result.exit_code == INTERRUPTED
        assert f"`stumper {followed} {BATCH}` follows it" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--num says how many"),
        (["--num", "3", "--engineer", "gpt-4"], "--engineer gpt-4: write it as provider/name"),
        (["--num", "3", "--target", "openai/a\u200bb"], "must not hold U+200B ZERO WIDTH SPACE"),
        (["--file", "/nonexistent.json"], "No such file"),
        (["--num", "x"], "--num"),
        (["--file", "{bad}"], "bad: not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        (["--file", "{bytes}"], "bytes: not JSON: not UTF-8 at byte 9"),
        (["--num", "3", "--taxonomy", "{twice}"], "twice: 'A' is given twice in one object"),
        (["--file", "{list}"], "a JSON object is wanted"),
    ],
)
def test_wrong_usage_is_2_and_sends_nothing(
    run: Callable[..., Any], tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "bad").write_text("{")
    (tmp_path / "list").write_text("[]")
    (tmp_path / "twice").write_text('{"A": ["x"], "A": ["y"]}')
    (tmp_path / "bytes").write_bytes(b'{"name":"\xff"}')
    given = [a.format(**{file.name: file for file in tmp_path.iterdir()}) for a in arguments]

    def handler(_: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing may be sent")

    result = run(handler, "generate", *given)
    assert result.exit_code == USAGE
    assert words in result.stderr


def test_a_refused_request_is_2_with_its_fields(run: Callable[..., Any]) -> None:
    result = run(problem(422, errors=[{"field": "num_problems", "message": "at least 1"}]), "generate", "--num", "0")
    assert (result.exit_code, result.stderr) == (2, "stumper: num_problems: at least 1\n")


def test_status_list_and_one(run: Callable[..., Any]) -> None:
    item = {
        "batch_id": BATCH, "status": "running", "valid_generated": 2, "total_needed": 9, "batch_cost": None,
        "created_at": "2026-11-21T10:00:00Z", "name": "a\x1b[0mb",
    }  # fmt: skip
    result = run(lambda _: httpx.Response(200, json={"items": [item], "total": 3}), "status")
    assert result.exit_code == 0
    assert BATCH in result.stdout
    assert "price unknown" in result.stdout
    assert "… and 2 older ones" in result.stdout
    assert "\x1b" not in result.stdout

    found = {"status": "running", "stats": {"valid": 1, "solved": 2}, "valid_generated": 1, "total_needed": 4}
    text = run(lambda _: httpx.Response(200, json=found), "status", BATCH).stdout
    assert "valid 1/4, solved 2" in text
    assert json.loads(run(lambda _: httpx.Response(200, json=found), "status", BATCH, "--json").stdout) == found


def test_status_tells_why(run: Callable[..., Any]) -> None:
    found = {
        "status": "exhausted", "stats": {"failed": 4}, "valid_generated": 0, "total_needed": 4,
        "reasons": {"provider_error": 4}, "details": {"provider_error": "target openai/x: 400 no\x1b[2J"},
        "error": "4 of 4 problems ended as provider_error", "warnings": ["no solver is running"],
        "waiting": [{"role": "judge", "model": "openai/y", "since": None, "words": "503"}],
    }  # fmt: skip
    text = run(lambda _: httpx.Response(200, json=found), "status", BATCH).stdout
    for words in (
        "why       provider_error: target openai/x: 400 no�[2J",
        "error     4 of 4 problems ended as provider_error",
        "warning   no solver is running",
        "waiting   judge openai/y waits: 503",
    ):
        assert words in text.splitlines()


def test_what_the_gateway_warns_of_goes_to_stderr(run: Callable[..., Any]) -> None:
    reply = {"batch_id": BATCH, "warnings": ["no solver\nis running"]}
    result = run(lambda _: httpx.Response(202, json=reply), "generate", "--num", "3")
    assert (result.exit_code, result.stdout) == (0, f"{BATCH}\n")
    assert result.stderr == "warning: no solver is running\n"


def test_status_says_what_keeps_the_stack_from_going_on(run: Callable[..., Any]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/readyz":
            return httpx.Response(503, json={"detail": "not ready; waiting for ledger (takes no writes)"})
        return httpx.Response(200, json={"items": [], "total": 0})

    result = run(handler, "status")
    assert (result.exit_code, result.stderr) == (0, "not ready; waiting for ledger (takes no writes)\n")
    assert "no batches yet" in result.stdout


def test_dead_letters(run: Callable[..., Any]) -> None:
    letter = {"id": "checker.b.7.2", "at": "2026-11-21T10:00:00Z", "error": "boom\nbang"}
    listed = lambda _: httpx.Response(200, json={"items": [letter], "total": 1})  # noqa: E731
    for arguments in (["dead"], ["dead", "list"]):
        result = run(listed, *arguments)
        assert (result.exit_code, result.stdout) == (0, "checker.b.7.2  2026-11-21T10:00:00  boom bang\n")
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        return httpx.Response(204) if request.method == "DELETE" else httpx.Response(202, json={})

    for action in ("show", "replay", "drop"):
        assert run(handler, "dead", action, "checker.b.7.2").exit_code == 0
    path = "/api/dead/checker.b.7.2"
    assert seen == [f"GET {path}", f"POST {path}/replay", f"DELETE {path}"]


def test_help_is_plain_and_lists_the_exit_codes() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert "  4  the gateway cannot be reached" in result.stdout
    assert "\x1b" not in result.stdout
