"""`python -m tests.local.serve_tiny <data> <port>`: the tiny app as a process of its own, for tests that kill it."""

import sys
from pathlib import Path

from infra.local.__main__ import serve
from infra.local.data_dir import DataDirInUseError
from tests.local.tiny_stack import PROJECT

if __name__ == "__main__":
    try:
        sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2]), watch=False, project=PROJECT))
    except DataDirInUseError as error:
        sys.exit(f"sluice: {error}")
