"""Jobs of synthetic text, over HTTP."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.progress import BarColumn, Progress, TextColumn

from cli.batches import key_header, tell_started
from cli.client import Gateway
from cli.exits import ENDED_SHORT, FAILED, INTERRUPTED, OK, Failure
from cli.screen import clean, console, cut, dollars
from cli.watch import EVERY, polled

ENDS = {"completed": OK, "error": FAILED, "cancelled": ENDED_SHORT}
"""Exit codes of the states in which a job has ended."""

Job = dict[str, Any]


def start(gateway: Gateway, path: str, body: dict[str, Any], key: str | None, follow: bool) -> int:
    """Prints the job's id on a line of its own; with `follow`, stays until it ends and shows what came of it."""
    job: Job = gateway.call("POST", path, json=body, headers=key_header(key))
    job_id = str(job["job_id"])
    tell_started("job", job_id, map(clean, job.get("warnings") or []))
    if not follow:
        return OK
    try:
        ended = watch(gateway, job_id)
    except KeyboardInterrupt:
        console(stderr=True).print(f"{job_id} goes on; `stumper text cancel {job_id}` ends it")
        return INTERRUPTED
    return _show(ended)


def watch(gateway: Gateway, job_id: str) -> Job:
    """The job with which it ended. Raises Failure where the gateway stays away for longer than PATIENCE."""
    columns = (TextColumn("{task.description:>9}"), BarColumn(40), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console(stderr=True)) as progress:
        bar = progress.add_task("accepted", total=100, note="")
        for job in polled(gateway, _path(job_id), EVERY):
            progress.update(bar, completed=job["progress"], note=_note(job))
            if job["status"] in ENDS:
                return job
    raise AssertionError("polling has no end of its own")


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
        raise Failure(f"{job_id} is {job['status']}, {job['progress']}% done; `stumper text status` follows it")
    if as_json:
        print(json.dumps(job, indent=2))
        return ENDS[job["status"]]
    return _show(job)


def cancel(gateway: Gateway, job_id: str) -> int:
    print(clean(gateway.call("DELETE", f"/api/job/{quote(job_id, safe='')}")["message"]))
    return OK


def export(gateway: Gateway, job_id: str, form: str, out: Path) -> int:
    """As it comes; a file that could not be written whole is not left behind as if it were."""
    chunks = gateway.chunks(f"/api/job/{quote(job_id, safe='')}/export", params={"format": form})
    if str(out) == "-":
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
        return OK
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        part.replace(out)
    except OSError as error:
        raise Failure(f"{out}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return OK


def _path(job_id: str) -> str:
    return f"/api/result/{quote(job_id, safe='')}"


def _note(job: Job) -> str:
    rejected = len(job.get("rejected") or [])
    return f"{job['progress']}%, {dollars(job.get('cost'))}" + (f", {rejected} rejected" if rejected else "")


def _line(job: Job) -> str:
    said = f"{clean(job['job_id'])}  {clean(job['status'])}  {_note(job)}"
    return f"{said}  {cut(job['error_message'], 200)}" if job.get("error_message") else said


def _show(job: Job) -> int:
    for sample in (job.get("result") or {}).get("samples") or []:
        score = (sample.get("quality") or {}).get("score")
        told = [clean(sample.get("strategy") or ""), clean(sample.get("sentiment") or "")]
        told += [f"quality {score:.2f}"] if score is not None else []
        print(f"\n{clean(sample['text'])}\n  ({', '.join(part for part in told if part)})")
    print(f"\n{_line(job)}")
    return ENDS[job["status"]]
