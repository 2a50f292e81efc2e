"""A scripted `Ask` for tests of a stage's logic: roles and replies in the order in which they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.contracts.ask import Rendered, Reply, Role, T, Usage
from shared.contracts.envelope import ModelSpec
from shared.contracts.problem import Problem
from shared.errors import Unreadable

Scripted = dict[str, Any] | str | Exception  #: JSON, its text, or what is raised


@dataclass(frozen=True)
class Asked:
    role: Role
    prompt: Rendered
    reply: type[BaseModel]

    @property
    def text(self) -> str:
        return f"{self.prompt.system}\n{self.prompt.user}"


class FakeAsk:
    """Answers from the script; `asked` is what was asked. A question that is not next in the script fails the test."""

    def __init__(self, *script: tuple[Role, Scripted], places: Mapping[Role, str] | None = None) -> None:
        """`places`: where a role's replies stand, if not in their content."""
        self._places = places or {}
        self._script = list(script)
        self.asked: list[Asked] = []

    @property
    def left(self) -> int:
        """Replies that nobody asked for."""
        return len(self._script)

    async def __call__(self, role: Role, prompt: Rendered, reply: type[T]) -> Reply[T]:
        assert self._script, f"{role} was asked beyond the script"
        expected, scripted = self._script.pop(0)
        assert role == expected
        self.asked.append(Asked(role, prompt, reply))
        if isinstance(scripted, Exception):
            raise scripted
        text = scripted if isinstance(scripted, str) else json.dumps(scripted)
        try:
            parsed = reply.model_validate_json(text)
        except ValidationError as error:
            raise Unreadable(str(error)) from None
        return Reply(parsed, text, Usage(1, 1), 0, f"simulator/{role}", 0.0, place=self._places.get(role, ""))

    async def embed(self, text: str) -> Reply[list[float]]:
        raise AssertionError("nobody embeds here")


def envelope(**changes: Any) -> Problem:
    """A problem that the engineer has written."""
    spec = ModelSpec(provider="simulator", model_name="sim-strong")
    problem = Problem(
        batch_id="b1",
        slot=3,
        hop=1,
        route=["checker", "solver"],
        models=dict.fromkeys(("engineer", "checker", "target", "embedding", "judge"), spec),
        subject="Algebra",
        topic="Quadratics",
        level="High School",
        description="Roots and coefficients",
        problem="Find the sum of the roots of x^2 - 7x + 10 = 0.",
        answer="7",
        hints={"0": "Factor it.", "1": "Find both roots.", "2": "Add them."},
        prompt_versions={"engineer": "write.v1@0"},
    )
    return problem.but(**changes)
