"""What every process does first: read its settings or end, raise its limits, log."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
from pathlib import Path

from shared import logs, open_files
from shared.llm import providers
from shared.settings import Misconfigured, Settings, settings, variable

log = logging.getLogger(__name__)

MISCONFIGURED = 2  #: exit code; the command line's for wrong usage
ROLES = ("engineer", "checker", "target", "embedding", "judge", "writer", "reviewer")
TEMPLATED = ("gateway", "writer")  #: who reads the user's templates; others may run where that folder is not


def begin(service: str, *, stores: bool = False) -> Settings:
    """The process's settings. `stores`: it opens the store.

    Where they cannot be used: a line for each on stderr, and the process ends (SystemExit).
    """
    try:
        known = settings()
        if wrong := complaints(known, stores=stores, templates=service in TEMPLATED):
            raise Misconfigured("\n".join(wrong))
    except Misconfigured as error:
        for line in str(error).splitlines():
            print(f"{service}: {line}", file=sys.stderr, flush=True)
        raise SystemExit(MISCONFIGURED) from None
    logs.configure(service)
    return known


def complaints(known: Settings, *, stores: bool, templates: bool = True, folder: str = "") -> list[str]:
    """A line for whatever keeps a process from running: settings that read well and still cannot be used, and the
    limit of open files, which is raised first. `templates`: it reads the user's. `folder`: what named the data folder,
    where it was no variable."""
    lines = []
    if (limit := open_files.raise_limit()) < open_files.LEAST:
        lines.append(f"only {limit} files may be open, and {open_files.LEAST} are needed: see `ulimit -n`")
    for role in ROLES:
        model = getattr(known, f"{role}_model")
        if model and model.partition("/")[0] not in providers.names():
            names = ", ".join(providers.names())
            lines.append(f"{variable(f'{role}_model')}: unknown provider; write provider/name with one of {names}")
    if templates and known.templates_dir and (why := unusable_templates(known.templates_dir)):
        lines.append(f"{variable('templates_dir')}: {why}")
    writes, reads = stores and not known.mongo_url, not known.nats_url
    if (writes or reads) and (why := unusable(known.data_dir, writes=writes)):
        lines.append(f"{folder or variable('data_dir')}: {known.data_dir} cannot be the data folder: {why}")
    return lines


def unusable_templates(folder: Path) -> str | None:
    """What is wrong with the user's templates; None where all of them can be used."""
    from shared.text_templates.templates import BrokenTemplate, versions  # Jinja, which most processes do without

    try:
        versions(folder)
    except BrokenTemplate as error:
        return str(error)
    return None


def unusable(folder: Path, *, writes: bool = True) -> str | None:
    """Why this folder, which need not exist yet, cannot be used; None where it can."""
    try:
        place = folder.resolve()
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            return f"{place} is no folder"
    except OSError as error:
        return error.strerror or str(error)
    if not os.access(place, (os.W_OK if writes else os.R_OK) | os.X_OK):
        return f"{place} cannot be {'written to' if writes else 'read'}"
    return None


def exposed(known: Settings) -> str | None:
    """A warning for a gateway that strangers can reach and that asks nobody for a key."""
    try:
        loopback = ipaddress.ip_address(known.host).is_loopback
    except ValueError:
        loopback = known.host.lower().rstrip(".") == "localhost"
    if loopback or known.api_keys:
        return None
    return (
        f"the gateway asks nobody for a key at {known.host}: whoever reaches it can spend your money; "
        "set STUMPER_API_KEYS, or STUMPER_HOST to 127.0.0.1"
    )
