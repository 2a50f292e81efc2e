"""Whether a batch's embeddings fit into the stream that keeps them: what surely does not is refused at once."""

from __future__ import annotations

from services.gateway.errors import bad_field
from shared.contracts.batch import Batch
from shared.ledger import Ledger
from shared.lines import TEXTS
from shared.streams import VECTORS

#: as their makers publish them
DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
    "sim-embed": 256,
}
LEAST = 64  #: dimensions that no model known to us goes below
OVERHEAD = 200  #: bytes that an entry takes beside its numbers


async def check_vectors_fit(ledger: Ledger, batch: Batch) -> None:
    """Raises a 422, and LedgerUnavailable."""
    state = await ledger.state(VECTORS)
    each = 4 * DIMENSIONS.get(batch.models["embedding"].model_name, LEAST) + OVERHEAD
    needed, room = each * batch.wish.num_problems, state.max_bytes - state.bytes
    if needed > room:
        words = f"the embeddings of {batch.wish.num_problems:,} {batch.line} take at least {needed / 1e6:,.1f} MB, and there"
        words += f" is room for {room / 1e6:,.1f} MB: delete ended batches, or raise STUMPER_LEDGER_MAX_BYTES, of which"
        field = "count" if batch.line == TEXTS else "num_problems"
        raise bad_field(field, f"{words} they may take half")
