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

import argparse
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import commands
import frames
import machine
import paired
import program
import record
from program import RateError

SKIP = 77
SEED = 1
PACES = ("100", "1000", "10000", "100000", "1000000")
QUICK = {"rounds": 2, "seconds": 0.3, "warm_up": 0.1, "paces": ["1000"],
         "programs": ["hybrid", "l3fwd"]}
# share of l3fwd-power's processor time, at most
LIMITS = {"100": 0.25, "1000": 0.15, "10000": 0.5}
RUNTIME = Path(os.environ.get("XDG_RUNTIME_DIR", "/var/run") if os.getuid() else "/var/run")
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


# ---- one run ----


class Telemetry:
    """The socket on which a DPDK program of that prefix answers."""

    def __init__(self, prefix, deadline):
        path = RUNTIME / "dpdk" / prefix / "dpdk_telemetry.v2"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(program.START_S)
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise RateError(f"{path}: {error.strerror}") from error
                time.sleep(0.05)
        self.size = json.loads(self.socket.recv(1024))["max_output_len"]

    def nb_received(self):
        self.socket.send(b"/ethdev/stats,0")
        answer = json.loads(self.socket.recv(self.size))["/ethdev/stats"]
        if answer is None:
            raise RateError("telemetry knows no port 0")
        return answer["ipackets"]

    def close(self):
        self.socket.close()


class Loaded(program.Program):
    """A program that says by telemetry what it received; it is not stopped between measurements."""

    def __init__(self, name, command, prefix):
        super().__init__(name, command)
        self.prefix = prefix
        self.telemetry = None

    def wait_until_it_forwards(self, deadline):
        self.telemetry = Telemetry(self.prefix, deadline)
        while self.telemetry.nb_received() == 0:
            self._check_alive()
            if time.monotonic() > deadline:
                raise RateError(f"{self.name}: receives nothing\n{self.tail()}")
            time.sleep(0.02)

    def pause(self):
        """Nothing: a program that sleeps well is not to be woken by a signal."""

    def stop(self):
        if self.telemetry is not None:
            self.telemetry.close()
        super().stop()

    def measure_now(self, seconds):
        nb_before, before = self.telemetry.nb_received(), program.usage(self.process.pid)
        time.sleep(seconds)
        nb_after, after = self.telemetry.nb_received(), program.usage(self.process.pid)
        self._check_alive()
        return self.slice((nb_after - nb_before) / (after.at - before.at), before, after)


def measure_run(nb, pace, name, command, options):
    prefix = f"rouse-load-{os.getpid()}"
    with Loaded(f"{name} at {pace}", command(pace, prefix), prefix) as loaded:
        time.sleep(options.warm_up)
        slice_ = loaded.measure(options.seconds)
    packets = round(slice_.pps * slice_.seconds)
    offered = int(pace) * slice_.seconds
    if packets < (1 - MOST_MISSED) * offered - 2:
        print(f"{name} at {pace}: received {packets} of {offered:.0f} frames", flush=True)
    return Run(nb, pace, name, slice_.seconds, packets, slice_.lcore_cpu_s, slice_.process_cpu_s)


# ---- the programs ----


def make_commands(scratch):
    """{name: (pace, prefix) -> command}, and what the table says of them."""
    cpus = commands.choose_cpus()
    capture = scratch / "frames.pcap"
    frames.write(capture)
    rousepmd = commands.from_environment("ROUSEPMD", "rousepmd")
    pmd = commands.from_environment("ROUSE_PMD", "net_evnic (it needs a DPDK with driver headers)")
    stock = commands.from_environment("ROUSE_DPDK_BIN", "DPDK's own programs")

    def eal(prefix):
        options = [word for word in commands.eal_options(cpus, programs_at_once=1)
                   if word != "--no-telemetry"]
        return [*options, f"--file-prefix={prefix}"]

    def device(pace):
        return (f"--vdev=net_evnic0,rx_pcap={capture},loops=0,pace={pace},tx_pcap=/dev/null,"
                f"wire_cpu={cpus[0]}")

    def ours(mode):
        return lambda pace, prefix: [rousepmd, *eal(prefix), device(pace), "--",
                                     "--forward-mode=io", f"--rx-mode={mode}",
                                     f"--rxd={commands.NB_DESC}"]

    def l3fwd(level):
        return lambda pace, prefix: commands.with_plugin(pmd, lambda *plugin: [
            stock / "dpdk-l3fwd-power", *eal(prefix), *plugin, device(pace),
            f"--log-level=user1,{level}", "--", "-p", "1", "--interrupt-only", "-P",
            "--config=(0,0,1)", "--no-numa"])

    def testpmd(pace, prefix):
        return commands.with_plugin(pmd, lambda *plugin: [
            stock / "dpdk-testpmd", *eal(prefix), *plugin, device(pace), "--", "-i",
            "--auto-start", "--forward-mode=io", "--nb-cores=1", f"--rxd={commands.NB_DESC}",
            f"--total-num-mbufs={commands.NB_MBUFS}"])

    described = machine.describe(cpus)
    described["rouse"] = machine.revision(Path(__file__).parent)
    return {"hybrid": ours("hybrid"), "poll": ours("poll"), "interrupt": ours("interrupt"),
            "l3fwd": l3fwd(4), "l3fwd-log": l3fwd(8), "testpmd": testpmd}, described


