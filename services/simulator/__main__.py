"""`python -m services.simulator`: the simulator alone, without the stack."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from services.simulator.app import run
from services.simulator.plan import Plan, complaints
from shared.start import begin, unusable


def _plan(path: str) -> Plan:
    try:
        return Plan.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = complaints(error)[0]
        raise argparse.ArgumentTypeError(f"{path}: {first['field']}: {first['message']}") from error


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: a number up to 65535")
    return int(text)


def main() -> None:
    known = begin("simulator")
    url = urlsplit(known.simulator_url)
    parser = argparse.ArgumentParser(prog="python -m services.simulator", description="A server of simulated models.")
    parser.add_argument("--host", default=url.hostname or "127.0.0.1")
    parser.add_argument("--port", type=_port, default=url.port or 80, help="0: a free one, see the first log line")
    parser.add_argument("--seed", type=int, default=0, help="other seeds, other replies")
    parser.add_argument("--plan", type=_plan, metavar="FILE", help="latency and faults, as PUT /sim/plan takes them")
    parser.add_argument("--data", type=Path, metavar="DIR", default=known.data_dir / "simulator", help="for the bill")
    args = parser.parse_args()
    if why := unusable(args.data):
        parser.exit(2, f"simulator: {args.data} cannot hold the bill: {why}\n")
    run(args.host, args.port, args.data, args.seed, args.plan)


if __name__ == "__main__":
    main()
