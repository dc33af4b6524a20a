"""`python -m bench [--slow] [--strict] [name ...]`: run benchmarks and print their tables.

Without names all run, one after the other and each in a process of its own, so that none warms another; the slow ones only with `--slow` or by name.
With `--strict`, a figure that is not reached is an error.
"""

import argparse
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from types import ModuleType

from bench.clock import busy
from bench.table import Table


def benchmarks() -> dict[str, ModuleType]:
    """Every module of this package that has a `run`."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if not module.name.startswith("__"))
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


def main(arguments: Sequence[str] | None = None) -> int:
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run benchmarks and print their tables.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(known)}; all that are not slow without")
    parser.add_argument("--slow", action="store_true", help=f"the slow ones too: {', '.join(name for name in known if is_slow(known[name]))}")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a figure is not reached")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.names) - set(known)):
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    names = chosen.names or [name for name in known if chosen.slow or not is_slow(known[name])]
    if len(names) == 1:
        return _here(known[names[0]], is_strict=chosen.strict)
    return _each_apart(names, is_strict=chosen.strict)


def is_slow(module: ModuleType) -> bool:
    return bool(getattr(module, "SLOW", False))


def _here(module: ModuleType, *, is_strict: bool) -> int:
    table: Table = module.run()
    print(table, flush=True)
    return int(is_strict and not table.is_met)


def _each_apart(names: Sequence[str], *, is_strict: bool) -> int:
    """Each in its own process. One that breaks does not keep the others from running, but is always an error."""
    started = monotonic()
    options = ["--strict"] if is_strict else []
    codes = {name: subprocess.run([sys.executable, "-m", "bench", name, *options], check=False).returncode for name in names}
    print(f"{len(names)} benchmarks in {monotonic() - started:.0f} s; {busy()}.")
    if failed := [name for name, code in codes.items() if code]:
        print(f"{'not reached or broken' if is_strict else 'broken'}: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
