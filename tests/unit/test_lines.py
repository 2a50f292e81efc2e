"""The table of lines, and that the house carries a payload that it does not know."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from services.conductor.fold import Fold, stock
from shared import lines, subjects
from shared.contracts.batch import Batch, Quota, Wish
from shared.contracts.envelope import ModelSpec, Slip
from shared.contracts.problem import Problem
from shared.contracts.statuses import Reason, Status
from shared.contracts.text import Text
from shared.facts import Fact
from shared.lines import LINES, Line

MODEL = ModelSpec(provider="simulator", model_name="sim-strong")
EACH = pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())


@EACH
def test_a_row_of_the_table_holds_together(line: Line) -> None:
    statuses, reasons = set(line.statuses), set(line.reasons)
    assert set(Status) | {line.accepted, line.declined} <= statuses
    assert set(Reason) <= reasons
    places = {*line.stages, subjects.PARKED, subjects.FINISHED}
    assert not places & statuses, "where a piece stands says whether it has ended"
    assert all(line.roles.values())
    assert set(line.columns.values()) <= set(line.envelope.model_fields)


def test_no_two_lines_share_a_consumer() -> None:
    names = [line.consumer(stage) for line in LINES.values() for stage in line.stages]
    assert len(names) == len(set(names))


@EACH
def test_subjects_name_their_line(line: Line) -> None:
    subject = subjects.station(line.name, line.stages[0], "b", 3, 7)
    assert subjects.parse(subject) == subjects.StationSubject(line.name, line.stages[0], "b", 3, 7)
    assert subject in {f"{line.name}.{line.stages[0]}.b.3.7"}
    assert f"{line.name}.*.b.>" in subjects.of_batch("b")


@EACH
def test_a_stub_can_be_written(line: Line) -> None:
    stub = line.envelope.stub("b", 3, 7).but(status=Status.FAILED)
    said = json.loads(stub.model_dump_json())
    assert (said["batch_id"], said["slot"], said["hop"], said["status"]) == ("b", 3, 7, "failed")
    assert "models" not in said, "by which the fold knows that it says nothing of what was known before"


PAYLOADS: list[Slip] = [
    Problem(
        batch_id="b", slot=1, hop=2, route=[], models={"engineer": MODEL}, subject="s", topic="t", problem="p",
        answer="a", hints={"0": "h"},
    ),
    Text(batch_id="b", slot=1, hop=2, route=["embedder"], models={"writer": MODEL}, product="tea", text="Good."),
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS, ids=["problem", "text"])
def test_who_reads_a_slip_drops_no_payload(payload: Slip) -> None:
    written = json.loads(payload.model_dump_json())
    slip = Slip.model_validate(written)
    again = json.loads(slip.but(hop=3).model_dump_json())
    assert again == written | {"hop": 3}


def accepted(seq: int, slot: int, bucket: str = "", line: str = "texts", status: str = "accepted") -> Fact:
    envelope = {"models": {}, "product": "tea", "bucket": bucket, "status": status}
    return Fact(seq, subjects.station(line, "finished", "b", slot, 1), json.dumps(envelope).encode(), float(seq))


def job(**changes: object) -> Batch:
    wish = Wish(num_problems=3, max_attempts=60)
    models = {"writer": MODEL, "reviewer": MODEL, "embedding": MODEL}
    return Batch(
        id="b", line="texts", kind="text", route=["writer", "embedder"], created_at=0.0, wish=wish, models=models
    ).model_copy(update=changes)


def folded(batch: Batch, facts: Iterable[Fact]) -> Fold:
    fold = Fold(1, {"b": batch}, {})
    fold.run(facts)
    return fold


def test_a_job_counts_by_the_statuses_of_its_line() -> None:
    fold = folded(job(), [accepted(1, 0), accepted(2, 1, status="rejected"), accepted(3, 2, status="valid")])
    after = fold.after["b"]
    assert after.counts == {"accepted": 1, "rejected": 1, "failed": 1}, "a status of another line is none"
    assert after.ended_problems == 3
    row = fold.changed["b-0"]
    assert (row["line"], row["kind"], row["subject"], row["status"]) == ("texts", "text", "tea", "accepted")


def test_a_fact_on_another_line_or_at_a_stage_of_none_is_a_ghost() -> None:
    strays = [
        accepted(1, 0, line="problems", status="valid"),
        Fact(2, subjects.station("texts", "solver", "b", 1, 0), b'{"models": {}}', 2.0),
    ]
    fold = folded(job(), strays)
    assert fold.after["b"].counts == {}
    assert not fold.changed


def test_each_bucket_has_a_quota_of_its_own() -> None:
    batch = job(quotas={"varied": Quota(wanted=1), "": Quota(wanted=2)})
    facts = [accepted(1, 0, "varied"), accepted(2, 1, "varied"), accepted(3, 2), accepted(4, 3)]
    waiting = Fact(5, subjects.station("texts", "writer", "b", 4, 0), b'{"models": {}, "bucket": "varied"}', 5.0)
    fold = folded(batch, [*facts, waiting])
    after = fold.after["b"]
    assert after.counts == {"accepted": 3, "surplus": 1, "writer": 1}
    assert after.quotas == {
        "varied": Quota(wanted=1, accepted=2, in_flight=1),
        "": Quota(wanted=2, accepted=2, in_flight=0),
    }
    calls = dict(zip(("calls", "cost", "unpriced", "input_tokens", "output_tokens"), range(1, 6), strict=True))
    anew = stock(after, fold.changed.values(), calls, epoch=2)
    assert (anew.calls, anew.cost, anew.unpriced_calls, anew.input_tokens, anew.output_tokens) == (1, 2, 3, 4, 5)
    assert (anew.counts, anew.quotas, anew.accepted) == (after.counts, after.quotas, after.accepted)


def test_documents_of_before_are_problems() -> None:
    old = Batch.model_validate({"id": "b", "created_at": 0, "wish": job().wish, "models": {}, "topics": []})
    assert (old.line, old.kind, old.route) == ("problems", "generation", list(lines.of("problems").stages))
