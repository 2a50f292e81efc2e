"""`python -m tests.benchmarks [name …]`: measures, and prints the figures as Markdown with the machine's cores."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.benchmarks.demo import demo
from tests.benchmarks.grading import grading
from tests.benchmarks.ideal import ideal
from tests.benchmarks.kill import kill
from tests.benchmarks.prepared_server import VECTORS
from tests.benchmarks.report import Asked, machine, note
from tests.benchmarks.rest import rest
from tests.benchmarks.rivals import WARM_UP
from tests.benchmarks.servers import Failed
from tests.benchmarks.side import WAYS, side
from tests.benchmarks.texts import filters, jobs

BENCHMARKS = {
    "demo": demo,
    "rest": rest,
    "ideal": ideal,
    "kill": kill,
    "side": side,
    "grading": grading,
    "texts": jobs,
    "filters": filters,
}
STORES = {"sqlite": {"sqlite"}, "mongo": {"mongo"}, "both": {"sqlite", "mongo"}}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all unless given")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is told")
    parser.add_argument("--problems", type=int, default=1000, help="or samples, of `side` and `texts`")
    parser.add_argument("--store", choices=STORES, default="both", help="of this pipeline")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS), help="of the side-by-side benchmark")
    parser.add_argument("--latency", nargs="*", type=float, default=[0.2, 0.0], help="s a call, side by side")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="py-spy's samples of the side-by-side benchmark")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; known are {', '.join(BENCHMARKS)}")
    if given.rounds < 1 or not 1 <= given.problems <= VECTORS - WARM_UP:
        parser.error(f"at least one round, and 1 to {VECTORS - WARM_UP:,} problems: no more embeddings are prepared")
    left_out = STORES["both"] - STORES[given.store]
    ways = tuple(way for way in given.ways if way not in left_out)
    asked = Asked(given.rounds, given.problems, ways, tuple(given.latency), given.profile)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    print(f"Measured on {machine()}.\n", flush=True)
    failed = 0
    for name in given.names or BENCHMARKS:
        print(f"### {name}", flush=True)
        try:
            BENCHMARKS[name](asked)
        except Failed as error:
            failed = 1
            note(f"{name} FAILED: {error}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
