"""`stumper demo`: a stack of its own, a batch by simulated models, its problems and its bill."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from cli.batches import start, status_path
from cli.client import Gateway
from cli.exits import USAGE, Failure
from cli.export import export
from cli.known import check
from cli.known import known as read_settings
from cli.plan import Plan, locked, make_plan
from cli.screen import clean, console, dollars
from cli.supervisor import Supervisor, on_end
from cli.watch import CODES, watch
from shared import logs
from shared.embedded import NatsServer, free_port

MODELS = {
    "engineer_model": "simulator/sim-strong",
    "checker_model": "simulator/sim-strong",
    "target_model": "simulator/sim-weak",
    "embedding_model": "simulator/sim-embed",
    "judge_model": "simulator/sim-strong",
}  #: whatever is configured, a demo is never paid for
EVERY = 0.1  # s between two looks: the first problem shall be seen when it is there


class Backstage:
    """The supervisor in a thread, so that this one can use the stack."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self._failure: BaseException | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def __enter__(self) -> Backstage:
        on_end(self._interrupt)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self.supervisor.ask_to_stop()
        self._thread.join()

    def wait_until_ready(self) -> None:
        """Raises what kept it from coming up."""
        while not self.supervisor.ready.wait(0.05):
            if self._failure is not None:
                raise self._failure

    def _run(self) -> None:
        try:
            self.supervisor.run()
        except BaseException as error:
            self._failure = error

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._stopping:
            self.supervisor.ask_to_stop(hurry=True)
        else:
            raise KeyboardInterrupt


def demo(*, num: int, out: Path, data: Path | None, show: int, seed: int | None, began: float) -> int:
    """`began` is when the command did (monotonic). The exit code tells how the batch ended."""
    if not out.parent.is_dir():
        raise Failure(f"--out {out}: there is no folder {out.parent}", USAGE)
    known = read_settings()
    check(known.model_copy(update=MODELS), data)
    data_dir = (data or known.data_dir / "demo").resolve()
    with locked(data_dir):
        if data is None:
            _make_anew(data_dir)
        log_file = data_dir / "services.log"
        plan = make_plan(
            known.model_copy(update=MODELS | {"nats_url": None}), data_dir, "127.0.0.1", free_port(),
            log_file=log_file, own_simulator=True,
            environment={f"STUMPER_{role.upper()}": model for role, model in MODELS.items()}
            | {"STUMPER_MONGO_URL": ""},
        )  # fmt: skip
        logs.configure("stumper")
        try:
            with Backstage(Supervisor(plan)) as stack:
                console().print("Starting the stack: a NATS server, the services, and a simulator of models")
                stack.wait_until_ready()
                console().print(f"Ready after {time.monotonic() - began:.1f} s at {plan.gateway_url}")
                gateway = Gateway(plan.gateway_url, known.api_keys[0] if known.api_keys else None)
                body = {"num_problems": num, "name": "demo", **MODELS} | ({} if seed is None else {"random_seed": seed})
                return _batch(gateway, body, plan, out, show, began)
        except Failure as failure:
            raise Failure(f"{failure}\nthe services' log is {log_file}", failure.code) from failure


def _batch(gateway: Gateway, body: dict[str, Any], plan: Plan, out: Path, show: int, began: float) -> int:
    asked_at = time.monotonic()
    batch_id = str(start(gateway, "/api/generation", body, None)["batch_id"])
    first: list[float] = []

    def seen(status: dict[str, Any]) -> None:
        if status.get("valid_generated") and not first:
            first.append(time.monotonic())

    ended = watch(gateway, status_path(batch_id), seen=seen, every=EVERY)
    done_at = time.monotonic()
    say = console().print
    export(gateway, batch_id, out, "valid")
    problems = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    for problem in _varied(problems)[:show]:
        say(f"\n{_readable(problem)}")
    say(f"\n{_bill(ended, plan.simulator_url or '')}\n")
    if first:
        say(f"First valid problem {_times(first[0], asked_at, began)}")
    say(f"Batch {clean(ended['status'])} {_times(done_at, asked_at, began)}")
    say(f"{len(problems)} problems in {out}; everything else in {plan.data_dir}")
    return CODES[ended["status"]]


def _times(at: float, asked_at: float, began: float) -> str:
    return f"{at - asked_at:.1f} s after the request, {at - began:.1f} s after the start"


def _make_anew(data_dir: Path) -> None:
    """Empty the demo's folder, but for the lock that we hold, and end a server that still writes there."""
    NatsServer(data_dir).end_stale()
    for entry in data_dir.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "up.lock":
            entry.unlink()


def _varied(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of each subject first."""
    seen: dict[str, int] = {}
    turns = []
    for problem in problems:
        turns.append(seen.setdefault(problem["subject"], 0))
        seen[problem["subject"]] += 1
    return [problem for _, problem in sorted(zip(turns, problems, strict=True), key=lambda pair: pair[0])]


def _readable(problem: dict[str, Any]) -> str:
    level = f" ({clean(problem['level'])})" if problem.get("level") else ""
    hints = list((problem.get("hints") or {}).values())
    lines = [
        f"{clean(problem['subject'])}, {clean(problem['topic'])}{level}",
        f"  Problem: {clean(problem['question'])}",
        f"  Answer:  {clean(problem['answer'])}",
        f"  Target:  {clean(problem.get('target_model_answer') or '(none)')}",
    ]
    return "\n".join(lines + [f"  Hint:    {clean(hint)}" for hint in hints[:1]])


def _bill(ended: dict[str, Any], simulator_url: str) -> str:
    """Ours beside the simulator's own."""
    theirs = httpx.get(f"{simulator_url}/sim/bill", timeout=30.0, trust_env=False).raise_for_status().json()
    cost = ended.get("batch_cost")
    ours = dollars(None) if cost is None else f"${cost:.6f}"
    rows = [
        f"  {clean(model):12} {entry['calls']:5} calls, {entry['input_tokens']:8} tokens in, "
        f"{entry['output_tokens']:8} out, ${entry['cost_usd']:.6f}"
        for model, entry in sorted(theirs["by_model"].items())
    ]
    return "\n".join(
        [
            "Bill (SIMULATED: these models are a program on this machine, and nothing was paid)",
            *rows,
            f"  the simulator's own sum: ${theirs['cost_usd']:.6f}",
            f"  the batch's cost:        {ours}, {dollars(ended.get('cost_per_valid'))} a valid problem",
        ]
    )
