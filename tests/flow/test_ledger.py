"""The ledger on a real nats-server: one fact a subject, whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from shared import subjects
from shared.contracts.problem import Problem
from shared.contracts.statuses import Flag
from shared.controls import read_flags, set_flag
from shared.embedded import NatsServer
from shared.errors import LedgerUnavailable, Stopped
from shared.flags import Flags
from shared.ledger import Ledger
from shared.replica import heartbeat, leave, replicas
from shared.settings import Settings
from shared.streams import LEASES
from tests.flow.world import MODELS
from tests.frozen import freeze


async def test_a_fact_is_published_once(ledger: Ledger) -> None:
    subject = subjects.station("problems", "checker", "b", 1, 2)
    assert await ledger.publish_once(subject, b"one") == 1
    assert await ledger.publish_once(subject, b"two") is None
    fact = await ledger.last(subject)
    assert fact is not None
    assert fact.data == b"one"
    assert abs(fact.time - time.time()) < 60


async def test_a_hop_has_one_successor_among_rival_stages(ledger: Ledger) -> None:
    span = subjects.hop_span("problems", "b", 7, 3)
    for race in range(20):
        span = subjects.hop_span("problems", "b", race, 3)
        rivals = [
            ledger.publish_once(subjects.station("problems", stage, "b", race, 3), b"", span=span)
            for stage in ("checker", "solver", "embedder", "parked", "finished") * 4
        ]
        won = [seq for seq in await asyncio.gather(*rivals) if seq is not None]
        assert len(won) == 1
    assert len(await ledger.read(0)) == 20


async def test_spans_do_not_reach_into_other_slots_or_hops(ledger: Ledger) -> None:
    for slot, hop in ((1, 1), (1, 11), (11, 1), (111, 1)):
        span = subjects.hop_span("problems", "b", slot, hop)
        assert await ledger.publish_once(subjects.station("problems", "solver", "b", slot, hop), b"", span=span)


async def test_reading_pages_and_filters(ledger: Ledger) -> None:
    for slot in range(30):
        await ledger.publish_once(
            subjects.station("problems", "engineer" if slot % 2 else "checker", "b", slot, 0), b"%d" % slot
        )
    first = await ledger.read(0, limit=12)
    rest = await ledger.read(first[-1].seq, limit=100)
    assert [int(f.data) for f in first + rest] == list(range(30))
    odd = await ledger.read(0, subject="problems.engineer.>")
    assert [int(f.data) for f in odd] == list(range(1, 30, 2))
    assert await ledger.read(rest[-1].seq) == []
    assert (await ledger.last("problems.*.b.*.0")).data == b"29"
    assert await ledger.last("problems.*.c.>") is None
    assert await ledger.at(first[3].seq) == first[3]


async def test_republished_headers_do_not_leak_conditions(ledger: Ledger) -> None:
    """What is read holds the data only: nothing of a fact's `Nats-*` headers can reach a second publish."""
    await ledger.publish_once("problems.parked.b.1.1", b"x")
    fact = (await ledger.read(0))[0]
    assert await ledger.publish_once("problems.engineer.b.1.2", fact.data) is not None


async def test_flags_are_set_cleared_and_forgotten(ledger: Ledger) -> None:
    assert await read_flags(ledger) == {}
    await set_flag(ledger, "a", Flag.CANCELLED)
    await set_flag(ledger, "b", Flag.PAUSED)
    await set_flag(ledger, "b", Flag.ENDED)
    assert await read_flags(ledger) == {"a": Flag.CANCELLED, "b": Flag.ENDED}
    await set_flag(ledger, "a", None)
    assert await read_flags(ledger) == {"b": Flag.ENDED}


async def test_replicas_come_and_go(ledger: Ledger) -> None:
    replica = {"service": "checker", "id": "x", "started_at": 1.0, "at": time.time()}
    for rubbish in (b"{}", b"[]", b"\xff", b'{"service": "checker", "id": "x", "started_at": 1.0, "at": 5.0}'):
        await ledger.publish("$KV.replicas.rubbish", rubbish, {})
        assert await replicas(ledger) == [], "neither rubbish nor long silent"
    await heartbeat(ledger, replica)
    await heartbeat(ledger, replica | {"holding": 3})
    assert await replicas(ledger) == [replica | {"holding": 3}]
    await leave(ledger, replica)
    assert await replicas(ledger) == []


async def test_purging_a_batch_leaves_the_others(ledger: Ledger) -> None:
    for batch in ("a", "b"):
        await ledger.publish_once(subjects.batch_requested(batch), b"")
        await ledger.publish_once(subjects.station("problems", "engineer", batch, 0, 0), b"")
        await ledger.publish_once(subjects.call("engineer", batch, 0, 0, 1), b"")
        await ledger.publish(subjects.vector(batch, batch, 0), b"", {})
    await ledger.purge("a", vectors=True, dead=True)
    left = [f.subject for f in await ledger.read(0)] + [f.subject for f in await ledger.read(0, stream="VECTORS")]
    assert len(left) == 4
    assert all(".b" in subject for subject in left)


