"""Imported by the fork server, once, so that each service is forked with its imports done.

Nothing connects at import (the tests hold that), so what is loaded here can be shared.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal

from cli.processes import SERVICES
from shared.children import die_with_parent

os.setsid()  # Ctrl-C in a terminal is for the supervisor alone
if bind := die_with_parent(signal.SIGKILL):
    bind()

for name in ("cli.main", "shared.logs", *(f"services.{service}.app" for service in SERVICES)):
    with contextlib.suppress(Exception):  # the service's own process raises it again, where it is seen
        importlib.import_module(name)

gc.collect()
gc.freeze()  # the collector of a child need not touch, and so copy, these pages
