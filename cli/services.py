"""The services by name, and the process of one: it runs until it ends, or the supervisor does."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from shared import logs
from shared.children import die_with_parent

log = logging.getLogger(__name__)

STAGES = ("engineer", "checker", "solver", "embedder", "writer")
SERVICES = ("simulator", "gateway", "conductor", *STAGES, "assistant")  #: in the order in which they are started
STOPPING = (
    ("gateway",),
    (*STAGES, "assistant"),
    ("conductor",),
    ("simulator",),
)  #: takers first, then whom they ask
SCALABLE = ("conductor", *STAGES, "assistant")

GO = b"g"  #: what the supervisor sends through the lifeline once it knows the pid
CODE = """\
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
from importlib import import_module
module, name = sys.argv[2].split(":")
getattr(import_module(module), name)(*map(int, sys.argv[3:4]), *sys.argv[4:])"""


def start_command(function: str, channel: int, *arguments: str) -> list[str]:
    """A Python of ours that calls `module:function(channel, *arguments)`; what lies in the current folder is not
    imported in place of our modules."""
    root = str(Path(__file__).resolve().parents[1])
    return [sys.executable, "-P", "-c", CODE, root, function, str(channel), *arguments]


def run_alone(lifeline: int, service: str, log_file: str = "") -> NoReturn:
    """As a process of its own, where there is no fork server."""
    run(service, Path(log_file) if log_file else None, lifeline, os.getppid())


def run(service: str, log_file: Path | None, lifeline: int, supervisor: int) -> NoReturn:
    """Run the service in this process, once the supervisor says so, and end with it."""
    if os.read(lifeline, 1) != GO:
        os._exit(0)
    if bind := die_with_parent(signal.SIGKILL):
        bind()
    if os.getppid() != supervisor:
        os._exit(0)
    threading.Thread(target=_end_with_supervisor, args=(lifeline,), name="end-with-supervisor", daemon=True).start()
    code = 1
    try:
        os.setsid()
        if log_file is not None:
            with log_file.open("ab") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
        module = importlib.import_module(f"services.{service}.app")
        if main := getattr(module, "main", None):
            main()
        else:
            asyncio.run(module.app.run())
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        logs.configure(service)
        log.critical("broke", exc_info=True)
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # nobody reads it any more
                continue
        os._exit(code)


def _end_with_supervisor(lifeline: int) -> None:
    """The pipe ends when the supervisor does, even by SIGKILL. Its NATS ends too, so there is nothing to wait for:
    what was in hand is redelivered."""
    os.read(lifeline, 1)
    os._exit(1)
