"""The kinds of work that travel the ledger, as a table. What lines share is written once, and knows slips only.

A further line is one contract, one row here, one source, its stages and its routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.contracts.envelope import Slip
from shared.contracts.problem import Problem, ProblemReason, ProblemStatus
from shared.contracts.text import Text, TextReason, TextStatus

PROBLEMS, TEXTS = "problems", "texts"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One kind of work."""

    name: str  #: the first token of its subjects
    envelope: type[Slip]
    roles: Mapping[str, tuple[str, ...]]  #: its stages in the order of its usual route -> whose models they ask
    statuses: type[StrEnum]
    reasons: type[StrEnum]
    accepted: str  #: the status of what passed the last stage
    declined: str  #: the status of what a stage found unfit
    source: str  #: where its slots begin, unless the batch names another
    columns: Mapping[str, str]  #: what its queries ask for -> the envelope's field
    keeps_vectors: bool = False  #: they outlive their batch, as later ones are compared with them
    consumer_suffix: str = ""
    purge_after: str = "purge_after"  #: the setting that says how long an ended batch's subjects stay in the ledger

    @property
    def stages(self) -> tuple[str, ...]:
        return tuple(self.roles)

    @property
    def all_roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(role for roles in self.roles.values() for role in roles))

    def consumer(self, stage: str) -> str:
        """The durable consumer of a stage. One a line: a filter that is widened skips what came before, and an older
        replica would narrow it again without a word."""
        return f"{stage}{self.consumer_suffix}"

    def columns_of(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        return {column: envelope.get(name, "") for column, name in self.columns.items()}


LINES: dict[str, Line] = {
    line.name: line
    for line in (
        Line(
            PROBLEMS,
            Problem,
            {
                "engineer": ("engineer",),
                "checker": ("checker", "judge"),
                "solver": ("target", "judge"),
                "embedder": ("embedding",),
            },
            ProblemStatus,
            ProblemReason,
            accepted=ProblemStatus.VALID,
            declined=ProblemStatus.DISCARDED,
            source="topics",
            columns={"subject": "subject", "topic": "topic", "level": "level"},
        ),
        Line(
            TEXTS,
            Text,
            {"writer": ("writer", "reviewer", "embedding"), "embedder": ("embedding",)},
            TextStatus,
            TextReason,
            accepted=TextStatus.ACCEPTED,
            declined=TextStatus.REJECTED,
            source="product",
            columns={"subject": "product"},
            keeps_vectors=True,
            consumer_suffix="-texts",
            purge_after="text_purge_after",
        ),
    )
}

STAGES: tuple[str, ...] = tuple(dict.fromkeys(stage for line in LINES.values() for stage in line.stages))
"""Every stage, each once."""


def of(name: str) -> Line:
    """Raises KeyError for a line that is not known here."""
    return LINES[name]
