"""Where a problem goes next."""

from __future__ import annotations

import pytest

from shared import lines, subjects
from shared.contracts.outcome import Passed
from shared.contracts.problem import Problem
from shared.contracts.statuses import Reason, Status
from shared.errors import Permanent, Rejected, Stopped, Transient, Waiting
from shared.settings import Settings
from shared.successor import after_error, after_outcome, unreadable
from tests.flow.world import MODELS

LINE = lines.of("problems")
SETTINGS = Settings(_env_file=None)


def problem(**changes: object) -> Problem:
    base = Problem(batch_id="b", slot=3, hop=4, since=2, route=["solver"], models=MODELS, subject="s", topic="t")
    return base.but(**changes)


def test_a_new_station_begins_its_own_journal() -> None:
    onward = after_outcome(LINE, "checker", Passed(problem(faults=2))).slip
    assert onward is not None
    assert (onward.hop, onward.since, onward.faults, onward.route) == (5, 5, 0, [])


@pytest.mark.parametrize(
    ("error", "station", "faults"),
    [
        (Waiting("down", 9), "parked", 0),
        (Stopped("paused"), "parked", 0),
        (Stopped("cancelled"), "finished", 0),
        (Stopped("ended"), "finished", 0),
        (Permanent("no key"), "finished", 0),
        (Transient("again"), "parked", 1),
        (ZeroDivisionError("bug"), "parked", 1),
    ],
)
def test_errors(error: Exception, station: str, faults: int) -> None:
    after = after_error(LINE, "checker", problem(), error, SETTINGS)
    assert after.station == station
    assert after.slip is not None
    assert (after.slip.hop, after.slip.since, after.slip.faults) == (5, 2, faults)
    if station == "parked":
        assert after.slip.route == ["checker", "solver"]


@pytest.mark.parametrize(
    ("error", "kind", "code", "stops"),
    [
        (Waiting("HTML", 9, kind="empty"), "empty", Reason.PROVIDER_ERROR, False),
        (Waiting("down", 9), "", Reason.PROVIDER_ERROR, False),
        (Rejected("too long"), "rejected", Reason.PROVIDER_ERROR, False),
        (Permanent("no key"), "", Reason.PROVIDER_ERROR, True),
        (Transient("again"), "", Reason.FAULTS, False),
    ],
)
def test_whose_fault_it_was_and_of_what_kind(
    error: Waiting | Permanent | Rejected | Transient, kind: str, code: Reason, stops: bool
) -> None:
    error.role = "judge"
    after = after_error(LINE, "checker", problem(), error, SETTINGS).slip
    assert after is not None
    why = after.reason
    assert why is not None
    assert (why.role, why.kind, why.code, why.stops_batch) == ("judge", kind, code, stops)
    assert str(error) in why.detail


def test_the_fifth_fault_is_the_last() -> None:
    after = after_error(LINE, "checker", problem(faults=4), RuntimeError("boom"), SETTINGS)
    assert after.dead is not None
    assert after.dead.id == "checker.b.3.4"
    assert after.slip is not None
    assert after.slip.status == Status.FAILED


def test_what_cannot_be_read_ends_as_poison() -> None:
    after = unreadable(subjects.StationSubject("problems", "solver", "b", 1, 7), b"\xff", "no JSON")
    assert after.slip is not None
    assert (after.slip.hop, after.slip.status) == (8, Status.FAILED)
    assert after.slip.reason is not None
    assert after.slip.reason.code == Reason.POISON
    assert after.slip.model_dump_json()
