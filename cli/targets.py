"""`stumper retarget` and `stumper matrix`: another target for a batch, and who solved what of it."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer

from cli.options import AsJson, Batch, Data, Url, Watch, run

CELLS = {True: "solved", False: "failed", None: "undecided"}


def retarget(
    batch: Batch,
    model: Annotated[str, typer.Argument(metavar="PROVIDER/NAME", help="Shall be stumped from here on.")],
    later: Annotated[
        bool, typer.Option("--only-later", help="Only for problems not begun yet; nothing is tried again.")
    ] = False,
    watch: Watch = False,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Have another model try the stored problems that had reached the target; nothing is generated again."""

    def command() -> int:
        from cli import batches, client, request
        from cli.exits import OK
        from cli.screen import clean, console

        there = client.connect(data, gateway)
        path = f"/api/batches/{quote(batch, safe='')}/target-model?retarget={'false' if later else 'true'}"
        found = there.call("PATCH", path, json=request.model(model, "PROVIDER/NAME"))
        if watch:
            console(stderr=as_json).print(clean(found["message"]))
            return batches.stay(there, batch, as_json)
        console().print(clean(found["message"])) if not as_json else print(json.dumps(found, indent=2))
        return OK

    run(command)


def matrix(
    batch: Batch,
    problems: Annotated[
        int, typer.Option("--problems", "-n", min=0, max=500, help="Problems to show, beside the sums.")
    ] = 20,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Which target solved which of a batch's problems."""

    def command() -> int:
        from cli import client
        from cli.exits import OK
        from cli.screen import clean, console, cut, table

        path = f"/api/batches/{quote(batch, safe='')}/matrix"
        page = client.connect(data, gateway).call("GET", path, params={"per_page": max(1, problems)})
        if as_json:
            print(json.dumps(page, indent=2))
            return OK
        sums = [
            one | {"pass rate": "" if one["pass_rate"] is None else f"{one['pass_rate']:.0%}"} for one in page["models"]
        ]
        out = console()
        if not sums:
            out.print(f"{clean(batch)}: no target has tried any of its problems yet")
            return OK
        out.print(table(sums, ["model", "tried", "solved", "failed", "undecided", "pass rate"]))
        if not problems:
            return OK
        names = [one["model"] for one in sums]
        rows = [
            {"slot": item["slot"], "problem": cut(item["question"] or "", 50)}
            | {name: CELLS[cell["correct"]] for name, cell in item["results"].items()}
            for item in page["items"]
        ]
        out.print("\n" + table(rows, ["slot", "problem", *names]))
        if page["total"] > len(rows):
            out.print(f"… and {page['total'] - len(rows)} more")
        return OK

    run(command)
