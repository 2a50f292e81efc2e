"""`stumper text …`: jobs of synthetic text, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson, Data, Url, run

text = typer.Typer(help="Synthetic text: start jobs, follow them, take their results.", no_args_is_help=True)

Product = Annotated[str, typer.Argument(help="What the texts are about.")]
JobId = Annotated[str, typer.Argument(metavar="JOB")]
Count = Annotated[int | None, typer.Option("--count", "-n", help="Samples wanted (default 5).")]
Version = Annotated[str | None, typer.Option(help="Of the templates (default v1).")]
Temperature = Annotated[float | None, typer.Option(help="0 to 2 (default 0.7).")]
Model = Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Writes the texts.")]
MaxCost = Annotated[float | None, typer.Option(metavar="DOLLARS", help="Stop at this cost.")]
Key = Annotated[str | None, typer.Option(help="The same key starts one job only.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Stay until it ends, with live progress.")]
Sentiment = Annotated[str | None, typer.Option(help="positive, negative, neutral or mixed.")]
Intensity = Annotated[int | None, typer.Option(help="Of the sentiment, 1 to 5.")]
Tone = Annotated[str | None, typer.Option(help="As `dry` or `enthusiastic`.")]
FewShot = Annotated[bool | None, typer.Option("--few-shot", help="Show the model our examples.")]
Example = Annotated[list[str] | None, typer.Option(help="A text that shows what is wanted; may be repeated.")]
Aspect = Annotated[list[str] | None, typer.Option(help="A term that each text has to speak of; may be repeated.")]
MinScore = Annotated[float | None, typer.Option(help="Least quality, 0 to 1 (default 0.6).")]


def _start(path: str, body: dict[str, Any], key: str | None, watch: bool, data: Path | None, url: str | None) -> None:
    def command() -> int:
        from cli import client, jobs

        said = {name: value for name, value in body.items() if value is not None}
        return jobs.start(client.connect(data, url), path, said, key, watch)

    run(command)


@text.command()
def generate(
    product: Product,
    count: Count = None,
    version: Version = None,
    temperature: Temperature = None,
    model: Model = None,
    max_cost: MaxCost = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a plain job; prints its id. Only what cannot be read, or repeats another, is rejected."""
    body = {"product": product, "count": count, "version": version, "temperature": temperature, "model": model}
    _start("/api/generate", body | {"max_cost_usd": max_cost}, idempotency_key, watch, data, gateway)


@text.command()
def enhance(
    product: Product,
    count: Count = None,
    sentiment: Sentiment = None,
    intensity: Intensity = None,
    tone: Tone = None,
    few_shot: FewShot = None,
    example: Example = None,
    aspect: Aspect = None,
    min_score: MinScore = None,
    version: Version = None,
    temperature: Temperature = None,
    model: Model = None,
    max_cost: MaxCost = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a job with a mood, a tone, examples, and a filter by quality; prints its id."""
    body: dict[str, Any] = {"product": product, "count": count, "version": version, "temperature": temperature}
    body |= {"model": model, "max_cost_usd": max_cost, "sentiment": sentiment, "sentiment_intensity": intensity}
    body |= {"tone": tone, "few_shot": example or few_shot, "aspects": aspect or None, "min_quality_score": min_score}
    _start("/api/generate-enhanced", body, idempotency_key, watch, data, gateway)


@text.command()
def augment(
    product: Product,
    strategy: Annotated[list[str] | None, typer.Option(help="CDA, ADA or CADA; may be repeated (default CDA).")] = None,
    ratio: Annotated[float | None, typer.Option(help="Share of the samples that get variants (default 0.5).")] = None,
    count: Count = None,
    sentiment: Sentiment = None,
    version: Version = None,
    temperature: Temperature = None,
    model: Model = None,
    max_cost: MaxCost = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a job whose samples get variants as well; prints its id."""
    from urllib.parse import urlencode

    query = [("augmentation_strategies", name) for name in strategy or []]
    query += [("augment_ratio", str(ratio))] if ratio is not None else []
    body = {"product": product, "count": count, "version": version, "temperature": temperature, "model": model}
    body |= {"max_cost_usd": max_cost, "sentiment": sentiment}
    path = "/api/generate-augmented" + (f"?{urlencode(query)}" if query else "")
    _start(path, body, idempotency_key, watch, data, gateway)


@text.command()
def status(
    job: Annotated[str | None, typer.Argument(metavar="[JOB]")] = None,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """One job, or all of them."""

    def command() -> int:
        from cli import client, jobs

        return jobs.status(client.connect(data, gateway), job, as_json)

    run(command)


@text.command()
def result(job: JobId, as_json: AsJson = False, data: Data = None, gateway: Url = None) -> None:
    """The samples of a job that has ended; the exit code tells how."""

    def command() -> int:
        from cli import client, jobs

        return jobs.result(client.connect(data, gateway), job, as_json)

    run(command)


@text.command()
def cancel(job: JobId, data: Data = None, gateway: Url = None) -> None:
    """Stop a job; what was accepted stays."""

    def command() -> int:
        from cli import client, jobs

        return jobs.cancel(client.connect(data, gateway), job)

    run(command)


@text.command()
def export(
    job: JobId,
    form: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="- is stdout.")] = Path("-"),
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Write the accepted samples as JSON lines or CSV."""

    def command() -> int:
        from cli import client, jobs

        return jobs.export(client.connect(data, gateway), job, form, out)

    run(command)
