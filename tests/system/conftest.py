"""A stack of real processes for each kind of store, and what a failed test should show of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from tests.system.accounts import IN_FLIGHT
from tests.system.stack import Stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("sqlite"))
    try:
        yield await stack.up()
    finally:
        await stack.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mongo_stack(tmp_path_factory: pytest.TempPathFactory, mongo_url: str) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("mongo"), mongo_url=mongo_url)
    try:
        yield await stack.up()
    finally:
        await stack.close()


@pytest.fixture(scope="session", params=["sqlite", "mongo"])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """The stack on each store in turn."""
    return request.getfixturevalue(f"{request.param}_stack")


@pytest_asyncio.fixture(loop_scope="session")
async def both(any_stack: Stack) -> AsyncIterator[Stack]:
    """The test runs on SQLite and on MongoDB; afterwards the stack is as it was."""
    await any_stack.new_account()
    yield any_stack
    await any_stack.restore()


@pytest_asyncio.fixture(loop_scope="session")
async def stack(sqlite_stack: Stack) -> AsyncIterator[Stack]:
    """The test runs on SQLite; afterwards the stack is as it was."""
    await sqlite_stack.new_account()
    yield sqlite_stack
    await sqlite_stack.restore()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: Any = yield
    used = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Stack)]
    if report.failed and used:
        lines = [f"--- {name}\n" + "\n".join(log[-25:]) for name, log in used[0].logged().items() if log]
        report.sections.append(("logs of the stack since the test began", "\n".join(lines)))
    return report  # type: ignore[no-any-return]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Under xdist too: properties travel with the reports."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    noted = [(r.nodeid, v) for r in reports if r.when == "call" for n, v in r.user_properties if n == IN_FLIGHT]
    if noted:
        terminalreporter.section("calls billed but not recorded: in flight at a kill")
        for name, value in noted:
            terminalreporter.line(f"{name}: {value}")
