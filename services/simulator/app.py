"""The simulator's server: OpenAI's wire format on localhost, with models that are programs."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import logging
import random
import signal
import sys
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from services.simulator import embedding, replies, tasks, wire
from services.simulator.bill import Bill
from services.simulator.plan import Fault, Plan, Progress, complaints
from shared.start import begin

log = logging.getLogger(__name__)

MAX_BODY = 8 * 1024**2  # bytes of a request
GRACE = 3.0  # s that calls in hand have at the end
ERRORS = frozenset({"429", "500", "503", "unknown_key", "no_quota"})  #: faults that are an error reply, unpaid
AT_ONCE = frozenset({"429", "unknown_key", "no_quota"})  #: a provider says these before any model works


class _HungUp(Exception):
    """The connection ends here, without a whole reply."""


class Simulator:
    """One server's state. The same requests get the same replies in whatever order they come, for one seed."""

    def __init__(self, data: Path, seed: int, plan: Plan) -> None:
        self.bill = Bill.open(data / "bill.jsonl")
        self.plan = self.first_plan = plan
        self.progress = Progress()
        self.closing = asyncio.Event()
        self._seed = seed
        self._seen: dict[bytes, int] = {}

    def set_plan(self, plan: Plan) -> None:
        self.plan, self.progress = plan, Progress()

    async def chat(self, http: web.Request) -> web.StreamResponse:
        raw = await http.read()
        request = wire.read_chat(wire.read_json(raw))
        try:
            task = tasks.task_of(request)
        except (LookupError, TypeError, AttributeError) as error:
            message = "The schema cannot be read."
            raise wire.WireError(400, message, param="response_format.json_schema.schema") from error
        name, rng = self._luck(raw)
        fault = await self._fate(http, request.model.name, task, rng)
        kind = fault.kind if fault else ""
        said = tasks.reply(task, request, request.model, rng, wrong=kind == "wrong_reference")
        if kind == "refused" or said.refused:
            reply = replies.completion(request, name, said.text if said.refused else replies.REFUSAL, refused=True)
        elif kind == "truncated":
            reply = replies.truncated(request, name, said.text)
        else:
            reply = replies.completion(request, name, replies.garbled(said.text) if kind == "malformed" else said.text)
        return await self._answer(http, request.model.name, task, kind, reply)

    async def embeddings(self, http: web.Request) -> web.StreamResponse:
        raw = await http.read()
        request = wire.read_embedding(wire.read_json(raw))
        _, rng = self._luck(raw)
        fault = await self._fate(http, request.model.name, "embed", rng)
        kind = fault.kind if fault else ""
        reply = replies.embeddings(request, [embedding.embed(text) for text in request.texts])
        if kind == "malformed":
            reply.body["data"] = []
        return await self._answer(http, request.model.name, "embed", kind, reply)

    def _luck(self, raw: bytes) -> tuple[str, random.Random]:
        """The reply's id, and the dice: by the seed, the request, and how often this very request came."""
        digest = hashlib.sha256(raw).digest()
        self._seen[digest] = seen = self._seen.get(digest, 0) + 1
        name = f"{digest.hex()[:24]}-{seen}"
        return name, random.Random(f"{self._seed}/{digest.hex()}/{seen}")

    async def _fate(self, http: web.Request, model: str, task: str, rng: random.Random) -> Fault | None:
        """Waits as long as the plan says; raises or never returns where its fault is no reply."""
        try:
            plan = self.plan.with_query(dict(http.query))
        except ValidationError as error:
            first = complaints(error)[0]
            raise wire.WireError(400, f"{first['field']}: {first['message']}", param=first["field"]) from error
        dice = random.Random(rng.random())
        fault = self.progress.draw(plan, model, task, dice)
        if fault and fault.kind in AT_ONCE:
            raise wire.fault(fault.kind, fault.retry_after)
        if seconds := plan.latency.draw(dice):
            await asyncio.sleep(seconds)
        if fault and fault.kind in ERRORS:
            raise wire.fault(fault.kind, fault.retry_after)
        if fault and fault.kind == "hang":
            await self.closing.wait()
            raise _HungUp
        return fault

    async def _answer(
        self, http: web.Request, model: str, task: str, kind: str, reply: replies.Completion
    ) -> web.StreamResponse:
        """Onto the bill, then out."""
        body = json.dumps(reply.body).encode()
        self.bill.charge(model, task, kind or "answered", reply.input_tokens, reply.output_tokens)
        if kind == "cut":
            await _cut(http, body)
        return web.Response(body=body, content_type="application/json")

    async def read_plan(self, _: web.Request) -> web.Response:
        return _sim(self.plan.model_dump(mode="json"))

    async def put_plan(self, http: web.Request) -> web.Response:
        try:
            self.set_plan(Plan.model_validate_json(await http.read()))
        except ValidationError as error:
            return _sim({"errors": complaints(error)}, status=422)
        return await self.read_plan(http)

    async def reset_plan(self, http: web.Request) -> web.Response:
        self.set_plan(self.first_plan)
        return await self.read_plan(http)

    async def read_bill(self, http: web.Request) -> web.Response:
        answer = self.bill.totals()
        if http.query.get("entries", "0") not in ("", "0"):
            since = http.query.get("since", "0")
            if not since.isdecimal() or len(since) > 15:
                problem = {"field": "since", "message": "a whole number is wanted"}
                return _sim({"errors": [problem]}, status=422)
            answer["entries"] = await asyncio.to_thread(self.bill.entries, int(since))
        return _sim(answer)


