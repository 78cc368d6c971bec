#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What processor time a load costs: Rouse beside stock DPDK, on the same device and frames.

    hybrid      rousepmd as it comes
    poll        the same, and it always polls
    interrupt   the same, and it sleeps as soon as a round finds nothing
    l3fwd       dpdk-l3fwd-power --interrupt-only, its log off
    l3fwd-log   the same with its log on, as it comes
    testpmd     dpdk-testpmd, which always polls

All send out what comes in, on one lcore (l3fwd-power looks up a route for it first), from net_evnic
at one pace after the other. Each run is a program of its own: it starts, has received, warms up,
and then the kernel tells what its threads used (schedstat) and DPDK's telemetry what it received.
The order is drawn anew in each round; ratios are of one round, their intervals over rounds. The
wire thread plays the device: it is in the figure of the whole process, and not in the lcore's.

The environment names what to run: ROUSEPMD, ROUSE_PMD, ROUSE_DPDK_BIN; "meson test --benchmark"
sets them. The status is 0 whatever the figures are, 1 if one could not be had, 77 if nothing can be
measured here.
"""

import sys
import time
from typing import NamedTuple

import frames
import harness
import loaded
import paired
import record

NAMES = ("hybrid", "poll", "interrupt", "l3fwd", "l3fwd-log", "testpmd")
PACES = ("100", "1000", "10000", "100000", "1000000")
QUICK = {"rounds": 2, "seconds": 0.3, "warm_up": 0.1, "paces": ["1000"],
         "programs": ["hybrid", "l3fwd"]}
# share of l3fwd-power's processor time, at most
LIMITS = {"100": 0.25, "1000": 0.15, "10000": 0.5}
MOST_MISSED = 0.02  # of the frames that a pace has in the time: beyond it no load was offered


class Run(NamedTuple):
    """One program at one pace."""
    round: int
    pace: str
    program: str
    seconds: float
    packets: int
    lcore_cpu_s: float
    process_cpu_s: float


def measure_run(nb, pace, name, made, options):
    with made.start(name, made.paced(pace), f"{name} at {pace}") as running:
        time.sleep(options.warm_up)
        slice_ = running.measure(options.seconds)
    packets = round(slice_.pps * slice_.seconds)
    offered = int(pace) * slice_.seconds
    if packets < (1 - MOST_MISSED) * offered - 2:
        print(f"{name} at {pace}: received {packets} of {offered:.0f} frames", flush=True)
    return Run(nb, pace, name, slice_.seconds, packets, slice_.lcore_cpu_s, slice_.process_cpu_s)


# ---- the outcome ----


def share(runs, what="lcore_cpu_s"):
    """Processor time by time, in percent, over all runs."""
    return 100 * sum(getattr(run, what) for run in runs) / sum(run.seconds for run in runs)


def ns_per_packet(runs):
    return 1e9 * sum(run.lcore_cpu_s for run in runs) / max(1, sum(run.packets for run in runs))


def ratio_to(runs, name, other):
    """The ratio of two programs' shares, each round a start."""
    pairs = []
    for nb in sorted({run.round for run in runs}):
        of_round = {run.program: run.lcore_cpu_s / run.seconds for run in runs if run.round == nb}
        if of_round.get(name, 0) > 0 and of_round.get(other, 0) > 0:
            pairs.append([(of_round[name], of_round[other])])
    return paired.ratio(pairs)


def pace_lines(pace, runs, names):
    lines = []
    for name in names:
        own = [run for run in runs if run.program == name]
        result = ratio_to(runs, name, "l3fwd") if name != "l3fwd" else None
        lines.append([
            pace, name, f"{sum(run.packets for run in own) / sum(run.seconds for run in own):.0f}",
            f"{share(own):.2f} %",
            f"{ns_per_packet(own):.0f}",
            f"{share(own, 'process_cpu_s'):.2f} %",
            "" if result is None else f"{result.mean:.3f}",
            "" if result is None else f"{result.low:.3f} .. {result.high:.3f}"])
    return lines


def judged(options, runs):
    figures = []
    for pace, limit in LIMITS.items():
        if pace in options.paces and {"hybrid", "l3fwd"} <= set(options.programs):
            found = ratio_to([run for run in runs if run.pace == pace], "hybrid", "l3fwd")
            figures.append(harness.figure_of_ratio(
                f"the lcore's processor time at {pace}/s, hybrid to l3fwd-power", found,
                f"<= {limit}", paired.verdict_at_most(found, limit)))
    return figures


def table(options, runs):
    header = ["offered/s", "program", "received/s", "lcore's cpu", "ns/packet", "process's cpu",
              "to l3fwd", "95 % interval"]
    lines = []
    for pace in options.paces:
        lines += pace_lines(pace, [run for run in runs if run.pace == pace], options.programs)
    return [f"{frames.NB_FLOWS} flows, {frames.LENGTH}-byte frames, sent out as they came, one "
            f"lcore; {options.rounds} runs of {options.seconds} s", "",
            *record.columns([header, *lines])]


# ---- all of it ----


def parse_arguments():
    parser = harness.parser(__doc__, "load")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program and pace (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="what of a run counts (2)")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before that (0.5)")
    parser.add_argument("--paces", nargs="+", default=list(PACES), metavar="PPS",
                        help=f"packets a second ({' '.join(PACES)})")
    parser.add_argument("--programs", nargs="+", default=list(NAMES), choices=NAMES)
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.rounds < 1 or options.seconds < 0.1 or options.warm_up < 0:
        parser.error("give a round or more, 0.1 s or more, and a warm-up of 0 s or more")
    for pace in options.paces:
        if not pace.isdigit() or not 1 <= int(pace) <= 10**9:
            parser.error(f"--paces {pace}: give packets a second, from 1 to 1000000000")
    return options


def measure(options, made, folder):
    """All Runs."""
    return harness.rounds(
        options.rounds, [(pace, name) for pace in options.paces for name in options.programs],
        lambda nb, item: measure_run(nb, *item, made, options),
        lambda runs: record.write_csv(folder / "runs.csv", Run._fields, runs))


def run(options, scratch):
    made = loaded.make(scratch)
    folder = record.make_folder(options.out)
    runs = measure(options, made, folder)
    harness.conclude(folder, table(options, runs), made.described, options,
                     judged(options, runs))


if __name__ == "__main__":
    sys.exit(harness.main("the cost of a load", parse_arguments(), run))
