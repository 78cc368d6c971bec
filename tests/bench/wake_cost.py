#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a wake costs in instructions, among few sources and among many: wake_cost.py PROGRAM

callgrind runs the program wake_cost (wake_cost.c) and counts what the process executes from the
worker's call of epoll_wait until the worker has handled the one event, wake by wake; the kernel's
part is the same for any number, as the epoll set has only the doorbell and the timer. The first
wakes bind symbols, and do not count. A count, and no time: it is the same wherever the program is.

The status is 1 if a wake among 4,096 sources costs more than LIMIT times one among as many as the
audit of a wake looks at, 77 if there is no valgrind.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from program import RateError

SKIP = 77
LIMIT = 1.1
FEW, MANY = 1, 4096
NUMBERS = (FEW, 2, 8, 64, MANY)
NB_FIRST = 2  # wakes that do not count
LIMIT_S = 120


class Cost(NamedTuple):
    """What a wake among so many sources costs."""
    sources: int
    wakes: int
    instructions: float  # mean
    least: int
    most: int


def has_valgrind():
    return shutil.which("valgrind") is not None


def counts_of(folder):
    """Instructions of each wake, in order: callgrind leaves a file for each."""
    files = sorted(folder.glob("out.[0-9]*"), key=lambda path: int(path.suffix[1:]))
    found = [re.search(r"^summary: (\d+)", path.read_text(encoding="utf-8"), re.MULTILINE)
             for path in files]
    return [int(match[1]) for match in found if match]


def measure(wake_cost, sources):
    """The Cost of a wake among so many sources."""
    with tempfile.TemporaryDirectory(prefix="rouse-callgrind-") as scratch:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}/out",
                   "--zero-before=epoll_wait", "--dump-before=wake_is_over", wake_cost, sources]
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", check=False,
                              timeout=LIMIT_S)
        match = re.search(r"^wakes (\d+) visits (\d+)", done.stdout, re.MULTILINE)
        if done.returncode != 0 or match is None:
            raise RateError(f"{sources} sources: ended with status {done.returncode}\n"
                            f"{done.stdout}{done.stderr}")
        counts = counts_of(Path(scratch))
    if len(counts) != int(match[1]) or match[1] != match[2] or min(counts) < 50:
        raise RateError(f"{sources} sources: {match[0]}, and callgrind saw {counts}")
    counts = counts[NB_FIRST:]
    return Cost(sources, len(counts), sum(counts) / len(counts), min(counts), max(counts))


def measure_all(wake_cost):
    """{sources: Cost}"""
    return {sources: measure(wake_cost, sources) for sources in NUMBERS}


def lines(costs):
    """Rows for record.columns()."""
    few = costs[FEW].instructions
    return [["sources", "instructions per wake", "least .. most", "against 1"],
            *([str(cost.sources), f"{cost.instructions:.1f}", f"{cost.least} .. {cost.most}",
               f"{cost.instructions / few:.3f}"] for cost in costs.values())]


def main():
    if not has_valgrind():
        print("instructions cannot be counted here: there is no valgrind")
        return SKIP
    costs = measure_all(sys.argv[1])
    for line in lines(costs):
        print("  ".join(line))
    ratio = costs[MANY].instructions / costs[FEW].instructions
    print(f"among {MANY} against among {FEW}: {ratio:.3f}, at most {LIMIT}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
