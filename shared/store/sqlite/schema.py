"""The tables. Documents are JSON; what is asked for has a column of its own, before the document, so that
SQLite need not walk the document's pages to reach it."""

from __future__ import annotations

import sqlite3

VERSION = 3  #: kept in the file's `user_version`

TABLES = (
    """
    CREATE TABLE batches (
        id TEXT PRIMARY KEY, created_at REAL NOT NULL, status TEXT NOT NULL,
        state TEXT NOT NULL, rev INTEGER NOT NULL,          -- of the wish
        epoch INTEGER NOT NULL, seq INTEGER NOT NULL,       -- `applied`
        open INTEGER NOT NULL, buried INTEGER NOT NULL DEFAULT 0,
        wish TEXT NOT NULL, facts TEXT NOT NULL             -- JSON; `facts` is all but id and wish
    )
    """,
    "CREATE INDEX batches_by_age ON batches (created_at DESC, id)",
    "CREATE INDEX batches_open ON batches (created_at, id) WHERE open",
    """
    CREATE TABLE problems (
        id TEXT PRIMARY KEY, batch_id TEXT NOT NULL, slot INTEGER NOT NULL, hop INTEGER NOT NULL,
        epoch INTEGER NOT NULL, seq INTEGER NOT NULL,       -- `place`
        status TEXT, reason TEXT, subject TEXT, topic TEXT,
        text TEXT,                                          -- the problem in lower case, for searching
        row TEXT NOT NULL,                                  -- JSON without the vector
        vector BLOB                                         -- little-endian float32
    )
    """,
    "CREATE INDEX problems_by_slot ON problems (batch_id, slot)",
    "CREATE INDEX problems_by_status ON problems (status, batch_id, slot)",
    """
    CREATE TABLE calls (
        id TEXT PRIMARY KEY, problem_id TEXT NOT NULL, batch_id TEXT NOT NULL, at REAL,
        epoch INTEGER NOT NULL, seq INTEGER NOT NULL,       -- `place`
        cost INTEGER, input_tokens INTEGER, output_tokens INTEGER,
        row TEXT NOT NULL                                   -- JSON
    )
    """,
    "CREATE INDEX calls_by_problem ON calls (problem_id)",
    "CREATE INDEX calls_by_batch ON calls (batch_id)",
    "CREATE TABLE checkpoints (name TEXT PRIMARY KEY, document TEXT NOT NULL)",
)

ITEMS = """
    CREATE TABLE IF NOT EXISTS items (
        set_id TEXT NOT NULL, number INTEGER NOT NULL, item TEXT NOT NULL,  -- JSON
        PRIMARY KEY (set_id, number)
    ) WITHOUT ROWID
"""
RECORDS = (
    """
    CREATE TABLE IF NOT EXISTS records (
        kind TEXT NOT NULL, id TEXT NOT NULL, created_at REAL NOT NULL, record TEXT NOT NULL,  -- JSON
        PRIMARY KEY (kind, id)
    )
    """,
    "CREATE INDEX IF NOT EXISTS records_by_age ON records (kind, created_at DESC, id)",
)
KIND = "kind TEXT NOT NULL DEFAULT 'generation'"


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Make a file of an earlier version, or an empty one (0), one of this version; within the caller's transaction.

    A step looks at the file and not at its number alone: a health check of version 1 writes its own number into the
    file that it has open, though the columns are there already.
    """
    if version == 0:
        for statement in TABLES:
            connection.execute(statement)
    for table in ("batches", "problems"):
        if "kind" not in {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {KIND}")
    for statement in (ITEMS, *RECORDS):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
