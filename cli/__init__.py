"""The command line. Ctrl-C while it still imports shows nothing; Python itself then ends as interrupted.

What the terminal's encoding lacks is shown as an escape: `status` into a pipe that is ASCII is no error.
"""

import codecs
import io
import sys
from types import TracebackType

OURS = {"…": "...", "�": "?"}  #: what we write ourselves


def _in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError) and (plain := OURS.get(error.object[error.start])):
        return plain, error.start + 1
    return codecs.backslashreplace_errors(error)


codecs.register_error("in-ascii", _in_ascii)
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="in-ascii")


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _quiet