async def test_the_declaration_is_the_same_for_all(ledger: Ledger, config: Settings) -> None:
    """Rivals that declare at once agree, and a lease bucket takes messages with a lifetime."""
    others = [await Ledger.connect(config, f"rival-{i}") for i in range(4)]
    for stream in await ledger.js.streams_info():
        await ledger.js.delete_stream(stream.config.name)
    results = await asyncio.gather(*(other.ensure() for other in others), return_exceptions=True)
    assert not [r for r in results if r is not None and not isinstance(r, LedgerUnavailable)]
    await ledger.ensure()
    assert (await ledger.js.stream_info(f"KV_{LEASES}")).config.allow_msg_ttl
    for other in others:
        await other.close()


async def test_a_lost_server_is_unavailable_and_then_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("own")
    server = NatsServer(folder)
    url = server.start()
    port = int(url.rsplit(":", 1)[1])
    ledger = await Ledger.connect(Settings(_env_file=None, nats_url=url), "test")
    try:
        await ledger.ensure()
        await ledger.publish_once("problems.engineer.b.0.0", b"kept")
        server.stop()
        with pytest.raises(LedgerUnavailable):
            await Ledger.connect(Settings(_env_file=None, nats_url=url), "second", wait=0.5)
        server.start(port=port)
        while True:  # the client comes back by itself
            try:
                fact = await ledger.last("problems.engineer.b.0.0")
                break
            except LedgerUnavailable:
                continue
        assert fact is not None
        assert fact.data == b"kept"
        assert await ledger.publish_once("problems.engineer.b.0.0", b"again") is None
    finally:
        await ledger.close()
        server.stop()


async def test_who_waits_for_a_server_that_dies_hears_at_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.ledger.TIMEOUT", 3600.0)
    server = NatsServer(tmp_path_factory.mktemp("dies"))
    ledger = await Ledger.connect(Settings(_env_file=None, nats_url=server.start()), "test")
    try:
        await ledger.ensure()
        assert server.pid is not None
        freeze(server.pid)
        waiting = [
            asyncio.create_task(ledger.publish_once("problems.engineer.b.0.0", b"x")),
            asyncio.create_task(ledger.read(0)),
            asyncio.create_task(ledger.last("problems.>")),
        ]
        await asyncio.wait(waiting, timeout=0.1)  # they are out
        os.kill(server.pid, signal.SIGKILL)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [LedgerUnavailable] * 3
        while server.alive:  # a kill is not heard of at once
            await asyncio.sleep(0.01)
        server.start()
        await ledger.publish_once("problems.engineer.b.1.0", b"x")
        assert len(await ledger.read(0)) >= 1
    finally:
        await ledger.close()
        server.stop()


async def test_a_bucket_that_is_gone_is_no_empty_bucket(ledger: Ledger) -> None:
    """Nobody may take silence for `no batch is cancelled`."""
    await set_flag(ledger, "b", Flag.CANCELLED)
    await ledger.js.delete_stream("KV_controls")
    with pytest.raises(LedgerUnavailable):
        await read_flags(ledger)
    with pytest.raises(LedgerUnavailable):
        await ledger.last("x.y", "KV_controls")


async def test_words_that_are_no_flags_are_passed_over(ledger: Ledger) -> None:
    await ledger.publish("$KV.controls.a", b"\xffwhat", {})
    await set_flag(ledger, "b", Flag.ENDED)
    assert await read_flags(ledger) == {"b": Flag.ENDED}


async def test_what_is_too_large_is_not_tried_for_ever(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="larger than NATS takes"):
        await ledger.publish_once("problems.checker.b.0.0", b"x" * 2_000_000)


async def test_flags_that_may_be_old_let_nothing_begin(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process slept, or was cut off: what it last heard proves nothing."""
    problem = Problem(batch_id="b", slot=0, hop=0, route=[], models=MODELS, subject="s", topic="t")
    flags = Flags(ledger)
    await flags.follow()
    flags.check(problem)
    woken = time.time() + 3600
    monkeypatch.setattr("shared.flags.time.time", lambda: woken)
    with pytest.raises(LedgerUnavailable):
        flags.check(problem)
    await flags.reread()
    flags.check(problem)
    ledger._lifeline.break_off()
    with pytest.raises(LedgerUnavailable):
        flags.check(problem)
    await set_flag(ledger, "b", Flag.CANCELLED)
    await flags.reread()
    with pytest.raises(Stopped):
        flags.check(problem)
