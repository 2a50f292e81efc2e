"""What the stages' heartbeats mean for a batch: whom its calls wait for, who is not there, who lacks a key. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared import lines
from shared.contracts.batch import Batch
from shared.contracts.envelope import ModelSpec
from shared.contracts.wait import Wait
from shared.lines import Line
from shared.llm.providers import PROVIDERS

FIELDS = {"writer": "model"}  #: what a request calls a role's model, where that is not `<role>_model`

Seen = Sequence[dict[str, Any]]
"""The heartbeats of the replicas that live."""


def waits_of(batch: Batch, seen: Seen) -> dict[str, Wait]:
    """By role, in the order of the batch's models: whose calls wait now. Since the first failure that a replica knows
    of, with the words that were heard last."""
    found: dict[str, Wait] = {}
    roles_of = lines.of(batch.line).roles
    for replica in sorted(seen, key=lambda replica: float(replica["at"])):
        for role in roles_of.get(replica["service"], ()):
            for wait in replica.get("waiting", ()):
                if wait.model == str(batch.models.get(role)):
                    since = min(wait.since, found[role].since) if role in found else wait.since
                    found[role] = wait.model_copy(update={"since": since})
    return {role: found[role] for role in batch.models if role in found}


def missing(line: Line, seen: Seen) -> list[str]:
    """A sentence where a stage has no replica, else nothing."""
    there = {replica["service"] for replica in seen}
    gone = [stage for stage in line.stages if stage not in there]
    return [f"no {' and no '.join(gone)} is running; {line.name} wait there until one is"] if gone else []


def lacking_keys(line: Line, models: dict[str, ModelSpec], seen: Seen) -> dict[str, str]:
    """By field: what is wrong with a model whose provider no replica of a stage can ask, for want of a key."""
    found: dict[str, str] = {}
    for stage, roles in line.roles.items():
        alive = [replica for replica in seen if replica["service"] == stage]
        for role in roles:
            spec = models[role]
            provider = PROVIDERS[spec.provider]
            # one that says nothing of providers is of an older version, and may have the key
            if (
                not alive
                or not provider.key
                or any(spec.provider in replica.get("providers", [spec.provider]) for replica in alive)
            ):
                continue
            if role == "judge" and spec == models["checker"] and "checker_model" in found:
                continue  # nobody named a judge
            words = f"{spec} needs a key, and no running {stage} has one: set {provider.key_setting} and start it again"
            found.setdefault(FIELDS.get(role, f"{role}_model"), words)
    return found
