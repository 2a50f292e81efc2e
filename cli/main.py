"""The `stumper` command: a table of its parts. Each imports what it needs when it is called."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.dead import letters
from cli.exits import OK, TABLE
from cli.options import AsJson, Batch, Data, Url, run
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


@app.command()
def generate(
    num: Annotated[int | None, typer.Option("--num", "-n", help="Valid problems wanted.")] = None,
    engineer: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Writes the problems.")] = None,
    checker: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Confirms the answers.")] = None,
    target: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Shall be stumped.")] = None,
    embedding: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Tells repeats.")] = None,
    judge: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Compares answers.")] = None,
    taxonomy: Annotated[Path | None, typer.Option(metavar="FILE", help="JSON: {subject: [topics]}.")] = None,
    max_cost: Annotated[float | None, typer.Option(metavar="DOLLARS", help="Stop at this cost.")] = None,
    max_attempts: Annotated[int | None, typer.Option(help="Stop after so many problems of any kind.")] = None,
    max_in_flight: Annotated[int | None, typer.Option(help="Problems under way at once.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for the batch.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed for subjects, topics and levels.")] = None,
    idempotency_key: Annotated[str | None, typer.Option(help="The same key starts one batch only.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="JSON with the fields of POST /api/generation; - is stdin."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Stay until it ends, with live progress.")] = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a batch; prints its id. With --watch the exit code tells how it ended."""

    def command() -> int:
        from cli import batches, client, request

        models = {"engineer_model": engineer, "checker_model": checker, "target_model": target}
        models |= {"embedding_model": embedding, "judge_model": judge}
        fields: dict[str, Any] = {"num_problems": num, "max_cost_usd": max_cost, "max_attempts": max_attempts}
        fields |= {"max_in_flight": max_in_flight, "name": name, "random_seed": seed}
        body = request.build(file, models, taxonomy, fields)
        return batches.generate(client.connect(data, gateway), body, idempotency_key, watch)

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
