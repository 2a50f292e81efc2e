"""Heartbeats: whom a stage's calls wait for is told at once, and which providers it could ask."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared import lines
from shared.contracts.outcome import Outcome, Passed
from shared.contracts.problem import Problem
from shared.contracts.wait import Wait
from shared.ledger import Ledger
from shared.replica import replicas
from shared.settings import Settings, settings
from shared.watch import Watch
from tests.flow.stages import running

WAIT = {"model": "openai/x", "since": 1000.0, "words": "openai/x: cannot connect"}


async def test_a_change_of_who_waits_is_told_at_once(
    ledger: Ledger, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.watch.HEARTBEAT_EVERY", 3600.0)
    report: dict[str, Any] = {"holding": 1, "waiting": [], "providers": ["openai"]}
    watch = Watch(ledger, "checker", [lines.of("problems")], config, report=lambda: report, made_anew=lambda: None)
    await watch.begin()
    (first,) = await replicas(ledger)
    assert (first["holding"], first["waiting"], first["providers"]) == (1, [], ["openai"])
    telling = asyncio.create_task(watch.tell())
    try:
        for waiting in ([WAIT], [WAIT | {"words": "openai/x: 503"}], []):
            report["waiting"] = waiting
            while (await replicas(ledger))[0]["waiting"] != [Wait.model_validate(one) for one in waiting]:
                await asyncio.sleep(0.02)
    finally:
        telling.cancel()


async def test_a_stage_names_the_providers_that_it_could_ask_and_no_key(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(problem: Problem) -> Outcome:
        return Passed(problem)

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    async with running(handler):
        assert (await replicas(ledger))[0]["providers"] == ["simulator"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    settings.cache_clear()
    async with running(handler):
        (found,) = await replicas(ledger)
    assert found["providers"] == ["openai", "simulator"]
    assert "secret" not in str(found)
