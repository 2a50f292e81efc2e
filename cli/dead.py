"""`dead`: what a stage gave up on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from cli.client import Gateway
from cli.exits import OK
from cli.screen import clean, console, cut


def listing(gateway: Gateway) -> int:
    page = gateway.call("GET", "/api/dead", params={"per_page": 500})
    items: list[dict[str, Any]] = page["items"]
    if not items:
        console().print("no dead letters")
    for item in items:
        console().print(f"{clean(item['id'])}  {clean(item.get('at', ''))[:19]}  {cut(item.get('error', ''), 100)}")
    if page.get("total", 0) > len(items):
        console().print(f"… and {page['total'] - len(items)} more")
    return OK


def show(gateway: Gateway, letter_id: str) -> int:
    print(json.dumps(gateway.call("GET", _path(letter_id)), indent=2))
    return OK


def replay(gateway: Gateway, letter_id: str) -> int:
    gateway.call("POST", f"{_path(letter_id)}/replay")
    console().print(f"{clean(letter_id)}: sent on its way again")
    return OK


def drop(gateway: Gateway, letter_id: str) -> int:
    gateway.call("DELETE", _path(letter_id))
    console().print(f"{clean(letter_id)}: dropped")
    return OK


def _path(letter_id: str) -> str:
    return f"/api/dead/{quote(letter_id, safe='')}"