async def _cut(http: web.Request, body: bytes) -> NoReturn:
    """Half of the reply, then the end of the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(http)
    await response.write(body[: len(body) // 2])
    raise _HungUp


def _sim(body: dict[str, object], status: int = 200) -> web.Response:
    return web.json_response({"simulated": True, **body}, status=status)


async def _models(_: web.Request) -> web.Response:
    return web.json_response(wire.model_list())


async def _model(http: web.Request) -> web.Response:
    return web.json_response(wire.model_entry(http.match_info["name"]))


async def _healthz(_: web.Request) -> web.Response:
    return _sim({"status": "ok"})


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except wire.WireError as error:
        return web.json_response(error.body, status=error.status, headers=error.headers)
    except web.HTTPException as error:
        other = wire.WireError(error.status, f"{error.reason}: {request.method} {request.path}")
        return web.json_response(other.body, status=error.status)
    except _HungUp:
        if request.transport is not None:
            request.transport.close()
        return web.Response()  # goes nowhere


def create_app(data: Path, seed: int = 0, plan: Plan | None = None) -> web.Application:
    """The server as an aiohttp application; its bill is `data/bill.jsonl`. Serve it with `handler_cancellation`, else
    calls whose client has gone are billed."""
    simulator = Simulator(data, seed, plan or Plan())
    app = web.Application(middlewares=[_errors], client_max_size=MAX_BODY)
    app.add_routes(
        [
            web.post("/v1/chat/completions", simulator.chat),
            web.post("/v1/embeddings", simulator.embeddings),
            web.get("/v1/models", _models),
            web.get("/v1/models/{name}", _model),
            web.get("/healthz", _healthz),
            web.get("/sim/bill", simulator.read_bill),
            web.get("/sim/plan", simulator.read_plan),
            web.put("/sim/plan", simulator.put_plan),
            web.delete("/sim/plan", simulator.reset_plan),
        ]
    )

    async def shut_down(_: web.Application) -> None:
        simulator.closing.set()

    async def clean_up(_: web.Application) -> None:
        simulator.bill.close()

    app.on_shutdown.append(shut_down)
    app.on_cleanup.append(clean_up)
    return app


def runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=GRACE)


async def serve(host: str, port: int, data: Path, seed: int = 0, plan: Plan | None = None) -> None:
    """Until SIGTERM or SIGINT. OSError where the port is taken."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopped.set)
    served = runner(create_app(data, seed, plan))
    await served.setup()
    try:
        await web.TCPSite(served, host, port, backlog=1024).start()
        host, port = served.addresses[0][:2]
        log.info("the simulator listens", extra={"url": f"http://{host}:{port}", "bill": data / "bill.jsonl"})
        await stopped.wait()
    finally:
        await served.cleanup()


def run(host: str, port: int, data: Path, seed: int = 0, plan: Plan | None = None) -> None:
    """Blocking. Exits with 1 and one line on stderr where it cannot listen."""
    try:
        asyncio.run(serve(host, port, data, seed, plan))
    except OSError as error:
        reason = "the port is taken" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        print(f"The simulator cannot listen on {host}:{port}: {reason}", file=sys.stderr)
        sys.exit(1)


def main() -> None:
    """Blocking, as the settings say."""
    known = begin("simulator")
    url = urlsplit(known.simulator_url)
    run(url.hostname or "127.0.0.1", url.port or 80, known.data_dir / "simulator")
