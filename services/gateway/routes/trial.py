"""A trial of a model: does it answer?"""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi import Query as QueryParam
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from services.gateway.connections import Connections
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import Accepting, Connected, replies
from services.gateway.schemas.common import dollars, timestamp
from services.gateway.schemas.status import Tokens
from services.gateway.schemas.trial import LOCAL, Trial, TrialBody, TrialQuery, TrialResults
from shared import subjects
from shared.contracts.envelope import ModelSpec
from shared.contracts.trial import TrialReply, TrialRequest
from shared.errors import LedgerUnavailable

ANSWERS_WITHIN = 25.0  # s; the assistant gives up on a model sooner

router = APIRouter(prefix="/api", tags=["Text"], route_class=StrictRoute)
BODIES = {"named": {"summary": "A model of a provider", "value": LOCAL}}
ANSWERS = replies(401, 413, 422, 503, model=Trial)


@router.post("/test-llm", responses=ANSWERS, response_model_exclude_unset=True)
async def try_model(
    connected: Connected, acceptance: Accepting, body: Annotated[TrialBody | None, Body(openapi_examples=BODIES)] = None
) -> Trial:
    """Ask a model (the writer's, without a body) one question; what the call cost is on the standing account."""
    return await _tried((body or TrialBody()).model(acceptance.defaults.writer), connected)


@router.get("/test-llm", responses=ANSWERS, response_model_exclude_unset=True)
async def try_model_by_query(
    connected: Connected, acceptance: Accepting, query: Annotated[TrialQuery, QueryParam()]
) -> Trial:
    """The same, for a browser's address bar."""
    return await _tried(query.model(acceptance.defaults.writer), connected)


async def _tried(model: ModelSpec, connected: Connections) -> Trial:
    found = await _ask(model, connected)
    said = {} if found.text is None else {"test_response": found.text}
    return Trial(
        timestamp=timestamp(time.time()),
        results=TrialResults(
            health_check=found.reachable,
            generation_test=found.text is not None,
            model_info=model.model_dump(include={"provider", "model_name"}),
            error=found.error,
            **said,
        ),
        latency=found.latency,
        model=str(model),
        cost=dollars(found.cost),
        tokens=Tokens.of(found.input_tokens, found.output_tokens),
    )


async def _ask(model: ModelSpec, connected: Connections) -> TrialReply:
    """Raises LedgerUnavailable."""
    request = TrialRequest(model=model).model_dump_json().encode()
    try:
        reply = await connected.ledger.nc.request(subjects.TRIAL, request, timeout=ANSWERS_WITHIN)
    except NoRespondersError:
        return TrialReply(reachable=False, error="no assistant is running, and it is the one who asks")
    except (NatsTimeout, TimeoutError):
        return TrialReply(reachable=False, error=f"the assistant did not answer within {ANSWERS_WITHIN:g} s")
    except NatsError as error:
        raise LedgerUnavailable(f"NATS does not answer: {error or type(error).__name__}") from error
    return TrialReply.model_validate_json(reply.data)
