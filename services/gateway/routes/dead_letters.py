"""Dead letters: list, one, replay, drop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi import Query as QueryParam

from services.gateway.connections import patient
from services.gateway.errors import Problem, not_found
from services.gateway.routes.dependencies import Connected, is_gone, replies
from services.gateway.schemas.dead_letters import (
    EXAMPLE_LETTER,
    DeadLetterPage,
    DeadLetterReply,
    DeadLettersQuery,
    Replayed,
)
from shared import dead_letters
from shared.contracts.batch import Batch
from shared.contracts.envelope import problem_id
from shared.dead_letters import DeadLetter
from shared.ledger import Ledger
from shared.streams import DEAD

router = APIRouter(prefix="/api/dead", tags=["Dead letters"])

LetterId = Annotated[str, Path(openapi_examples={"a letter": {"value": EXAMPLE_LETTER}})]
MAX_ID = 400  #: characters; longer subjects are none of ours


@router.get("", responses=replies(401, 422, 503, model=DeadLetterPage | list[DeadLetterReply]))
async def list_dead_letters(
    query: Annotated[DeadLettersQuery, QueryParam()], connected: Connected
) -> DeadLetterPage | list[DeadLetterReply]:
    """Oldest first."""
    ledger = connected.ledger
    async with patient(30.0):
        total = (await ledger.state(DEAD)).messages
        after = await _end_of(ledger, query.offset)
        letters = await dead_letters.listing(ledger, after, query.count) if after is not None else []
    items = [DeadLetterReply.of(letter) for letter in letters]
    return items if query.bare else DeadLetterPage(items=items, total=total, page=query.page, per_page=query.per_page)


@router.get("/{letter_id}", responses=replies(401, 404, 503, model=DeadLetterReply))
async def get_dead_letter(letter_id: LetterId, connected: Connected) -> DeadLetterReply:
    async with patient():
        return DeadLetterReply.of(await _find(connected.ledger, letter_id))


@router.post(
    "/{letter_id}/replay",
    status_code=202,
    responses=replies(401, 404, 409, 503, ok=202, model=Replayed, text="Sent to its stage again"),
)
async def replay_dead_letter(letter_id: LetterId, connected: Connected) -> Replayed:
    """Send the problem to its stage once more; what was paid is not paid again. The letter is gone then."""
    ledger, store = connected.ledger, connected.store
    async with connected.replaying:
        async with patient():
            letter = await _find(ledger, letter_id)
        batch = await store.batches.get(letter.batch_id)
        _check_replayable(batch)
        problem = problem_id(letter.batch_id, letter.slot)  # type: ignore[arg-type]
        row = await store.problems.get(problem)
        try:
            async with patient():
                hop = await dead_letters.replay(ledger, letter, row)
        except ValueError as error:
            raise Problem(409, str(error)) from error
    return Replayed(id=letter_id, batch_id=letter.batch_id, problem_id=problem, hop=hop)


@router.delete(
    "/{letter_id}",
    status_code=204,
    response_class=Response,
    responses=replies(401, 404, 503),
)
async def drop_dead_letter(letter_id: LetterId, connected: Connected) -> None:
    """Forget the letter. Its problem stays `failed`."""
    async with patient():
        await _find(connected.ledger, letter_id)
        await dead_letters.drop(connected.ledger, letter_id)


async def _end_of(ledger: Ledger, count: int) -> int | None:
    """The sequence number of the last of the oldest `count` letters; None where there are fewer."""
    after = 0
    while count > 0:
        facts = await ledger.read(after, stream=DEAD, limit=min(count, 500))
        if not facts:
            return None
        after, count = facts[-1].seq, count - len(facts)
    return after


async def _find(ledger: Ledger, letter_id: str) -> DeadLetter:
    sane = letter_id.isascii() and letter_id.isprintable() and len(letter_id) <= MAX_ID
    letter = await dead_letters.find(ledger, letter_id) if sane else None
    if letter is None:
        raise not_found("dead letter", letter_id)
    return letter


def _check_replayable(batch: Batch | None) -> None:
    if batch is None or is_gone(batch) or batch.wish.state == "deleted":
        raise Problem(409, "its batch was deleted")
    if batch.wish.state == "cancelled":
        raise Problem(409, "its batch was cancelled")
