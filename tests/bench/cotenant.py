#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a co-tenant keeps: a thread of the same priority that never rests, on the worker's processor.

It spins alone, then beside one program after the other, while nothing comes and at 10 % of what can be
had at most. What it keeps is the processor time that the kernel gave it, against that of the same
round alone. The order is drawn anew in each round; intervals are over rounds.

The environment names what to run: ROUSEPMD, ROUSE_PMD, ROUSE_DPDK_BIN; "meson test --benchmark"
sets them. The status is 0 whatever the figures are, 1 if one could not be had, 77 if nothing can be
measured here.
"""

import contextlib
import os
import subprocess
import sys
import time
from typing import NamedTuple

import curve
import frames
import harness
import loaded
import paired
import program
import record

NAMES = ("hybrid", "poll", "interrupt", "l3fwd", "testpmd", "grout")
ALONE = "alone"
TARGETS = {0: 0.9, 10: 0.8}  # by percent of the maximum: what it keeps beside hybrid
QUICK = {"rounds": 2, "seconds": 0.3, "warm_up": 0.1, "programs": ["hybrid", "poll"]}
SPIN = "while True: pass"


class Run(NamedTuple):
    """One program at one load, or none."""
    round: int
    load: int  # percent of the maximum
    program: str
    seconds: float
    tenant_cpu_s: float
    lcore_cpu_s: float
    received: float  # frames a second


# ---- one run ----


@contextlib.contextmanager
def tenant(cpu):
    """The process that spins on a processor."""
    process = subprocess.Popen([sys.executable, "-c", SPIN], stdin=subprocess.DEVNULL)
    try:
        os.sched_setaffinity(process.pid, {cpu})
        yield process
    finally:
        process.kill()
        process.wait()


def used(process):
    """Processor time of its only thread."""
    return program.usage(process.pid).threads[process.pid][0]


def measure_alone(nb, load, made, options):
    with tenant(made.cpus[1]) as process:
        time.sleep(options.warm_up)
        before, start = used(process), time.monotonic()
        time.sleep(options.seconds)
        after, end = used(process), time.monotonic()
    return Run(nb, load, ALONE, end - start, after - before, 0.0, 0.0)


def silent(made, scratch):
    """A device that sends nothing for an hour: a capture whose second frame is late."""
    path = scratch / "silent.pcap"
    if not path.exists():
        frames.write_at(path, [0, 3600 * 10**9])
    return made.device(path, pace="orig")


def measure_run(nb, load, name, made, scratch, maximum, options):
    if name == ALONE:
        return measure_alone(nb, load, made, options)
    device = silent(made, scratch) if load == 0 else made.paced(maximum * load // 100)
    with made.start(name, device, f"{name} at {load} %") as running, \
            tenant(made.cpus[1]) as process:
        time.sleep(options.warm_up)
        before = used(process)
        slice_ = running.measure(options.seconds)
        after = used(process)
    return Run(nb, load, name, slice_.seconds, after - before, slice_.lcore_cpu_s, slice_.pps)


# ---- the outcome ----


def share(runs, what="tenant_cpu_s"):
    return 100 * sum(getattr(run, what) for run in runs) / sum(run.seconds for run in runs)


def kept(runs, load, name):
    """The Ratio of what it has beside a program to what it has alone."""
    pairs = []
    for nb in sorted({run.round for run in runs}):
        here = {run.program: run.tenant_cpu_s / run.seconds for run in runs
                if (run.round, run.load) == (nb, load)}
        if here.get(name, 0) > 0 and here.get(ALONE, 0) > 0:
            pairs.append([(here[name], here[ALONE])])
    return paired.ratio(pairs)


def line(runs, load, name):
    own = [run for run in runs if (run.load, run.program) == (load, name)]
    found = kept(runs, load, name)
    received = sum(run.received * run.seconds for run in own) / sum(run.seconds for run in own)
    return [f"{load} %", name, f"{received:.0f}", f"{share(own):.1f} %",
            f"{share(own, 'lcore_cpu_s'):.1f} %",
            *(["-", "-"] if found is None else
              [f"{found.mean:.3f}", f"{found.low:.3f} .. {found.high:.3f}"])]


def judged(runs):
    figures = []
    for load, target in TARGETS.items():
        found = kept(runs, load, "hybrid")
        figures.append(harness.figure_of_ratio(
            f"a co-tenant keeps, at {load} % of load", found, f">= {target}",
            paired.verdict(found, target)))
    return figures


def table(options, runs, maximum):
    header = ["load", "beside", "received/s", "tenant's cpu", "lcore's cpu", "keeps",
              "95 % interval"]
    lines = [line(runs, load, name) for load in TARGETS for name in (ALONE, *options.programs)]
    return [f"{frames.LENGTH}-byte frames, sent out as they came, one lcore; the maximum is "
            f"{maximum} a second; {options.rounds} runs of {options.seconds} s", "",
            *record.columns([header, *lines])]


# ---- all of it ----


def parse_arguments():
    parser = harness.parser(__doc__, "cotenant")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program and load (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="what of a run counts (2)")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before that (0.5)")
    parser.add_argument("--programs", nargs="+", default=list(NAMES), choices=loaded.NAMES)
    parser.add_argument("--rivals", required=True, help="the program rivals")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.rounds < 1 or options.seconds < 0.1 or options.warm_up < 0:
        parser.error("give a round or more, 0.1 s or more, and a warm-up of 0 s or more")
    return options


def run_all(options, scratch):
    made = loaded.make(scratch, rival=options.rivals)
    folder = record.make_folder(options.out)
    maximum = curve.measure_maximum(made, options)
    runs = harness.rounds(
        options.rounds, [(load, name) for load in TARGETS for name in (ALONE, *options.programs)],
        lambda nb, item: measure_run(nb, *item, made, scratch, maximum, options),
        lambda found: record.write_csv(folder / "runs.csv", Run._fields, found))
    harness.conclude(folder, table(options, runs, maximum), made.described, options,
                     judged(runs), maximum_pps=maximum)


if __name__ == "__main__":
    sys.exit(harness.main("what a co-tenant keeps", parse_arguments(), run_all))
