"""What MongoDB's errors mean, and the writes that both kinds of rows share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo import ReplaceOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure

from shared.errors import StoreUnavailable

Document = dict[str, Any]
Collection = AsyncCollection[Document]

DUPLICATE_KEY = 11000
_OUR_MISTAKES = frozenset({2, 9, 14, 40, 52, 59, 10334, 17280})  # bad query or document: asking again is no use


@contextmanager
def answering() -> Iterator[None]:
    """StoreUnavailable for a server that is away, has no primary, refuses the user or cannot write."""
    try:
        yield
    except ConnectionFailure as error:
        raise StoreUnavailable(f"MongoDB: {words(error)}") from error
    except OperationFailure as error:
        codes = {error.code}
        if isinstance(error, BulkWriteError):
            codes = {each["code"] for each in (error.details or {}).get("writeErrors", ())}
        if codes & _OUR_MISTAKES:
            raise
        raise StoreUnavailable(f"MongoDB: {words(error)}") from error


def words(error: Exception) -> str:
    """The error without the description of the topology."""
    if isinstance(error, BulkWriteError) and error.details:
        first: Document = [*error.details["writeErrors"], *error.details["writeConcernErrors"]][0]
        return str(first["errmsg"])
    return re.split(r" \(configured timeouts:|, Timeout:|, full error:", str(error), maxsplit=1)[0]


async def write_all(collection: Collection, requests: Sequence[Any]) -> list[int]:
    """Send them in any order; the indexes of those that met another document of the same id."""
    try:
        await collection.bulk_write(requests, ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(each["code"] != DUPLICATE_KEY for each in failures):
            raise
        return [each["index"] for each in failures]
    return []


def replacement(condition: Document, document: Document, *, upsert: bool) -> ReplaceOne[Document]:
    return ReplaceOne({"_id": document["_id"], **condition}, document, upsert=upsert)


def to_document(row: Document) -> Document:
    document = row.copy()
    document["_id"] = document.pop("id")
    return document


def to_row(document: Document) -> Document:
    """In place."""
    document["id"] = document.pop("_id")
    return document


def of_kinds(kinds: Sequence[str] | None) -> Document:
    """The condition on `kind`; documents of before have none, and are of a generation."""
    if kinds is None:
        return {}
    return {"kind": {"$in": [*kinds, *([None] if "generation" in kinds else [])]}}
