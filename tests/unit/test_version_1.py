"""What the version before lines wrote is read, and would be written the same: see `tests.version_1`."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.checker.logic import Review
from services.engineer.logic import Draft
from shared import subjects
from shared.contracts.call import CallFact
from shared.contracts.envelope import ModelSpec
from shared.contracts.problem import Problem
from shared.contracts.statuses import Flag, Status
from shared.controls import parse_floor
from shared.dead_letters import DeadLetter
from shared.grading.judge import Judgement
from shared.grading.replies import Answer
from shared.llm.ask import _hash
from shared.replica import parse_heartbeat
from shared.settings import Settings
from shared.store import open_store
from shared.successor import unreadable
from tests.version_1 import Message, batch_id, facts, holds, http, put_store, stored_calls

SHAPES = {"write": Draft, "review": Review, "resolve": Answer, "solve": Answer}
"""What the model is asked for, by the prompt's name."""


def envelopes() -> list[dict[str, Any]]:
    """All envelopes, those in dead letters too, but for stubs."""
    said = [json.loads(message.data) for message in problems() if not is_stub(message)]
    letters = [json.loads(message.data)["envelope"] for message in facts("dead.")]
    return [*said, *(envelope for envelope in letters if envelope)]


def problems() -> list[Message]:
    """But for rubbish."""
    return [message for message in facts("problems.", "kept.problems.") if message.data.startswith(b"{")]


def is_stub(message: Message) -> bool:
    return "models" not in json.loads(message.data)


def test_the_fixture_holds_what_it_is_for() -> None:
    """Each kind of message, and of each station one at least."""
    there = {message.subject.split(".")[1] for message in facts("problems.")}
    assert there == {"engineer", "checker", "solver", "embedder", "parked", "finished"}
    assert {envelope["status"] for envelope in envelopes()} == {None, "valid", "solved"}  # the others were purged
    assert any(map(is_stub, problems()))
    assert {json.loads(message.data)["envelope"] is None for message in facts("dead.")} == {True, False}
    assert {prompt_of(call) for call in calls()} >= {"write", "review", "resolve", "solve", ""}


def test_problems_are_written_as_they_were() -> None:
    for envelope in envelopes():
        read = Problem.model_validate(envelope)
        assert json.loads(read.model_dump_json()) == envelope
        assert read == Problem.model_validate_json(json.dumps(envelope))


def test_the_stub_of_a_message_that_cannot_be_read_is_written_as_it_was() -> None:
    letters = {f"{letter.batch_id}.{letter.slot}": letter for letter in dead_letters()}
    stubs = [message for message in problems() if is_stub(message)]
    for message in stubs:
        place = subjects.parse(message.subject)
        assert isinstance(place, subjects.StationSubject)
        letter = letters[f"{place.batch_id}.{place.slot}"]
        before = subjects.StationSubject("problems", letter.stage, place.batch_id, place.slot, letter.hop)
        again = unreadable(before, b"", letter.error).slip
        assert again is not None
        assert json.loads(again.model_dump_json()) == json.loads(message.data)
        assert again.status == Status.FAILED


def test_calls_are_written_as_they_were() -> None:
    said = facts("calls.", "kept.calls.")
    assert said
    for message in said:
        read = CallFact.model_validate_json(message.data)
        assert json.loads(read.model_dump_json()) == json.loads(message.data)


def dead_letters() -> list[DeadLetter]:
    return [TypeAdapter(DeadLetter).validate_json(message.data) for message in facts("dead.")]


def test_dead_letters_are_written_as_they_were() -> None:
    assert [json.loads(letter.payload()) for letter in dead_letters()] == [
        json.loads(message.data) for message in facts("dead.")
    ]


def test_flags_floors_and_heartbeats_are_read() -> None:
    words = {message.data.decode() for message in facts("$KV.controls.")}
    assert words == {"paused", "ended", "cancelled"} == {Flag(word).value for word in words}
    assert all(parse_floor(message.data) > 0 for message in facts("$KV.floors."))
    beats = [message.data for message in facts("$KV.replicas.") if message.data]
    assert beats
    assert [parse_heartbeat(beat) for beat in beats] == [json.loads(beat) for beat in beats]


