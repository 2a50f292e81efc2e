"""The samples of a text job, and what was tried in vain, as its clients read them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.gateway.schemas.common import dollars, timestamp
from services.gateway.schemas.jobs import Rejected, Sample, Score
from shared.contracts.batch import Batch, Row
from shared.contracts.text import TextStatus, Variant

PLACES = 6  # decimals of what a variant is accepted by


def samples_of(batch: Batch, rows: Iterable[Row], costs: dict[str, dict[str, int]]) -> list[Sample]:
    """What was accepted of these rows, by rank; each sample's accepted variants behind it."""
    accepted = sorted((row for row in rows if row["status"] == TextStatus.ACCEPTED), key=lambda row: row["rank"])
    return [sample for row in accepted for sample in _samples_of(batch, row, costs)]


def _samples_of(batch: Batch, row: Row, costs: dict[str, dict[str, int]]) -> list[Sample]:
    envelope = row["envelope"]
    spent = costs.get(row["id"], {})
    cost = None if spent.get("unpriced") else dollars(spent.get("cost", 0))
    writer = batch.models["writer"]
    common: dict[str, Any] = {
        "product": envelope["product"],
        "generated_at": timestamp(envelope.get("written_at") or row["created_at"]),
        "temperature": writer.temperature,
        "metadata": {"model": str(writer), "version": batch.options.get("version", "")},
    }
    original = Sample(
        **common,
        id=row["id"],
        prompt_version=envelope.get("prompt_versions", {}).get("writer", ""),
        text=envelope["text"],
        tokens_estimated=_tokens(envelope["text"]),
        quality=envelope.get("quality"),
        sentiment=envelope.get("sentiment", ""),
        aspects=envelope.get("aspects", []),
        origin=None,
        strategy=None,
        acceptance=None,
        cost=cost,  # its variants' calls among it: they are made at the same slot
    )
    variants = [
        Sample(
            **common,
            id=f"{row['id']}-{variant.strategy}",
            prompt_version=variant.prompt_version,
            text=variant.text,
            tokens_estimated=_tokens(variant.text),
            quality=None,
            sentiment=variant.sentiment,
            aspects=[aspect.model_dump() for aspect in variant.aspects],
            origin=row["id"],
            strategy=variant.strategy,
            acceptance=_acceptance(variant),
            cost=None,
        )
        for variant in _variants(row)
        if variant.accepted
    ]
    return [original, *variants]


def rejected_of(row: Row) -> list[Rejected]:
    """What was written at this slot in vain, with the reason."""
    envelope, found = row["envelope"], []
    reason = envelope.get("reason") or {}
    if row["status"] in (TextStatus.REJECTED, TextStatus.FAILED):
        found.append(
            Rejected(
                text=envelope.get("text") or "",
                reason=reason.get("code", ""),
                detail=reason.get("detail", ""),
                quality=envelope.get("quality"),
                strategy=None,
                acceptance=None,
            )
        )
    found += [
        Rejected(
            text=variant.text,
            reason=variant.reason or "variant",
            detail=variant.detail,
            quality=None,
            strategy=variant.strategy,
            acceptance=_acceptance(variant),
        )
        for variant in _variants(row)
        if not variant.accepted
    ]
    return found


def _variants(row: Row) -> list[Variant]:
    return [Variant.model_validate(variant) for variant in row["envelope"].get("variants", [])]


def _acceptance(variant: Variant) -> Score | None:
    if variant.score is None:
        return None
    parts = {"kept": variant.kept or 0.0, "similarity": variant.similarity or 0.0}
    return Score(score=round(variant.score, PLACES), parts={name: round(n, PLACES) for name, n in parts.items()})


def _tokens(text: str) -> int:
    """About four characters a token."""
    return max(1, -(-len(text) // 4))
