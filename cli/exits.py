"""What the command line ends with, so that scripts can go on from it.

In: nothing. Out: exit codes. They are a promise: docs/CLI.md lists them.
"""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    FAILED = 1  # the run failed, timed out or was cancelled; the gate was decided by somebody else
    INVALID = 2  # the command, the file or the input cannot be taken
    NOT_FOUND = 3
    REFUSED = 4  # this person may not
    UNREACHABLE = 5  # no Sluice answers at that address
    INTERRUPTED = 130  # Ctrl-C; the run goes on


def of_status(status: int) -> Exit:
    """The exit code for an HTTP answer that is an error."""
    match status:
        case 404:
            return Exit.NOT_FOUND
        case 401 | 403:
            return Exit.REFUSED
        case 400 | 422:
            return Exit.INVALID
        case _:
            return Exit.FAILED
