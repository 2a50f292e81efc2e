"""The tables. Documents are JSON; what is asked for has a column of its own, before the document, so that
SQLite need not walk the document's pages to reach it."""

from __future__ import annotations

VERSION = 1  #: kept in the file's `user_version`

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
