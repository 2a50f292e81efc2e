"""Another target for a batch, and who solved what of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from services.gateway.schemas.batches import EXAMPLE, BatchReply
from services.gateway.schemas.common import EXAMPLE_BATCH, Body, Page, Query, Reply, with_example
from services.gateway.schemas.generation import ModelField
from shared.contracts.batch import Row
from shared.contracts.envelope import ModelSpec

EXAMPLE_TARGET = {"provider": "simulator", "model_name": "sim-strong"}
UNKNOWN = "(not recorded)"  #: whose tries those of batches of before are


class TargetRequest(Body):
    """The model itself, or under its older name `target_model`."""

    model_config = Body.model_config | with_example(EXAMPLE_TARGET)

    target_model: ModelField

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        named = dict(handler.resolve_ref_schema(handler(core)))
        examples = named.pop("examples", [])
        return {"anyOf": [named["properties"]["target_model"], named], "examples": examples}

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        return {"target_model": given} if isinstance(given, dict) and "target_model" not in given else given


class TargetQuery(Query):
    retarget: bool = Field(
        False, description="Have the stored problems that had reached the target tried by the new one."
    )


class Retargeted(BatchReply):
    model_config = with_example(
        EXAMPLE | {"message": "The target is simulator/sim-strong from here on", "new_target_model": EXAMPLE_TARGET}
    )

    message: str
    new_target_model: ModelSpec


class Cell(Reply):
    """A model's newest try at a problem. `correct` null: nothing could judge it."""

    answer: str
    correct: bool | None
    decided_by: str
    round: int


class MatrixItem(Reply):
    id: str
    slot: int
    question: str | None
    answer: str | None
    results: dict[str, Cell] = Field(description="By model; who did not try it is absent.")

    @classmethod
    def of(cls, row: Row) -> Self:
        envelope = row["envelope"]
        return cls(
            id=row["id"],
            slot=row["slot"],
            question=envelope.get("problem"),
            answer=envelope.get("answer"),
            results={
                model: Cell(**{name: tried[name] for name in ("answer", "correct", "decided_by")}, round=round_)
                for model, round_, tried in _newest(envelope)
            },
        )


class ModelSum(Reply):
    """A model over all problems of the batch that it tried."""

    model: str
    tried: int
    solved: int
    failed: int
    undecided: int
    pass_rate: float | None = Field(description="Of the tries that could be judged; null: of none.")


class Matrix(Page[MatrixItem]):
    """Problems that a target tried, by slot, and how each model did."""

    model_config = with_example(
        {
            "batch_id": EXAMPLE_BATCH,
            "models": [
                {"model": "simulator/sim-weak", "tried": 1, "solved": 0, "failed": 1, "undecided": 0, "pass_rate": 0.0}
            ],
            "items": [
                {
                    "id": f"{EXAMPLE_BATCH}-0",
                    "slot": 0,
                    "question": "What is 2 + 2?",
                    "answer": "4",
                    "results": {
                        "simulator/sim-weak": {"answer": "5", "correct": False, "decided_by": "exact", "round": 0}
                    },
                }
            ],
            "total": 1,
            "page": 1,
            "per_page": 50,
        }
    )

    batch_id: str
    models: list[ModelSum]


def sums(rows: Iterable[Row]) -> list[ModelSum]:
    """In the order in which the models came."""
    tallies: dict[str, Counter[bool | None]] = {}
    first: dict[str, int] = {}
    for row in rows:
        for model, _, tried in _newest(row["envelope"]):
            tallies.setdefault(model, Counter())[tried["correct"]] += 1
        for tried in row["envelope"].get("target_answers", []):
            model, round_ = _model(tried), tried.get("round", 0)
            first[model] = min(first.get(model, round_), round_)
    found = []
    for model in sorted(tallies, key=lambda model: (first[model], model)):
        tally = tallies[model]
        judged = tally[True] + tally[False]
        found.append(
            ModelSum(
                model=model,
                tried=tally.total(),
                solved=tally[True],
                failed=tally[False],
                undecided=tally[None],
                pass_rate=tally[True] / judged if judged else None,
            )
        )
    return found


def _newest(envelope: Mapping[str, Any]) -> list[tuple[str, int, Mapping[str, Any]]]:
    newest = {_model(tried): (tried.get("round", 0), tried) for tried in envelope.get("target_answers", [])}
    return [(model, round_, tried) for model, (round_, tried) in newest.items()]


def _model(tried: Mapping[str, Any]) -> str:
    return str(tried.get("model") or UNKNOWN)
