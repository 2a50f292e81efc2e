"""`stumper generate` and `stumper augment`: what starts a batch of problems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from cli.options import AsJson, Batch, Data, Key, MaxAttempts, MaxCost, Url, Watch, run


def generate(
    num: Annotated[int | None, typer.Option("--num", "-n", help="Valid problems wanted.")] = None,
    engineer: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Writes the problems.")] = None,
    checker: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Confirms the answers.")] = None,
    target: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Shall be stumped.")] = None,
    embedding: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Tells repeats.")] = None,
    judge: Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Compares answers.")] = None,
    taxonomy: Annotated[Path | None, typer.Option(metavar="FILE", help="JSON: {subject: [topics]}.")] = None,
    max_cost: MaxCost = None,
    max_attempts: MaxAttempts = None,
    max_in_flight: Annotated[int | None, typer.Option(help="Problems under way at once.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for the batch.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed for subjects, topics and levels.")] = None,
    idempotency_key: Key = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="JSON with the fields of POST /api/generation; - is stdin."),
    ] = None,
    watch: Watch = False,
    as_json: AsJson = False,
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
        there = client.connect(data, gateway)
        return batches.generate(there, body, idempotency_key, follow=watch, as_json=as_json)

    run(command)


def augment(
    batch: Batch,
    strategy: Annotated[
        list[str] | None, typer.Option(help="reword or parameters; may be repeated (default both).")
    ] = None,
    ratio: Annotated[
        float | None, typer.Option(help="Variants of each strategy for each valid problem (default 1).")
    ] = None,
    engineer: Annotated[
        str | None, typer.Option(metavar="PROVIDER/NAME", help="Writes the variants (default: the batch's).")
    ] = None,
    max_cost: MaxCost = None,
    max_attempts: MaxAttempts = None,
    name: Annotated[str | None, typer.Option(help="A name for the new batch.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed for the order of the originals.")] = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a batch of variants of BATCH's valid problems; prints its id. They pass the same gates as any problem."""

    def command() -> int:
        from cli import batches, client, request
        from shared.contracts.problem import Variation

        body = request.said(
            {
                "strategies": strategy or get_args(Variation),
                "ratio": ratio,
                "name": name,
                "engineer_model": engineer,
                "max_cost_usd": max_cost,
                "max_attempts": max_attempts,
                "random_seed": seed,
            }
        )
        there = client.connect(data, gateway)
        return batches.augment(there, batch, body, idempotency_key, follow=watch, as_json=as_json)

    run(command)
