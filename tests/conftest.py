"""What all tests share: databases, ports, and a ban on the network."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.uri_parser import parse_uri

import tests.mongod
from shared.settings import Settings
from shared.store import Store, open_store
from tests.mongod import Mongod

NO_MONGO = (
    "MONGODB HALF SKIPPED: no MongoDB for the tests. Set STUMPER_TEST_MONGO_URL, or STUMPER_TEST_MONGOD to a mongod "
    "binary, or put mongod on PATH, or start Docker"
)

# A run in the background, or under nohup, ignores these, and so would every process that a test starts and signals.
for _which, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_which) is signal.SIG_IGN:
        signal.signal(_which, _usual)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Nothing in a test reaches beyond this machine, but for a MongoDB that STUMPER_TEST_MONGO_URL names."""
    resolve = socket.getaddrinfo
    names = {host for host, _ in parse_uri(url)["nodelist"]} if (url := _given_mongo()) else set[str]()
    addresses = {entry[4][0] for name in names for entry in resolve(name, None)}
    names |= {"localhost", socket.gethostname(), ""}

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if name not in names and _address(name) is None:
            raise RuntimeError(f"a test tried to look up {name}: tests stay on this machine")
        return resolve(host, *args, **kwargs)

    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, target: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and target[0] not in names | addresses:
                address = _address(target[0])
                if address is None or not (address.is_loopback or address.is_unspecified):
                    raise RuntimeError(f"a test tried to reach {target[0]}: tests stay on this machine")
            return method(self, target)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        yield


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that finds a loopback port nobody listens on."""
    return tests.mongod.free_port


def _given_mongo() -> str | None:
    return os.environ.get("STUMPER_TEST_MONGO_URL")


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A MongoDB: the one given, else one started here, else a container, else a loud skip."""
    if url := _given_mongo():
        yield url
    elif tests.mongod.binary():
        server = Mongod.start(tmp_path_factory.mktemp("mongod"))
        yield server.url
        server.stop()
    else:
        yield from _container()


def _container() -> Iterator[str]:
    try:
        from testcontainers.community.mongodb import MongoDbContainer

        container = MongoDbContainer("mongo:7").start()
    except Exception as error:
        pytest.skip(f"{NO_MONGO} ({type(error).__name__})")
    yield container.get_connection_url()
    container.stop()


@pytest.fixture(params=["sqlite", "mongo"])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a store that is empty, once for each kind."""
    if request.param == "sqlite":
        yield Settings(_env_file=None, mongo_url=None, data_dir=tmp_path / "stumper")
        return
    url = request.getfixturevalue("mongo_url")
    name = f"test_{uuid.uuid4().hex}"
    yield Settings(_env_file=None, mongo_url=url, mongo_database=name, data_dir=tmp_path)
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        client.drop_database(name)


@pytest.fixture
async def store(store_settings: Settings) -> AsyncIterator[Store]:
    """An empty store, once for each kind."""
    async with await open_store(store_settings) as opened:
        yield opened
