"""Calls that belong to no piece of work are recorded as all others are, and booked on the standing account."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from shared.contracts.batch import ACCOUNT
from shared.contracts.envelope import ModelSpec, Slip
from shared.ledger import Ledger
from shared.llm.ask import Asking
from shared.llm.clients import ModelClients
from shared.subjects import MAX_NUMBER


@dataclass(frozen=True, slots=True)
class Unrivalled:
    """A request is answered by whoever got it: there is nobody to overtake, and nothing to stop."""

    async def look(self) -> None:
        return

    def may_begin(self) -> None:
        return


def asking(models: dict[str, ModelSpec], ledger: Ledger, clients: ModelClients) -> Asking:
    """Asks for one request, under a slot of its own, so that no two share a journal."""
    slip = Slip(batch_id=ACCOUNT, slot=secrets.randbelow(MAX_NUMBER), hop=0, route=[], models=models)
    return Asking(slip, "assistant", ledger=ledger, clients=clients, claim=Unrivalled())
