#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the worker costs and gains, in one table: measure, limit, figure, verdict.

    bare      throughput of the worker against itself always polling, and of both against a bare
              loop on the same port, in one process (loops.c), on net_evnic and net_null, receiving
              only and forwarding
    testpmd   the same of rousepmd against dpdk-testpmd (throughput.py)
    load      doorbells, messages and arms at 60, 75 and 90 % of what net_evnic can do at most
    idle      processor time and wakes of a worker whose port is silent
    wake      instructions of a wake among 4,096 sources against among 1 (wake_cost.py)
    first     the first event after an idle time against eventfd and epoll_wait (first_packet.py)

Rates are taken and judged as in throughput.py: slices side by side, undisturbed ones, several
starts; where 1 % matters, an interval wider than that meets nothing. Percentiles are compared by
start of the program, too. Counts are counts. Each part leaves its raw data behind.

The environment names what to run: ROUSEPMD, ROUSE_PMD, ROUSE_DPDK_BIN; "meson test --benchmark"
sets them. The status is 0 whatever the figures are, 1 if one could not be had, 77 if nothing can be
measured here.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import blocks
import commands
import first_packet
import frames
import harness
import loops
import machine
import paired
import record
import throughput
import wake_cost
from harness import Figure, figure_of_ratio

QUICK = {"slices": 2, "starts": 2, "seconds": 0.1, "forwards": ("rxonly",), "load_seconds": 0.2,
         "idle_seconds": 0.5, "samples": 10, "gap_ms": 5}
BARE_LIMIT = 0.99
BARE_RATIOS = (("h", "p"), ("h", "b"), ("p", "b"))  # the first is judged
LOADS = (0.6, 0.75, 0.9)
NB_LOAD_SLICES = 3
IDLE_LIMIT = 0.0005
NB_IDLE_SLICES = 3
WAKE_LIMIT = 1.1
FIRST_LIMITS = ((0.5, 1.2), (0.99, 2.0))


class Bench(NamedTuple):
    """What all parts need."""
    options: argparse.Namespace
    cpus: tuple
    capture: Path
    eal: list  # options of a program that runs alone
    folder: Path


def say(text):
    print(text, flush=True)


# ---- bare: the worker against itself always polling, and a bare loop ----


def devices(bench):
    """What a port is made of, by name: as much as the lcore can take."""
    return {"evnic": (f"--vdev=net_evnic0,rx_pcap={bench.capture},loops=0,pace=max,"
                      f"wire_cpu={bench.cpus[0]}"),
            "null": f"--vdev=net_null0,size={frames.LENGTH}"}


def loops_on(bench, name, device, forward="rxonly"):
    command = [bench.options.loops, *bench.eal, *device.split(), "--", forward]
    return loops.Loops(name, command)


def bare_on(bench, name, device, forward):
    """The Figures of one device and forwarding."""
    options = bench.options
    title = f"net_{name}, {forward}"
    plan = blocks.Plan(options.starts, options.slices, options.seconds, options.max_wait)
    rows = blocks.measure(lambda: loops.modes_of(loops_on(bench, title, device, forward)), plan,
                          machine.Distance(options.distance, bench.cpus),
                          lambda text: say(f"bare, {title}: {text}"))
    record.write_csv(bench.folder / f"bare-{name}-{forward}.csv", blocks.HEADER,
                     blocks.csv_rows(rows))
    found = []
    for top, bottom in BARE_RATIOS:
        is_judged = (top, bottom) == BARE_RATIOS[0]
        of = paired.ratio(blocks.pairs_by_start(rows, top, bottom))
        verdict = paired.verdict(of, BARE_LIMIT, 1 - BARE_LIMIT) if is_judged else ""
        found.append(figure_of_ratio(
            f"{title}: {loops.TITLES[top]} / {loops.TITLES[bottom]}", of,
            f">= {BARE_LIMIT}" if is_judged else "", verdict))
    return found


def measure_bare(bench):
    return [figure for name, device in devices(bench).items()
            for forward in bench.options.forwards
            for figure in bare_on(bench, name, device, forward)]


# ---- testpmd: the same forwarding in a stock program ----


