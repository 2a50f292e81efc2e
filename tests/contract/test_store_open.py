"""Which store is opened, and what that loads; the ban on the network."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("module", ["pymongo", "sqlite3"])
def test_importing_the_store_loads_no_database(module: str) -> None:
    code = f"import sys, shared.store; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


def test_sqlite_does_without_pymongo(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, pathlib; from shared.settings import Settings; from shared.store import open_store\n"
        "async def main():\n"
        f"    settings = Settings(_env_file=None, mongo_url=None, data_dir=pathlib.Path({str(tmp_path)!r}))\n"
        "    async with await open_store(settings) as store: print(await store.ping())\n"
        "asyncio.run(main()); sys.exit('pymongo' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout[:7]) == (0, "SQLite "), done.stderr


async def test_a_test_cannot_leave_this_machine() -> None:
    with socket.socket() as outside, pytest.raises(RuntimeError, match="stay on this machine"):
        outside.connect(("192.0.2.1", 80))
    for host in ("192.0.2.1", "example.invalid"):
        with pytest.raises(RuntimeError, match="stay on this machine"):
            await asyncio.open_connection(host, 80)
