"""`generate`, `augment`, `watch`, `status`, `cancel`, `delete`: one batch, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from cli.client import Gateway
from cli.exits import INTERRUPTED, OK, USAGE, Failure
from cli.screen import clean, console, cut, dollars
from cli.watch import CODES, counted, line, money, pace, waits, watch
from shared.contracts.names import key_fault


def start(gateway: Gateway, path: str, body: Any, key: str | None) -> dict[str, Any]:
    """Start a batch; the gateway's reply."""
    started: dict[str, Any] = gateway.call("POST", path, json=body, headers=key_header(key))
    return started


def status_path(batch_id: str) -> str:
    return f"/api/generation/status/{quote(batch_id, safe='')}"


def key_header(key: str | None) -> dict[str, str]:
    if key is not None and (wrong := key_fault(key)):
        raise Failure(f"--idempotency-key: {wrong}", USAGE)
    return {"Idempotency-Key": key} if key else {}


def tell_started(what: str, its_id: str, warnings: Iterable[Any], reply: Any, *, as_json: bool, follow: bool) -> None:
    """Its id on a line of its own, or the reply as JSON; on stderr what the gateway warns of. Where JSON follows once
    it has ended, the id is there too."""
    try:
        if as_json and follow:
            console(stderr=True).print(f"{what} {its_id}")
        else:
            print(json.dumps(reply, indent=2) if as_json else its_id, flush=True)
    except OSError as error:  # it runs, and costs: its id must not be lost
        raise Failure(f"{what} {its_id} was started, but its id could not be written: {error.strerror}") from error
    for warning in warnings:
        console(stderr=True).print(f"warning: {clean(warning)}")


def generate(gateway: Gateway, body: Any, key: str | None, *, follow: bool, as_json: bool = False) -> int:
    return _run(gateway, "/api/generation", body, key, follow, as_json)


def augment(gateway: Gateway, origin: str, body: Any, key: str | None, *, follow: bool, as_json: bool = False) -> int:
    return _run(gateway, f"/api/batches/{quote(origin, safe='')}/augment", body, key, follow, as_json)


def _run(gateway: Gateway, path: str, body: Any, key: str | None, follow: bool, as_json: bool) -> int:
    """Prints the batch's id, or the reply as JSON; with `follow`, stays until it ends."""
    started = start(gateway, path, body, key)
    batch_id = str(started["batch_id"])
    warnings = started.get("warnings") or []
    tell_started("batch", batch_id, warnings, started, as_json=as_json, follow=follow)
    return stay(gateway, batch_id, as_json) if follow else OK


def stay(gateway: Gateway, batch_id: str, as_json: bool) -> int:
    """Stays until it ends; the exit code tells how."""
    try:
        ended = watch(gateway, status_path(batch_id), out=console(stderr=as_json))
    except KeyboardInterrupt:
        shown = clean(batch_id)
        console(stderr=True).print(
            f"{shown} goes on; `stumper cancel {shown}` ends it, `stumper watch {shown}` follows it"
        )
        return INTERRUPTED
    if as_json:
        print(json.dumps(ended, indent=2))
    return CODES[ended["status"]]


def status(gateway: Gateway, batch_id: str | None, as_json: bool) -> int:
    """One batch, or all of them; on stderr, what keeps the stack from going on."""
    code = _list(gateway, as_json) if batch_id is None else _one(gateway, batch_id, as_json)
    try:
        gateway.call("GET", "/readyz")
    except Failure as failure:
        console(stderr=True).print(clean(str(failure).splitlines()[0]))
    return code


def _one(gateway: Gateway, batch_id: str, as_json: bool) -> int:
    found = gateway.call("GET", status_path(batch_id))
    if as_json:
        print(json.dumps(found, indent=2))
        return OK
    rows = [
        ("batch", clean(batch_id)),
        ("status", clean(found.get("status"))),
        ("problems", counted(found)),
        ("stages", ", ".join(f"{clean(s)} {n}" for s, n in (found.get("stages") or {}).items() if n)),
        ("cost", money(found)),
        ("pace", pace(found)),
        *(("waiting", wait) for wait in waits(found)),
        *(("warning", clean(warning)) for warning in found.get("warnings") or []),
        *(("why", f"{clean(code)}: {clean(words)}") for code, words in (found.get("details") or {}).items()),
        ("error", clean(found.get("error") or "")),
    ]
    for name, value in rows:
        if value:
            console().print(f"{name:9} {value}")
    return OK


def _list(gateway: Gateway, as_json: bool) -> int:
    page = gateway.call("GET", "/api/batches", params={"per_page": 100})
    if as_json:
        print(json.dumps(page, indent=2))
        return OK
    items = page["items"]
    if not items:
        console().print("no batches yet; `stumper generate --num 10 --watch` makes one")
        return OK
    out = console()
    out.print(f"{'BATCH':34}  {'STATUS':14}  {'VALID':>13}  {'COST':>13}  STARTED              NAME")
    for item in items:
        valid = f"{item.get('valid_generated', '?')}/{item.get('total_needed', '?')}"
        began = clean(item.get("started_at") or item.get("created_at") or "")[:19]
        out.print(
            f"{clean(item.get('batch_id', item.get('id'))):34}  {clean(item.get('status')):14}  {valid:>13}  "
            f"{dollars(item.get('batch_cost')):>13}  {began:19}  {cut(item.get('name') or '', 40)}".rstrip()
        )
    if page["total"] > len(items):
        out.print(f"… and {page['total'] - len(items)} older ones")
    return OK


def cancel(gateway: Gateway, batch_id: str) -> int:
    """What is in hand ends as cancelled."""
    found = gateway.call("POST", f"/api/generation/{quote(batch_id, safe='')}/cancel")
    console().print(f"{clean(batch_id)}: {line(found)}" if found else f"{clean(batch_id)}: cancelled")
    return OK


def delete(gateway: Gateway, batch_id: str) -> int:
    """Its problems, calls and embeddings too; it is cancelled first, and gone when nothing is in hand."""
    gateway.call("DELETE", f"/api/batches/{quote(batch_id, safe='')}")
    console().print(f"{clean(batch_id)}: being deleted")
    return OK
