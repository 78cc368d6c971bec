#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long after the event a frame is received: Rouse by mode, at one load after the other.

    hybrid      rousepmd as it comes
    poll        the same, and it always polls
    interrupt   the same, and it sleeps as soon as a round finds nothing

The event is the moment at which net_evnic began to deliver the burst of the frame (stamp=1); a frame
is received when rx_burst returns it, where the plugin latency_probe looks. At a constant pace each
frame comes after an idle time of that length: 1 a second is 1 s. A Poisson pace has the same mean and
no memory. With --settings it is hybrid alone, and with each setting of its thread. Each run is a program of its own, the order is drawn anew in each round; a ratio is one of
the same round, its interval over rounds. Percentiles of a run without enough frames are its maximum.

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
import plot
import record
from loaded import Latency

CONSTANT, POISSON = "constant", "Poisson"
LOADS = [*((CONSTANT, pps) for pps in (1, 10, 100, 1000, 10000, 100000)),
         *((POISSON, pps) for pps in (10, 100, 1000, 10000, 100000))]
SETTINGS_LOADS = [(CONSTANT, 10), (CONSTANT, 1000), (POISSON, 1000), (POISSON, 10000)]
NAMES = ("hybrid", "poll", "interrupt")
JUDGED, LIMIT = (POISSON, 1000), 1.5  # hybrid's p99.9 against interrupt's
QUICK = {"rounds": 2, "seconds": 0.3, "warm_up": 0.1, "loads": [JUDGED],
         "programs": ["hybrid", "interrupt"]}
MOST_FRAMES = 1 << 16  # in a capture; it is repeated
LEAST_FRAMES = 4  # of a run, at a slow pace
SHARES = ("p50", "p90", "p99", "p999", "p9999", "max")


class Run(NamedTuple):
    """One program at one load."""
    round: int
    arrivals: str
    pps: int
    program: str
    seconds: float
    lcore_cpu_s: float
    latency: Latency


HEADER = (*Run._fields[:-1], *Latency._fields)


def csv_rows(runs):
    return [(*run[:-1], *run.latency) for run in runs]


# ---- one run ----


def make_device(made, scratch, arrivals, pps):
    if arrivals == CONSTANT:
        return made.paced(pps, stamp=1)
    path = scratch / f"poisson-{pps}.pcap"
    if not path.exists():
        frames.write_at(path, frames.poisson_ns(pps, min(MOST_FRAMES, 60 * pps)))
    return made.device(path, pace="orig", stamp=1)


def measure_run(nb, load, name, made, scratch, options):
    arrivals, pps = load
    seconds = max(options.seconds * (options.longer if load == JUDGED else 1), LEAST_FRAMES / pps)
    title = f"{name} at {arrivals} {pps}/s"
    with made.start(name, make_device(made, scratch, arrivals, pps), title) as running:
        time.sleep(options.warm_up)
        running.latency()
        slice_ = running.measure(seconds)
        return Run(nb, arrivals, pps, name, slice_.seconds, slice_.lcore_cpu_s, running.latency())


def measure(options, made, scratch, folder):
    """All Runs."""
    return harness.rounds(
        options.rounds, [(load, name) for load in options.loads for name in options.programs],
        lambda nb, item: measure_run(nb, *item, made, scratch, options),
        lambda runs: record.write_csv(folder / "runs.csv", HEADER, csv_rows(runs)))


# ---- the outcome ----


def middle(runs, share):
    """The median of a percentile over runs, in us."""
    values = sorted(getattr(run.latency, share) for run in runs)
    return values[len(values) // 2] / 1e3


def of(runs, load, name):
    return [run for run in runs if (run.arrivals, run.pps) == load and run.program == name]


def ratio(runs, load, name, other, share="p999"):
    """Of two programs' percentiles at a load, each round a start."""
    mine, others = ({run.round: getattr(run.latency, share) for run in of(runs, load, one)}
                    for one in (name, other))
    return paired.ratio([[(mine[nb], others[nb])] for nb in mine
                         if mine[nb] > 0 and others.get(nb, 0) > 0])


def load_lines(runs, load, names):
    lines = []
    for name in names:
        own = of(runs, load, name)
        lines.append([f"{load[0]} {load[1]}", name, str(sum(run.latency.count for run in own)),
                      *(f"{middle(own, share):.1f}" for share in SHARES),
                      f"{100 * sum(r.lcore_cpu_s for r in own) / sum(r.seconds for r in own):.2f} %"])
    return lines


def judged(options, runs):
    if "interrupt" not in options.programs:
        return []
    found = ratio(runs, JUDGED, "hybrid", "interrupt")
    return [harness.figure_of_ratio("1,000/s Poisson, p99.9 of latency, hybrid to interrupt", found,
                                    f"<= {LIMIT}", paired.verdict_at_most(found, LIMIT))]


def table(options, runs):
    header = ["load/s", "program", "frames", *(f"{share}, us" for share in SHARES), "lcore's cpu"]
    lines = [line for load in options.loads for line in load_lines(runs, load, options.programs)]
    return [f"{frames.LENGTH}-byte frames, sent out as they came, one lcore; median of "
            f"{options.rounds} runs", "", *record.columns([header, *lines])]


def draw(options, runs, folder):
    for arrivals in (CONSTANT, POISSON):
        loads = [load for load in options.loads if load[0] == arrivals]
        series = {f"{name}, {share}": [(load[1], middle(of(runs, load, name), share))
                                       for load in loads]
                  for name in options.programs for share in ("p50", "p99")}
        plot.lines(folder / f"latency-{arrivals.lower()}", f"From event to rx_burst, {arrivals}",
                   ("packets/s", "us"), series, log="xy")


# ---- all of it ----


def parse_arguments():
    parser = harness.parser(__doc__, "latency")
    parser.add_argument("--rounds", type=int, default=4, help="runs of each program and load (4)")
    parser.add_argument("--seconds", type=float, default=2.0, help="what of a run counts (2)")
    parser.add_argument("--longer", type=float, default=5.0,
                        help="times as long at the load that is judged (5)")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before that (0.5)")
    parser.add_argument("--programs", nargs="+", default=list(NAMES), choices=loaded.NAMES)
    parser.add_argument("--settings", action="store_true",
                        help="what the worker can ask of the kernel, each alone, at some loads")
    parser.add_argument("--judged", action="store_true", help="only the load that is judged")
    parser.add_argument("--fifo", action="store_true",
                        help="workers as SCHED_FIFO: on a machine that others use")
    parser.add_argument("--probe", required=True, help="the plugin latency_probe")
    options = parser.parse_args()
    options.loads = LOADS
    if options.settings:
        options.loads = SETTINGS_LOADS
    if options.judged:
        options.loads = [JUDGED]
    if options.quick:
        vars(options).update(QUICK)
    if options.settings:
        options.programs = list(loaded.SETTINGS)
    if options.rounds < 1 or options.seconds < 0.1 or options.warm_up < 0 or options.longer < 1:
        parser.error("give a round or more, 0.1 s or more, and no negative times")
    return options


def run_all(options, scratch):
    made = loaded.make(scratch, options.probe,
                       all_of_ours=["--fifo=1"] if options.fifo else [])
    folder = record.make_folder(options.out)
    runs = measure(options, made, scratch, folder)
    draw(options, runs, folder)
    harness.conclude(folder, table(options, runs), made.described, options,
                     judged(options, runs))


if __name__ == "__main__":
    sys.exit(harness.main("latency", parse_arguments(), run_all))