def measure_testpmd(bench):
    wanted = (("a", "c"), ("f", "d"))
    letters = "".join(map("".join, wanted))
    compared = [kind for kind in throughput.kinds(bench.options, bench.cpus, bench.capture)
                if kind.letter in letters]
    rows, _ = throughput.measure(bench.options, bench.cpus, compared)
    record.write_csv(bench.folder / "testpmd.csv", blocks.HEADER, blocks.csv_rows(rows))
    titles = {kind.letter: kind.title for kind in compared}
    found = []
    for top, bottom in wanted:
        of = paired.ratio(blocks.pairs_by_start(rows, top, bottom))
        target = throughput.TARGETS[(top, bottom)]
        found.append(figure_of_ratio(f"rxonly: {titles[top]} / {titles[bottom]}", of,
                                     f">= {target}", paired.verdict(of, target)))
    return found


# ---- load: what a busy worker is told ----


class Load(NamedTuple):
    """One slice, as it stands in the raw data."""
    share: float  # of the most; 1: as fast as it goes
    pace: str
    counted: loops.Counted


LOAD_HEADER = (*Load._fields[:-1], *loops.Counted._fields)


def count_slices(bench, name, device, nb, seconds):
    """So many Counted of slices that nobody disturbed, and those that somebody did."""
    found = []
    with loops_on(bench, name, device) as running:
        running.resume()
        for _ in range(nb * blocks.MAX_REPEATS):
            found.append(running.count("hybrid", seconds))
            if len(undisturbed(bench, found)) == nb:
                break
    return found


def undisturbed(bench, found):
    return [counted for counted in found if counted.waited <= bench.options.max_wait]


def load_at(bench, share, pace):
    device = devices(bench)["evnic"].replace("pace=max", f"pace={pace}")
    return [Load(share, pace, counted) for counted in
            count_slices(bench, f"pace={pace}", device, NB_LOAD_SLICES,
                         bench.options.load_seconds)]


def figure_of_load(bench, share, found):
    counting = undisturbed(bench, [load.counted for load in found])
    if not counting:
        return Figure(f"net_evnic at {100 * share:.0f} %: doorbells + arms a second", "0", "-",
                      "no slice counts", "not resolved")
    seconds = sum(counted.seconds for counted in counting)
    signals = {name: sum(getattr(counted, name) for counted in counting) / seconds
               for name in ("doorbells", "arms", "parks", "messages", "packets")}
    value = (f"{signals['doorbells']:.1f} + {signals['arms']:.1f}; parks {signals['parks']:.1f}, "
             f"messages {signals['messages']:.1f}")
    is_met = signals["doorbells"] == 0 and signals["arms"] == 0
    return Figure(f"net_evnic at {100 * share:.0f} % ({signals['packets'] / 1e6:.2f} Mpps): "
                  "doorbells + arms a second", "0", value, "", "met" if is_met else "missed")


def measure_load(bench):
    found = load_at(bench, 1.0, "max")
    most = max(load.counted.packets / load.counted.seconds for load in found)
    figures = []
    for share in LOADS:
        at = load_at(bench, share, str(max(1, int(most * share))))
        figures.append(figure_of_load(bench, share, at))
        found += at
    record.write_csv(bench.folder / "load.csv", LOAD_HEADER,
                     [(*load[:-1], *load.counted) for load in found])
    return figures


# ---- idle: what a worker costs that has nothing to do ----


def measure_idle(bench):
    found = count_slices(bench, "idle", "--vdev=net_evnic0", NB_IDLE_SLICES,
                         bench.options.idle_seconds)
    record.write_csv(bench.folder / "idle.csv", loops.Counted._fields, found)
    found = undisturbed(bench, found) or found  # a worker that sleeps waits for nobody
    middle, half = paired.interval([counted.cpu_s / counted.seconds for counted in found])
    verdict = ("met" if middle + half <= IDLE_LIMIT else
               "missed" if middle - half > IDLE_LIMIT else "not resolved")
    wakes = sum(counted.wakes for counted in found)
    seconds = sum(counted.seconds for counted in found)
    return [Figure("net_evnic, silent: processor time of the worker", f"<= {100 * IDLE_LIMIT:g} %",
                   f"{100 * middle:.4f} %",
                   f"{100 * max(0.0, middle - half):.4f} .. {100 * (middle + half):.4f}", verdict),
            Figure(f"net_evnic, silent: wakes a second (in {seconds:.0f} s)", "0",
                   f"{wakes / seconds:g}", "", "met" if wakes == 0 else "missed")]


# ---- wake: what a wake costs ----


