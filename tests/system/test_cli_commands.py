"""The commands of a user's day, on a real stack with simulated models."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from shared.embedded import free_port as free_loopback_port

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.serial


def environment() -> dict[str, str]:
    """What the tests were started with, without any setting of ours."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("STUMPER_", "OPENAI_"))}
    return known | {"PYTHONPATH": str(ROOT), "FORCE_COLOR": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a stack on its `.stumper`, where commands need no option to find it."""
    place = tmp_path_factory.mktemp("day")
    with (place / "err").open("wb") as err:
        command = [sys.executable, "-m", "cli", "up", "--port", str(free_loopback_port())]
        stack = subprocess.Popen(command, cwd=place, env=environment(), stdout=subprocess.PIPE, stderr=err)
    assert stack.stdout
    assert stack.stdout.readline().startswith(b"Stumper is ready"), (place / "err").read_text()
    yield place
    stack.terminate()
    assert stack.wait(60) == 0


def run(folder: Path, *arguments: str, code: int = 0, given: str | None = None) -> str:
    """A command's stdout; its exit code is checked, and that it is plain text."""
    command = [sys.executable, "-m", "cli", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(), input=given, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr)
    return done.stdout if code == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def batch(folder: Path) -> str:
    """A batch of three, watched to its end."""
    lines = run(folder, "generate", "--num", "3", "--name", "three", "--seed", "7", "--watch").splitlines()
    assert re.match(r"completed; valid 3/3.*; \$0\.\d+", lines[-1])
    return lines[0]


def test_status(folder: Path, batch: str) -> None:
    assert re.search(rf"{batch} +completed +3/3 +\$0\.\d+ .* three", run(folder, "status"))
    assert "valid 3/3" in run(folder, "status", batch)
    status = json.loads(run(folder, "status", batch, "--json"))
    assert (status["status"], status["valid_generated"]) == ("completed", 3)
    assert json.loads(run(folder, "status", "--json"))["total"] >= 1
    assert "stumper: there is no batch" in run(folder, "status", "nonesuch", code=1)


def test_export(folder: Path, batch: str) -> None:
    problems = [json.loads(line) for line in run(folder, "export", batch).splitlines()]
    assert [p["status"] for p in problems] == ["valid"] * 3
    run(folder, "export", batch, "--out", "all.jsonl", "--status", "any")
    everything = [json.loads(line) for line in (folder / "all.jsonl").read_text().splitlines()]
    assert {p["id"] for p in problems} <= {p["id"] for p in everything}
    assert "there is no batch" in run(folder, "export", "nonesuch", "--out", "none.jsonl", code=1)
    assert not (folder / "none.jsonl").exists()
    assert "status: " in run(folder, "export", batch, "--status", "good", code=2)


def test_variants(folder: Path, batch: str) -> None:
    """Of the three valid ones, watched to the end."""
    lines = run(folder, "augment", batch, "--ratio", "0.3", "--name", "variants", "--watch").splitlines()
    assert re.match(r"completed; valid 2/2.*; \$0\.\d+", lines[-1])
    problems = [json.loads(line) for line in run(folder, "export", lines[0]).splitlines()]
    assert {problem["origin"]["strategy"] for problem in problems} == {"reword", "parameters"}
    assert re.search(rf"{lines[0]} +completed +2/2 .* variants", run(folder, "status"))
    command = ["augment", batch, "--strategy", "reword", "--ratio", "0.3", "--idempotency-key", "v-1", "--json"]
    started, again = json.loads(run(folder, *command)), json.loads(run(folder, *command))
    assert started == again
    ended = json.loads(run(folder, "watch", started["batch_id"], "--json"))
    assert (ended["status"], ended["valid_generated"]) == ("completed", 1)
    assert set(ended["stages"]) == {"engineer", "checker", "solver", "embedder", "parked"}
    assert run(folder, "augment", batch, "--ratio", "2", code=2).startswith("stumper: ratio: ")
    assert run(folder, "augment", batch, "--strategy", "CDA", code=2).startswith("stumper: strategies.0: ")
    assert "there is no batch" in run(folder, "augment", "nonesuch", code=1)


# ---- synthetic text

ENHANCED = [
    "--sentiment", "positive", "--intensity", "4", "--tone", "warm", "--aspect", "battery", "--few-shot",
    "--no-quality-filter", "--seed", "7",
]  # fmt: skip


def test_texts(folder: Path) -> None:
    command = ["text", "augment", "wireless headphones", "-n", "3", "--strategy", "CDA", "--ratio", "1", *ENHANCED]
    job = json.loads(run(folder, *command, "--idempotency-key", "t-1", "--watch", "--json"))
    assert (job["status"], set(job["stages"])) == ("completed", {"writer", "embedder", "parked"})
    options = job["result"]["metadata"]["options"]
    assert options | {
        "sentiment": "positive", "sentiment_intensity": 4, "tone": "warm", "aspects": ["battery"],
        "quality_filter": False, "strategies": ["CDA"],
    } == options  # fmt: skip
    assert options["examples"]
    samples = job["result"]["samples"]
    assert [sample["origin"] for sample in samples].count(None) == 3
    assert all(sample["sentiment"] == "positive" for sample in samples)
    again = json.loads(run(folder, *command, "--idempotency-key", "t-1", "--json"))
    assert again["job_id"] == job["job_id"]

    exported = [json.loads(line) for line in run(folder, "text", "export", job["job_id"]).splitlines()]
    assert exported == samples
    run(folder, "text", "export", job["job_id"], "--format", "csv", "--out", "texts.csv")
    with (folder / "texts.csv").open(newline="", encoding="utf-8") as file:
        assert [line["id"] for line in csv.DictReader(file)] == [sample["id"] for sample in samples]
    assert "format: " in run(folder, "text", "export", job["job_id"], "--format", "xml", code=2)
    assert "there is no job" in run(folder, "text", "export", "nonesuch", "-o", "none.jsonl", code=1)
    assert not (folder / "none.jsonl").exists()
    assert all(sample["text"] in run(folder, "text", "result", job["job_id"]) for sample in samples)


def test_texts_of_each_kind_with_live_progress(folder: Path) -> None:
    for kind, options in (("generate", []), ("enhance", ENHANCED)):
        lines = run(folder, "text", kind, f"a kettle to {kind}", "-n", "2", *options, "--watch").splitlines()
        assert re.fullmatch(rf"{lines[0]}  completed  100%, \$[\d.]+.*", lines[-1])
        watched = run(folder, "text", "watch", lines[0])
        assert watched.splitlines()[-1] == lines[-1]
    assert run(folder, "text", "generate", "x", code=2).startswith("stumper: product: ")


def test_tail(folder: Path, batch: str) -> None:
    text = run(folder, "tail", "--batch", batch, "--from-start", "--no-follow")
    for words in ("requested", "is completed", "waits for checker", "engineer call 1 to simulator/sim-strong"):
        assert words in text
    assert text.count("finished valid") >= 3
    facts = [json.loads(line) for line in run(folder, "tail", "--from-start", "--no-follow", "--json").splitlines()]
    assert [f["seq"] for f in facts] == sorted(f["seq"] for f in facts)
    assert len(facts) >= text.count("\n")
    assert run(folder, "tail", "--no-follow") == ""


def test_tail_follows(folder: Path, batch: str) -> None:
    command = [sys.executable, "-m", "cli", "tail", "--from-start"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        assert following.stdout.readline()
        later = run(folder, "generate", "--num", "1").strip()
        assert any(f"{later}  is completed" in line for line in following.stdout)
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130


def test_cancel_ends_short(folder: Path) -> None:
    command = [sys.executable, "-m", "cli", "generate", "--num", "5000", "--watch"]
    watching = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True)
    assert watching.stdout
    batch = watching.stdout.readline().strip()
    run(folder, "cancel", batch)
    rest = watching.stdout.read()
    assert watching.wait(60) == 3
    assert rest.splitlines()[-1].startswith("cancelled; ")


def test_ctrl_c_leaves_the_batch_to_itself(folder: Path) -> None:
    command = [sys.executable, "-m", "cli", "generate", "--num", "5000", "--watch"]
    watching = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert watching.stdout
    batch = watching.stdout.readline().strip()
    watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=30)
    assert watching.returncode == 130
    assert f"{batch} goes on" in err
    assert json.loads(run(folder, "status", batch, "--json"))["status"] in ("queued", "running")
    run(folder, "cancel", batch)