NAMES = ("hybrid", "poll", "interrupt", "l3fwd", "l3fwd-log", "testpmd")


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
        limit = LIMITS.get(pace) if name == "hybrid" else None
        lines.append([
            pace, name, f"{sum(run.packets for run in own) / sum(run.seconds for run in own):.0f}",
            f"{share(own):.2f} %",
            f"{ns_per_packet(own):.0f}",
            f"{share(own, 'process_cpu_s'):.2f} %",
            "" if result is None else f"{result.mean:.3f}",
            "" if result is None else f"{result.low:.3f} .. {result.high:.3f}",
            "" if limit is None or result is None else
            f"{limit}: {paired.verdict_at_most(result, limit)}"])
    return lines


def table(options, runs, described):
    header = ["offered/s", "program", "received/s", "lcore's cpu", "ns/packet", "process's cpu",
              "to l3fwd", "95 % interval", "at most"]
    lines = []
    for pace in options.paces:
        lines += pace_lines(pace, [run for run in runs if run.pace == pace], options.programs)
    return [f"{frames.NB_FLOWS} flows, {frames.LENGTH}-byte frames, sent out as they came, one "
            f"lcore; {options.rounds} runs of {options.seconds} s", "",
            *record.columns([header, *lines]), "",
            *(f"{name}: {value}" for name, value in described.items())]


# ---- all of it ----


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program and pace (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="what of a run counts (2)")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before that (0.5)")
    parser.add_argument("--paces", nargs="+", default=list(PACES), metavar="PPS",
                        help=f"packets a second ({' '.join(PACES)})")
    parser.add_argument("--programs", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--out", default="load-results", help="folder for the raw data")
    parser.add_argument("--nice", type=int, default=0, help="priority; below 0 as root only (0)")
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.rounds < 1 or options.seconds < 0.1 or options.warm_up < 0:
        parser.error("give a round or more, 0.1 s or more, and a warm-up of 0 s or more")
    for pace in options.paces:
        if not pace.isdigit() or not 1 <= int(pace) <= 10**9:
            parser.error(f"--paces {pace}: give packets a second, from 1 to 1000000000")
    return options


def measure(options, command_of, folder):
    """All Runs. What was measured is in the file after each round, however this ends."""
    rng = random.Random(SEED)
    runs = []
    for nb in range(1, options.rounds + 1):
        todo = [(pace, name) for pace in options.paces for name in options.programs]
        for pace, name in rng.sample(todo, len(todo)):
            runs.append(measure_run(nb, pace, name, command_of[name], options))
        record.write_csv(folder / "runs.csv", Run._fields, runs)
        print(f"round {nb} of {options.rounds}", flush=True)
    return runs


def main():
    options = parse_arguments()
    # so that programs are ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with tempfile.TemporaryDirectory(prefix="rouse-bench-") as scratch, \
                machine.priority(options.nice):
            command_of, described = make_commands(Path(scratch))
            folder = record.make_folder(options.out)
            runs = measure(options, command_of, folder)
    except commands.CannotRun as reason:
        print(f"the cost of a load cannot be measured here: {reason}")
        return SKIP
    except RateError as error:
        print(f"load: {error}", file=sys.stderr)
        return 1
    lines = table(options, runs, described)
    record.write_json(folder / "summary.json", {"machine": described, "options": vars(options)})
    (folder / "table.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(["", *lines, f"raw data: {folder}"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
