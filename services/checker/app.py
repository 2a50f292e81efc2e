"""The checker: takes `problems.checker.>`, gives a problem whose answer is confirmed."""

from __future__ import annotations

from services.checker.logic import check
from shared import stage

app = stage.build("checker", {"problems": lambda _ledger: check})
