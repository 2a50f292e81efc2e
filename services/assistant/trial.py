"""A trial: one question to one model, whose answer shows that it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from shared.contracts.ask import Prompt, Rendered, Reply, Role
from shared.contracts.envelope import ModelSpec
from shared.contracts.trial import TrialReply
from shared.errors import Fault, Waiting

PROMPT = Prompt(Path(__file__).with_name("trial.v1.md"))


class Say(Protocol):
    async def __call__(self, role: Role, prompt: Rendered) -> Reply[str]: ...


async def trial(model: ModelSpec, say: Say) -> TrialReply:
    """Whatever the provider does, there is a reply. Raises LedgerUnavailable."""
    try:
        reply = await say("trial", PROMPT.render())
    except (Fault, Waiting) as error:
        return TrialReply(reachable=True, error=str(error) or f"{model}: {type(error).__name__}")
    return TrialReply(
        reachable=True,
        text=reply.parsed,
        latency=reply.latency,
        cost=reply.cost,
        input_tokens=reply.usage.input_tokens,
        output_tokens=reply.usage.output_tokens,
    )
