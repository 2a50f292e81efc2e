"""What a stack runs, before anything is started."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from cli import processes
from cli.exits import USAGE, Failure
from cli.plan import locked, make_plan, refuse_taken
from cli.processes import Child, how_it_ended
from cli.up import read_scale
from shared.settings import Settings


def plan(tmp_path: Path, known: dict[str, Any] | None = None, **given: Any) -> Any:
    return make_plan(Settings(_env_file=None, **(known or {})), tmp_path, "127.0.0.1", 8123, **given)


def names(made: Any) -> list[str]:
    return [child.name for child in made.children()]


def test_the_default_is_everything_embedded(tmp_path: Path) -> None:
    made = plan(tmp_path, {"nats_url": None})
    assert names(made) == [
        "simulator",
        "gateway",
        "conductor",
        "engineer",
        "checker",
        "solver",
        "embedder",
        "writer",
        "assistant",
    ]
    assert made.embedded_nats
    assert made.environment["STUMPER_SIMULATOR_URL"] == made.simulator_url
    assert made.environment["STUMPER_GATEWAY_URL"] == made.gateway_url == "http://127.0.0.1:8123"
    assert made.environment["STUMPER_DATA_DIR"] == str(tmp_path)
    assert made.environment["STUMPER_LOG_LEVEL"] == "WARNING"


def test_what_is_set_is_left_alone(tmp_path: Path) -> None:
    known = {"nats_url": "nats://there", "simulator_url": "http://there", "log_level": "DEBUG"}
    made = plan(tmp_path, known)
    assert not made.embedded_nats
    assert made.simulator_url is None
    assert "simulator" not in names(made)
    assert not made.environment.keys() & {"STUMPER_SIMULATOR_URL", "STUMPER_LOG_LEVEL", "STUMPER_NATS_URL"}
    assert plan(tmp_path, known, own_simulator=True).simulator_url


def test_no_simulator_where_no_model_is_its(tmp_path: Path) -> None:
    roles = ("engineer_model", "checker_model", "target_model", "embedding_model", "writer_model")
    known = dict.fromkeys(roles, "openai/some-model")
    assert "simulator" not in names(plan(tmp_path, known))
    assert "simulator" in names(plan(tmp_path, known | {"judge_model": "simulator/sim-weak"}))


def test_replicas(tmp_path: Path) -> None:
    made = plan(tmp_path, scale={"checker": 3, "conductor": 2})
    assert [n for n in names(made) if n.startswith("c")] == [
        "conductor", "conductor.2", "checker", "checker.2", "checker.3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8123"), ("::", "http://[::1]:8123"), ("10.0.0.7", "http://10.0.0.7:8123")],
)
def test_the_url_is_one_that_can_be_called(tmp_path: Path, host: str, url: str) -> None:
    assert make_plan(Settings(_env_file=None), tmp_path, host, 8123).gateway_url == url


def test_scale_is_read() -> None:
    assert read_scale(["checker=3", "solver=1"]) == {"checker": 3, "solver": 1}


@pytest.mark.parametrize("given", ["checker", "checker=", "checker=0", "checker=33", "checker=-1", "checker=²", "x=2"])
@pytest.mark.parametrize("good", [[], ["solver=2"]])
def test_wrong_scale_is_refused(given: str, good: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        read_scale([*good, given])
    assert caught.value.code == USAGE


@pytest.mark.parametrize("service", ["gateway", "simulator"])
def test_one_port_has_one_server(service: str) -> None:
    with pytest.raises(Failure):
        read_scale([f"{service}=2"])


def test_one_stack_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path / "data"):
        with pytest.raises(Failure, match="another stack") as caught, locked(tmp_path / "data"):
            pass
        with locked(tmp_path / "other"):
            pass
    assert caught.value.code == USAGE
    with locked(tmp_path / "data"):
        pass


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port} of 127.0.0.1") as caught:
            refuse_taken("127.0.0.1", port)
    assert caught.value.code == USAGE
    refuse_taken("127.0.0.1", port)


class Ended:
    """A process that is over."""

    def poll(self) -> int:
        return -signal.SIGKILL


def test_short_lives_are_begun_anew_ever_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    child = Child("checker")

    def die(after: float) -> float:
        child.process, child._started = Ended(), now[0]  # type: ignore[assignment]
        now[0] += after
        how, pause = child.bury()
        assert how == "SIGKILL"
        assert child.start_at == now[0] + pause
        return pause

    pauses = [die(after=1.0) for _ in range(9)]
    assert pauses[0] == 0.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == processes.LONGEST_PAUSE
    assert die(after=processes.STEADY + 1) == 0.0


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (1, "exit code 1"), (-9, "SIGKILL"), (-200, "signal 200"), (None, "exit code None")],
)
def test_how_it_ended(code: int | None, words: str) -> None:
    assert how_it_ended(code) == words
