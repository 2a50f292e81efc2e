"""The simulator's plan, and the shapes of its replies: no server here."""

from __future__ import annotations

import random
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from services.simulator import shapes
from services.simulator.models import MODELS, tokens
from services.simulator.plan import Fault, Fixed, LogNormal, Plan, Progress, Uniform, complaints


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"latency": -1}, "latency.fixed.seconds"),
        ({"latency": True}, "latency"),
        ({"latency": "soon"}, "latency"),
        ({"latency": {"kind": "gauss"}}, "latency"),
        ({"latency": {"kind": "uniform", "low": 2, "high": 1}}, "latency.uniform"),
        ({"latency": {"kind": "fixed", "seconds": 1, "more": 1}}, "latency.fixed.more"),
        ({"delay": 1}, "delay"),
        ({"faults": {}}, "faults"),
        ({"faults": [{}]}, "faults.0.kind"),
        ({"faults": [{"kind": "500"}, {"kind": "418"}]}, "faults.1.kind"),
        ({"faults": [{"kind": "500", "rate": 1.5}]}, "faults.0.rate"),
        ({"faults": [{"kind": "500", "model": "gpt-5"}]}, "faults.0.model"),
        ({"faults": [{"kind": "500", "task": "sing"}]}, "faults.0.task"),
        ({"faults": [{"kind": "500", "first": 0}]}, "faults.0.first"),
        ({"faults": [{"kind": "429", "retry_after": -1}]}, "faults.0.retry_after"),
        ([], "body"),
    ],
)
def test_a_plan_that_makes_no_sense_names_the_field(plan: object, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Plan.model_validate(plan)
    assert complaints(caught.value)[0]["field"] == field


def test_numbers_stand_for_a_fixed_latency_and_a_kind() -> None:
    plan = Plan.model_validate({"latency": 0.5, "faults": [{"kind": 429}]})
    assert plan.latency == Fixed(seconds=0.5)
    assert plan.faults[0].kind == "429"
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_latencies_stay_in_their_range() -> None:
    rng = random.Random(1)
    uniform = Uniform(kind="uniform", low=0.2, high=0.4)
    assert all(0.2 <= uniform.draw(rng) <= 0.4 for _ in range(100))
    drawn = sorted(LogNormal(kind="lognormal", median=2.0, sigma=0.3).draw(rng) for _ in range(999))
    assert 1.8 < drawn[499] < 2.2
    assert LogNormal(kind="lognormal", median=0).draw(rng) == 0.0


def test_a_fault_befalls_the_calls_that_match() -> None:
    plan = Plan(faults=(Fault(kind="500", model="sim-weak", task="solve"), Fault(kind="wrong_reference")))
    progress, rng = Progress(), random.Random(1)

    def kind(model: str, task: str) -> str | None:
        fault = progress.draw(plan, model, task, rng)
        return fault.kind if fault else None

    assert kind("sim-weak", "solve") == "500"
    assert kind("sim-strong", "solve") is None
    assert kind("sim-weak", "write") == "wrong_reference"
    assert kind("sim-embed", "embed") is None


def test_first_counts_calls_and_the_next_fault_follows() -> None:
    plan = Plan(faults=(Fault(kind="429", first=2), Fault(kind="500", first=1)))
    progress, rng = Progress(), random.Random(1)
    drawn = [progress.draw(plan, "sim-weak", "solve", rng) for _ in range(4)]
    assert [fault and fault.kind for fault in drawn] == ["429", "429", "500", None]


def test_a_rate_is_a_share_of_calls() -> None:
    plan, progress = Plan(faults=(Fault(kind="500", rate=0.25),)), Progress()
    hits = sum(progress.draw(plan, "sim-weak", "solve", random.Random(n)) is not None for n in range(2000))
    assert 400 < hits < 600


def test_a_query_goes_before_the_plan() -> None:
    plan = Plan.model_validate({"latency": 1, "faults": [{"kind": "500"}]})
    both = plan.with_query({"latency": "0.25", "fault": "429", "rate": "0.5", "retry_after": "2"})
    assert both.latency == Fixed(seconds=0.25)
    assert both.faults == (Fault(kind="429", rate=0.5, retry_after=2), Fault(kind="500"))
    assert plan.with_query({}) is plan


@pytest.mark.parametrize("query", [{"rate": "0.5"}, {"fault": "418"}, {"latency": "soon"}, {"colour": "red"}])
def test_a_query_that_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Plan().with_query(query)


def test_prices_are_whole_nano_dollars() -> None:
    assert MODELS["sim-strong"].cost(1_000_000, 0) == 2_000_000_000
    assert MODELS["sim-strong"].cost(0, 1_000_000) == 8_000_000_000
    assert MODELS["sim-medium"].cost(3, 2) == 3 * 400 + 2 * 1600
    assert MODELS["sim-weak"].cost(1, 1) == 500
    assert MODELS["sim-embed"].cost(7, 0) == 140


def test_four_characters_are_a_token() -> None:
    assert [tokens(count) for count in (0, 1, 4, 5, 8)] == [1, 1, 1, 2, 2]


STRING: dict[str, Any] = {"type": "string"}
TEXTS = {"type": "array", "items": STRING}
REVIEW = {"valid": True, "reason_code": "", "reason": "fine", "corrected_hints": None}


def schema(required: list[str], **fields: object) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


@pytest.mark.parametrize(
    ("asked", "values", "expected"),
    [
        (schema(["hints"], hints=TEXTS), {"hints": ["a", "b"]}, {"hints": ["a", "b"]}),
        (
            schema(["hints"], hints={"type": "object", "additionalProperties": STRING}),
            {"hints": ["a", "b"]},
            {"hints": {"0": "a", "1": "b"}},
        ),
        (
            schema(["hints"], hints={"$ref": "#/$defs/Hints"})
            | {"$defs": {"Hints": schema(["0", "1"], **{"0": STRING, "1": STRING})}},
            {"hints": ["a", "b", "c"]},
            {"hints": {"0": "a", "1": "b"}},
        ),
        (
            schema(
                ["valid", "corrected_hints"],
                valid={"type": "boolean"},
                corrected_hints={"anyOf": [TEXTS, {"type": "null"}]},
            ),
            REVIEW,
            {"valid": True, "corrected_hints": None},
        ),
        (schema(["valid"], valid={"type": "boolean"}, corrected_hints=TEXTS), REVIEW, {"valid": True}),
        (
            schema(["reason_code"], reason_code={"type": ["string", "null"], "enum": ["ambiguous", None]}),
            REVIEW,
            {"reason_code": None},
        ),
        (
            schema(["answer", "steps", "sure"], answer=STRING, steps=TEXTS, sure={"type": "number"}),
            {"answer": "7"},
            {"answer": "7", "steps": [], "sure": 0},
        ),
    ],
)
def test_a_reply_takes_the_shape_asked_for(asked: dict[str, Any], values: Any, expected: Any) -> None:
    filled = shapes.fill(asked, values)
    assert filled == expected
    jsonschema.validate(filled, asked)


def test_a_schema_that_leads_to_itself_is_an_error() -> None:
    with pytest.raises(LookupError):
        shapes.properties({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}})
