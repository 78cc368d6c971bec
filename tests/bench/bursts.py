#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is lost when a burst comes after an idle time, by the size of the ring and of the burst.

The device delivers a burst at once, and drops what has no buffer (overrun=drop). A ring of N
descriptors, a power of two, has N - 32 buffers: a burst of so many must find room whatever its
receiver does, and one that is larger needs a receiver that comes in time. Frames are received and
freed. Buffers are posted by 32, so a queue that has received another number lacks up to 31 more; here
all numbers are multiples. Losses are counts: each frame of the capture was received or missed, or the run is no result.

The environment names what to run: ROUSEPMD, ROUSE_PMD, ROUSE_DPDK_BIN; "meson test --benchmark"
sets them. The status is 0 whatever the figures are, 1 if one could not be had, 77 if nothing can be
measured here.
"""

import sys
import time
from typing import NamedTuple

import commands
import frames
import harness
import loaded
import plot
import record
from program import RateError

RINGS = (256, 512, 1024, 2048)
FEWER = 32  # buffers than descriptors
NB_FIRST = 32  # frames that show that it runs: buffers are posted by so many
SIZES = {"ring - 32": lambda ring: ring - FEWER, "ring": lambda ring: ring,
         "2 x ring": lambda ring: 2 * ring, "4 x ring": lambda ring: 4 * ring}
JUDGED = "ring - 32"
NAMES = ("hybrid", "poll", "interrupt", "testpmd")
QUICK = {"rounds": 1, "bursts": 10, "gap_ms": 20, "rings": [256], "programs": ["hybrid", "interrupt"]}
LEAD_NS = 500 * 10**6  # the program has started by then
TAIL_NS = 3600 * 10**9  # the replay does not end before it was asked
LIMIT_S = 60.0


class Run(NamedTuple):
    """One program, ring and burst."""
    round: int
    ring: int
    size: str
    program: str
    burst: int
    bursts: int
    received: int
    missed: int


# ---- one run ----


def wait_for_all(running, nb_frames):
    """(received, missed) when every frame but the last one has come."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        port = running.telemetry.port()
        received, missed = port["ipackets"], port["imissed"]
        if received + missed >= nb_frames:
            break
        if time.monotonic() > deadline:
            raise RateError(f"{running.name}: {received} frames received and {missed} missed of "
                            f"{nb_frames}\n{running.tail()}")
        time.sleep(0.05)
    if received + missed != nb_frames:
        raise RateError(f"{running.name}: {received} frames received and {missed} missed: more "
                        f"than the {nb_frames} that came")
    return received, missed


def measure_run(nb, ring, size, name, scratch, options):
    burst = SIZES[size](ring)
    made = loaded.make(scratch, forward="rxonly", nb_desc=ring)
    capture = scratch / f"bursts-{burst}.pcap"
    if not capture.exists():
        frames.write_at(capture, frames.bursts_ns(options.bursts, burst, options.gap_ms * 10**6,
                                                  LEAD_NS, TAIL_NS, NB_FIRST))
    device = made.device(capture, pace="orig", loops=1, overrun="drop")
    with made.start(name, device, f"{name}, {ring} descriptors, bursts of {burst}") as running:
        received, missed = wait_for_all(running, NB_FIRST + options.bursts * burst)
    return Run(nb, ring, size, name, burst, options.bursts, received, missed)


# ---- the outcome ----


def of(runs, ring, size, name):
    return [run for run in runs if (run.ring, run.size, run.program) == (ring, size, name)]


def lost(runs):
    """(frames missed, frames that came)"""
    return (sum(run.missed for run in runs), sum(run.missed + run.received for run in runs))


def judged(runs):
    missed, nb = lost([run for run in runs if run.size == JUDGED and run.program == "hybrid"])
    verdict = "not resolved" if nb == 0 else "met" if missed == 0 else "missed"
    return [harness.Figure(f"frames missed of bursts of {JUDGED} after idle", "0", str(missed),
                           f"of {nb}", verdict)]


def table(options, runs):
    header = ["ring", "burst", "program", "bursts", "frames", "missed", "share"]
    lines = []
    for ring in options.rings:
        for size, length in SIZES.items():
            for name in options.programs:
                own = of(runs, ring, size, name)
                missed, nb = lost(own)
                lines.append([str(ring), f"{size} ({length(ring)})", name,
                              str(sum(run.bursts for run in own)), str(nb), str(missed),
                              f"{100 * missed / nb:.3f} %"])
    return [f"{frames.LENGTH}-byte frames, received and freed, one lcore, {options.gap_ms} ms from "
            "burst to burst", "", *record.columns([header, *lines])]


def draw(options, runs, folder):
    for size in SIZES:
        series = {}
        for name in options.programs:
            found = [(ring, *lost(of(runs, ring, size, name))) for ring in options.rings]
            series[name] = [(ring, 100 * missed / nb) for ring, missed, nb in found]
        plot.lines(folder / f"bursts-{size.replace(' ', '')}", f"Loss of bursts of {size}",
                   ("descriptors", "frames missed, %"), series, log="x")


# ---- all of it ----


def parse_arguments():
    parser = harness.parser(__doc__, "bursts")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each (2)")
    parser.add_argument("--bursts", type=int, default=30, help="bursts of a run (30)")
    parser.add_argument("--gap-ms", type=int, default=50, help="from burst to burst (50)")
    parser.add_argument("--rings", nargs="+", type=int, default=list(RINGS), metavar="DESCRIPTORS",
                        help=f"powers of two ({' '.join(map(str, RINGS))})")
    parser.add_argument("--programs", nargs="+", default=list(NAMES), choices=NAMES)
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.rounds < 1 or options.bursts < 1 or options.gap_ms < 1:
        parser.error("give a round, a burst and 1 ms or more")
    if not all(64 <= ring <= commands.NB_MBUFS // 2 and ring & (ring - 1) == 0
               for ring in options.rings):
        parser.error(f"--rings: give powers of two from 64 to {commands.NB_MBUFS // 2}")
    return options


def run_all(options, scratch):
    folder = record.make_folder(options.out)
    described = loaded.make(scratch).described
    runs = harness.rounds(
        options.rounds, [(ring, size, name) for ring in options.rings for size in SIZES
                         for name in options.programs],
        lambda nb, item: measure_run(nb, *item, scratch, options),
        lambda found: record.write_csv(folder / "runs.csv", Run._fields, found))
    draw(options, runs, folder)
    harness.conclude(folder, table(options, runs), described, options, judged(runs))


if __name__ == "__main__":
    sys.exit(harness.main("the loss of bursts", parse_arguments(), run_all))
