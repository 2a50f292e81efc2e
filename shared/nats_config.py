"""The embedded nats-server's configuration file."""

from __future__ import annotations

import os
import re
from pathlib import Path

CONFIG = """\
# Written at each start; edits are lost.
server_name: "{name}"
listen: "{host}:{port}"
pid_file: {pid_file}
log_file: {log_file}
logfile_size_limit: 10MB
logfile_max_num: 3
max_payload: 1MB
jetstream {{
  store_dir: {store}
  max_memory_store: 256MB
  max_file_store: 256GB
}}
"""


def configuration(name: str, host: str, port: int, home: Path, log_file: Path) -> str:
    """`home` is where the server keeps its data and its pid."""
    return CONFIG.format(
        name=name,
        host=host,
        port=port,
        pid_file=quoted(home / "server.pid"),
        log_file=quoted(log_file),
        store=quoted(home),
    )


def quoted(path: Path) -> str:
    """The path as a string of nats-server's configuration, byte by byte: its reader knows `\\xHH`, but not JSON's
    `\\uHHHH`, and takes some signs for the start of a variable or a comment."""
    text = os.fsencode(path).decode("latin-1")
    return '"' + re.sub(r"[^A-Za-z0-9/._-]", lambda sign: f"\\x{ord(sign[0]):02x}", text) + '"'
