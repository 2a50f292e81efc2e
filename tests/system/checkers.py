"""Checkers that break: around the real one, run like it as `faststream run tests.system.checkers:deadly`."""

from __future__ import annotations

import os

from services.checker.logic import check
from shared import stage
from shared.contracts.ask import Ask
from shared.contracts.outcome import Outcome
from shared.contracts.problem import Problem

DEADLY = 2  #: the slot of each batch that kills the process which works on it


async def check_or_die(problem: Problem, *, ask: Ask) -> Outcome:
    if problem.slot == DEADLY:
        os._exit(137)
    return await check(problem, ask=ask)


async def check_and_raise(problem: Problem, *, ask: Ask) -> Outcome:
    """Raises when all is paid for."""
    await check(problem, ask=ask)
    raise RuntimeError("this checker is broken")


deadly = stage.build("checker", {"problems": lambda _ledger: check_or_die})
failing = stage.build("checker", {"problems": lambda _ledger: check_and_raise})
