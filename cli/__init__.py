"""The command line. Ctrl-C while it still imports shows nothing; Python itself then ends as interrupted.

What the terminal's encoding lacks is shown as an escape: `status` into a pipe that is ASCII is no error.
"""

import io
import sys
from types import TracebackType

for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _quiet
