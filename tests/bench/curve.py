#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What processor time a load costs, from 10 to 100 % of what can be had: Rouse beside its rivals.

The maximum is what rousepmd, always polling, forwards from a device without a pace. Each program gets
each share of it at a constant pace, for some seconds, in a process of its own, the order drawn anew
in each round; a run in which a busy thread waited for its processor is done again, and a round with
one that always did does not count for the target. The area is that of the forwarding lcore's processor time over the load. It is compared
load by load with the rival that takes least among those whose p99 from event to rx_burst is as low
(within 1/16, the resolution of the histogram) or lower; where there is none, with always polling.

The programs are those of loaded.py. One that does not start on this machine is left out, and says so.

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

SHARES = (10, 20, 40, 60, 80, 100)
LIMIT = 0.6
AS_LOW = 1 + 1 / 16
OURS, WHERE_NONE = "hybrid", "poll"
MAX_WAIT = 0.05  # of a run that counts
NB_MAXIMUM = 3  # measurements of it
NAMES = (OURS, "poll", "interrupt", "l3fwd", "l3fwd-legacy", "l3fwd-pause", "testpmd", "ovs", "vpp",
         "grout")
QUICK = {"rounds": 2, "seconds": 0.3, "warm_up": 0.1, "shares": [10, 50],
         "programs": ["hybrid", "poll", "grout"]}


class Run(NamedTuple):
    """One program at one share of the maximum, in percent."""
    round: int
    share: int
    program: str
    offered: int  # frames a second
    received: float  # the same
    missed: int
    seconds: float
    lcore_cpu_s: float
    process_cpu_s: float
    waited: float  # share of the time that the worst off busy thread waited for a processor
    latency: Latency


HEADER = (*Run._fields[:-1], *Latency._fields)


# ---- one run ----


