"""Paid calls are journaled: the same question of the same station is never paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from shared.contracts.ask import Rendered
from shared.contracts.call import CallFact
from shared.contracts.envelope import ModelSpec
from shared.contracts.problem import Problem
from shared.errors import Refused, Stopped, Unreadable
from shared.ledger import Ledger
from shared.llm.ask import Asking
from shared.llm.bill import RawReply
from shared.llm.recording import MAX_REPLY_CHARS
from tests.flow.world import MODELS

PROMPT = Rendered("p@1", "You solve.", "1 + 1?")


class Number(BaseModel):
    answer: int


class Provider:
    """Stands for the clients: answers from a list, and counts what was paid."""

    def __init__(self, *replies: str | tuple[str, str]) -> None:
        self.replies = list(replies)
        self.paid: list[str] = []
        self.before: Callable[[], Awaitable[None]] | None = None

    async def complete(self, spec: ModelSpec, system: str, user: str, schema: Any, **hooks: Any) -> RawReply:
        hooks["may_begin"]()
        if self.before:
            await self.before()
        self.paid.append(user)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        text, finish = reply if isinstance(reply, tuple) else (reply, "stop")
        return RawReply(text, finish, 3, 2, False, 10, 0.1)

    async def embed(self, spec: ModelSpec, text: str, **hooks: Any) -> tuple[list[float], RawReply]:
        hooks["may_begin"]()
        self.paid.append(text)
        return [0.5, -1.5], RawReply("", "stop", 3, 0, False, 1, 0.1)


@dataclass
class Claim:
    """Stands for the handler's claim."""

    may_begin: Callable[[], None] = lambda: None
    looks: int = 0

    async def look(self) -> None:
        self.looks += 1


def asking(ledger: Ledger, provider: Any, *, since: int = 1, may_begin: Callable[[], None] = lambda: None) -> Asking:
    problem = Problem(batch_id="b", slot=0, hop=since, since=since, route=[], models=MODELS, subject="s", topic="t")
    return Asking(problem, "solver", ledger=ledger, clients=provider, claim=Claim(may_begin))


async def calls(ledger: Ledger) -> dict[str, CallFact]:
    return {f.subject: CallFact.model_validate_json(f.data) for f in await ledger.read(0, subject="calls.>")}


async def test_a_recorded_reply_is_not_paid_again(ledger: Ledger) -> None:
    provider = Provider('{"answer": 1}', '{"answer": 2}', '{"answer": 3}')
    first = asking(ledger, provider)
    assert (await first("target", PROMPT, Number)).parsed.answer == 1
    assert (await first("target", PROMPT, Number)).parsed.answer == 2
    again = asking(ledger, provider)
    replies = [await again("target", PROMPT, Number) for _ in range(3)]
    assert [r.parsed.answer for r in replies] == [1, 2, 3]
    assert [r.recorded for r in replies] == [True, True, False]
    assert len(provider.paid) == 3


async def test_another_station_and_another_question_pay_their_own(ledger: Ledger) -> None:
    provider = Provider('{"answer": 1}')
    await asking(ledger, provider)("target", PROMPT, Number)
    await asking(ledger, provider, since=2)("target", PROMPT, Number)
    other = Rendered("p@2", "You solve.", "2 + 2?")
    await asking(ledger, provider)("target", other, Number)
    assert len(provider.paid) == 3
    assert sorted(await calls(ledger)) == [
        "calls.solver.b.0.1.1", "calls.solver.b.0.1.2", "calls.solver.b.0.2.1",
    ]  # fmt: skip
    reply = await asking(ledger, provider)("target", other, Number)
    assert reply.recorded


async def test_unreadable_replies_are_paid_recorded_and_asked_once_more(ledger: Ledger) -> None:
    provider = Provider("gibberish", '{"answer": 4}')
    reply = await asking(ledger, provider)("target", PROMPT, Number)
    assert reply.parsed.answer == 4
    assert "could not be read" in provider.paid[1]
    hopeless = Provider("gibberish")
    with pytest.raises(Unreadable):
        await asking(ledger, hopeless, since=5)("target", PROMPT, Number)
    assert len(hopeless.paid) == 2
    with pytest.raises(Unreadable):
        await asking(ledger, hopeless, since=5)("target", PROMPT, Number)
    assert len(hopeless.paid) == 2
    assert len(await calls(ledger)) == 4


async def test_refused_broken_off_and_endless_replies(ledger: Ledger) -> None:
    with pytest.raises(Refused):
        await asking(ledger, Provider(("I will not", "refused")))("target", PROMPT, Number)
    broken = Provider(('{"answer"', "length"), '{"answer": 7}')
    assert (await asking(ledger, broken, since=2)("target", PROMPT, Number)).parsed.answer == 7
    endless = Provider("9" * (MAX_REPLY_CHARS + 1))
    with pytest.raises(Unreadable):
        await asking(ledger, endless, since=3)("target", PROMPT, Number)
    assert len(endless.paid) == 1
    recorded = (await calls(ledger))["calls.solver.b.0.3.1"]
    assert not recorded.cut
    assert "no JSON object" in recorded.unread


