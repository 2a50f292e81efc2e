"""What heartbeats mean for a batch: who waits, who is missing, who lacks a key."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from services.gateway.schemas.status import StatusReply
from services.gateway.stages import lacking_keys, missing, waits_of
from shared import lines
from shared.contracts.batch import Batch
from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import BatchStatus
from shared.replica import parse_heartbeat
from tests.flow.world import batch

LINE = lines.of("problems")
STAGES = ("engineer", "checker", "solver", "embedder")


def model(name: str) -> ModelSpec:
    provider, _, rest = name.partition("/")
    return ModelSpec(provider=provider, model_name=rest)


def models(**changes: str) -> dict[str, ModelSpec]:
    names = dict.fromkeys(LINE.all_roles, "simulator/sim-strong") | changes
    return {role: model(name) for role, name in names.items()}


def replica(service: str, *providers: str, at: float = 100.0, **said: Any) -> dict[str, Any]:
    beat = {"service": service, "id": "r", "at": at, "started_at": 1.0, "holding": 0, "waiting": []}
    found = parse_heartbeat(json.dumps(beat | {"providers": ["simulator", *providers]} | said).encode())
    assert found is not None
    return found


def wait(name: str, since: float, words: str) -> dict[str, Any]:
    return {"model": name, "since": since, "words": words}


def test_nobody_lacks_what_nobody_needs() -> None:
    assert lacking_keys(LINE, models(), [replica(stage) for stage in STAGES]) == {}


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        ("engineer", ["engineer_model"]),
        ("checker", ["checker_model"]),
        ("target", ["target_model"]),
        ("embedding", ["embedding_model"]),
        ("judge", ["judge_model"]),
    ],
)
def test_a_key_that_no_replica_has_is_named_with_its_field(role: str, fields: list[str]) -> None:
    found = lacking_keys(LINE, models(**{role: "openai/x"}), [replica(stage) for stage in STAGES])
    assert list(found) == fields
    assert "OPENAI_API_KEY" in found[fields[0]]
    assert "openai/x" in found[fields[0]]


def test_a_judge_that_nobody_named_is_not_named() -> None:
    found = lacking_keys(LINE, models(checker="openai/x", judge="openai/x"), [replica(stage) for stage in STAGES])
    assert list(found) == ["checker_model"]


def test_the_solver_asks_the_judge_too() -> None:
    seen = [replica(stage, *(["openai"] if stage == "checker" else [])) for stage in STAGES]
    assert list(lacking_keys(LINE, models(checker="openai/x", judge="openai/x"), seen)) == ["judge_model"]


def test_one_replica_with_the_key_is_enough_and_none_is_no_refusal() -> None:
    asked = models(target="openai/x")
    others = [replica(stage) for stage in STAGES if stage != "solver"]
    assert lacking_keys(LINE, asked, [*others, replica("solver"), replica("solver", "openai")]) == {}
    assert lacking_keys(LINE, asked, others) == {}
    old = replica("solver")
    del old["providers"]
    assert lacking_keys(LINE, asked, [*others, replica("solver"), old]) == {}, "an older version does not say"


def test_who_is_missing() -> None:
    assert missing(LINE, [replica(stage) for stage in STAGES]) == []
    assert missing(LINE, [replica("conductor"), replica("engineer"), replica("embedder")]) == [
        "no checker and no solver is running; problems wait there until one is"
    ]


def running(**changes: Any) -> Batch:
    asked = models(target="openai/x", judge="openai/y")
    return batch(5).model_copy(update={"models": asked, "status": BatchStatus.RUNNING, **changes})


def test_waits_are_told_by_the_batchs_own_models() -> None:
    seen = [
        replica("solver", waiting=[wait("openai/x", 50.0, "503"), wait("openai/other", 40.0, "503")]),
        replica("solver", at=101.0, waiting=[wait("openai/x", 60.0, "504")]),
        replica("engineer", waiting=[wait("openai/x", 10.0, "the engineer asks no target")]),
        replica("checker", waiting=[wait("openai/y", 55.0, "429")]),
        replica("conductor"),
    ]
    found = waits_of(running(), seen)
    assert {role: (w.model, w.since, w.words) for role, w in found.items()} == {
        "target": ("openai/x", 50.0, "504"),
        "judge": ("openai/y", 55.0, "429"),
    }


def test_a_model_with_other_parameters_is_the_same_lane() -> None:
    warm = running(models=models(target="openai/x"))
    hot = model("openai/x").model_copy(update={"temperature": 1})
    warm = warm.model_copy(update={"models": warm.models | {"target": hot}})
    assert list(waits_of(warm, [replica("solver", waiting=[wait("openai/x", 5.0, "no")])])) == ["target"]


RUBBISH = [[1, None, {"model": 3}], "x", None, 7, {}, *([wait("openai/x", t, "no")] for t in (1e300, math.nan, -1.0))]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_in_a_heartbeat_is_no_wait(rubbish: Any) -> None:
    assert waits_of(running(), [replica("solver", waiting=rubbish)]) == {}
    assert lacking_keys(LINE, models(target="openai/x"), [replica("solver", providers=rubbish)]).keys() <= {
        "target_model"
    }


def status(found: Batch, seen: Any) -> dict[str, Any]:
    return StatusReply.of(found, 1000.0, seen).model_dump(mode="json")


def test_status_tells_who_waits_apart_from_the_error() -> None:
    seen = [replica(stage) for stage in STAGES if stage != "solver"]
    seen.append(replica("solver", waiting=[wait("openai/x", 50.0, "openai/x: 503")]))
    found = status(running(), seen)
    assert found["error"] is None
    assert found["waiting"] == [
        {"role": "target", "model": "openai/x", "since": "1970-01-01T00:00:50Z", "words": "openai/x: 503"}
    ]
    assert found["warnings"] == []
    ended = status(running(status=BatchStatus.COMPLETED), seen[:1])
    assert (ended["waiting"], ended["warnings"]) == ([], [])


def test_words_of_parked_problems_serve_where_no_heartbeat_has_any() -> None:
    """As stored before there were roles, too."""
    parked = running(waiting="openai/x: down", counts={"parked": 2})
    assert status(parked, None)["waiting"] == [{"role": None, "model": None, "since": None, "words": "openai/x: down"}]
    known = parked.model_copy(update={"waiting_role": "target", "waiting_since": 5.0})
    assert status(known, [])["waiting"][0] == {
        "role": "target", "model": "openai/x", "since": "1970-01-01T00:00:05Z", "words": "openai/x: down",
    }  # fmt: skip
    assert status(known.model_copy(update={"counts": {"solver": 2}}), None)["waiting"] == []


@pytest.mark.parametrize(
    ("reasons", "counts", "words"),
    [
        ({"provider_error": 4}, {"failed": 4}, "4 of 4 problems ended as provider_error; the last: 400 no"),
        ({"provider_error": 2, "malformed": 1}, {"failed": 2, "discarded": 1, "solved": 1}, "2 of 4 problems"),
        ({"provider_error": 1, "malformed": 1}, {"failed": 1, "discarded": 1, "solved": 2}, None),
        ({"duplicate": 4}, {"discarded": 4}, None),
        ({}, {"solved": 4}, None),
    ],
)
def test_a_batch_that_ends_short_says_what_kept_it(
    reasons: dict[str, int], counts: dict[str, int], words: str | None
) -> None:
    known = {"provider_error": "400 no", "malformed": "no JSON"}
    details = {code: known[code] for code in reasons if code in known}
    ended = running(status=BatchStatus.EXHAUSTED, reasons=reasons, counts=counts, details=details)
    for short in (ended, ended.model_copy(update={"status": BatchStatus.BUDGET_REACHED})):
        error = status(short, None)["error"]
        assert error is None if words is None else error.startswith(words)
    assert status(ended.model_copy(update={"status": BatchStatus.RUNNING}), None)["error"] is None
    assert status(ended.model_copy(update={"error": "stopped"}), None)["error"] == "stopped"
