"""What a stack runs, and whether it may: the plan, the data folder's lock, the port."""

from __future__ import annotations

import contextlib
import fcntl
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cli.exits import USAGE, Failure
from cli.processes import Child
from cli.services import SERVICES
from shared.embedded import free_port, read_json
from shared.settings import Settings
from shared.start import ROLES


@dataclass(frozen=True)
class Plan:
    """What to run. `environment` is what every process of the stack sees beyond the caller's own."""

    data_dir: Path
    gateway_url: str
    environment: dict[str, str]
    embedded_nats: bool
    simulator_url: str | None  #: None: it is not ours to run
    scale: dict[str, int] = field(default_factory=dict)
    log_file: Path | None = None  #: None: the services write to our stderr

    def children(self) -> list[Child]:
        services = [s for s in SERVICES if s != "simulator" or self.simulator_url]
        return [Child(s, n, self.log_file) for s in services for n in range(1, self.scale.get(s, 1) + 1)]


def make_plan(
    known: Settings,
    data_dir: Path,
    host: str,
    port: int,
    *,
    scale: dict[str, int] | None = None,
    log_file: Path | None = None,
    own_simulator: bool = False,
    environment: dict[str, str] | None = None,
) -> Plan:
    """Work out what to run from the settings. What the user set explicitly is left alone, except that
    `own_simulator` runs one whatever is set; `environment` is added to what every process sees."""
    asked = known.model_fields_set
    data_dir = data_dir.resolve()
    shown_host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    gateway_url = f"http://{f'[{shown_host}]' if ':' in shown_host else shown_host}:{port}"
    environment = (environment or {}) | {
        "STUMPER_DATA_DIR": str(data_dir),
        "STUMPER_HOST": host,
        "STUMPER_PORT": str(port),
        "STUMPER_GATEWAY_URL": gateway_url,
    }
    if "log_level" not in asked:
        environment["STUMPER_LOG_LEVEL"] = "WARNING"
    models = (getattr(known, f"{role}_model") for role in ROLES)
    simulated = any(model and model.startswith("simulator/") for model in models)
    simulator_url = None
    if own_simulator or (simulated and "simulator_url" not in asked):
        simulator_url = environment["STUMPER_SIMULATOR_URL"] = f"http://127.0.0.1:{free_port()}"
    return Plan(data_dir, gateway_url, environment, not known.nats_url, simulator_url, scale or {}, log_file)


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the data folder. Raises Failure where another stack does; a killed one leaves no lock."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "up.lock").open("a")
    except OSError as error:
        raise Failure(f"{data_dir} cannot be the data folder: {error.strerror or error}", USAGE) from error
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = read_json(data_dir / "stack.json")
            who = f" (pid {other['pid']}, {other['gateway_url']})" if other else ""
            raise Failure(f"another stack{who} runs on {data_dir}; choose another folder with --data", USAGE) from None
        yield


def refuse_taken(host: str, port: int) -> None:
    """Raises Failure where the gateway could not bind."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise Failure(
                f"port {port} of {host} cannot be used ({error}); choose another with --port", USAGE
            ) from None
