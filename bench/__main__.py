"""`python -m bench [--strict] [name ...]`: run the benchmarks and print their tables. With `--strict`, a figure that is not reached is an error."""

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

from bench.table import Run, Table


def benchmarks() -> dict[str, Run]:
    """Every module of this package that has a `run`."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__")
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    return {name: module.run for name, module in modules.items() if hasattr(module, "run")}


def main(arguments: list[str] | None = None) -> int:
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run the benchmarks and print their tables.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(known)}; all without")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a figure is not reached")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.names) - set(known)):
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    tables = [_shown(known[name]()) for name in chosen.names or known]
    return int(chosen.strict and not all(table.is_met for table in tables))


def _shown(table: Table) -> Table:
    print(table, flush=True)
    return table


if __name__ == "__main__":
    sys.exit(main())
