"""Whatever fails after a call was paid: it stands on the bill, and is not paid again."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from shared.contracts.envelope import ModelSpec
from shared.errors import Permanent, Rejected, Unreadable, Waiting
from shared.ledger import Ledger
from shared.llm import prices, recording
from shared.llm.ask import MAX_FINISH_CHARS
from shared.llm.clients import ModelClients
from shared.llm.wire import Answer, Charged, Empty, Lost, Wire
from shared.settings import Settings
from tests.flow.test_journal import PROMPT, Number, asking, calls

GOOD = Answer('{"answer": 2}', "stop", 20, 5, 8)


class ScriptedWire:
    """Plays `script` one request after another, the last line for ever."""

    def __init__(self, *script: Answer | Exception) -> None:
        self.script = list(script)
        self.sent = 0

    async def complete(self, spec: ModelSpec, *_: Any) -> Answer:
        self.sent += 1
        play = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(play, Exception):
            raise play
        return play

    async def embed(self, spec: ModelSpec, text: str) -> tuple[list[float], Answer]:
        return [1.0], await self.complete(spec)

    async def knock(self, spec: ModelSpec) -> None: ...

    async def close(self) -> None: ...


class Scene:
    def __init__(self, wire: ScriptedWire) -> None:
        def wires(name: str, settings: Settings) -> Wire:
            return wire

        self.wire = wire
        self.clients = ModelClients(Settings(_env_file=None, wait_in_place=0.0), wires=wires)


@pytest.fixture
def scene() -> Any:
    def make(*script: Answer | Exception) -> Scene:
        return Scene(ScriptedWire(*script))

    return make


async def test_a_call_is_recorded_with_its_cached_input(ledger: Ledger, scene: Any) -> None:
    made = scene(GOOD)
    await asking(ledger, made.clients)("target", PROMPT, Number)
    (fact,) = (await calls(ledger)).values()
    assert (fact.input_tokens, fact.cached_tokens, fact.output_tokens, fact.unread) == (20, 8, 5, "")


async def test_a_call_that_cannot_be_read_says_why(ledger: Ledger, scene: Any) -> None:
    made = scene(Answer("gibberish", "stop", 20, 5), GOOD)
    await asking(ledger, made.clients)("target", PROMPT, Number)
    first, second = sorted((await calls(ledger)).values(), key=lambda fact: fact.n)
    assert "no JSON object" in first.unread
    assert second.unread == ""


async def test_what_was_declined_could_be_read(ledger: Ledger, scene: Any) -> None:
    made = scene(Answer("I will not", "refused", 20, 5))
    with pytest.raises(Exception, match="declined") as caught:
        await asking(ledger, made.clients)("judge", PROMPT, Number)
    assert caught.value.role == "judge"  # type: ignore[attr-defined]
    (fact,) = (await calls(ledger)).values()
    assert fact.unread == ""


async def test_a_reader_that_breaks_neither_loses_the_reply_nor_pays_for_ever(
    ledger: Ledger, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(recording, "parse", broken)
    made = scene(GOOD)
    for _ in range(2):
        with pytest.raises(Unreadable):
            await asking(ledger, made.clients)("target", PROMPT, Number)
    assert made.wire.sent == 2, "once, and once more with the error shown"
    recorded = await calls(ledger)
    assert len(recorded) == 2
    assert all("OSError" in fact.unread for fact in recorded.values())


async def test_a_price_list_that_cannot_be_opened_costs_only_the_price(
    ledger: Ledger, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(prices, "cost", broken)
    made = scene(GOOD)
    await asking(ledger, made.clients)("target", PROMPT, Number)
    (fact,) = (await calls(ledger)).values()
    assert fact.cost is None
    assert made.wire.sent == 1


@pytest.mark.parametrize("error", [ValueError("larger than NATS takes"), OSError(24, "Too many open files")])
async def test_a_call_that_cannot_be_recorded_whole_is_recorded_without_its_texts(
    ledger: Ledger, scene: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real, tries = ledger.publish_once, []

    async def flaky(subject: str, data: bytes, **more: Any) -> int | None:
        tries.append(subject)
        if len(tries) == 1:
            raise error
        return await real(subject, data, **more)

    monkeypatch.setattr(ledger, "publish_once", flaky)
    monkeypatch.setattr("shared.llm.journal.RETRY_EVERY", 0.0)
    made = scene(GOOD)
    await asyncio.gather(asking(ledger, made.clients)("target", PROMPT, Number), return_exceptions=True)
    (fact,) = (await calls(ledger)).values()
    assert (fact.output_tokens, fact.cut) == (5, True)
    assert made.wire.sent == 1


@pytest.mark.parametrize(
    "odd",
    [
        Answer('{"answer": 2} \ud83d', "\ud83d" * 100, 20, 5, model="\ud83d"),
        Answer('{"answer": 2}', "stop", 20, 5, cached_tokens=2**70),
        Answer('{"answer": 2}' + "\0" * 1000, "stop", 20, 5),
    ],
)
async def test_odd_replies_are_recorded(ledger: Ledger, scene: Any, odd: Answer) -> None:
    made = scene(odd)
    await asking(ledger, made.clients)("target", PROMPT, Number)
    (fact,) = (await calls(ledger)).values()
    assert fact.cached_tokens <= fact.input_tokens == 20
    assert fact.cost is not None
    assert len(fact.finish) <= MAX_FINISH_CHARS


async def test_a_fact_that_nobody_can_read_does_not_take_the_call_behind_it_off_the_bill(
    ledger: Ledger, scene: Any
) -> None:
    await ledger.publish_once("calls.solver.b.0.1.1", json.dumps({"id": 5}).encode())
    made = scene(GOOD)
    reply = await asking(ledger, made.clients)("target", PROMPT, Number)
    assert reply.parsed.answer == 2
    assert await ledger.last("calls.solver.b.0.1.2")


async def test_what_was_paid_for_no_reply_is_kept_aside(ledger: Ledger, scene: Any) -> None:
    charged = Charged(Empty("no reply"), Answer("", "error", 20, 5))
    made = scene(charged, GOOD)
    made.clients._settings.wait_in_place = 30.0
    await asking(ledger, made.clients)("target", PROMPT, Number)
    assert sorted((fact.finish, fact.output_tokens) for fact in (await calls(ledger)).values()) == [
        ("error", 5),
        ("stop", 5),
    ]


async def test_a_call_that_is_cancelled_while_it_is_out_is_on_the_bill(ledger: Ledger, scene: Any) -> None:
    made = scene(GOOD)
    arrived = asyncio.Event()

    async def hangs(*_: Any) -> Answer:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    made.wire.complete = hangs
    call = asyncio.create_task(asking(ledger, made.clients)("target", PROMPT, Number))
    await arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (fact,) = (await calls(ledger)).values()
    assert (fact.finish, fact.estimated) == ("timeout", True)


@pytest.mark.parametrize(
    "error", [Permanent("401"), Rejected("400"), Empty("nothing"), Lost("gone")], ids=lambda e: type(e).__name__
)
async def test_who_met_a_fault_is_known(ledger: Ledger, scene: Any, error: Exception) -> None:
    made = scene(error)
    with pytest.raises((Permanent, Rejected, Waiting)) as caught:
        await asking(ledger, made.clients)("judge", PROMPT, Number)
    assert caught.value.role == "judge"  # type: ignore[attr-defined]
    made = scene(error)
    with pytest.raises((Permanent, Rejected, Waiting)) as caught:
        await asking(ledger, made.clients).embed("x")
    assert caught.value.role == "embedding"  # type: ignore[attr-defined]
