"""`stumper dead`: what a stage gave up on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import OK
from cli.options import Data, Url, run

if TYPE_CHECKING:
    from cli.client import Gateway

letters = typer.Typer(help="What a stage gave up on: list, show, replay, drop.", rich_markup_mode=None)

Letter = Annotated[str, typer.Argument(metavar="ID")]


def _with_gateway(data: Path | None, url: str | None, command: Callable[[Gateway], None]) -> None:
    def connected() -> int:
        from cli.client import connect

        command(connect(data, url))
        return OK

    run(connected)


def _path(letter: str) -> str:
    from urllib.parse import quote

    return f"/api/dead/{quote(letter, safe='')}"


@letters.callback(invoke_without_command=True)
def default(context: typer.Context, data: Data = None, gateway: Url = None) -> None:
    if context.invoked_subcommand is None:
        _with_gateway(data, gateway, print_list)


@letters.command("list")
def list_them(data: Data = None, gateway: Url = None) -> None:
    """All of them, oldest first: id, time, error."""
    _with_gateway(data, gateway, print_list)


@letters.command()
def show(letter: Letter, data: Data = None, gateway: Url = None) -> None:
    """One of them as JSON, with its error and its envelope."""
    _with_gateway(data, gateway, lambda there: print(json.dumps(there.call("GET", _path(letter)), indent=2)))


@letters.command()
def replay(letter: Letter, data: Data = None, gateway: Url = None) -> None:
    """Send its problem to its stage again."""

    def command(there: Gateway) -> None:
        there.call("POST", f"{_path(letter)}/replay")
        _say(f"{letter}: sent on its way again")

    _with_gateway(data, gateway, command)


@letters.command()
def drop(letter: Letter, data: Data = None, gateway: Url = None) -> None:
    """Forget it."""

    def command(there: Gateway) -> None:
        there.call("DELETE", _path(letter))
        _say(f"{letter}: dropped")

    _with_gateway(data, gateway, command)


def print_list(gateway: Gateway) -> None:
    from cli.screen import clean, cut

    page = gateway.call("GET", "/api/dead", params={"per_page": 500})
    for item in page["items"]:
        _say(f"{clean(item['id'])}  {clean(item.get('at', ''))[:19]}  {cut(item.get('error', ''), 100)}")
    if not page["items"]:
        _say("no dead letters")
    elif page["total"] > len(page["items"]):
        _say(f"… and {page['total'] - len(page['items'])} more")


def _say(text: str) -> None:
    from cli.screen import console

    console().print(text)