def test_an_unknown_model_fails_with_the_providers_words(folder: Path) -> None:
    text = run(folder, "generate", "--num", "2", "--engineer", "simulator/nonesuch", "--watch", code=1)
    assert "failed" in text
    assert "nonesuch" in text.splitlines()[-1]


def test_a_file_from_stdin_and_an_idempotency_key(folder: Path) -> None:
    body = json.dumps({"num_problems": 1, "taxonomy": {"Algebra": ["Quadratic equations"]}})
    command = ["generate", "--file", "-", "--idempotency-key", "k-1"]
    assert run(folder, *command, given=body) == run(folder, *command, given=body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"num_problems": 0}, "num_problems"),
        ({"num_problems": 1, "taxonomy": {}}, "taxonomy"),
        ({"num_problems": 1, "engineer_model": {"provider": "x", "model_name": "y"}}, "engineer_model"),
        ({"num_problems": 1, "nonsense": 1}, "nonsense"),
    ],
)
def test_a_bad_request_names_the_field(folder: Path, body: dict[str, object], field: str) -> None:
    text = run(folder, "generate", "--file", "-", code=2, given=json.dumps(body))
    assert text.startswith(f"stumper: {field}")
    assert text.count("\n") == 1


def test_delete(folder: Path) -> None:
    batch = run(folder, "generate", "--num", "1", "--watch").splitlines()[0]
    run(folder, "delete", batch)
    deadline = time.monotonic() + 60
    while batch in run(folder, "status"):
        assert time.monotonic() < deadline


