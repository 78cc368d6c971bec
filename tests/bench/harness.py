# SPDX-License-Identifier: BSD-3-Clause
"""What is the same in every benchmark that is a program: its options, its end, what it leaves.

    sys.exit(harness.main("latency", options, run))

run(options, scratch) measures, with a folder for what is not kept. The status is 0 whatever the
figures are, 1 if one could not be had, 77 if nothing can be measured here.
"""

import argparse
import random
import signal
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import commands
import machine
import record
from program import RateError

SKIP = 77
SEED = 1
NB_TRIES = 3  # of a run that others disturb


class Figure(NamedTuple):
    """A line of a table of targets. Without a verdict it is told, and not judged."""
    measure: str
    limit: str
    value: str
    interval: str
    verdict: str


def figure_of_ratio(measure, found, limit, verdict):
    """The Figure of a paired.Ratio, or of none."""
    if found is None:
        return Figure(measure, limit, "-", "no block counts", verdict)
    return Figure(measure, limit, f"{found.mean:.3f}", f"{found.low:.3f} .. {found.high:.3f}",
                  verdict)


def figure_lines(figures):
    header = ["measure", "limit", "figure", "95 % interval", "verdict"]
    return record.columns([header, *figures])


def parser(doc, name):
    """An argument parser with what all have."""
    made = argparse.ArgumentParser(description=doc,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", default=f"{name}-results", help="folder for the raw data")
    made.add_argument("--nice", type=int, default=0, help="priority; below 0 as root only (0)")
    made.add_argument("--quick", action="store_true", help="a look, not a measurement")
    return made


def rounds(nb_rounds, todo, measure, keep):
    """[measure(round, item)] of all items in each round, each time in another order. keep(found) is
    called after each round, and however this ends."""
    rng = random.Random(SEED)
    found = []
    try:
        for nb in range(1, nb_rounds + 1):
            for item in rng.sample(todo, len(todo)):
                found.append(measure(nb, item))
            keep(found)
            print(f"round {nb} of {nb_rounds}", flush=True)
    finally:
        keep(found)
    return found


def undisturbed(measure, max_wait):
    """What measure() gives, which has a member waited: the first within max_wait, or the least of
    NB_TRIES."""
    tries = []
    for _ in range(NB_TRIES):
        tries.append(measure())
        if tries[-1].waited <= max_wait:
            break
    return min(tries, key=lambda run: run.waited)


def describe(cpus):
    """The machine and the tree."""
    described = machine.describe(cpus)
    described["rouse"] = machine.revision(Path(__file__).parent)
    return described


def conclude(folder, lines, described, options, judged=(), **more):
    """Leave the table, with the Figures that are judged, and the summary; show the table."""
    if judged:
        lines = [*lines, "", *figure_lines(judged)]
        more["targets"] = [figure._asdict() for figure in judged]
    lines = [*lines, "", *(f"{name}: {value}" for name, value in described.items())]
    record.write_json(folder / "summary.json",
                      {"machine": described, "options": vars(options), **more})
    (folder / "table.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(["", *lines, f"raw data: {folder}"]), flush=True)


def main(name, options, run):
    # so that programs are ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with tempfile.TemporaryDirectory(prefix="rouse-bench-") as scratch, \
                machine.priority(options.nice):
            run(options, Path(scratch))
    except commands.CannotRun as reason:
        print(f"{name} cannot be measured here: {reason}")
        return SKIP
    except RateError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0
