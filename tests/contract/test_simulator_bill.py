"""The simulator's bill and its process: nothing that was answered is lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from services.simulator.models import MODELS
from tests.contract.simulated import ROOT, Simulator, clients, plain, process, serving


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with serving(tmp_path) as running:
        yield running


class TestBill:
    async def test_counts_every_answered_call_over_restarts(self, tmp_path: Path) -> None:
        usage: list[tuple[str, int, int]] = []

        async def call(simulator: Simulator, model: str) -> None:
            made = await simulator.sdk.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Hello"}]
            )
            assert made.usage is not None
            usage.append((model, made.usage.prompt_tokens, made.usage.completion_tokens))

        async with serving(tmp_path) as simulator:
            await asyncio.gather(*(call(simulator, model) for model in ("sim-strong", "sim-weak") * 3))
            await simulator.sdk.embeddings.create(model="sim-embed", input="four")
        with (tmp_path / "bill.jsonl").open("ab") as file:
            file.write(b'{"at":1,"model":"sim-st')  # a kill in the middle of a line
        async with serving(tmp_path) as simulator:
            await call(simulator, "sim-strong")
            bill = await simulator.bill("?entries=1&since=6")
        assert bill["simulated"] is True
        assert bill["calls"] == 8
        assert bill["cost_nano"] == 20 + sum(MODELS[name].cost(into, out) for name, into, out in usage)
        assert bill["cost_usd"] == pytest.approx(bill["cost_nano"] / 1e9)
        assert bill["by_model"]["sim-strong"]["calls"] == 4
        assert bill["by_model"]["sim-strong"]["output_tokens"] == sum(
            out for name, _, out in usage if name == "sim-strong"
        )
        assert [(entry["n"], entry["model"]) for entry in bill["entries"]] == [(7, "sim-embed"), (8, "sim-strong")]

    async def test_a_since_that_is_no_number(self, simulator: Simulator) -> None:
        assert (await simulator.bill("?entries=1&since=x"))["errors"][0]["field"] == "since"


class TestProcess:
    async def test_sigkill_loses_nothing_that_was_answered(self, tmp_path: Path) -> None:
        answered = 0
        with process(tmp_path, "--port", "0") as (child, url):
            async with clients(url) as simulator:

                async def keep_asking() -> None:
                    nonlocal answered
                    with contextlib.suppress(openai.APIConnectionError):
                        while True:
                            await simulator.ask(plain("Hello"), None)
                            answered += 1
                            if answered == 20:
                                child.kill()

                await asyncio.gather(*(keep_asking() for _ in range(4)))
            child.wait()
        async with serving(tmp_path) as simulator:
            calls = (await simulator.bill())["calls"]
        assert answered <= calls <= answered + 4  # those in flight at the kill

    async def test_a_taken_port_is_one_line(self, tmp_path: Path, simulator: Simulator) -> None:
        port = simulator.url.rpartition(":")[2]
        command = [sys.executable, "-m", "services.simulator", "--data", str(tmp_path / "other"), "--port", port]
        child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
        _, told = await child.communicate()
        assert child.returncode == 1
        assert told.decode().splitlines() == [f"The simulator cannot listen on 127.0.0.1:{port}: the port is taken"]

    async def test_sigterm_ends_it_and_its_plan_comes_from_a_file(self, tmp_path: Path) -> None:
        plan = tmp_path / "plan.json"
        plan.write_text('{"faults": [{"kind": "503"}]}')
        with process(tmp_path, "--port", "0", "--plan", str(plan)) as (child, url):
            async with clients(url) as simulator:
                with pytest.raises(openai.InternalServerError):
                    await simulator.ask(plain("Hello"), None)
            child.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(child.wait, 20) == 0
