"""What is on the bill: what was paid, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.contracts.envelope import ModelSpec
from shared.errors import Permanent, Transient, Waiting
from shared.llm.bill import RawReply
from shared.llm.clients import ModelClients, open_wire
from shared.llm.wire import Answer, Charged, Empty, Lost, Wire
from tests.contract.test_providers.server import Server, ask, chat, fault, model, says, settings

PAID = {"prompt_tokens": 7, "completion_tokens": 3}


@pytest.fixture
def losses() -> list[RawReply]:
    return []


async def complete(clients: ModelClients, provider: str, losses: list[RawReply]) -> RawReply:
    async def lose(raw: RawReply) -> None:
        losses.append(raw)

    spec = ModelSpec(provider=provider, model_name="some-model")
    return await clients.complete(spec, "", "x", None, may_begin=lambda: None, lost=lose)


async def test_an_error_in_a_200_is_not_paid_and_not_counted(wire: Wire, server: Server) -> None:
    server.script = [says({"error": {"message": "Insufficient credits", "code": 402}})]
    assert type(await fault(wire)) is Permanent


async def test_one_with_a_usage_is_on_the_bill_with_it(
    clients: ModelClients, server: Server, provider: str, losses: list[RawReply]
) -> None:
    server.script = [says({"error": {"message": "hm"}, "usage": PAID}), says(chat("fine"))]
    raw = await complete(clients, provider, losses)
    assert raw.text == "fine"
    assert [(lost.finish, lost.input_tokens, lost.output_tokens, lost.estimated) for lost in losses] == [
        ("error", 7, 3, False)
    ]


async def test_a_refusal_by_a_filter_with_a_usage_was_paid(wire: Wire, server: Server) -> None:
    server.script = [says({"error": {"message": "Your input was flagged", "code": 403}, "usage": PAID})]
    assert await ask(wire) == Answer("Your input was flagged", "refused", 7, 3)


async def test_empty_replies_cost_nothing_and_wait(
    clients: ModelClients, server: Server, provider: str, losses: list[RawReply]
) -> None:
    server.script = [says({"choices": []})]
    with pytest.raises(Waiting) as caught:
        await complete(clients, provider, losses)
    assert caught.value.kind == "empty"
    assert losses == []
    (waiting,) = clients.waiting()
    assert waiting["model"] == f"{provider}/some-model"
    assert "no reply" in waiting["words"]


async def test_a_stream_that_nobody_asked_for_was_paid_as_it_says(wire: Wire, server: Server) -> None:
    chunks = [{"choices": [{"delta": {"content": "x"}}]}, {"choices": [], "usage": PAID}]
    server.script = [says("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n")]
    with pytest.raises(Charged) as caught:
        await ask(wire)
    assert type(caught.value.fault) is Empty
    assert (caught.value.bill.input_tokens, caught.value.bill.output_tokens) == (7, 3)


async def test_the_reply_names_its_model_its_cached_input_and_its_price(wire: Wire, server: Server) -> None:
    usage = {**PAID, "prompt_tokens_details": {"cached_tokens": 5}, "cost": 0.001}
    server.script = [says({**chat(), "model": "some-model-2026", "usage": usage})]
    assert await ask(wire) == Answer("ok", "stop", 7, 3, 5, 1_000_000, "some-model-2026")


@pytest.mark.parametrize("named", [None, 5, ["x"], "x" * 1000])
async def test_what_is_no_name_of_a_model_is_none(wire: Wire, server: Server, named: Any) -> None:
    server.script = [says({**chat(), "model": named})]
    assert (await ask(wire)).model == ""


async def test_an_address_without_its_version_is_named(server: Server) -> None:
    server.script = [says("<html>not found</html>", 404)]
    wire = open_wire("openai", settings("openai", server.url, openai_base_url=server.url))
    error = await fault(wire)
    await wire.close()
    assert type(error) is Permanent
    assert f"(asked {server.url}/chat/completions)" in str(error)


# connections that are kept


class Closing:
    """Answers the first request on each connection, and closes at the second: as a server does whose idle time ended
    just then."""

    def __init__(self, *, reset: bool, after: bytes = b"") -> None:
        self.reset = reset
        self.after = after  #: sent of the second reply
        self.worked_on = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._request(reader)
        self.worked_on += 1
        body = json.dumps(chat("fine")).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()
        await self._request(reader)
        writer.write(self.after)
        if self.reset:
            writer.transport.abort()
        writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))


@asynccontextmanager
async def listening(closing: Closing) -> AsyncIterator[Closing]:
    server = await asyncio.start_server(closing.serve, "127.0.0.1", 0)
    closing.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield closing
    server.close()


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_connection_closed_between_two_requests_is_not_paid_and_asked_again(
    reset: bool, provider: str, losses: list[RawReply]
) -> None:
    async with listening(Closing(reset=reset)) as closing:
        clients = ModelClients(settings(provider, closing.url))
        for _ in range(4):
            assert (await complete(clients, provider, losses)).text == "fine"
        await clients.close()
    assert losses == []
    assert closing.worked_on == 4
    assert clients.waiting() == []


async def test_one_that_began_to_answer_may_have_been_paid(provider: str) -> None:
    after = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
    async with listening(Closing(reset=False, after=after)) as closing:
        wire = open_wire(provider, settings(provider, closing.url))
        await ask(wire)
        with pytest.raises(Transient) as caught:
            await wire.complete(model(), "", "x", None)
        await wire.close()
    assert type(caught.value) is Lost


# a look whether anybody is there


async def test_a_knock_costs_nothing_and_takes_any_answer(wire: Wire, server: Server) -> None:
    for status in (200, 401, 404, 405, 500, 501):
        server.script = [says({}, status)]
        await wire.knock(model())
    assert {(request.method, request.path) for request in server.seen} == {("GET", "/v1/models")}


async def test_a_knock_where_nobody_is(provider: str, unused_tcp_port: int) -> None:
    wire = open_wire(provider, settings(provider, f"http://127.0.0.1:{unused_tcp_port}"))
    with pytest.raises(Transient, match="cannot connect"):
        await wire.knock(model())
    await wire.close()