def test_subjects_are_known() -> None:
    said = facts("batches.", "problems.", "calls.")
    assert said
    for message in said:
        parsed = subjects.parse(message.subject)
        assert parsed is not None
        assert parsed.batch_id in {batch_id(name) for name in http()["batches"]}
    for message in facts("problems."):
        place = subjects.parse(message.subject)
        assert isinstance(place, subjects.StationSubject)
        assert subjects.station(place.line, place.stage, place.batch_id, place.slot, place.hop) == message.subject
    for message in facts("calls."):
        call = subjects.parse(message.subject)
        assert isinstance(call, subjects.CallSubject)
        assert subjects.call(call.stage, call.batch_id, call.slot, call.since, call.n) == message.subject


def test_vectors_are_those_of_their_problems() -> None:
    """Subject and bytes are where the embedder looks for them."""
    log = {message.subject: message.data for message in facts("vectors.")}
    accepted = [envelope for envelope in envelopes() if envelope["vector"] and envelope["status"] == "valid"]
    assert accepted
    for envelope in accepted:
        subject = subjects.vector(envelope["batch_id"], envelope["batch_id"], envelope["slot"])
        assert log[subject] == base64.b64decode(envelope["vector"])


def calls() -> list[dict[str, Any]]:
    """All that were recorded, those that gave no reply too."""
    return [*stored_calls(), *(json.loads(message.data) for message in facts("calls.", "kept.calls."))]


def prompt_of(call: dict[str, Any]) -> str:
    """The name of its file; empty for an embedding."""
    return str(call["prompt_version"]).partition(".")[0]


@pytest.mark.parametrize("prompt", ["", *SHAPES])
def test_a_question_has_the_hash_that_it_had(prompt: str) -> None:
    """Else every recorded call would be paid again."""
    asked = [call for call in calls() if prompt_of(call) == prompt]
    assert asked
    shape = SHAPES[prompt].__name__ if prompt else ""
    for call in asked:
        model = ModelSpec.model_validate(call["model"])
        assert _hash(model, call["system"], call["prompt"], shape) == call["hash"], call["id"]


@pytest.mark.parametrize(
    ("model", "system", "user", "shape", "expected"),
    [
        (
            {"model_name": "sim-medium", "provider": "simulator"},
            "Judge.", "Is 2 = 1 + 1?", Judgement.__name__, "f30708ef56c4c7f06794cc3f74daeeca",
        ),
        (
            {"provider": "openai", "model_name": "gpt-4o-mini", "temperature": 0.5, "max_tokens": 4000},
            "", "1 + 1 = ?", Answer.__name__, "b67a3f1c3fb8b27a43f060d89b43c365",
        ),
        (
            {"provider": "openai", "model_name": "text-embedding-3-small"},
            "", "«é» 1 + 1", "", "1bd02d1c4a4306c82c894828cfb5a77f",
        ),
    ],
)  # fmt: skip
def test_other_questions_have_the_hash_that_they_had(
    model: dict[str, Any], system: str, user: str, shape: str, expected: str
) -> None:
    """Computed by that version, of calls that the simulator did not need."""
    assert _hash(ModelSpec.model_validate(model), system, user, shape) == expected


async def test_the_store_s_file_is_read(tmp_path: Path) -> None:
    """Batches, rows and calls, each with all that was written of it."""
    put_store(tmp_path)
    with sqlite3.connect(tmp_path / "stumper.db") as connection:
        batches = {
            i: {"id": i, "wish": json.loads(wish)} | json.loads(rest)
            for i, wish, rest in connection.execute("SELECT id, wish, facts FROM batches")
        }
        rows = [(json.loads(row), vector) for row, vector in connection.execute("SELECT row, vector FROM problems")]
    connection.close()
    async with await open_store(Settings(_env_file=None, data_dir=tmp_path)) as store:
        for name in http()["batches"]:
            batch = await store.batches.get(batch_id(name))
            assert batch is not None
            assert holds(batch.model_dump(mode="json"), batches[batch.id])
        found = {row["id"]: row async for row in store.problems.stream()}
        for row, vector in rows:
            if vector:
                row["envelope"]["vector"] = base64.b64encode(vector).decode()
            assert holds(found.pop(row["id"]), row)
        assert not found
        for call in stored_calls():
            assert call in await store.calls.of_problem(call["problem_id"])
        assert (await store.checkpoints.get("conductor") or {})["epoch"] == 1
