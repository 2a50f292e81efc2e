"""The FastStream application of a service that runs on NATS."""

from __future__ import annotations

from typing import Any

from faststream import FastStream

from shared.connection import Broker
from shared.start import begin


class Application(FastStream):
    """Begins like every other process of ours: `faststream run` and the supervisor both call `run`."""

    def __init__(self, service: str, broker: Broker, *, stores: bool = False, **hooks: Any) -> None:
        super().__init__(broker, logger=None, **hooks)
        self._service, self._stores = service, stores

    async def run(self, *arguments: Any, **options: Any) -> None:
        begin(self._service, stores=self._stores)
        await super().run(*arguments, **options)
