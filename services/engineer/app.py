"""The engineer: takes `problems.engineer.>`, gives a problem with answer and hints."""

from __future__ import annotations

from services.engineer.logic import engineer
from shared import stage

app = stage.build("engineer", {"problems": lambda _ledger: engineer})
