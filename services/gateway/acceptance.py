"""Accepting a batch. The insert into the store is the acceptance; what follows repeats by itself."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import overload

from pydantic import TypeAdapter, ValidationError

from services.gateway.connections import Connections, patient
from services.gateway.errors import Problem, bad_field
from services.gateway.replicas import Replicas
from services.gateway.schemas.common import nano_dollars
from services.gateway.schemas.generation import GenerationRequest, Model, ModelField
from services.gateway.schemas.taxonomy import flatten, shipped
from services.gateway.stages import lacking_keys, missing
from services.gateway.vectors import check_vectors_fit
from shared import lines, subjects
from shared.contracts.batch import Batch, Kind, Wish
from shared.contracts.envelope import ModelSpec
from shared.contracts.price import Price
from shared.contracts.problem import Options
from shared.contracts.statuses import BatchStatus
from shared.errors import LedgerUnavailable, StoreUnavailable
from shared.ledger import Ledger
from shared.llm import prices
from shared.settings import Settings

log = logging.getLogger(__name__)

FULL = 0.8  #: share of the ledger's bytes from which nothing new is accepted, so that what is in flight can land
LOOK_EVERY = 1.0  # s that a look at the ledger's size serves
ATTEMPTS_EACH = 100  #: attempts for each problem wanted, where the request sets no cap


class Acceptance:
    """Turns requests into batches, once for each Idempotency-Key."""

    def __init__(self, settings: Settings, connections: Connections, replicas: Replicas) -> None:
        self._connections = connections
        self._replicas = replicas
        self.defaults = defaults_of(settings)
        self._prices = settings.prices
        self._looked = float("-inf")
        self._fill = 0.0

    async def accept(self, batch: Batch, *, keyed: bool) -> Batch:
        """The batch, which is stored when this returns, or the one that stands under its id already, where that is
        `keyed`: comes of an Idempotency-Key. Raises Problem, and Unavailable with nothing stored."""
        await self._check_priced(batch)
        store = self._connections.store
        if keyed and (known := await store.batches.get(batch.id)):
            accepted = _repeated(known, batch)
        else:
            batch = await self._checked(batch)
            try:
                inserted = await store.batches.insert(batch)
            except StoreUnavailable:
                if not keyed:  # nobody will ask for it again, so what may have landed must not run
                    self._connections.spawn(self._withdraw(batch.id))
                raise
            accepted = batch
            if not inserted:  # a rival with the same key was first
                first = await store.batches.get(batch.id)
                assert first is not None, "an id in use names a batch or its tombstone"
                accepted = _repeated(first, batch)
        if accepted.status is BatchStatus.QUEUED:
            await self._announce(accepted)
        return accepted

    async def judge(self, batch: Batch) -> Batch:
        """The batch as `accept` would store it, with its warnings, and nothing stored. Raises what that raises."""
        await self._check_priced(batch)
        return await self._checked(batch)

    async def check_target(self, batch: Batch, target: ModelSpec) -> None:
        """Raises a 422 where a batch cannot have this target, LedgerUnavailable where nobody knows."""
        retargeted = batch.model_copy(update={"models": batch.models | {"target": target}})
        await self._check_priced(retargeted)
        await self._check_stages(retargeted)

    async def _check_priced(self, batch: Batch) -> None:
        if batch.wish.max_cost is not None:
            await asyncio.to_thread(check_priced, batch.models, self._prices)  # it may have to load the price list

    async def _checked(self, batch: Batch) -> Batch:
        await self._check_ledger()
        async with patient():
            await check_vectors_fit(self._connections.ledger, batch)
        return await self._check_stages(batch)

    async def _check_ledger(self) -> None:
        """Raises LedgerUnavailable, and a 503 where the ledger is nearly full."""
        ledger = self._connections.ledger
        if time.monotonic() - self._looked > LOOK_EVERY:
            async with patient():
                self._fill = await ledger.fill()
            self._looked = time.monotonic()
        if self._fill > FULL:
            detail = f"the ledger is {self._fill:.0%} full; try again when running batches have ended"
            raise Problem(503, detail, headers={"Retry-After": "30"})

    async def _check_stages(self, batch: Batch) -> Batch:
        """The batch with its warnings. Raises LedgerUnavailable, and a 422 where all replicas of a stage lack a key."""
        line, seen = lines.of(batch.line), await self._replicas.seen()
        if lacking := lacking_keys(line, batch.models, seen):
            raise Problem(
                422, "; ".join(f"{field}: {words}" for field, words in lacking.items()), list(lacking.items())
            )
        return batch.model_copy(update={"warnings": missing(line, seen)})

    async def _announce(self, batch: Batch) -> None:
        try:
            async with patient():
                await announce(self._connections.ledger, batch)
        except LedgerUnavailable as error:
            log.warning("batch %s is stored; the conductor will announce it: %s", batch.id, error)

    async def _withdraw(self, batch_id: str) -> None:
        """After an insert of unknown fate: have the batch deleted if it is there after all."""
        while True:
            try:
                found = await self._connections.store.batches.wish(batch_id, state="deleted")
            except StoreUnavailable:
                await asyncio.sleep(LOOK_EVERY)
            else:
                log.info("batch %s was %s", batch_id, "withdrawn" if found else "never stored")
                return


async def announce(ledger: Ledger, batch: Batch) -> None:
    fact = {"batch_id": batch.id, "num_problems": batch.wish.num_problems, "at": batch.created_at}
    await ledger.publish_once(subjects.batch_requested(batch.id), json.dumps(fact).encode())


def _repeated(known: Batch, asked: Batch) -> Batch:
    """The batch that a used Idempotency-Key stands for."""
    if known.wish.state == "deleted":
        raise Problem(409, "the batch of this Idempotency-Key was deleted; use another key")
    if known.request_hash != asked.request_hash:
        raise bad_field("Idempotency-Key", "was used with another body")
    return known


@dataclass(frozen=True, slots=True)
class Defaults:
    """Who plays which role where a request does not say. Judge and reviewer: None = whoever checks."""

    engineer: ModelSpec
    checker: ModelSpec
    target: ModelSpec
    embedding: ModelSpec
    writer: ModelSpec
    judge: ModelSpec | None
    reviewer: ModelSpec | None


def defaults_of(settings: Settings) -> Defaults:
    """Raises ValueError for a setting that names no model of a known provider."""

    def spec(role: str) -> ModelSpec:
        value = getattr(settings, f"{role}_model")
        try:
            return plain(TypeAdapter(ModelField).validate_python(value))
        except ValidationError as error:
            words = error.errors()[0]["msg"]
            raise ValueError(f"STUMPER_{role.upper()}_MODEL is {value!r}: {words}") from error

    return Defaults(
        engineer=spec("engineer"),
        checker=spec("checker"),
        target=spec("target"),
        embedding=spec("embedding"),
        writer=spec("writer"),
        judge=spec("judge") if settings.judge_model else None,
        reviewer=spec("reviewer") if settings.reviewer_model else None,
    )


def models_of(request: GenerationRequest, defaults: Defaults) -> dict[str, ModelSpec]:
    checker = plain(request.checker_model) or defaults.checker
    return {
        "engineer": plain(request.engineer_model) or defaults.engineer,
        "checker": checker,
        "target": plain(request.target_model) or defaults.target,
        "embedding": plain(request.embedding_model) or defaults.embedding,
        "judge": plain(request.judge_model) or defaults.judge or checker,
    }


@overload
def plain(model: Model) -> ModelSpec: ...
@overload
def plain(model: None) -> None: ...
def plain(model: Model | None) -> ModelSpec | None:
    """A model as the other services know it."""
    return None if model is None else ModelSpec(**model.model_dump())


def check_priced(models: Mapping[str, ModelSpec], own: Mapping[str, Price]) -> None:
    """Raises a 422: what a model of unknown price costs cannot be held against a cap."""
    specs = dict.fromkeys(models.values())
    if unpriced := [str(spec) for spec in specs if not prices.known(spec, own)]:
        names = ", ".join(dict.fromkeys(unpriced))
        raise bad_field("max_cost_usd", f"cannot be kept: the price of {names} is not known")


def batch_of(request: GenerationRequest, defaults: Defaults, batch_id: str) -> Batch:
    return Batch(
        id=batch_id,
        name=request.name,
        created_at=time.time(),
        wish=Wish(
            num_problems=request.num_problems,
            max_attempts=request.max_attempts or ATTEMPTS_EACH * request.num_problems,
            max_in_flight=request.max_in_flight,
            max_cost=nano_dollars(request.max_cost_usd),
        ),
        models=models_of(request, defaults),
        options=Options(similarity_threshold=request.similarity_threshold).model_dump(),
        topics=flatten(request.taxonomy) if request.taxonomy else list(shipped()),
        random_seed=secrets.randbits(32) if request.random_seed is None else request.random_seed,
        request_hash=request.digest(),
    )


def new_id(key: str | None, caller: str, line: str = lines.PROBLEMS, kind: Kind = "generation") -> str:
    """The same for the same Idempotency-Key of the same caller for the same kind of work, and of nobody else; without
    a key a random one."""
    if key is None:
        return _readable(secrets.token_bytes(15))
    # a generation's stays what it was before there were others
    scope = "" if (line, kind) == (lines.PROBLEMS, "generation") else f"{line}/{kind}\n"
    return _readable(hashlib.sha256(f"{scope}{caller}\n{key}".encode()).digest()[:15])


def _readable(fifteen: bytes) -> str:
    """15 bytes as 24 characters of a-z and 2-7, safe in URLs and subjects."""
    return base64.b32encode(fifteen).decode().lower()
