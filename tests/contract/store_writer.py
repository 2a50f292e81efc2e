"""Another process on the same store: `python -m tests.contract.store_writer SETTINGS TASK NUMBER`."""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import count

from shared.contracts.batch import Place
from shared.settings import Settings
from shared.store import Store, open_store
from tests.contract.store_documents import call, row

CHUNK = 20  #: rows put together


async def fill(store: Store, number: int) -> None:
    """Put chunks without end, and print the number of each one that was acknowledged."""
    for n in count():
        slots = range(n * CHUNK, (n + 1) * CHUNK)
        await store.problems.put([row(slot, f"b{number}", problem="x" * 3000) for slot in slots])
        await store.calls.put([call(n, slot, f"b{number}") for slot in slots])
        print(n, flush=True)


async def add(store: Store, number: int) -> None:
    """Count to `number` in the batch `shared`, against rivals; put rows of rising hops into the same slots."""
    for n in range(number):
        await store.problems.put([row(slot, "shared", hop=n + 1) for slot in range(CHUNK)])
        while True:
            before = await store.batches.get("shared")
            assert before is not None
            applied = Place(epoch=1, seq=before.applied.seq + 1)
            after = before.model_copy(update={"applied": applied, "calls": before.calls + 1})
            if await store.batches.project(before, after):
                break


async def main(settings: str, task: str, number: str) -> None:
    async with await open_store(Settings(_env_file=None, **json.loads(settings))) as store:
        print("open", flush=True)
        await {"fill": fill, "add": add}[task](store, int(number))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
