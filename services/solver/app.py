"""The solver: takes `problems.solver.>`, gives a problem that the target failed."""

from __future__ import annotations

from services.solver.logic import solve
from shared import stage

app = stage.build("solver", {"problems": lambda _ledger: solve})
