#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What it costs to be watched: throughput with prompt, telemetry and live view asked every second,
against the same without, and what a program costs that nobody watches.

    w  watched: once a second two commands at the prompt ("show worker all", "show fwd stats all"), a
       screen of the live view, and every telemetry command of Rouse
    u  unwatched: the same process, asked for its count of packets at both ends of a slice, as w is

Both are slices of one process, which receives (rxonly, one lcore) as fast as net_evnic gives; they are
taken in blocks, in an order drawn anew, and blocks that others disturbed are repeated (blocks.py). The
ratio is judged over several starts (paired.py). Then the port is silent and the view off, with a
prompt and the telemetry socket open: the processor time of all threads is counted.

The environment names what to run: ROUSEPMD, ROUSE_PMD, ROUSE_DPDK_BIN; "meson test --benchmark" sets
them. The status is 0 whatever the figures are, 1 if one could not be had, 77 if nothing can be
measured here.
"""

import os
import sys
import time

import blocks
import harness
import loaded
import machine
import paired
import program
import record
from harness import Figure
from program import RateError

TITLES = {"w": "watched", "u": "unwatched"}
RATIO_LIMIT = 0.995
RESOLUTION = 0.01  # an interval that is wider meets nothing
IDLE_LIMIT = 0.001  # of a processor
NB_IDLE_SLICES = 3
WATCH_S = 1.0
COMMANDS = "show worker all\nshow fwd stats all\ntop\n"
ASKED = ("/rouse/worker/list", "/rouse/worker/stats,1", "/rouse/wake,1", "/rouse/attn,1",
         "/rouse/vector,0")
SCREEN = "q leaves"  # in the first line of each
QUICK = {"slices": 2, "starts": 2, "seconds": 1.0, "idle_seconds": 1.0}


class Watched(loaded.Loaded):
    """rousepmd with a prompt, which is watched in some slices."""

    watches = False  # in the next slice

    def __init__(self, name, command, prefix, is_silent=False):
        super().__init__(name, command, prefix)
        self.is_silent = is_silent
        self.beside = []  # (whether it was watched, share of a processor beside worker and wire)
        self.nb_screens = 0

    def _has_received(self):
        return self.is_silent or super()._has_received()

    def _remember(self, line):
        super()._remember(line)
        self.nb_screens += SCREEN in line

    def type(self, keys):
        self.process.stdin.write(keys.encode())
        self.process.stdin.flush()

    def watch(self):
        """Once."""
        self.type(COMMANDS)
        for command in ASKED:
            self.telemetry.ask(command)

    def watch_until(self, end):
        """Every second; returns how many screens there must be."""
        nb = 0
        while (left := end - time.monotonic()) > 0:
            if nb:
                self.type("q")
            self.watch()
            nb += 1
            time.sleep(min(WATCH_S, left))
        self.type("q")
        return nb

    def slice(self, pps, before, after):
        """Notes, too, what threads took that do not move packets."""
        took = sorted(ran - before.threads.get(tid, (0.0, 0.0))[0]
                      for tid, (ran, _) in after.threads.items())
        if not self.is_silent:
            self.beside.append((self.watches, sum(took[:-2]) / (after.at - before.at)))
        return super().slice(pps, before, after)

    def measure_now(self, seconds):
        if not self.watches:
            return super().measure_now(seconds)
        self._drain()
        nb_screens = self.nb_screens
        nb_before, before = self.telemetry.nb_received(), program.usage(self.process.pid)
        nb_wanted = self.watch_until(before.at + seconds)
        nb_after, after = self.telemetry.nb_received(), program.usage(self.process.pid)
        self._check_alive()
        self._drain()
        if self.nb_screens - nb_screens < nb_wanted:
            raise RateError(f"{self.name}: {self.nb_screens - nb_screens} screens of {nb_wanted}\n"
                            f"{self.tail()}")
        return self.slice((nb_after - nb_before) / (after.at - before.at), before, after)


class Mode:
    """The process while it is watched, or while it is not; stands for a program of its own."""

    def __init__(self, process, letter):
        self.process = process
        self.name = f"{process.name}, {TITLES[letter]}"
        self.watches = letter == "w"

    def start(self):
        if self.process.process is None:
            self.process.start()

    def stop(self):
        self.process.stop()

    def resume(self):
        self.process._drain()

    def pause(self):
        """Nothing: it goes on."""

    def tail(self):
        return self.process.tail()

    def measure(self, seconds):
        self.process.watches = self.watches
        return self.process.measure(seconds)


# ---- throughput ----


def start_of(made, device, **arguments):
    """rousepmd with a prompt on that device."""
    prefix = f"rouse-watched-{os.getpid()}"
    return Watched("rousepmd", made.command_of["hybrid"](device, prefix), prefix, **arguments)


def measure_throughput(options, made, folder):
    """(rows, [Watched])"""
    started = []

    def modes():
        process = start_of(made, made.paced("max"))
        started.append(process)
        return {letter: Mode(process, letter) for letter in TITLES}

    plan = blocks.Plan(options.starts, options.slices, options.seconds, options.max_wait)
    rows = blocks.measure(modes, plan, machine.Distance(options.distance, made.cpus),
                          lambda text: print(text, flush=True))
    record.write_csv(folder / "slices.csv", blocks.HEADER, blocks.csv_rows(rows))
    return rows, started


def figure_of_throughput(rows):
    ratio = paired.ratio(blocks.pairs_by_start(rows, "w", "u"))
    return harness.figure_of_ratio(
        "throughput, watched every second / unwatched", ratio, f">= {RATIO_LIMIT}",
        paired.verdict(ratio, RATIO_LIMIT, RESOLUTION))


def figure_of_time(started):
    """What the threads that do not move packets take, of a processor; it is told, and not judged."""
    shares = {watched: [share for process in started for was, share in process.beside
                        if was == watched] for watched in (True, False)}
    middle, half = paired.interval(shares[True])
    return Figure("processor time beside worker and wire, watched (unwatched)", "",
                  f"{100 * middle:.3f} % ({100 * paired.mean(shares[False]):.3f} %)",
                  f"{100 * max(0.0, middle - half):.3f} .. {100 * (middle + half):.3f}", "")


# ---- idle ----


def measure_idle(options, made, folder):
    """Slices of a process that nobody asks anything."""
    with start_of(made, "--vdev=net_evnic0", is_silent=True) as process:
        found = []
        for _ in range(NB_IDLE_SLICES):
            before = program.usage(process.process.pid)
            time.sleep(options.idle_seconds)
            found.append(process.slice(0.0, before, program.usage(process.process.pid)))
    record.write_csv(folder / "idle.csv", program.Slice._fields, found)
    return found


def figure_of_idle(found):
    """By all of its threads, the main lcore's looks at its clock among them."""
    middle, half = paired.interval([one.process_cpu_s / one.seconds for one in found])
    verdict = ("met" if middle + half <= IDLE_LIMIT else
               "missed" if middle - half > IDLE_LIMIT else "not resolved")
    return Figure("silent port, view off: processor time of the process",
                  f"<= {100 * IDLE_LIMIT:g} %", f"{100 * middle:.4f} %",
                  f"{100 * max(0.0, middle - half):.4f} .. {100 * (middle + half):.4f}", verdict)


