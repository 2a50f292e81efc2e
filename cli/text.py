"""`stumper text …`: jobs of synthetic text, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson, Data, Key, MaxAttempts, MaxCost, Url, Watch, run

text = typer.Typer(help="Synthetic text: start jobs, follow them, take their results.", no_args_is_help=True)

Product = Annotated[str, typer.Argument(help="What the texts are about.")]
JobId = Annotated[str, typer.Argument(metavar="JOB")]
Count = Annotated[int | None, typer.Option("--count", "-n", help="Samples wanted (default 5).")]
Version = Annotated[str | None, typer.Option(help="Of the templates (default v1).")]
Temperature = Annotated[float | None, typer.Option(help="0 to 2 (default 0.7).")]
Model = Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Writes the texts.")]
Reviewer = Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Rates them.")]
Embedding = Annotated[str | None, typer.Option(metavar="PROVIDER/NAME", help="Tells repeats.")]
Seed = Annotated[int | None, typer.Option(help="Random seed.")]
Sentiment = Annotated[str | None, typer.Option(help="positive, negative, neutral or mixed.")]
Intensity = Annotated[int | None, typer.Option(help="Of the sentiment, 1 to 5.")]
Tone = Annotated[str | None, typer.Option(help="As `dry` or `enthusiastic`.")]
FewShot = Annotated[bool, typer.Option("--few-shot", help="Show the model our examples, unless there are --example.")]
Example = Annotated[list[str] | None, typer.Option(help="A text that shows what is wanted; may be repeated.")]
Aspect = Annotated[list[str] | None, typer.Option(help="A term that each text has to speak of; may be repeated.")]
MinScore = Annotated[float | None, typer.Option(help="Least quality, 0 to 1 (default 0.6).")]
Unfiltered = Annotated[bool, typer.Option("--no-quality-filter", help="Reject nothing for its quality.")]


def _start(
    path: str, body: dict[str, Any], key: str | None, watch: bool, as_json: bool, data: Path | None, url: str | None,
    query: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    def command() -> int:
        from cli import client, jobs, request

        asked, wanted = request.said(query or {}), request.said(body)
        return jobs.start(client.connect(data, url), path, asked, wanted, key, follow=watch, as_json=as_json)

    run(command)


@text.command()
def generate(
    product: Product,
    count: Count = None,
    version: Version = None,
    temperature: Temperature = None,
    model: Model = None,
    reviewer: Reviewer = None,
    embedding: Embedding = None,
    max_cost: MaxCost = None,
    max_attempts: MaxAttempts = None,
    seed: Seed = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a plain job; prints its id. Only what cannot be read, or repeats another, is rejected."""
    body = _plain(product, count, version, temperature, model, reviewer, embedding, max_cost, max_attempts, seed)
    _start("/api/generate", body, idempotency_key, watch, as_json, data, gateway)


@text.command()
def enhance(
    product: Product,
    count: Count = None,
    sentiment: Sentiment = None,
    intensity: Intensity = None,
    tone: Tone = None,
    few_shot: FewShot = False,
    example: Example = None,
    aspect: Aspect = None,
    min_score: MinScore = None,
    no_quality_filter: Unfiltered = False,
    version: Version = None,
    temperature: Temperature = None,
    model: Model = None,
    reviewer: Reviewer = None,
    embedding: Embedding = None,
    max_cost: MaxCost = None,
    max_attempts: MaxAttempts = None,
    seed: Seed = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a job with a mood, a tone, examples, and a filter by quality; prints its id."""
    body = _plain(product, count, version, temperature, model, reviewer, embedding, max_cost, max_attempts, seed)
    body |= _enhanced(sentiment, intensity, tone, few_shot, example, aspect, min_score, no_quality_filter)
    _start("/api/generate-enhanced", body, idempotency_key, watch, as_json, data, gateway)


@text.command()
def augment(
    product: Product,
    strategy: Annotated[list[str] | None, typer.Option(help="CDA, ADA or CADA; may be repeated (default CDA).")] = None,
    ratio: Annotated[float | None, typer.Option(help="Share of the samples that get variants (default 0.5).")] = None,
    count: Count = None,
    sentiment: Sentiment = None,
    intensity: Intensity = None,
    tone: Tone = None,
    few_shot: FewShot = False,
    example: Example = None,
    aspect: Aspect = None,
    min_score: MinScore = None,
    no_quality_filter: Unfiltered = False,
    version: Version = None,
    temperature: Temperature = None,
    model: Model = None,
    reviewer: Reviewer = None,
    embedding: Embedding = None,
    max_cost: MaxCost = None,
    max_attempts: MaxAttempts = None,
    seed: Seed = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    as_json: AsJson = False,
    data: Data = None,
    gateway: Url = None,
) -> None:
    """Start a job as `enhance` does whose samples get variants as well; prints its id."""
    body = _plain(product, count, version, temperature, model, reviewer, embedding, max_cost, max_attempts, seed)
    body |= _enhanced(sentiment, intensity, tone, few_shot, example, aspect, min_score, no_quality_filter)
    query = {"augmentation_strategies": strategy or None, "augment_ratio": ratio}
    _start("/api/generate-augmented", body, idempotency_key, watch, as_json, data, gateway, query)


def _plain(
    product: str, count: int | None, version: str | None, temperature: float | None, model: str | None,
    reviewer: str | None, embedding: str | None, max_cost: float | None, max_attempts: int | None, seed: int | None,
) -> dict[str, Any]:  # fmt: skip
    """The fields of every job, by the API's names."""
    return {
        "product": product,
        "count": count,
        "version": version,
        "temperature": temperature,
        "model": model,
        "reviewer_model": reviewer,
        "embedding_model": embedding,
        "max_cost_usd": max_cost,
        "max_attempts": max_attempts,
        "random_seed": seed,
    }


def _enhanced(
    sentiment: str | None, intensity: int | None, tone: str | None, few_shot: bool, example: list[str] | None,
    aspect: list[str] | None, min_score: float | None, no_quality_filter: bool,
) -> dict[str, Any]:  # fmt: skip
    """Those of an enhanced one."""
    return {
        "sentiment": sentiment,
        "sentiment_intensity": intensity,
        "tone": tone,
        "few_shot": example or few_shot or None,
        "aspects": aspect or None,
        "min_quality_score": min_score,
        "quality_filter": False if no_quality_filter else None,
    }


@text.command("watch")
def watch_job(job: JobId, as_json: AsJson = False, data: Data = None, gateway: Url = None) -> None:
    """Follow a job until it ends, and show its samples; the exit code tells how."""

    def command() -> int:
        from cli import client, jobs

        return jobs.stay(client.connect(data, gateway), job, as_json)

    run(command)


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
