"""The `stumper` command: a table of its parts. Each imports what it needs when it is called."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from cli.dead import letters
from cli.exits import OK, TABLE
from cli.options import AsJson, Batch, Data, Url, run
from cli.start import augment, generate
from cli.targets import matrix, retarget
from cli.text import text

BEGAN = time.monotonic()

app = typer.Typer(
    help="Makes maths problems that stump a model, and proves each one.",
    epilog=TABLE,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(letters, name="dead")
app.add_typer(text, name="text")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"stumper {version('stumper')}")
        raise typer.Exit()


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


@app.command()
def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The gateway's port (default 8000).")] = None,
    data: Data = None,
    scale: Annotated[
        list[str] | None, typer.Option(metavar="SERVICE=N", help="Replicas of a service; may be repeated.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="What the gateway binds (default 127.0.0.1).")] = None,
) -> None:
    """Run the whole stack in the foreground, until Ctrl-C."""

    def command() -> int:
        from cli.up import up

        return up(data, host, port, scale or [])

    run(command)


@app.command()
def demo(
    num: Annotated[int, typer.Option(min=1, max=1000, help="Problems wanted.")] = 10,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the valid problems go, as JSON lines.")] = Path(
        "problems.jsonl"
    ),
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Data folder; .stumper/demo, made anew, unless given."),
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Problems to print.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
) -> None:
    """Start a stack of its own, make problems with simulated models, show them and their bill, and stop."""

    def command() -> int:
        from cli.demo import demo

        return demo(num=num, out=out, data=data, show=show, seed=seed, began=BEGAN)

    run(command)


app.command()(generate)
app.command()(augment)
app.command()(retarget)
app.command()(matrix)


@app.command()
def watch(batch: Batch, as_json: AsJson = False, data: Data = None, gateway: Url = None) -> None:
    """Follow a batch until it ends; the exit code tells how."""

    def command() -> int:
        from cli import batches, client

        return batches.stay(client.connect(data, gateway), batch, as_json)

    run(command)


@app.command()
def status(
    batch: Annotated[str | None, typer.Argument(metavar="[BATCH]")] = None,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """One batch, or all of them."""

    def command() -> int:
        from cli import batches, client

        return batches.status(client.connect(data, gateway), batch, as_json)

    run(command)


@app.command()
def cancel(batch: Batch, data: Data = None, gateway: Url = None) -> None:
    """Stop a batch; what is in hand ends as cancelled."""

    def command() -> int:
        from cli import batches, client

        return batches.cancel(client.connect(data, gateway), batch)

    run(command)


@app.command()
def delete(batch: Batch, data: Data = None, gateway: Url = None) -> None:
    """Delete a batch with its problems, calls and embeddings."""

    def command() -> int:
        from cli import batches, client

        return batches.delete(client.connect(data, gateway), batch)

    run(command)


@app.command()
def tail(
    batch: Annotated[str | None, typer.Option("--batch", "-b", help="This batch only.")] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="From the oldest fact on.")] = False,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for what comes.")] = True,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Follow the ledger, one line a fact."""

    def command() -> int:
        import asyncio

        from cli.known import known
        from cli.tail import tail

        found = known() if data is None else known().model_copy(update={"data_dir": data})
        asyncio.run(tail(found, batch, from_start, follow, as_json))
        return OK

    run(command)


@app.command()
def export(
    batch: Batch,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="- is stdout.")] = Path("-"),
    which: Annotated[str, typer.Option("--status", help="Problems of this status; `any` for all.")] = "valid",
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Write a batch's problems as JSON lines."""

    def command() -> int:
        from cli import client, export
        from cli.screen import console

        number = export.export(client.connect(data, gateway), batch, out, None if which == "any" else which)
        console(stderr=True).print(f"{number} problems written" + ("" if str(out) == "-" else f" to {out}"))
        return OK

    run(command)


@app.command()
def doctor(data: Data = None, gateway: Url = None) -> None:
    """Versions, keys found (by name), and what is reachable; exit code 1 when something needed is missing."""

    def command() -> int:
        from cli.doctor import doctor

        return doctor(data, gateway)

    run(command)
