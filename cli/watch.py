"""Follows what runs until it ends: live bars on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from cli.client import Gateway
from cli.exits import ENDED_SHORT, FAILED, OK, UNREACHABLE, Failure
from cli.screen import clean, console, cut, dollars, seconds

EVERY = 0.5  # s between two looks
QUIET = 2.0  # s between two lines where there is no terminal
PATIENCE = 60.0  # s that the gateway may be away while we watch
WORDS = 300  # characters of a provider's words in a line
CODES = {
    "completed": OK,
    "exhausted": ENDED_SHORT,
    "budget_reached": ENDED_SHORT,
    "cancelled": ENDED_SHORT,
    "deleting": ENDED_SHORT,
    "failed": FAILED,
}
"""Exit codes of the states in which a batch has ended."""

Status = dict[str, Any]


def counted(status: Status) -> str:
    """`valid 4/10, solved 2, discarded 1, in progress 8 (duplicate 1)`: whatever is not 0."""
    stats: dict[str, int] = status.get("stats") or {}
    parts = [f"valid {status.get('valid_generated', 0)}/{status.get('total_needed', 0)}"]
    for name in ("solved", "discarded", "surplus", "failed", "cancelled", "in_progress"):
        if stats.get(name):
            parts.append(f"{name.replace('_', ' ')} {stats[name]}")
    why = ", ".join(f"{clean(code)} {n}" for code, n in (status.get("reasons") or {}).items() if n)
    return ", ".join(parts) + (f" ({why})" if why else "")


def money(status: Status) -> str:
    """`$0.0312, $0.0078 a valid one`"""
    each = status.get("cost_per_valid")
    return dollars(status.get("batch_cost")) + (f", {dollars(each)} a valid one" if each is not None else "")


def pace(status: Status) -> str:
    """`12.3 a minute, about 42 s left`; empty where nothing is known."""
    parts = []
    if status.get("rate_per_minute"):
        parts.append(f"{status['rate_per_minute']:.1f} a minute")
    if status.get("eta_seconds") is not None and status.get("status") not in CODES:
        parts.append(f"about {seconds(status['eta_seconds'])} left")
    return ", ".join(parts)


def waits(status: Status) -> list[str]:
    """`target openai/gpt-4o waits since 10:02:10: 503 overloaded`, one for each model that does not answer now."""
    said = []
    for wait in status.get("waiting") or []:
        role, model, words = (clean(wait.get(name) or "") for name in ("role", "model", "words"))
        who = role if model in words else f"{role} {model}"
        since = f" since {clock(wait['since'])}" if wait.get("since") else ""
        said.append(f"{who.strip() or 'a model'} waits{since}: {cut(words, WORDS)}")
    return said


def clock(stamp: Any) -> str:
    """The time of day, here, of a time in RFC 3339."""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%H:%M:%S")
    except (TypeError, ValueError):
        return clean(stamp)


def line(status: Status) -> str:
    """All of it in one line."""
    parts = [clean(status.get("status", "?")), counted(status), money(status), pace(status), *waits(status)]
    parts += [clean(warning) for warning in status.get("warnings") or []]
    if status.get("error"):
        parts.append(clean(status["error"]))
    return "; ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of thing that runs is shown."""

    goal: str  #: what is counted
    ends: Mapping[str, int]  #: the states in which it has ended, and their exit codes
    reached: Callable[[Status], tuple[int, int, str]]  #: how much of how much, and how that reads
    line: Callable[[Status], str]  #: all of it
    words: Callable[[Status], Iterable[Text]]  #: what the bars leave out


def _reached(status: Status) -> tuple[int, int, str]:
    needed, valid = status.get("total_needed") or 1, status.get("valid_generated", 0)
    return valid, needed, f"{valid}/{needed}"


def _words(status: Status) -> Iterator[Text]:
    yield Text(f"{clean(status.get('status', '?'))}: {counted(status)}")
    yield Text(money(status))
    yield from (Text(wait, style="yellow") for wait in waits(status))
    yield from remarks(status.get("warnings"), status.get("error"))
    yield Text(pace(status))


def remarks(warnings: Iterable[str] | None, error: str | None) -> Iterator[Text]:
    yield from (Text(clean(warning), style="yellow") for warning in warnings or ())
    if error:
        yield Text(clean(error), style="red")


BATCH = Kind("valid", CODES, _reached, line, _words)


class Bars:
    """The live picture: the goal, the queue of each stage on its route, and what it costs."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._goal = Progress(TextColumn("{task.description:>9}"), BarColumn(40), TextColumn("{task.fields[note]}"))
        self._stages = Progress(
            TextColumn("{task.description:>9}"), BarColumn(40, complete_style="cyan"), TextColumn("{task.fields[note]}")
        )
        self._reached = self._goal.add_task(kind.goal, total=1, note="")
        self._queues: dict[str, TaskID] = {}
        self._widest = 1

    def show(self, status: Status) -> Group:
        reached, wanted, note = self._kind.reached(status)
        self._goal.update(self._reached, total=wanted, completed=min(reached, wanted), note=note)
        stages: dict[str, int] = status.get("stages") or {}
        for stage in stages:  # in the order of its route
            if stage not in self._queues:
                self._queues[stage] = self._stages.add_task(clean(stage), total=1, note="")
        self._widest = max([self._widest, *stages.values()])
        for stage, task in self._queues.items():
            waiting = stages.get(stage, 0)
            self._stages.update(task, total=self._widest, completed=waiting, note=str(waiting) if waiting else "")
        return Group(self._goal, self._stages, *self._kind.words(status))


def watch(
    gateway: Gateway, path: str, kind: Kind = BATCH, *, out: Console | None = None,
    seen: Callable[[Status], None] = lambda _: None, every: float = EVERY,
) -> Status:  # fmt: skip
    """The status with which it ended. `seen` gets every one on the way. Raises Failure where the gateway stays
    away for longer than PATIENCE."""
    out = out or console()
    with contextlib.ExitStack() as stack:
        show = _live(stack, kind, out) if out.is_terminal else _lines(kind, out)
        for status in polled(gateway, path, every):
            seen(status)
            show(status)
            if status.get("status") in kind.ends:
                return status
    raise AssertionError("polling has no end of its own")


def polled(gateway: Gateway, path: str, every: float = EVERY) -> Iterator[Status]:
    """What the gateway answers there, again and again. Raises Failure where it stays away for longer than PATIENCE."""
    away_since = None
    while True:
        try:
            answer: Status = gateway.call("GET", path)
        except Failure as failure:
            away_since = away_since or time.monotonic()
            if failure.code != UNREACHABLE or time.monotonic() - away_since > PATIENCE:
                raise
        else:
            away_since = None
            yield answer
        time.sleep(every)  # the gateway is another process: there is nothing to wait on


def _live(stack: contextlib.ExitStack, kind: Kind, out: Console) -> Callable[[Status], None]:
    bars = Bars(kind)
    live = stack.enter_context(Live(console=out, refresh_per_second=8))
    return lambda status: live.update(bars.show(status), refresh=True)


def _lines(kind: Kind, out: Console) -> Callable[[Status], None]:
    """Prints what changed, not too often, but every new state."""
    last, printed_at = {"line": "", "status": ""}, [0.0]

    def show(status: Status) -> None:
        text, state = kind.line(status), str(status.get("status"))
        quiet = time.monotonic() - printed_at[0] < QUIET and state == last["status"]
        if text != last["line"] and not quiet:
            out.print(text)
            last.update(line=text, status=state)
            printed_at[0] = time.monotonic()

    return show
