"""`tail`: the ledger as it grows, one readable line a fact."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from cli.exits import UNREACHABLE, Failure
from cli.screen import clean, console, cut, dollars
from shared import subjects
from shared.errors import LedgerUnavailable
from shared.facts import Fact
from shared.ledger import Ledger
from shared.settings import Settings

EVERY = 0.2  # s between two looks when nothing came
AT_ONCE = 500
WORDS = 300  # characters of a provider's words in a line


def readable(fact: Fact) -> str:
    """`10:12:33.120  b4f…/7 hop 2  waits for checker: Let x be …`; never more than one line."""
    at = datetime.fromtimestamp(fact.time).strftime("%H:%M:%S.%f")[:-3]
    try:
        body = json.loads(fact.data)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    match subjects.parse(fact.subject):
        case subjects.BatchSubject(event, batch, n):
            said = _batch(event, n, body)
            return f"{at}  {clean(batch)}  {said}"
        case subjects.StationSubject(_, stage, batch, slot, hop):
            return f"{at}  {clean(batch)}/{slot} hop {hop}  {_station(stage, body)}"
        case subjects.CallSubject(stage, batch, slot, _, n):
            return f"{at}  {clean(batch)}/{slot}  {_call(stage, n, body)}"
    return f"{at}  {clean(fact.subject)}  {cut(fact.data.decode(errors='replace'), 100)}"


def _batch(event: str, n: int, body: dict[str, Any]) -> str:
    if event == "requested":
        return "requested"
    status, error = clean(body.get("status", f"change {n}")), body.get("error")
    return f"is {status}" + (f": {cut(error, WORDS)}" if error else "")


def _station(stage: str, body: dict[str, Any]) -> str:
    why = _why(body.get("reason"))
    if stage == subjects.FINISHED:
        return f"finished {clean(body.get('status'))}{why}"
    about = body.get("product") or f"{body.get('subject', '?')}, {body.get('topic', '?')}"
    text = cut(body.get("problem") or body.get("text") or about, 80)
    if stage == subjects.PARKED:
        due = body.get("not_before")
        until = datetime.fromtimestamp(due).strftime("until %H:%M:%S") if due else "until resumed"
        return f"parked {until}{why}: {text}"
    again = f" (fault {body['faults']})" if body.get("faults") else ""
    return f"waits for {clean(stage)}{again}: {text}"


def _why(reason: Any) -> str:
    """` provider_error, checker: 503 overloaded`"""
    if not isinstance(reason, dict) or not reason:
        return ""
    role, detail = reason.get("role"), reason.get("detail")
    who = f", {clean(role)}" if role else ""
    return f" {clean(reason.get('code'))}{who}" + (f": {cut(detail, WORDS)}" if detail else "")


def _call(stage: str, n: str, body: dict[str, Any]) -> str:
    model = body.get("model") or {}
    name = f"{model.get('provider', '?')}/{model.get('model_name', '?')}"
    tokens = f"{body.get('input_tokens', 0)}+{body.get('output_tokens', 0)} tokens"
    cost = body.get("cost")
    price = dollars(None if cost is None else cost / 1e9)
    unread = f", unreadable: {cut(body['unread'], WORDS)}" if body.get("unread") else ""
    return f"{clean(stage)} call {clean(n)} to {clean(name)}: {tokens}, {price}, {body.get('latency', 0):.2f} s{unread}"


def of_batch(fact: Fact, batch_id: str) -> bool:
    parts = fact.subject.split(".")
    return len(parts) > 2 and parts[2] == batch_id


def raw(fact: Fact) -> str:
    """The fact as one JSON object."""
    try:
        body = json.loads(fact.data)
    except ValueError:
        body = fact.data.decode(errors="replace")
    return json.dumps({"seq": fact.seq, "time": fact.time, "subject": fact.subject, "fact": body})


async def tail(settings: Settings, batch_id: str | None, from_start: bool, follow: bool, as_json: bool) -> None:
    """For ever, or with `follow` off until the end is reached. Rides out a NATS that goes away."""
    try:
        ledger = await Ledger.connect(settings, "tail")
        state = await ledger.state()
    except LedgerUnavailable as error:
        raise Failure(str(error), UNREACHABLE) from error
    after = 0 if from_start else state.last
    try:
        while True:
            try:
                facts = await ledger.read(after, limit=AT_ONCE)
                if not facts:
                    now = await ledger.state()
                    if now.created != state.created or now.last < after:
                        after = 0  # the ledger was made anew
                        state = now
                        continue
            except LedgerUnavailable as error:
                console(stderr=True).print(clean(error))
                await asyncio.sleep(2.0)
                continue
            for fact in facts:
                if batch_id is None or of_batch(fact, batch_id):
                    print(raw(fact) if as_json else readable(fact), flush=True)
            if facts:
                after = facts[-1].seq
            elif not follow:
                return
            else:
                await asyncio.sleep(EVERY)
    finally:
        await ledger.close()