def measure_maximum(made, options):
    """Frames a second, the median."""
    rates = []
    for _ in range(NB_MAXIMUM):
        with made.start(WHERE_NONE, made.paced("max", stamp=1), "the maximum") as running:
            time.sleep(options.warm_up)
            rates.append(running.measure(options.seconds).pps)
    return round(sorted(rates)[NB_MAXIMUM // 2])


def measure_run(nb, share, name, made, maximum, options):
    offered = max(1, maximum * share // 100)
    with made.start(name, made.paced(offered, stamp=1), f"{name} at {share} %") as running:
        time.sleep(options.warm_up)
        running.latency()
        missed = running.telemetry.port()["imissed"]
        slice_ = running.measure(options.seconds)
        latency = running.latency()
        missed = running.telemetry.port()["imissed"] - missed
    return Run(nb, share, name, offered, slice_.pps, missed, slice_.seconds, slice_.lcore_cpu_s,
               slice_.process_cpu_s, slice_.waited, latency)


# ---- the outcome ----


def area(points):
    """Of (x, y), by trapezoids; a single point counts as it is."""
    if len(points) == 1:
        return points[0][1]
    points = sorted(points)
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(points, points[1:]))


def best_rival(runs):
    """Of the runs at one share in one round: the rival's to compare with; None: there is none."""
    ours = next((run for run in runs if run.program == OURS), None)
    rivals = [run for run in runs if run.program != OURS]
    if ours is None:
        return None
    good = [run for run in rivals if run.latency.p99 <= AS_LOW * ours.latency.p99]
    good = good or [run for run in rivals if run.program == WHERE_NONE]
    return min(good, key=lambda run: run.lcore_cpu_s / run.seconds, default=None)


def areas(runs, nb, max_wait=MAX_WAIT):
    """(ours, the best rivals') of a round; None if a load has none, or somebody disturbed a run of
    it: then it was not that load, and a late frame is not the program's."""
    if any(run.waited > max_wait for run in runs if run.round == nb):
        return None
    points = []
    for share in sorted({run.share for run in runs}):
        here = [run for run in runs if run.round == nb and run.share == share]
        rival = best_rival(here)
        if rival is None:
            return None
        ours = next(run for run in here if run.program == OURS)
        points.append((share, ours.lcore_cpu_s / ours.seconds, rival.lcore_cpu_s / rival.seconds))
    ours, rivals = (area([(point[0], point[i]) for point in points]) for i in (1, 2))
    return (ours, rivals) if ours > 0 and rivals > 0 else None


def area_ratio(runs):
    pairs = [areas(runs, nb) for nb in sorted({run.round for run in runs})]
    return paired.ratio([[pair] for pair in pairs if pair is not None])


def of(runs, share, name):
    return [run for run in runs if run.share == share and run.program == name]


def busy(runs, what="lcore_cpu_s"):
    return 100 * sum(getattr(run, what) for run in runs) / sum(run.seconds for run in runs)


def p99_us(runs):
    values = sorted(run.latency.p99 for run in runs)
    return values[len(values) // 2] / 1e3


def line(share, name, runs):
    received = sum(run.received * run.seconds for run in runs) / sum(run.seconds for run in runs)
    nb = sum(run.received * run.seconds for run in runs)
    missed = sum(run.missed for run in runs)
    return [f"{share} %", name, f"{received:.0f}", f"{100 * missed / max(1, nb + missed):.3f} %",
            f"{busy(runs):.1f} %", f"{busy(runs, 'process_cpu_s'):.1f} %", f"{p99_us(runs):.1f}"]


def table(options, runs, maximum):
    header = ["load", "program", "received/s", "missed", "lcore's cpu", "process's cpu", "p99, us"]
    lines = [line(share, name, of(runs, share, name))
             for share in options.shares for name in options.programs]
    rivals = sorted({rival.program for nb in {run.round for run in runs} for share in options.shares
                     if (rival := best_rival([run for run in runs
                                              if (run.round, run.share) == (nb, share)]))})
    nb_disturbed = sum(run.waited > MAX_WAIT for run in runs)
    return [f"{frames.LENGTH}-byte frames, sent out as they came, one lcore; the maximum is "
            f"{maximum} a second; {options.rounds} runs of {options.seconds} s", "",
            *record.columns([header, *lines]), "",
            f"the best rivals, by load and round: {', '.join(rivals)}",
            f"runs: {len(runs)}, of which others disturbed {nb_disturbed}"]


def judged(runs):
    found = area_ratio(runs)
    return [harness.figure_of_ratio(
        "area of processor time over load, hybrid to the best rival with as low a p99", found,
        f"<= {LIMIT}", paired.verdict_at_most(found, LIMIT))]


def draw(options, runs, folder):
    for name, label, value in (
            ("curve-lcore", "the lcore's processor time, %", busy),
            ("curve-process", "the process's processor time, %",
             lambda own: busy(own, "process_cpu_s")),
            ("curve-p99", "p99 from event to rx_burst, us", p99_us)):
        series = {program: [(share, value(of(runs, share, program))) for share in options.shares]
                  for program in options.programs}
        plot.lines(folder / name, "Load and " + label.partition(",")[0], ("load, %", label), series,
                   log="y" if name == "curve-p99" else "")


# ---- all of it ----


def parse_arguments():
    parser = harness.parser(__doc__, "curve")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program and load (3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="what of a run counts (1)")
    parser.add_argument("--warm-up", type=float, default=0.3, help="seconds before that (0.3)")
    parser.add_argument("--shares", nargs="+", type=int, default=list(SHARES), metavar="PERCENT",
                        help="of the maximum (10 20 40 60 80 100)")
    parser.add_argument("--programs", nargs="+", choices=loaded.NAMES,
                        default=list(NAMES))
    parser.add_argument("--probe", required=True, help="the plugin latency_probe")
    parser.add_argument("--rivals", required=True, help="the program rivals")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.rounds < 1 or options.seconds < 0.1 or options.warm_up < 0:
        parser.error("give a round or more, 0.1 s or more, and a warm-up of 0 s or more")
    if not all(1 <= share <= 100 for share in options.shares):
        parser.error("--shares: give percents from 1 to 100")
    return options


def run_all(options, scratch):
    made = loaded.make(scratch, options.probe, options.rivals)
    folder = record.make_folder(options.out)
    options.programs = loaded.that_start(made, options.programs, made.paced(1000, stamp=1))
    maximum = measure_maximum(made, options)
    print(f"maximum: {maximum} frames a second", flush=True)
    runs = harness.rounds(
        options.rounds, [(share, name) for share in options.shares for name in options.programs],
        lambda nb, item: harness.undisturbed(
            lambda: measure_run(nb, *item, made, maximum, options), MAX_WAIT),
        lambda found: record.write_csv(folder / "runs.csv", HEADER,
                                       [(*run[:-1], *run.latency) for run in found]))
    draw(options, runs, folder)
    harness.conclude(folder, table(options, runs, maximum), made.described, options,
                     judged(runs), maximum_pps=maximum)


if __name__ == "__main__":
    sys.exit(harness.main("the cost of load by load", parse_arguments(), run_all))
