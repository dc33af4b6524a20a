"""Makes `.venv`, the Python environment that the Makefile's commands run in, and keeps it up to date.

In: `run` (what `make run` needs) or `dev` (what the tests and checks need on top), and requirements.txt and pyproject.toml beside this folder.
Out: `.venv` with these packages, a stamp per purpose, progress on stderr. A stamp that still fits means no work and no network.
Never: anything outside the standard library (there is no environment yet), an index of its own choosing (pip's settings hold).
"""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
ORIGIN = VENV / "origin.txt"  # where it was made: scripts in it hold that path
EXTRAS = {"run": ("local",), "dev": ("local", "dev")}
SETTLES = {"run": ("run",), "dev": ("run", "dev")}
PIP = "pip<26.3"  # what Chalice accepts
LINES_SHOWN = 20


def main(purpose: str) -> int:
    """Bring `.venv` up to date for `purpose`; answers the exit code."""
    stamp = VENV / f"{purpose}.stamp"
    wanted = fingerprint(purpose)
    if is_current(stamp, wanted):
        return 0
    with one_at_a_time():
        if is_current(stamp, wanted):
            return 0
        make_venv()
        install(packages(purpose))
        for settled in SETTLES[purpose]:
            (VENV / f"{settled}.stamp").write_text(fingerprint(settled))
        say("environment ready")
    return 0


def say(text: str) -> None:
    print(f"sluice: {text}", file=sys.stderr, flush=True)


def packages(purpose: str) -> list[str]:
    """The requirements of a purpose: requirements.txt and the extras that belong to it."""
    shipped = [line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return [line for line in shipped if line] + [line for extra in EXTRAS[purpose] for line in extras[extra]]


def fingerprint(purpose: str) -> str:
    """What a stamp holds: it changes with the packages and with the place of the clone."""
    return hashlib.sha256("\n".join([str(ROOT), *packages(purpose)]).encode()).hexdigest()


def is_current(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted and works(PYTHON)


def works(python: Path) -> bool:
    """Whether an interpreter starts: a link to a removed Python does not."""
    try:
        return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two makes that start together wait for each other."""
    lock = ROOT / ".cache" / "environment.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another command is preparing .venv; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_venv() -> None:
    """A working `.venv` with pip in it. One that was made elsewhere, or whose Python is gone, is made anew."""
    moved = ORIGIN.is_file() and ORIGIN.read_text() != str(ROOT)
    if moved or not works(PYTHON):
        base = getattr(sys, "_base_executable", sys.executable)
        say(f"making .venv with Python {sys.version.split()[0]}")
        if importlib.util.find_spec("venv") is None:
            raise SystemExit(missing_package())
        subprocess.run([base, "-m", "venv", "--clear", "--without-pip", VENV], check=True)
    ORIGIN.write_text(str(ROOT))
    if subprocess.run([PYTHON, "-m", "pip", "--version"], check=False, capture_output=True).returncode != 0:
        bring_pip()


def bring_pip() -> None:
    """Put pip into `.venv`: the one that came with Python, else as a package, by whichever installer this machine has."""
    if subprocess.run([PYTHON, "-m", "ensurepip"], check=False, capture_output=True).returncode == 0:
        return
    say("this Python has no ensurepip; fetching pip as a package")
    library = sysconfig.get_path("purelib", vars={"base": str(VENV), "platbase": str(VENV)}, scheme="venv")
    for installer in installers():
        command = [*installer, "install", "--quiet", "--no-deps", "--target", library, PIP]
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return
    raise SystemExit(missing_package())


def installers() -> Iterator[list[str]]:
    """The commands of this machine that can install a package into a folder."""
    pythons = [getattr(sys, "_base_executable", sys.executable), *(f"python3.{minor}" for minor in (14, 13, 12, 11)), "python3"]
    yield from ([found, "-m", "pip"] for name in pythons if (found := shutil.which(name)))
    yield from ([found] for name in ("pip3", "pip") if (found := shutil.which(name)))
    yield from ([found, "pip"] for name in ("uv",) if (found := shutil.which(name)))


def missing_package() -> str:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    return f"sluice: {sys.executable} has neither ensurepip nor pip: install the system package {name} (`apt install {name}`) and try again"


def install(wanted: list[str]) -> None:
    """Install packages, then the project itself as an editable one, for the `sluice` command."""
    say(f"installing {len(wanted)} packages and what they need; the first time takes a minute or two")
    pip("--prefer-binary", *wanted)
    pip("--no-build-isolation", "--no-deps", "--editable", str(ROOT))


def pip(*arguments: str) -> None:
    """Run `pip install`, showing what it is at; on a failure its last words."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", *arguments]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        said.extend(Progress().over(process.stdout or ()))
    if process.returncode != 0:
        raise SystemExit("".join(said[-LINES_SHOWN:]) + "sluice: pip could not install the packages (its last lines are above); is there a network?")


class Progress:
    """Turns pip's lines into one that is rewritten on a terminal, and into one every few seconds elsewhere."""

    SECONDS_BETWEEN = 5.0

    def __init__(self) -> None:
        self.count = 0
        self.shown_at = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def over(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._show(line.strip())
            yield line
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _show(self, line: str) -> None:
        first, _, rest = line.partition(" ")
        if first not in {"Collecting", "Downloading", "Installing", "Building", "Preparing"}:
            return
        self.count += first == "Collecting"
        text = f"  {self.count} packages: {first.lower()} {rest.split(' ')[0][:60]}"
        if self.terminal:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.shown_at > self.SECONDS_BETWEEN:
            self.shown_at = time.monotonic()
            say(text.strip())


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in EXTRAS:
        raise SystemExit(f"usage: {Path(sys.argv[0]).name} {'|'.join(EXTRAS)}")
    raise SystemExit(main(sys.argv[1]))
