#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How many messages and doorbells a packet costs, by pace: one each while the worker sleeps between
packets, hardly any once it has no time to.

Rousepmd receives (rxonly, hybrid, one lcore) from net_evnic at one pace after the other, in several
rounds, each in an order of its own. The wire's own counters, of the whole run, are divided by the
frames that it delivered. Who else wants the processors shows: a wire that was held up delivers
several frames at once, at a low pace, and its worker goes to sleep meanwhile, at a high one.

The environment names what to run, ROUSEPMD; "meson test --benchmark" sets it. The status is 0
whatever the counters say, 1 if they could not be had, 77 if nothing can be measured here.
"""

import json
import subprocess
import sys
from typing import NamedTuple

import commands
import frames
import harness
import record
from program import RateError

PACES = ("1000", "10000", "100000", "1000000", "max")
QUICK = {"seconds": 0.5, "rounds": 2}
SPARE_S = 60.0  # a run that takes so much longer than it should is a failure


class Run(NamedTuple):
    """One run, as it stands in the raw data."""
    round: int
    pace: str
    seconds: float
    frames: int
    messages: int
    doorbells: int
    cpu_s: float  # the worker's
    asleep_pct: float  # of the worker's time


# ---- one run ----


def run_of(nb, pace, report):
    """The Run that a report of rousepmd tells of."""
    wire, worker = report["ports"][0].get("wire"), report["workers"][0]
    if wire is None:
        raise RateError(f"pace={pace}: the report says nothing of its wire")
    if wire["rx_frames"] == 0:
        raise RateError(f"pace={pace}: received nothing")
    if worker["rescues"] != 0:
        raise RateError(f"pace={pace}: lost wake-ups")
    return Run(nb, pace, worker["wall_seconds"], wire["rx_frames"], wire["messages"],
               wire["doorbells"], worker["cpu_seconds"], worker["asleep_pct"])


def measure_run(command, nb, pace, seconds, path):
    """Run it for so many seconds, with its report in a file."""
    path.unlink(missing_ok=True)
    words = [*map(str, command), f"--duration={seconds:.3f}", f"--json={path}"]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds + SPARE_S, text=True,
                              errors="replace", check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RateError(f"pace={pace}: {error}") from error
    if done.returncode != 0:
        raise RateError(f"pace={pace}: ended with status {done.returncode}\n{done.stdout}")
    if not path.exists():
        raise RateError(f"pace={pace}: no report\n{done.stdout}")
    return run_of(nb, pace, json.loads(path.read_text(encoding="utf-8")))


# ---- all of them ----


def parse_arguments():
    parser = harness.parser(__doc__, "doorbells")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a run (3)")
    parser.add_argument("--rounds", type=int, default=5, help="runs at each pace (5)")
    parser.add_argument("--paces", nargs="+", default=PACES, metavar="PACE",
                        help=f"packets a second, or max ({' '.join(PACES)})")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.rounds < 1 or options.seconds < 0.1:
        parser.error("give a round or more, and 0.1 s or more")
    return options


def measure(options, command_at, path, folder):
    """All Runs; command_at(pace) is what to run."""
    return harness.rounds(
        options.rounds, list(options.paces),
        lambda nb, pace: measure_run(command_at(pace), nb, pace, options.seconds, path),
        lambda runs: record.write_csv(folder / "runs.csv", Run._fields, runs))


# ---- the outcome ----


def pace_line(pace, runs):
    """What the runs at a pace come to together, by their packets and by their time."""
    nb_frames, seconds = sum(run.frames for run in runs), sum(run.seconds for run in runs)
    nb_doorbells = sum(run.doorbells for run in runs)
    each = sorted(run.doorbells / run.frames for run in runs)
    return [pace, str(len(runs)), f"{nb_frames / seconds:.0f}",
            f"{sum(run.messages for run in runs) / nb_frames:.6f}",
            f"{nb_doorbells / nb_frames:.6f}", f"{each[0]:.6f} .. {each[-1]:.6f}",
            f"{nb_doorbells} for {nb_frames}",
            f"{sum(run.asleep_pct * run.seconds for run in runs) / seconds:.1f} %",
            f"{100 * sum(run.cpu_s for run in runs) / seconds:.1f} %"]


def table(paces, runs):
    header = ["pace", "runs", "packets/s", "messages/packet", "doorbells/packet",
              "lowest .. highest", "doorbells", "asleep", "worker's cpu"]
    lines = [pace_line(pace, [run for run in runs if run.pace == pace]) for pace in paces]
    return [f"{frames.NB_FLOWS} flows, {frames.LENGTH}-byte frames, rxonly, one lcore", "",
            *record.columns([header, *lines])]


def run_all(options, scratch):
    cpus = commands.choose_cpus()
    capture = scratch / "frames.pcap"
    frames.write(capture)
    rousepmd = commands.from_environment("ROUSEPMD", "rousepmd")
    commands.from_environment("ROUSE_PMD", "net_evnic (it needs a DPDK with driver headers)")
    eal = commands.eal_options(cpus, programs_at_once=1)

    def command_at(pace):
        device = f"--vdev=net_evnic0,rx_pcap={capture},loops=0,pace={pace},wire_cpu={cpus[0]}"
        return commands.rousepmd(rousepmd, eal, device)

    folder = record.make_folder(options.out)
    runs = measure(options, command_at, scratch / "report.json", folder)
    lines = table(options.paces, runs)
    harness.conclude(folder, lines, harness.describe(cpus), options, commands={
        pace: list(map(str, command_at(pace))) for pace in options.paces})


if __name__ == "__main__":
    sys.exit(harness.main("doorbells", parse_arguments(), run_all))
