#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a signal and a wake cost in instructions, by how many processors there are, in each mode of
the allocator: attn_cost.py PROGRAM [--all --out FOLDER]

callgrind runs the program attn_cost (attn_cost.c), in which all bits of all processors are given to
sources, and counts what the process executes from the first step of a signal to its last, and from
there until the processor has taken the event and sleeps again; the first of each bind symbols, and do
not count. A count, and no time: it is the same wherever the program is.

The status is 1 if among 1,024 processors and 65,536 sources a signal or a wake costs more than LIMIT
times what it costs with one processor, or if sharing bits did not cost more; 77 if there is no
valgrind. --all measures more numbers of processors, for the plot, and leaves them in FOLDER.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import record
import wake_cost
from program import RateError

SKIP = 77
LIMIT = 1.02
MODES = ("per-processor", "uniform", "shared")
FEW, MANY = 1, 1024
NUMBERS = (FEW, 2, 4, 8, 16, 32, 64, 128, 256, 512, MANY)
QUICK = {"per-processor": (FEW, MANY), "uniform": (FEW, MANY), "shared": (FEW, 16)}
NB_FIRST = 2
LIMIT_S = 600


class Cost(NamedTuple):
    """Means, of a mode and a number of processors."""
    mode: str
    processors: int
    sources: int
    signal: float  # instructions
    wake: float
    details: float  # detail words that a wake looks at


def mean(values):
    return sum(values) / len(values)


def measure(program, mode, processors):
    """The Cost."""
    with tempfile.TemporaryDirectory(prefix="rouse-callgrind-") as scratch:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}/out",
                   "--zero-before=signal_begins", "--dump-before=signal_is_over",
                   "--dump-before=wake_is_over", program, mode, processors]
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", check=False,
                              timeout=LIMIT_S)
        match = re.search(r"^wakes (\d+) delivered (\d+) sources (\d+) details (\d+)", done.stdout,
                          re.MULTILINE)
        if done.returncode != 0 or match is None:
            raise RateError(f"{mode}, {processors} processors: ended with status "
                            f"{done.returncode}\n{done.stdout}{done.stderr}")
        counts = wake_cost.counts_of(Path(scratch))
    wakes, delivered, sources, details = map(int, match.groups())
    if wakes != delivered or len(counts) != 2 * wakes or min(counts) < 10:
        raise RateError(f"{mode}, {processors} processors: {match[0]}, and callgrind saw {counts}")
    return Cost(mode, processors, sources, mean(counts[2 * NB_FIRST::2]),
                mean(counts[2 * NB_FIRST + 1::2]), details / wakes)


def lines(costs):
    return record.columns([
        ["mode", "processors", "sources", "signal", "wake", "detail words"],
        *([cost.mode, str(cost.processors), str(cost.sources), f"{cost.signal:.1f}",
           f"{cost.wake:.1f}", f"{cost.details:.1f}"] for cost in costs)])


def judge(costs):
    """Complaints about what must hold."""
    found = {(cost.mode, cost.processors): cost for cost in costs}
    complaints = []
    for mode in ("per-processor", "uniform"):
        few, many = found[mode, FEW], found[mode, MANY]
        for what in ("signal", "wake"):
            ratio = getattr(many, what) / getattr(few, what)
            if ratio > LIMIT:
                complaints.append(f"{mode}: a {what} among {MANY} processors costs {ratio:.3f} "
                                  f"times what it costs with one, at most {LIMIT}")
        if many.details != 1 or few.details != 1:
            complaints.append(f"{mode}: more than one detail word is looked at")
    shared = [cost for cost in costs if cost.mode == "shared"]
    for cost in shared:
        if cost.details != cost.processors:
            complaints.append(f"shared: {cost.details} detail words are looked at with "
                              f"{cost.processors} processors")
    if max(shared).wake < 2 * min(shared).wake:
        complaints.append("shared: looking at more detail words costs nothing?")
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--out")
    args = parser.parse_args()
    if not wake_cost.has_valgrind():
        print("instructions cannot be counted here: there is no valgrind")
        return SKIP
    costs = [measure(args.program, mode, processors) for mode in MODES
             for processors in (NUMBERS if args.all else QUICK[mode])]
    for line in lines(costs):
        print(line)
    if args.out:
        record.write_csv(record.make_folder(args.out) / "modes.csv", Cost._fields, costs)
    complaints = judge(costs)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
