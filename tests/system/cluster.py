"""Three NATS servers that keep each stream three times."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import httpx

from shared.children import die_with_parent
from shared.embedded import HOST, find_binary, free_port, greeting

CONFIG = """\
server_name: "node-{n}"
listen: "{host}:{port}"
http: "{host}:{monitor}"
log_file: "{folder}/node-{n}.log"
max_payload: 1MB
jetstream {{ store_dir: "{folder}/node-{n}", max_memory_store: 64MB, max_file_store: 4GB }}
cluster {{ name: stumper, listen: "{host}:{route}", routes: [{routes}] }}
"""


class Node:
    def __init__(self, n: int, folder: Path) -> None:
        self.n = n
        self.name = f"node-{n}"
        self.port, self.route, self.monitor = free_port(), free_port(), free_port()
        self.config = folder / f"node-{n}.conf"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(find_binary()), "-c", str(self.config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def healthy(self) -> bool:
        """It accepts clients, and its JetStream has caught up with the others'."""
        if greeting(HOST, self.port) is None:
            return False
        try:
            answer = httpx.get(f"http://{HOST}:{self.monitor}/healthz", trust_env=False, timeout=2)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


class Cluster:
    """Looks to a stack like an embedded server."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.nodes = {f"node-{n}": Node(n, folder) for n in (1, 2, 3)}
        routes = ", ".join(f'"nats://{HOST}:{node.route}"' for node in self.nodes.values())
        for node in self.nodes.values():
            node.config.write_text(
                CONFIG.format(
                    n=node.n, host=HOST, port=node.port, route=node.route, monitor=node.monitor,
                    folder=folder, routes=routes,
                )
            )  # fmt: skip

    @property
    def url(self) -> str:
        return ",".join(f"nats://{HOST}:{node.port}" for node in self.nodes.values())

    @property
    def alive(self) -> bool:
        return all(node.alive for node in self.nodes.values())

    def start(self) -> str:
        """Start those that do not run, and wait until all are one."""
        for node in self.nodes.values():
            if not node.alive:
                node.start()
        deadline = time.monotonic() + 60
        while not all(node.healthy() for node in self.nodes.values()):
            assert time.monotonic() < deadline, "the cluster does not come together"
            time.sleep(0.05)
        return self.url

    def stop(self) -> None:
        for node in self.nodes.values():
            node.kill()
