"""The real stack on free ports: each service a process of its own that a test may kill, freeze, end and start again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from shared import lines
from shared.children import die_with_parent
from shared.consumers import backlog, consumer
from shared.contracts.batch import Batch
from shared.contracts.statuses import BatchStatus
from shared.embedded import NatsServer, free_port
from shared.errors import LedgerUnavailable, StoreUnavailable, Unavailable
from shared.ledger import Ledger
from shared.replica import replicas
from shared.settings import Settings
from shared.store import open_store
from tests.system.cluster import Cluster

ROOT = Path(__file__).parents[2]
WITHIN = 90.0  # s; nothing here takes a third of it on a free machine

STAGES = lines.STAGES
SERVICES = ("simulator", "gateway", "conductor", *STAGES)  #: the assistant is started by those who ask it
QUICK = {"ACK_WAIT": "3", "LEASE": "2", "SWEEP_EVERY": "1", "FAULT_DELAY": "0.2", "WAIT_IN_PLACE": "2"}


class Process:
    """One replica over all its lives; all of them write into one log."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.service = name.partition(".")[0]
        self.command = command
        self.environment = environment
        self.log = folder / f"{name}.log"
        self.special = False  #: with settings of its own
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        assert not self.alive, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and gone when this returns."""
        if self.alive:
            self.send(signal.SIGKILL)
            assert self._process is not None
            self._process.wait()

    def ask_to_end(self) -> None:
        """SIGTERM; a frozen one is thawed, else it would not hear it."""
        if self.alive:
            self.send(signal.SIGTERM)
            self.send(signal.SIGCONT)

    async def ended(self, within: float = 60.0) -> int:
        """Its exit code, once it has ended."""
        await until(lambda: not self.alive, f"{self.name} ends", within)
        assert self._process is not None
        code = self._process.poll()
        assert code is not None
        return code


async def until(condition: Callable[[], Any], what: str, within: float = WITHIN) -> Any:
    """The first true value of a condition, which may be a coroutine function."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"it never came true that {what}"
        await asyncio.sleep(0.03)


