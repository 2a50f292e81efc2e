"""Exit codes, for scripts."""

OK = 0
FAILED = 1  #: it did not work; stderr says why
USAGE = 2  #: the command, or the request that it made, is not valid; or it is already running
ENDED_SHORT = 3  #: the batch ended without all that was wanted: cancelled, or at a cap
UNREACHABLE = 4  #: the gateway, or what it needs, does not answer
INTERRUPTED = 130  #: Ctrl-C; what the stack was doing goes on

TABLE = f"""\b
Exit codes:
  {OK}  ok
  {FAILED}  failed
  {USAGE}  wrong usage, or a request that is not valid
  {ENDED_SHORT}  the batch ended without all that was wanted
  {UNREACHABLE}  the gateway cannot be reached"""


class Failure(Exception):
    """Ends the command: `str()` goes to stderr, one line for each thing that is wrong."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
