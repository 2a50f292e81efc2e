"""Repositories: MongoDB, or SQLite in the data folder. Nobody else imports a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.store.protocols import Store

if TYPE_CHECKING:
    from shared.settings import Settings

__all__ = ["Store", "open_store"]


async def open_store(settings: Settings) -> Store:
    """The store that the settings name, its tables or indexes made. StoreUnavailable where it does not answer."""
    if settings.mongo_url:
        from shared.store.mongo import MongoStore  # 0.2 s to import: only where it is used

        return await MongoStore.open(settings.mongo_url, settings.mongo_database)
    from shared.store.sqlite import SqliteStore

    return await SqliteStore.open(settings.data_dir / "stumper.db")