class Stack:
    """`await Stack.up(folder)`; afterwards `close()`. `nats` may be a cluster."""

    def __init__(
        self, folder: Path, *, mongo_url: str | None = None, nats: NatsServer | Cluster | None = None, **settings: str
    ) -> None:
        self.folder = folder
        self.nats = nats or NatsServer(folder)
        self.processes: dict[str, Process] = {}
        self.in_flight_at_kills = 0  #: messages that killed stages held, since `new_account`
        self._billed_before = 0  #: calls on the simulator's bill
        self._logged: dict[str, int] = {}
        self._known = QUICK | settings
        self._mongo_url = mongo_url
        self._ports = (free_port(), free_port())

    # ---- life

    async def up(self) -> Stack:
        url = self.nats.url if self.nats.alive else await asyncio.to_thread(self.nats.start)
        gateway, simulator = self._ports
        ours = {
            "NATS_URL": url,
            "DATA_DIR": str(self.folder),
            "HOST": "127.0.0.1",
            "PORT": str(gateway),
            "SIMULATOR_URL": f"http://127.0.0.1:{simulator}",
            "LEDGER_MAX_BYTES": str(256 * 1024**2),
        }
        if self._mongo_url:
            ours |= {"MONGO_URL": self._mongo_url, "MONGO_DATABASE": f"test_{uuid.uuid4().hex}"}
        self._known = ours | self._known
        self.settings = Settings(_env_file=None, **{k.lower(): v for k, v in self._known.items()})
        self.api = httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway}", trust_env=False, timeout=30)
        self.simulator = httpx.AsyncClient(base_url=self.settings.simulator_url, trust_env=False, timeout=30)
        self.ledger = await Ledger.connect(self.settings, "tests")
        self.store = await open_store(self.settings)
        await self.start(*SERVICES)
        return self

    async def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        await self.api.aclose()
        await self.simulator.aclose()
        await self.ledger.close()
        if self._mongo_url:
            await self._drop_database()
        await self.store.close()
        await asyncio.to_thread(self.nats.stop)

    async def _drop_database(self) -> None:
        import pymongo

        async with pymongo.AsyncMongoClient[dict[str, Any]](self._mongo_url) as client:
            await client.drop_database(self.settings.mongo_database)

    async def start(self, *names: str, ready: bool = True, **settings: str) -> None:
        """Start (again) each named process, `checker` or `checker.2`, and wait until all of them are ready."""
        for name in names:
            self._process(name, settings).start()
        for name in names if ready else ():
            await until(lambda name=name: self._is_ready(name), f"{name} is ready")  # type: ignore[misc]

    def _process(self, name: str, settings: dict[str, str]) -> Process:
        process = self.processes.get(name)
        if process is None:
            process = self.processes[name] = Process(name, self.command(name), self.folder, {})
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("STUMPER_", "OPENAI_"))}
        given = {f"STUMPER_{key}": value for key, value in (self._known | settings).items()}
        process.special = bool(settings)
        process.environment = kept | {"PYTHONPATH": str(ROOT)} | given
        return process

    def command(self, name: str) -> list[str]:
        service = name.partition(".")[0]
        match service:
            case "simulator":
                return [sys.executable, "-m", "services.simulator"]
            case "gateway":
                return [sys.executable, "-m", "services.gateway.app"]
        return [sys.executable, "-m", "faststream", "run", f"services.{service}.app:app"]

    async def _is_ready(self, name: str) -> bool:
        process = self.processes[name]
        assert process.alive, f"{name} ended:\n{process.log.read_text()[-3000:]}"
        try:
            match process.service:
                case "simulator":
                    return (await self.simulator.get("/healthz")).status_code == 200
                case "gateway":
                    health = (await self.api.get("/api/health")).json()
                    return bool(health["store"]["ok"] and health["ledger"]["ok"])
            return process.pid in {replica["pid"] for replica in await replicas(self.ledger)}
        except (httpx.HTTPError, LedgerUnavailable):
            return False

    async def restore(self) -> None:
        """As it was after `up`, whatever a test has done."""
        if not self.nats.alive:
            await asyncio.to_thread(self.nats.start)
        for name, process in list(self.processes.items()):
            if process.alive:
                process.send(signal.SIGCONT)
            if name not in SERVICES:
                process.kill()
                del self.processes[name]
            elif process.special:
                process.kill()
        dead = [name for name in SERVICES if not self.processes[name].alive]
        await self.start(*dead)
        await self.simulator.delete("/sim/plan")
        for batch in await self.store.batches.open():
            if not batch.standing and (not batch.ended or batch.in_flight):
                await self.api.post(f"/api/generation/{batch.id}/cancel")
                await self.ended(batch.id)

    # ---- what tests do to it

    async def kill(self, *names: str) -> None:
        """SIGKILL, of `nats` too."""
        for name in names:
            if name == "nats":
                await asyncio.to_thread(self.kill_nats)
                continue
            process = self.processes[name]
            process.kill()
            if process.service in STAGES:
                self.in_flight_at_kills += await self.held(process.service)

    def kill_nats(self) -> None:
        assert isinstance(self.nats, NatsServer)
        assert self.nats.pid is not None
        os.kill(self.nats.pid, signal.SIGKILL)
        while self.nats.alive:
            time.sleep(0.01)

    async def revive(self, *names: str, ready: bool = True) -> None:
        """Start again what was killed, `nats` too."""
        if "nats" in names:
            await asyncio.to_thread(self.nats.start)
        await self.start(*(name for name in names if name != "nats"), ready=ready)

    def freeze(self, name: str) -> None:
        self.processes[name].send(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.processes[name].send(signal.SIGCONT)

    async def held(self, stage: str) -> int:
        """Messages of any line that were delivered to replicas of the stage and not acked; a dead one's count too."""
        durables = {line.consumer(stage) for line in lines.LINES.values() if stage in line.stages}
        infos = [await consumer(self.ledger, durable) for durable in durables]
        return sum(int(info["num_ack_pending"]) for info in infos if info)

    async def replica(self, name: str) -> dict[str, Any]:
        """Its last heartbeat; {} where it has none."""
        pid = self.processes[name].pid
        return next((r for r in await replicas(self.ledger) if r["pid"] == pid), {})

    # ---- batches

    async def create(self, wanted: int, *, patiently: bool = False, **body: Any) -> str:
        """A batch accepted through the API; its id. `patiently`: a 503 is tried again, as its header asks."""
        body = {"num_problems": wanted, "taxonomy": TAXONOMY} | body
        answer = await self.api.post("/api/generation", json=body)
        while patiently and answer.status_code == 503:
            await asyncio.sleep(0.1)
            answer = await self.api.post("/api/generation", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["batch_id"])

    async def status(self, batch_id: str) -> dict[str, Any]:
        answer = await self.api.get(f"/api/generation/status/{batch_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def batch(self, batch_id: str) -> Batch:
        """As the store has it, waiting for a store that is away."""
        while True:
            try:
                found = await self.store.batches.get(batch_id)
            except StoreUnavailable:
                await asyncio.sleep(0.2)
                continue
            assert found is not None
            return found

    async def reaches(self, batch_id: str, valid: int, holding: str | None = None, within: float = WITHIN) -> Batch:
        """The batch once it has so many valid problems and is still running, with work in the hands of that stage."""

        async def far_enough() -> Batch | None:
            batch = await self.batch(batch_id)
            assert not batch.ended, f"too late: it is {batch.status}"
            if batch.counts.get("valid", 0) < valid or (holding and not await self.held(holding)):
                return None
            return batch

        found: Batch = await until(far_enough, f"{batch_id} has {valid} valid", within)
        return found

    async def ended(
        self, batch_id: str, status: BatchStatus | None = None, within: float = WITHIN, **expected: int
    ) -> Batch:
        """The batch at its end, with nothing in flight."""

        async def over() -> Batch | None:
            batch = await self.batch(batch_id)
            return batch if batch.ended and not batch.in_flight else None

        try:
            found: Batch = await until(over, f"{batch_id} ends", within)
        except AssertionError as error:
            batch = await self.batch(batch_id)
            raise AssertionError(f"{error}: {batch.status}, {batch.counts}, {batch.reasons}, {batch.error}") from None
        assert status is None or found.status is status, (found.status, found.counts, found.error)
        assert expected.items() <= found.counts.items()
        return found

    async def settled(self) -> None:
        """No stage has work, and the conductor has read all that the ledger holds."""

        async def still() -> bool:
            if any((await backlog(self.ledger)).values()):
                return False
            checkpoint = await self.store.checkpoints.get("conductor")
            return checkpoint is not None and int(checkpoint["seq"]) >= (await self.ledger.state()).last

        await until(still, "all is settled")

    # ---- the simulator

    async def simulate(self, latency: float | dict[str, Any] = 0.0, *faults: dict[str, Any]) -> None:
        """From now on its calls take so long, and go wrong so."""
        answer = await self.simulator.put("/sim/plan", json={"latency": latency, "faults": faults})
        assert answer.status_code == 200, answer.text

    async def new_account(self) -> None:
        """From here on counts what `billed` and `in_flight_at_kills` say."""
        self.in_flight_at_kills = 0
        self._billed_before = (await self.simulator.get("/sim/bill")).json()["calls"]
        self._logged = {p.name: p.log.stat().st_size for p in self.processes.values()}

    async def billed(self) -> list[dict[str, Any]]:
        """The calls that the simulator answered since `new_account`; at most 10,000."""
        answer = await self.simulator.get("/sim/bill", params={"entries": 1, "since": self._billed_before})
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    def logged(self) -> dict[str, list[str]]:
        """Process -> its log's lines since `new_account`."""
        found = {}
        for process in self.processes.values():
            with process.log.open("rb") as file:
                file.seek(self._logged.get(process.name, 0))
                found[process.name] = file.read().decode(errors="replace").splitlines()
        return found


TAXONOMY = {
    "Algebra": {t: {"level": "Graduate"} for t in ("Polynomials and their roots", "Systems of linear equations")},
    "Calculus": {t: {"level": "Graduate"} for t in ("Integration by parts", "Limits")},
    "Number Theory": {t: {"level": "Graduate"} for t in ("Modular arithmetic", "Chinese remainder theorem")},
    "Combinatorics": {"Counting": {"level": "Graduate"}},
    "Probability": {"Expected value": {"level": "Graduate"}, "Random walks": {"level": "Graduate"}},
    "Linear Algebra": {"Determinants": {"level": "Graduate"}},
}

__all__ = ["Process", "Stack", "Unavailable", "until"]
