"""`stumper up`: the whole stack in the foreground."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import FrameType

from cli.exits import OK, USAGE, Failure
from cli.known import check
from cli.known import known as read_settings
from cli.plan import locked, make_plan, refuse_taken
from cli.services import SCALABLE
from cli.supervisor import Supervisor, on_end
from shared import logs

MOST_REPLICAS = 32


def read_scale(given: list[str]) -> dict[str, int]:
    """`["checker=3"]` as {"checker": 3}. Raises Failure with what could be written instead."""
    scale = {}
    for entry in given:
        service, _, number = entry.partition("=")
        if service not in SCALABLE:
            raise Failure(f"--scale {entry}: one of {', '.join(SCALABLE)} can have replicas", USAGE)
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= MOST_REPLICAS:
            raise Failure(f"--scale {entry}: a number from 1 to {MOST_REPLICAS} after `=`", USAGE)
        scale[service] = int(number)
    return scale


def up(data: Path | None, host: str | None, port: int | None, scale: list[str]) -> int:
    """Until Ctrl-C or SIGTERM."""
    known = read_settings()
    check(known, data)
    data_dir = (data or known.data_dir).resolve()
    host, port = host or known.host, port or known.port
    replicas = read_scale(scale)
    with locked(data_dir):
        refuse_taken(host, port)
        plan = make_plan(known, data_dir, host, port, scale=replicas)
        supervisor = Supervisor(plan)

        def stop(_signal: int, _frame: FrameType | None) -> None:
            supervisor.ask_to_stop(hurry=supervisor.stopping)

        on_end(stop)
        logs.configure("stumper")
        supervisor.run(_say_ready)
    return OK


def _say_ready(supervisor: Supervisor) -> None:
    url = supervisor.plan.gateway_url
    line = (
        f"Stumper is ready at {url} (docs at {url}/docs, data in {supervisor.plan.data_dir}) "
        f"after {supervisor.seconds_to_ready:.1f} s; Ctrl-C stops it"
    )
    with contextlib.suppress(OSError):  # a full disk, or nobody reads it: no reason to stop
        print(line, flush=True)
