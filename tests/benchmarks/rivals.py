"""What one would write without a pipeline: the same five calls over the SDK, nothing durable.

    python -m tests.benchmarks.rivals (loop|threads) MODELS_URL PROBLEMS IN_FLIGHT

makes the problems and prints what they took as JSON, after a few problems to warm up. Prompts, schemas and
reply types are those that the stages send; answers are compared as text, and no repeats are looked for, which is to
the rivals' favour.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultHttpxClient, OpenAI
from pydantic import BaseModel

from services.checker.logic import RESOLVE, REVIEW, Review
from services.engineer.logic import TECHNIQUES, WRITE, Draft
from services.solver.logic import SOLVE
from shared.contracts.ask import Rendered
from shared.grading.replies import Answer
from shared.llm.shapes import response_format
from tests.benchmarks.processes import cpu_of_all

MODEL, TARGET, EMBEDDING = "prepared", "prepared-target", "prepared-embed"
WARM_UP = 10  # problems before the clock starts, for all that is loaded at the first call


@dataclass(frozen=True)
class Chat:
    """One call to make; what comes back is the parsed reply."""

    model: str
    prompt: Rendered
    reply: type[BaseModel]

    def arguments(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": [
                {"role": "system", "content": self.prompt.system},
                {"role": "user", "content": self.prompt.user},
            ],
            "response_format": response_format(self.reply),
        }

    def read(self, completion: Any) -> BaseModel:
        return self.reply.model_validate_json(completion.choices[0].message.content)


def problem(number: int) -> Generator[Chat | str, Any, bool]:
    """One problem's calls, for whoever makes them: a chat, or a text to embed. Returns whether it is valid."""
    about = {"subject": "Algebra", "topic": "Linear Equations", "level": "High School", "description": "none"}
    technique = TECHNIQUES[number % len(TECHNIQUES)]
    draft: Draft = yield Chat(MODEL, WRITE.render(**about, technique=technique, variation=number), Draft)
    hints = "\n".join(f"{key}: {hint}" for key, hint in draft.hints.items())
    prompt = REVIEW.render(**about, problem=draft.problem, answer=draft.answer, hints=hints)
    review: Review = yield Chat(MODEL, prompt, Review)
    confirmed: Answer = yield Chat(MODEL, RESOLVE.render(problem=draft.problem), Answer)
    tried: Answer = yield Chat(TARGET, SOLVE.render(problem=draft.problem), Answer)
    vector: list[float] = yield draft.problem
    return review.valid and confirmed.answer == draft.answer != tried.answer and len(vector) > 0


class Clock:
    """What is spent from here on: s, and ms of CPU by this process, by the models, and by the whole machine."""

    def __init__(self, models: str) -> None:
        self._models = models
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        models = 1000 * float(httpx2.get(f"{self._models}/cpu", trust_env=False).text)
        return {
            "machine_ms": cpu_of_all(),
            "models_ms": models,
            "seconds": time.perf_counter(),
            "cpu_ms": 1000 * time.process_time(),
        }

    def read(self) -> dict[str, float]:
        seconds, used = time.perf_counter(), 1000 * time.process_time()
        now = self._now() | {"seconds": seconds, "cpu_ms": used}
        return {what: now[what] - self._before[what] for what in now}


async def loop(url: str, problems: int, in_flight: int) -> dict[str, float]:
    """`asyncio.gather` over the SDK's asynchronous client, on the faster of its transports (aiohttp)."""
    limits = httpx2.Limits(max_connections=2 * in_flight, max_keepalive_connections=2 * in_flight)
    client = AsyncOpenAI(
        base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=120.0,
        http_client=DefaultAioHttpClient(limits=limits),
    )  # fmt: skip
    turn = asyncio.Semaphore(in_flight)

    async def one(number: int) -> bool:
        async with turn:
            steps = problem(number)
            given: Any = None
            while True:
                try:
                    wanted = steps.send(given)
                except StopIteration as end:
                    return bool(end.value)
                if isinstance(wanted, Chat):
                    given = wanted.read(await client.chat.completions.create(**wanted.arguments()))
                else:
                    given = (await client.embeddings.create(model=EMBEDDING, input=wanted)).data[0].embedding

    async with client:
        await asyncio.gather(*map(one, range(WARM_UP)))
        clock = Clock(url)
        valid = await asyncio.gather(*map(one, range(problems)))
        spent = clock.read()
    assert all(valid), f"{valid.count(False)} of {problems} are not valid"
    return spent


def threads(url: str, problems: int, in_flight: int) -> dict[str, float]:
    """A pool of threads over the SDK's synchronous client, with as many connections kept as there are threads."""
    limits = httpx2.Limits(max_connections=2 * in_flight, max_keepalive_connections=2 * in_flight)
    client = OpenAI(
        base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=120.0,
        http_client=DefaultHttpxClient(limits=limits),
    )  # fmt: skip

    def one(number: int) -> bool:
        steps = problem(number)
        given: Any = None
        while True:
            try:
                wanted = steps.send(given)
            except StopIteration as end:
                return bool(end.value)
            if isinstance(wanted, Chat):
                given = wanted.read(client.chat.completions.create(**wanted.arguments()))
            else:
                given = client.embeddings.create(model=EMBEDDING, input=wanted).data[0].embedding

    with client, ThreadPoolExecutor(in_flight) as pool:
        list(pool.map(one, range(WARM_UP)))
        clock = Clock(url)
        valid = list(pool.map(one, range(problems)))
        spent = clock.read()
    assert all(valid), f"{valid.count(False)} of {problems} are not valid"
    return spent


def main() -> None:
    way, url, problems, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    spent = asyncio.run(loop(url, problems, in_flight)) if way == "loop" else threads(url, problems, in_flight)
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
