"""Benchmarks: one module each, with `run() -> Table`. `python -m bench` runs all and prints their tables; `python -m bench schedule` runs one."""
