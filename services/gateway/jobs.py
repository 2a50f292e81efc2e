"""Text jobs: a batch of the line `texts` made of a request, and the job that it is to its clients."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from math import ceil
from typing import Any

from services.gateway.acceptance import Defaults, plain
from services.gateway.errors import bad_field
from services.gateway.samples import rejected_of, samples_of
from services.gateway.schemas.common import dollars, nano_dollars, timestamp
from services.gateway.schemas.jobs import Job, JobStatus, Result
from services.gateway.schemas.status import Tokens, stages_of
from services.gateway.schemas.text import AnyOptions, AnyRequest, AugmentOptions, EnhancedRequest, Options, TextRequest
from shared import lines
from shared.contracts.batch import Batch, Quota, Row, Wish
from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import BatchStatus
from shared.contracts.text import VARIED, TextOptions, TextStatus

ATTEMPTS_EACH = 20  #: attempts for each sample wanted, where the request sets no cap
STATUSES: dict[BatchStatus, JobStatus] = {
    BatchStatus.QUEUED: "pending",
    BatchStatus.RUNNING: "running",
    BatchStatus.PAUSED: "running",
    BatchStatus.COMPLETED: "completed",
    BatchStatus.CANCELLED: "cancelled",
    BatchStatus.EXHAUSTED: "error",
    BatchStatus.BUDGET_REACHED: "error",
    BatchStatus.FAILED: "error",
}
WHY = {
    BatchStatus.EXHAUSTED: "the attempts are used up",
    BatchStatus.BUDGET_REACHED: "the cap on cost was reached",
    BatchStatus.FAILED: "a provider refused",
}


def options_of(request: TextRequest, query: Options | None = None) -> TextOptions:
    """What the stages have to keep to. Raises a 422 where body and query say different things."""
    if not isinstance(request, EnhancedRequest):
        return TextOptions(version=request.version)
    asked: dict[str, Any] = {
        "sentiment_intensity": request.sentiment_intensity,
        "tone": request.tone,
        "few_shot": request.few_shot,
        "quality_filter": request.quality_filter,
        "min_quality_score": request.min_quality_score,
    }
    names = {"enable_few_shot": "few_shot", "enable_quality_filter": "quality_filter"}
    for given, value in (query.model_dump(exclude_none=True) if query else {}).items():
        name = names.get(given, given)
        if name in request.model_fields_set and asked[name] != value:
            raise bad_field(given, f"the query says {value!r}, and {name} in the body {asked[name]!r}")
        asked[name] = value
    few = request.model_copy(update={"few_shot": asked.pop("few_shot")})
    return TextOptions(
        version=request.version,
        sentiment=request.sentiment,
        aspects=list(dict.fromkeys(request.aspects)),
        examples=few.examples,
        **asked,
    )


def augment_of(request: AnyRequest, query: AnyOptions) -> AugmentOptions | None:
    """The variants asked for, if any. Raises a 422 where body and query say different things."""
    given: dict[str, Any] = {}
    for name in AugmentOptions.model_fields:
        in_body, in_query = getattr(request, name), getattr(query, name)
        if None not in (in_body, in_query) and in_body != in_query:
            raise bad_field(name, f"the query says {in_query!r}, and the body {in_body!r}")
        if (value := in_body if in_query is None else in_query) is not None:
            given[name] = value
    return AugmentOptions(**given) if given else None


def models_of(request: TextRequest, defaults: Defaults) -> dict[str, ModelSpec]:
    """Raises a 422 where the request names two temperatures."""
    writer = plain(request.model) or defaults.writer
    named = request.model.temperature if request.model else None
    if "temperature" in request.model_fields_set and named not in (None, request.temperature):
        raise bad_field("temperature", f"it is {request.temperature}, and that of the model {named}")
    if writer.temperature is None:
        writer = writer.model_copy(update={"temperature": request.temperature})
    return {
        "writer": writer,
        "reviewer": plain(request.reviewer_model) or defaults.reviewer or defaults.checker,
        "embedding": plain(request.embedding_model) or defaults.embedding,
    }


def job_of(
    request: TextRequest,
    options: TextOptions,
    defaults: Defaults,
    batch_id: str,
    augment: AugmentOptions | None = None,
) -> Batch:
    """The batch that does the job."""
    route, quotas = list(lines.of(lines.TEXTS).stages), {}
    if augment:
        options = options.model_copy(update={"strategies": list(dict.fromkeys(augment.augmentation_strategies))})
        route.append("writer")  # once more, for the variants of what was accepted
        varied = ceil(augment.augment_ratio * request.count)
        quotas = {VARIED: Quota(wanted=varied)}
        if varied < request.count:
            quotas[""] = Quota(wanted=request.count - varied)
    said = augment.model_dump(mode="json") if augment else {}
    return Batch(
        id=batch_id,
        line=lines.TEXTS,
        kind="text",
        route=route,
        source={"name": "product", "product": request.product},
        created_at=time.time(),
        wish=Wish(
            num_problems=request.count,
            max_attempts=request.max_attempts or ATTEMPTS_EACH * request.count,
            max_cost=nano_dollars(request.max_cost_usd),
        ),
        models=models_of(request, defaults),
        options=options.model_dump(mode="json"),
        quotas=quotas,
        random_seed=secrets.randbits(32) if request.random_seed is None else request.random_seed,
        request_hash=request.digest(shape=type(request).__name__, options=options.model_dump(mode="json"), **said),
    )


def job(batch: Batch, rows: Sequence[Row], costs: dict[str, dict[str, int]]) -> Job:
    """The job as it is now; `rows` are its samples by slot, `costs` their calls' sums. Pure."""
    samples = samples_of(batch, rows, costs)
    wanted, ended = batch.wish.num_problems, batch.ended  # a letter may be under way again
    accepted = batch.counts.get(TextStatus.ACCEPTED, 0)
    return Job(
        job_id=batch.id,
        status=STATUSES[batch.status],
        progress=100 if batch.status is BatchStatus.COMPLETED else min(99, 100 * accepted // wanted),
        created_at=timestamp(batch.created_at),
        updated_at=timestamp(max([batch.finished_at or batch.created_at, *(row["updated_at"] for row in rows)])),
        error_message=_error(batch, accepted) if ended else batch.error,
        result=Result(
            samples=samples,
            total_samples=len(samples),
            total_tokens_estimated=sum(sample.tokens_estimated for sample in samples),
            metadata={"product": batch.source.get("product", ""), "options": batch.options}
            | {role: str(model) for role, model in batch.models.items()},
        )
        if ended
        else None,
        cost=dollars(batch.total_cost),
        tokens=Tokens.of(batch.input_tokens, batch.output_tokens),
        rejected=[rejected for row in rows for rejected in rejected_of(row)],
        stages=stages_of(batch),
        warnings=batch.warnings,
    )


def _error(batch: Batch, accepted: int) -> str | None:
    if batch.status not in WHY:
        return None
    words = batch.error or batch.shortfall or WHY[batch.status]
    return f"{accepted} of {batch.wish.num_problems} samples: {words}"