def test_dead_letters(folder: Path) -> None:
    assert run(folder, "dead", "list") == "no dead letters\n"
    assert "stumper: there is no dead letter" in run(folder, "dead", "show", "checker.b.1.2", code=1)


def test_doctor(folder: Path) -> None:
    text = run(folder, "doctor")
    for words in ("nats-server", "with counters", "engineer model", "is ready", "OPENAI_API_KEY       not set"):
        assert words in text
    assert "MISSING" not in text


def test_doctor_misses_a_key_but_shows_none(folder: Path) -> None:
    secret = "sk-this-is-the-secret-itself"
    for given, code in (({}, 1), ({"OPENAI_API_KEY": secret}, 0)):
        done = subprocess.run(
            [sys.executable, "-m", "cli", "doctor"],
            cwd=folder,
            env=environment() | {"STUMPER_TARGET_MODEL": "openai/gpt-4.1-nano"} | given,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stdout
        assert secret not in done.stdout + done.stderr
        assert ("OPENAI_API_KEY is not set" in done.stdout) == (code == 1)


# ---- demo: a stack of its own


def test_demo(tmp_path: Path) -> None:
    """Never paid for, whatever is configured."""
    paid = {"OPENAI_API_KEY": "sk-never-used", "STUMPER_ENGINEER_MODEL": "openai/gpt-4.1"}
    elsewhere = {"STUMPER_NATS_URL": "nats://127.0.0.1:1", "STUMPER_MONGO_URL": "mongodb://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "demo", "--num", "3", "--show", "2"],
        cwd=tmp_path, env=environment() | paid | elsewhere, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.count("  Problem: ") == 2
    assert "SIMULATED" in done.stdout
    assert re.search(r"First valid problem \d+\.\d s after the request", done.stdout)
    problems = [json.loads(line) for line in (tmp_path / "problems.jsonl").read_text().splitlines()]
    assert [p["status"] for p in problems] == ["valid"] * 3
    ours = re.search(r"the batch's cost: +\$([\d.]+)", done.stdout)
    theirs = re.search(r"the simulator's own sum: +\$([\d.]+)", done.stdout)
    assert ours
    assert theirs
    assert float(theirs[1]) >= float(ours[1]) > 0
    assert not (tmp_path / ".stumper" / "demo" / "stack.json").exists()


def test_demo_can_be_interrupted(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "demo", "--num", "1000"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout
        assert running.stderr
        while "Ready after" not in running.stdout.readline():
            assert running.poll() is None
        family = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert "Traceback" not in running.stderr.read()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    assert not (tmp_path / "problems.jsonl").exists()


def test_no_gateway(tmp_path: Path, free_port: Callable[[], int]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for command in (["status"], ["generate", "--num", "1"], ["cancel", "b"], ["export", "b"], ["dead"]):
        text = run(tmp_path, *command, "--gateway", url, code=4)
        assert text == f"stumper: no gateway answers at {url}; start one with `stumper up`, or name it with --gateway\n"
    assert "stumper up" in run(tmp_path, "tail", code=4)