@pytest.mark.parametrize(
    "reply",
    [
        ('{"answer": 7}' + "\n" * 9000, "length"),
        ('{"answer": 7}', "content_filter"),
        ('{"answer": 7}', "tool_calls"),
        ('{"answer": 7}', "what nobody knows"),
        ("<think>" + "9 " * 400_000 + '</think>{"answer": 7}', "stop"),
    ],
)
async def test_a_reply_that_is_whole_is_used_and_paid_once(ledger: Ledger, reply: tuple[str, str]) -> None:
    provider = Provider(reply)
    for _ in range(2):
        assert (await asking(ledger, provider)("target", PROMPT, Number)).parsed.answer == 7
    assert len(provider.paid) == 1


async def test_a_filter_that_cut_a_reply_off_is_a_refusal(ledger: Ledger) -> None:
    provider = Provider(('{"answer": ', "content_filter"))
    for _ in range(2):
        with pytest.raises(Refused):
            await asking(ledger, provider)("target", PROMPT, Number)
    assert len(provider.paid) == 1
    (fact,) = (await calls(ledger)).values()
    assert (fact.finish, fact.unread) == ("refused", "")


async def test_half_a_surrogate_pair_is_recorded_and_paid_once(ledger: Ledger) -> None:
    provider = Provider('{"answer": 5} \ud83d')
    for _ in range(2):
        await asking(ledger, provider)("target", PROMPT, Number)
    assert len(provider.paid) == 1


async def test_a_rivals_reply_wins_and_ours_stays_on_the_bill(ledger: Ledger) -> None:
    """Two handlers of one message, both past the look-up: one reply is used, two are billed."""
    both = asyncio.Barrier(2)
    rivals = [Provider('{"answer": 1}'), Provider('{"answer": 2}')]
    for rival in rivals:
        rival.before = both.wait  # type: ignore[assignment]
    replies = await asyncio.gather(*(asking(ledger, rival)("target", PROMPT, Number) for rival in rivals))
    assert replies[0].parsed == replies[1].parsed
    recorded = await calls(ledger)
    assert len(recorded) == 2
    aside = next(subject for subject in recorded if "x" in subject.rsplit(".", 1)[1])
    assert aside.startswith("calls.solver.b.0.1.1x")


async def test_a_rival_with_another_question_takes_only_the_number(ledger: Ledger) -> None:
    both = asyncio.Barrier(2)
    rivals = [Provider('{"answer": 1}'), Provider('{"answer": 2}')]
    for rival in rivals:
        rival.before = both.wait  # type: ignore[assignment]
    other = Rendered("p@2", "You solve.", "2 + 2?")
    replies = await asyncio.gather(
        asking(ledger, rivals[0])("target", PROMPT, Number), asking(ledger, rivals[1])("target", other, Number)
    )
    assert [r.parsed.answer for r in replies] == [1, 2]
    assert sorted(await calls(ledger)) == ["calls.solver.b.0.1.1", "calls.solver.b.0.1.2"]


async def test_a_paid_reply_is_recorded_though_the_first_publish_fails(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.errors import LedgerUnavailable

    real, tries = ledger.publish_once, []

    async def flaky(subject: str, data: bytes, *, span: str | None = None) -> int | None:
        tries.append(subject)
        if len(tries) == 1:
            await real(subject, data)  # it landed, but the answer was lost
            raise LedgerUnavailable("no answer")
        return await real(subject, data)

    monkeypatch.setattr(ledger, "publish_once", flaky)
    monkeypatch.setattr("shared.llm.journal.RETRY_EVERY", 0.0)
    reply = await asking(ledger, Provider('{"answer": 1}'))("target", PROMPT, Number)
    assert reply.parsed.answer == 1
    assert len(await calls(ledger)) == 1
    assert len(tries) == 2


async def test_a_rivals_reply_that_cannot_be_read_back_yet_does_not_take_ours_off_the_bill(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of a replicated stream may lag behind the one that refused us."""
    both = asyncio.Barrier(2)
    rivals = [Provider('{"answer": 1}'), Provider('{"answer": 2}')]
    for rival in rivals:
        rival.before = both.wait  # type: ignore[assignment]
    real, looks = ledger.last, []

    async def lagging(subject: str, stream: str = "LEDGER") -> Any:
        looks.append(subject)
        return None if len(looks) < 5 else await real(subject, stream)

    monkeypatch.setattr(ledger, "last", lagging)
    await asyncio.gather(*(asking(ledger, rival)("target", PROMPT, Number) for rival in rivals))
    assert len(await calls(ledger)) == 2


async def test_no_call_begins_when_the_batch_has_stopped_but_recorded_ones_serve(ledger: Ledger) -> None:
    def stopped() -> None:
        raise Stopped("cancelled")

    provider = Provider('{"answer": 1}')
    with pytest.raises(Stopped):
        await asking(ledger, provider, may_begin=stopped)("target", PROMPT, Number)
    assert provider.paid == []
    await asking(ledger, provider)("target", PROMPT, Number)
    assert (await asking(ledger, provider, may_begin=stopped)("target", PROMPT, Number)).recorded


async def test_embeddings_are_journaled_too(ledger: Ledger) -> None:
    provider = Provider("")
    for recorded in (False, True):
        reply = await asking(ledger, provider).embed("some text")
        assert reply.parsed == [0.5, -1.5]
        assert reply.recorded is recorded
    assert provider.paid == ["some text"]