# ---- all of it ----


def parse_arguments():
    parser = harness.parser(__doc__, "watched")
    parser.add_argument("--slices", type=int, default=60, help="slices of each that count (60)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a slice (2)")
    parser.add_argument("--starts", type=int, default=6, help="times the program starts (6)")
    parser.add_argument("--idle-seconds", type=float, default=10.0,
                        help=f"length of each of {NB_IDLE_SLICES} idle slices (10)")
    parser.add_argument("--max-wait", type=float, default=0.05,
                        help="share of a slice a thread may wait for its processor (0.05)")
    parser.add_argument("--distance", default=None,
                        help="the program core_distance, to tell near processors from far ones")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.starts < 2 or options.slices < options.starts or options.seconds < 1:
        parser.error("give 2 starts or more, a slice or more for each, and a second or more")
    return options


def run(options, scratch):
    made = loaded.make(scratch, forward="rxonly", all_of_ours=["--interactive", "--auto-start"])
    folder = record.make_folder(options.out)
    rows, started = measure_throughput(options, made, folder)
    figures = [figure_of_throughput(rows), figure_of_time(started),
               figure_of_idle(measure_idle(options, made, folder))]
    nb_blocks = len(rows) // len(TITLES)
    nb_counting = sum(row.counts for row in rows) // len(TITLES)
    harness.conclude(folder, [f"blocks: {nb_blocks}, of which {nb_counting} count; the others were "
                              "disturbed"], made.described, options, figures)


if __name__ == "__main__":
    sys.exit(harness.main("watched", parse_arguments(), run))
