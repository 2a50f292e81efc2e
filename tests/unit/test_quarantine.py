"""Quarantine run one at a time, in an order that turns round with each delivery."""

from __future__ import annotations

import asyncio

import pytest

from shared.quarantine import Quarantine


async def run(quarantine: Quarantine, seq: int, deliveries: int, log: list[int]) -> None:
    async with quarantine.alone(seq, deliveries):
        log.append(seq)
        await asyncio.sleep(0)
        assert log[-1] == seq, "another one runs beside it"


@pytest.mark.parametrize(("deliveries", "order"), [(11, [3, 5, 8]), (12, [8, 5, 3])])
async def test_the_order_turns_round(deliveries: int, order: list[int]) -> None:
    quarantine = Quarantine(gather=0)
    log: list[int] = []
    for _ in range(2):  # the line may empty and fill again
        await asyncio.gather(*(run(quarantine, seq, deliveries, log) for seq in (5, 8, 3)))
    assert log == order * 2


async def test_one_that_raises_or_is_cancelled_holds_nobody_up() -> None:
    quarantine = Quarantine(gather=0)
    log: list[int] = []

    async def fail() -> None:
        async with quarantine.alone(1, 1):
            raise RuntimeError

    async def hang() -> None:
        async with quarantine.alone(2, 1):
            log.append(2)
            await asyncio.Event().wait()

    hanging, waiting = asyncio.create_task(hang()), asyncio.create_task(run(quarantine, 3, 1, log))
    failing, last = asyncio.create_task(fail()), asyncio.create_task(run(quarantine, 4, 1, log))
    while log != [2]:
        await asyncio.sleep(0)
    waiting.cancel()
    hanging.cancel()
    results = await asyncio.gather(failing, hanging, waiting, last, return_exceptions=True)
    assert [type(result) for result in results[:3]] == [RuntimeError, asyncio.CancelledError, asyncio.CancelledError]
    assert log == [2, 4]
