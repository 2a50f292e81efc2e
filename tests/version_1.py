"""What a version of before lines left behind, a batch half done: its messages, its store's file, its requests.

See tests/data/version_1/README.md.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import sqlite3
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from shared.embedded import NatsServer
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store import open_store
from shared.store.protocols import Store

FILES = Path(__file__).with_name("data") / "version_1"
CONDITION = "Nats-Expected-"  #: headers that were true when the message was published
FORGOTTEN = ("KV_replicas", "KV_leases")  #: their entries live for seconds
FILLER = {
    "LEDGER": "batches.requested.filler",
    "DEAD": "dead.filler",
    "VECTORS": "vectors.filler",
    "KV_controls": "$KV.controls.filler",
    "KV_floors": "$KV.floors.filler",
}  #: takes a sequence number whose message was gone


@dataclass(frozen=True, slots=True)
class Message:
    stream: str
    seq: int
    subject: str
    headers: dict[str, str]
    data: bytes
    is_last: bool = False  #: no message: the stream's last used number


@cache
def messages() -> tuple[Message, ...]:
    """Of each stream in order, each stream closed by its last number."""
    return tuple(_message(json.loads(line)) for line in _read("messages.jsonl").splitlines())


def _message(line: dict[str, Any]) -> Message:
    if "last" in line:
        return Message(line["stream"], line["last"], "", {}, b"", is_last=True)
    data = base64.b64decode(line["base64"]) if "base64" in line else line["text"].encode()
    return Message(line["stream"], line["seq"], line["subject"], line["headers"], data)


def facts(*prefixes: str) -> list[Message]:
    """The messages whose subjects begin so, in whichever stream."""
    return [m for m in messages() if not m.is_last and m.subject.startswith(prefixes)]


@cache
def http() -> dict[str, Any]:
    """`batches`: name -> id, Idempotency-Key and body; `replies`: path -> what the gateway said of the ended one."""
    found: dict[str, Any] = json.loads(_read("http.json"))
    return found


def batch_id(name: str) -> str:
    return str(http()["batches"][name]["id"])


def _read(name: str) -> bytes:
    return gzip.decompress((FILES / f"{name}.gz").read_bytes())


def stored_calls() -> list[dict[str, Any]]:
    """The rows of calls in the SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        put_store(Path(folder))
        connection = sqlite3.connect(Path(folder, "stumper.db"))
        rows = connection.execute("SELECT row FROM calls").fetchall()
        connection.close()
    return [json.loads(row) for (row,) in rows]


def holds(found: Any, before: Any) -> bool:
    """Whether all that `before` says is said still."""
    if isinstance(before, dict):
        return isinstance(found, dict) and all(k in found and holds(found[k], v) for k, v in before.items())
    if isinstance(before, list):
        return isinstance(found, list) and len(found) == len(before) and all(map(holds, found, before))
    return bool(found == before)


def put_store(folder: Path) -> None:
    """The SQLite file, in the data folder."""
    (folder / "stumper.db").write_bytes(_read("stumper.db"))


async def put_messages(ledger: Ledger) -> None:
    """Into fresh streams, each at the sequence number that it had."""
    await ledger.ensure()
    for stream, ours in groupby(messages(), key=lambda message: message.stream):
        if stream not in FORGOTTEN:
            await _put_stream(ledger, stream, list(ours))


async def _put_stream(ledger: Ledger, stream: str, ours: list[Message]) -> None:
    filler, seq = FILLER[stream], 0
    for message in ours:
        while seq < message.seq - (not message.is_last):
            seq = await ledger.publish(filler, b"", {}) or 0
        if not message.is_last:
            headers = {name: value for name, value in message.headers.items() if not name.startswith(CONDITION)}
            seq = await ledger.publish(message.subject, message.data, headers) or 0
            assert seq == message.seq
    await ledger.purge_subject(filler, stream=stream)
    state = await ledger.state(stream)
    assert (state.last, state.messages) == (ours[-1].seq, len(ours) - 1)


async def put_checkpoint(ledger: Ledger, store: Store) -> None:
    """The ledger's messages are as old as this test; let the store take it for the one that it knows all the same."""
    saved = await store.checkpoints.get("conductor")
    assert saved is not None
    state, fact = await ledger.state(), await ledger.at(saved["seq"])
    assert fact is not None, "the message at the checkpoint is there, so it proves something"
    fitted = saved | {"created": state.created, "time": fact.time}
    assert await store.checkpoints.swap("conductor", saved, fitted)


async def restore(folder: Path, *, same_ledger: bool) -> NatsServer:
    """A data folder as that version left it, with its NATS running.

    `same_ledger`: it is recognised as the one that the store's checkpoint is of; else a new epoch will begin.
    """
    put_store(folder)
    server = NatsServer(folder)
    url = await asyncio.to_thread(server.start)
    known = Settings(_env_file=None, nats_url=url, data_dir=folder, ledger_max_bytes=256 * 1024**2)
    ledger = await Ledger.connect(known, "tests")
    try:
        await put_messages(ledger)
        if same_ledger:
            async with await open_store(known) as store:
                await put_checkpoint(ledger, store)
    finally:
        await ledger.close()
    return server
