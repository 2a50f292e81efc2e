"""A running simulator for tests, and the pipeline's own prompts to ask it with."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from openai import AsyncOpenAI
from pydantic import BaseModel

from services.checker.logic import REVIEW
from services.engineer.logic import WRITE, Draft
from services.simulator.app import create_app, runner
from shared.contracts.ask import Rendered
from shared.grading.judge import JUDGE
from shared.llm.shapes import response_format

ROOT = Path(__file__).parents[2]


@dataclass
class Simulator:
    """A running simulator with an SDK client and a plain one."""

    url: str
    sdk: AsyncOpenAI
    http: aiohttp.ClientSession

    async def ask(self, prompt: Rendered, reply: type[BaseModel] | None, model: str = "sim-strong", **more: Any) -> str:
        if reply is not None:
            more["response_format"] = response_format(reply)
        completion = await self.sdk.chat.completions.create(
            model=model,
            messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            **more,
        )
        return completion.choices[0].message.content or ""

    async def write(self, variation: int = 1, **more: Any) -> Draft:
        return Draft.model_validate_json(await self.ask(writing(variation), Draft, **more))

    async def bill(self, query: str = "") -> dict[str, Any]:
        async with self.http.get(f"{self.url}/sim/bill{query}") as response:
            return dict(await response.json())

    async def put_plan(self, plan: object) -> tuple[int, dict[str, Any]]:
        async with self.http.put(f"{self.url}/sim/plan", json=plan) as response:
            return response.status, await response.json()


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[Simulator]:
    async with (
        AsyncOpenAI(api_key="any", base_url=f"{url}/v1", max_retries=0, timeout=20) as sdk,
        aiohttp.ClientSession() as http,
    ):
        yield Simulator(url, sdk, http)


@asynccontextmanager
async def serving(data: Path, seed: int = 0) -> AsyncIterator[Simulator]:
    served = runner(create_app(data, seed))
    await served.setup()
    try:
        await web.TCPSite(served, "127.0.0.1", 0).start()
        host, port = served.addresses[0]
        async with clients(f"http://{host}:{port}") as simulator:
            yield simulator
    finally:
        await served.cleanup()


def writing(variation: int) -> Rendered:
    return WRITE.render(
        subject="Algebra",
        topic="Quadratic Equations",
        level="High School",
        description="none",
        technique="none",
        variation=variation,
    )


def reviewing(draft: Draft, answer: str | None = None, hints: str | None = None) -> Rendered:
    return REVIEW.render(
        subject="Algebra",
        topic="Quadratic Equations",
        level="High School",
        description="none",
        problem=draft.problem,
        answer=draft.answer if answer is None else answer,
        hints="\n".join(f"{key}: {hint}" for key, hint in draft.hints.items()) if hints is None else hints,
    )


def judging(reference: str, candidate: str) -> Rendered:
    return JUDGE.render(problem="How much?", answer=reference, candidate=candidate)


def plain(user: str) -> Rendered:
    return Rendered("none", "You help.", user)


@contextlib.contextmanager
def process(data: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m services.simulator` with its URL, from its first log line."""
    command = [sys.executable, "-m", "services.simulator", "--data", str(data), *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ | {"STUMPER_LOG_LEVEL": "INFO"}
    ) as child:
        try:
            assert child.stderr is not None
            line = child.stderr.readline()
            found = re.search(r"url=(http://\S+)", line)
            assert found, line
            yield child, found[1]
        finally:
            child.kill()
