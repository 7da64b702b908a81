"""`python -m benchmarks [NAME …] [--short]`, `--help` tells the rest: run them and report."""

from __future__ import annotations

import argparse
import importlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, report
from benchmarks.run import Bench

NAMES = (
    *("intake", "cases", "throughput", "webhooks", "backlog", "workers"),
    *("creation", "hops", "client", "models", "imports"),
)


def main() -> int:
    """Run what was asked for; 1 if a check did not hold, 0 otherwise, aims met or not."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; or all")
    parser.add_argument("--short", action="store_true", help="see that it works, in minutes")
    parser.add_argument("--rounds", type=int, default=3, help="times each is measured (3)")
    parser.add_argument("--out", type=Path, help="write the results there too, as JSON")
    parser.add_argument("--data", type=Path, help="a folder on the disk to measure")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}: {', '.join(NAMES)}")
    if chosen.rounds < 1:
        parser.error("--rounds is 1 or more")
    if chosen.data is not None:
        chosen.data.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no child is left behind
    folder = Path(tempfile.mkdtemp(prefix="bench", dir=chosen.data))
    results: list[report.Result] = []
    facts: dict[str, object] = machine.facts(folder)
    everything = facts
    try:
        with Bench(folder, short=chosen.short, most_rounds=chosen.rounds) as bench:
            for name in chosen.names or NAMES:
                found = importlib.import_module(f"benchmarks.{name}").run(bench)
                results.append(found)
                print(found.text(), end="\n\n", flush=True)
                everything = {**facts, **bench.facts()}
                if chosen.out is not None:
                    report.write_json(chosen.out, everything, results, short=chosen.short)
        print("\n".join(["Machine", *(f"  {key}: {value}" for key, value in everything.items())]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if facts["file_system"] == "tmpfs":
        print("Note: the data was in memory (tmpfs): no figure of durable work counts.")
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
