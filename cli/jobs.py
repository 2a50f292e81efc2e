"""Jobs of synthetic text, over HTTP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.text import Text

from cli.batches import key_header, tell_started
from cli.client import Gateway
from cli.exits import ENDED_SHORT, FAILED, INTERRUPTED, OK, Failure
from cli.export import opened
from cli.screen import clean, console, cut, dollars
from cli.watch import EVERY, Kind, remarks, watch

ENDS = {"completed": OK, "error": FAILED, "cancelled": ENDED_SHORT}
"""Exit codes of the states in which a job has ended."""

Job = dict[str, Any]


def start(
    gateway: Gateway, path: str, query: dict[str, Any], body: dict[str, Any], key: str | None, *,
    follow: bool, as_json: bool,
) -> int:  # fmt: skip
    """Prints the job's id on a line of its own, or the job as JSON; with `follow`, stays until it ends and shows what
    came of it."""
    job: Job = gateway.call("POST", path, params=query, json=body, headers=key_header(key))
    job_id = str(job["job_id"])
    tell_started("job", job_id, job.get("warnings") or [], job, as_json=as_json, follow=follow)
    return stay(gateway, job_id, as_json) if follow else OK


def stay(gateway: Gateway, job_id: str, as_json: bool) -> int:
    """Stays until it ends, and shows what came of it; the exit code tells how."""
    try:
        ended = watch(gateway, _path(job_id), JOB, out=console(stderr=True), every=EVERY)
    except KeyboardInterrupt:
        shown = clean(job_id)
        words = f"`stumper text cancel {shown}` ends it, `stumper text watch {shown}` follows it"
        console(stderr=True).print(f"{shown} goes on; {words}")
        return INTERRUPTED
    return _show(ended, as_json)


def status(gateway: Gateway, job_id: str | None, as_json: bool) -> int:
    """One job, or all of them."""
    if job_id is not None:
        job = gateway.call("GET", _path(job_id))
        print(json.dumps(job, indent=2) if as_json else _line(job))
        return OK
    found, page = [], 1
    while True:
        answer = gateway.call("GET", "/api/jobs", params={"page": page, "per_page": 100})
        found += answer["items"]
        if page * 100 >= answer["total"]:
            break
        page += 1
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(map(_line, found)) or "no jobs yet")
    return OK


def result(gateway: Gateway, job_id: str, as_json: bool) -> int:
    job = gateway.call("GET", _path(job_id))
    if job["status"] not in ENDS:
        raise Failure(f"{job_id} is {job['status']}, {job['progress']}% done; `stumper text status` says how far")
    return _show(job, as_json)


def cancel(gateway: Gateway, job_id: str) -> int:
    print(clean(gateway.call("DELETE", f"/api/job/{quote(job_id, safe='')}")["message"]))
    return OK


def export(gateway: Gateway, job_id: str, form: str, out: Path) -> int:
    """As it comes."""
    with opened(out) as file:
        for chunk in gateway.chunks(f"/api/job/{quote(job_id, safe='')}/export", params={"format": form}):
            file.write(chunk)
    return OK


def _path(job_id: str) -> str:
    return f"/api/result/{quote(job_id, safe='')}"


def _note(job: Job) -> str:
    """`40%, $0.0031, 3 rejected (duplicate 2, low_quality 1)`"""
    reasons = Counter(clean(rejected.get("reason") or "?") for rejected in job.get("rejected") or [])
    why = ", ".join(f"{code} {n}" for code, n in sorted(reasons.items()))
    return f"{job['progress']}%, {dollars(job.get('cost'))}" + (f", {reasons.total()} rejected ({why})" if why else "")


def _line(job: Job) -> str:
    said = f"{clean(job['job_id'])}  {clean(job['status'])}  {_note(job)}"
    return f"{said}  {cut(job['error_message'], 200)}" if job.get("error_message") else said


def _words(job: Job) -> Iterator[Text]:
    yield Text(f"{clean(job['status'])}: {_note(job)}")
    yield from remarks(job.get("warnings"), job.get("error_message"))


JOB = Kind("accepted", ENDS, lambda job: (job["progress"], 100, f"{job['progress']}%"), _line, _words)


def _show(job: Job, as_json: bool) -> int:
    """What came of a job that has ended."""
    if as_json:
        print(json.dumps(job, indent=2))
        return ENDS[job["status"]]
    for sample in (job.get("result") or {}).get("samples") or []:
        told = [clean(sample.get("strategy") or ""), clean(sample.get("sentiment") or "")]
        told += [f"{name} {sample[name]['score']:.2f}" for name in ("quality", "acceptance") if sample.get(name)]
        print(f"\n{clean(sample['text'])}\n  ({', '.join(part for part in told if part)})")
    print(f"\n{_line(job)}")
    return ENDS[job["status"]]