def figure_of_cost(costs):
    few, many = (costs[nb].instructions for nb in (wake_cost.FEW, wake_cost.MANY))
    return Figure(f"instructions of a wake among {wake_cost.MANY} sources / among {wake_cost.FEW}",
                  f"<= {WAKE_LIMIT}", f"{many / few:.3f}", f"{many:.0f} / {few:.0f}",
                  "met" if many / few <= WAKE_LIMIT else "missed")


def measure_wake(bench):
    if not wake_cost.has_valgrind():
        return [Figure("instructions of a wake", f"<= {WAKE_LIMIT}", "-", "there is no valgrind",
                       "not resolved")]
    costs = wake_cost.measure_all(bench.options.wake_cost)
    record.write_csv(bench.folder / "wake.csv", wake_cost.Cost._fields, costs.values())
    return [figure_of_cost(costs)]


# ---- first: the first packet after an idle time ----


def measure_first(bench):
    options = bench.options
    command = [options.first_packet, *bench.eal, "--"]
    share = max(1, options.samples // options.starts)
    found = []
    for start in range(options.starts):
        found += first_packet.measure_start(command, start, share, options.gap_ms)
        say(f"first: start {start + 1} of {options.starts}")
    record.write_csv(bench.folder / "first.csv", first_packet.Sample._fields, found)
    for line in record.columns(first_packet.lines(found)):
        say(line)
    figures = []
    for share, limit in FIRST_LIMITS:
        of = first_packet.ratio(found, share)
        ns = [first_packet.percentile(first_packet.of(found, what), share)
              for what in ("worker", "floor")]
        figures.append(figure_of_ratio(
            f"first event after {options.gap_ms} ms, p{100 * share:g}: worker / floor "
            f"({ns[0] / 1e3:.1f} / {ns[1] / 1e3:.1f} us)", of, f"<= {limit}",
            paired.verdict_at_most(of, limit)))
    return figures


# ---- all of them ----

PARTS = {"bare": measure_bare, "testpmd": measure_testpmd, "load": measure_load,
         "idle": measure_idle, "wake": measure_wake, "first": measure_first}


def parse_arguments():
    parser = harness.parser(__doc__, "worker")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS),
                        help="what to measure (all)")
    parser.add_argument("--slices", type=int, default=100,
                        help="slices of each loop or program that count (100)")
    parser.add_argument("--seconds", type=float, default=0.2, help="length of a slice (0.2)")
    parser.add_argument("--starts", type=int, default=10, help="times the programs start (10)")
    parser.add_argument("--forwards", nargs="+", choices=("rxonly", "io"),
                        default=("rxonly", "io"), help="for bare (rxonly io)")
    parser.add_argument("--load-seconds", type=float, default=2.0,
                        help=f"length of each of {NB_LOAD_SLICES} slices at a load (2)")
    parser.add_argument("--idle-seconds", type=float, default=10.0,
                        help=f"length of each of {NB_IDLE_SLICES} idle slices (10)")
    parser.add_argument("--samples", type=int, default=1500, help="for first, of each (1500)")
    parser.add_argument("--gap-ms", type=int, default=100, help="idle time for first (100)")
    parser.add_argument("--max-wait", type=float, default=0.05,
                        help="share of a slice a thread may wait for its processor (0.05)")
    parser.add_argument("--distance", default=None, help="the program core_distance")
    for name in ("loops", "wake-cost", "first-packet"):
        parser.add_argument(f"--{name}", required=True, help="the program of that name")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.starts < 2 or options.slices < options.starts or options.seconds < 0.1:
        parser.error("give 2 starts or more, a slice or more for each, and 0.1 s or more")
    options.handoff = None
    return options


def run_all(options, scratch):
    cpus = commands.choose_cpus()
    commands.from_environment("ROUSE_PMD", "net_evnic (it needs a DPDK with driver headers)")
    capture = scratch / "frames.pcap"
    frames.write(capture)
    bench = Bench(options, cpus, capture, commands.eal_options(cpus, programs_at_once=1),
                  record.make_folder(options.out))
    described = harness.describe(cpus)
    described["pages"] = commands.pages(bench.eal)
    figures = {part: PARTS[part](bench) for part in options.parts}
    told = [figure for found in figures.values() for figure in found]
    harness.conclude(bench.folder, harness.figure_lines(told), described, options,
                     frames={"length": frames.LENGTH, "flows": frames.NB_FLOWS},
                     targets=[figure._asdict() for figure in told if figure.verdict])


if __name__ == "__main__":
    sys.exit(harness.main("the worker", parse_arguments(), run_all))
