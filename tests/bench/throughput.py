#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How many 64-byte frames a second one lcore receives: Rouse beside stock DPDK, in one run.

    throughput.py [--slices N] [--seconds S] [--starts N] [--out FOLDER] [--quick] [--nice N]

    a  rousepmd on net_evnic          what is judged
    b  dpdk-testpmd on net_pcap       what it is judged by: infinite_rx=1, same capture
    c  dpdk-testpmd on net_evnic      our PMD under the stock application, loaded with -d
    d  dpdk-testpmd on net_null       the ceiling: no frame is touched

All receive only (rxonly) on one lcore, with the same EAL options, number of mbufs and descriptors.
a and c have a second thread, the wire, that plays the device, on a processor of its own; the table
says what the whole process takes, too.

One block is one slice of each program, in an order drawn anew; slices are some hundred
milliseconds, and only one program runs at a time (rates.py). Ratios are taken within a block and
judged over several starts of the programs (paired.py). In a block that others disturbed, a
forwarding thread or the wire waited for its processor longer than --max-wait of a slice: it is
measured again, a limited number of times, and it is in the raw data, but not in the ratios.

The environment names what to run: ROUSEPMD, ROUSE_PMD, ROUSE_DPDK_BIN; "meson test --benchmark"
sets them. The status is 0 whatever the ratios are, 1 if a rate could not be had, 77 if nothing can
be measured here.
"""

import argparse
import os
import random
import signal
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import frames
import machine
import paired
import rates
import record

# a/b and c/b: net_evnic hands a frame from one processor to another, net_pcap copies it in place.
TARGET = 0.3
SEED = 1
EAL_MB = 192
NB_MBUFS = 8192  # enough for net_pcap, which holds the whole capture in mbufs
NB_DESC = 1024
MAX_WAIT = 0.05
MAX_REPEATS = 3  # blocks measured for one that counts, over the whole run
BACK_OFF_S = 1.0  # after a disturbed block: whoever it was may be done then
SKIP = 77
QUICK = {"slices": 6, "starts": 2, "seconds": 0.2}
CSV_HEADER = ("start", "block", "counts", "position", "program", *rates.Slice._fields)


class Kind(NamedTuple):
    """One of the programs compared."""
    letter: str
    title: str
    make: type  # of rates.Program
    command: list


class Row(NamedTuple):
    """One slice, as it stands in the raw data."""
    start: int
    block: int
    counts: bool
    position: int
    letter: str
    slice: rates.Slice


class CannotRun(Exception):
    """The reason why nothing can be measured here."""


# ---- what to run ----


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=100, help="slices of each program (100)")
    parser.add_argument("--seconds", type=float, default=0.2,
                        help="length of a slice; rousepmd rounds it to tenths (0.2)")
    parser.add_argument("--starts", type=int, default=10, help="times the programs start (10)")
    parser.add_argument("--out", default="throughput-results", help="folder for the raw data")
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    parser.add_argument("--nice", type=int, default=0, help="of the programs; below 0 as root (0)")
    parser.add_argument("--max-wait", type=float, default=MAX_WAIT,
                        help=f"share of a slice a thread may wait for its processor ({MAX_WAIT})")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.starts < 2 or options.slices < options.starts or options.seconds < 0.1:
        parser.error("give 2 starts or more, a slice or more for each, and 0.1 s or more")
    return options


def from_environment(name, what):
    value = os.environ.get(name, "")
    if not value or not Path(value).exists():
        raise CannotRun(f"{what} is not there: {name}={value or '(unset)'}")
    return Path(value)


def choose_cpus():
    """(device and main thread, forwarding lcore)."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise CannotRun("one processor: the device and the lcore would take turns")
    return cpus[0], cpus[1]


def eal_options(cpus, programs_at_once):
    """Options of all programs alike. Without hugepages DPDK 22.11 refuses --in-memory."""
    options = [f"--lcores=0@{cpus[0]},1@{cpus[1]}", "--no-pci", "--no-telemetry", "-m", str(EAL_MB)]
    if machine.free_hugepages_mb() >= programs_at_once * EAL_MB:
        return options + ["--in-memory"]
    return options + ["--no-huge", "--no-shconf"]


def who_may_write(path):
    """The folder above path that everybody may write to, if any: EAL refuses plugins in it."""
    for folder in path.resolve().parents:
        if folder.stat().st_mode & stat.S_IWOTH:
            return folder
    return None


def testpmd_command(testpmd, eal, *devices):
    return [testpmd, *eal, "-v", *devices, "--", "-i", "--auto-start", "--forward-mode=rxonly",
            "--nb-cores=1", f"--rxd={NB_DESC}", f"--total-num-mbufs={NB_MBUFS}"]


def kinds(options, cpus, capture):
    """(the Kinds, a note for each that is left out)."""
    rousepmd = from_environment("ROUSEPMD", "rousepmd")
    pmd = from_environment("ROUSE_PMD", "net_evnic (it needs a DPDK with driver headers)")
    testpmd = from_environment("ROUSE_DPDK_BIN", "a DPDK's bin folder") / "dpdk-testpmd"
    if not testpmd.exists():
        raise CannotRun("this DPDK came without dpdk-testpmd")
    eal = eal_options(cpus, programs_at_once=4)
    evnic = f"--vdev=net_evnic0,rx_pcap={capture},loops=0,pace=max,wire_cpu={cpus[0]}"
    period = rates.Rousepmd.stats_period(options.seconds)
    found = [
        Kind("a", "rousepmd, net_evnic", rates.Rousepmd,
             [rousepmd, *eal, evnic, "--", "--forward-mode=rxonly", f"--stats-period={period:.3f}",
              f"--rxd={NB_DESC}", f"--total-num-mbufs={NB_MBUFS}"]),
        Kind("b", "dpdk-testpmd, net_pcap", rates.Testpmd,
             testpmd_command(testpmd, eal, f"--vdev=net_pcap0,rx_pcap={capture},infinite_rx=1")),
        Kind("c", "dpdk-testpmd, net_evnic", rates.Testpmd,
             testpmd_command(testpmd, eal, "-d", pmd, evnic)),
        Kind("d", "dpdk-testpmd, net_null", rates.Testpmd,
             testpmd_command(testpmd, eal, f"--vdev=net_null0,size={frames.LENGTH}")),
    ]
    open_folder = who_may_write(pmd)
    if open_folder is None:
        return found, []
    return [kind for kind in found if kind.letter != "c"], [
        f"c is left out: EAL loads no plugin from below {open_folder}, where everybody may write; "
        "build elsewhere"]


# ---- measuring ----


def measure_block(programs, order, seconds):
    """letter -> Slice."""
    found = {}
    for letter in order:
        program = programs[letter]
        program.resume()
        try:
            found[letter] = program.measure(seconds)
        finally:
            program.pause()
    return found


def block_counts(programs, slices, max_wait):
    """Whether nobody disturbed it. Nothing received, and nobody to blame for it, is an error."""
    for letter, slice_ in slices.items():
        if slice_.pps <= 0 and slice_.waited <= max_wait:
            raise rates.RateError(f"{programs[letter].name}: received nothing: {slice_}\n"
                                  f"{programs[letter].tail()}")
    return all(slice_.waited <= max_wait for slice_ in slices.values())


def measure_start(programs, start, wanted, budget, options, rng):
    """The Rows of one start, with so many blocks that count, if a budget of blocks suffices."""
    rows, counted = [], 0
    for block in range(budget):
        order = list(programs)
        rng.shuffle(order)
        slices = measure_block(programs, order, options.seconds)
        counts = block_counts(programs, slices, options.max_wait)
        rows += [Row(start, block, counts, order.index(letter), letter, s)
                 for letter, s in slices.items()]
        counted += counts
        if counted == wanted:
            break
        if not counts:
            time.sleep(BACK_OFF_S)
    return rows


def measure_all(compared, options, say):
    """(Rows, DPDK's version)."""
    rng = random.Random(SEED)
    rows, dpdk = [], "unknown"
    budget = options.slices * MAX_REPEATS
    wrapper = ["nice", "-n", options.nice] if options.nice != 0 else []
    for start in range(options.starts):
        share = (options.slices * (start + 1) // options.starts -
                 options.slices * start // options.starts)
        programs = {}
        try:
            for kind in compared:
                programs[kind.letter] = kind.make(kind.title, [*wrapper, *kind.command])
                programs[kind.letter].start()
            rows += measure_start(programs, start, share, budget - len(rows) // len(programs),
                                  options, rng)
        finally:
            for program in programs.values():
                program.stop()
        dpdk = programs["b"].dpdk
        good = sum(row.counts for row in rows if row.letter == "a")
        say(f"start {start + 1} of {options.starts}: {good} blocks count so far")
    return rows, dpdk


# ---- telling ----


def pairs_by_start(rows, numerator, denominator):
    """One list of (rate, rate) a start, of the blocks that count."""
    by_block = {}
    for row in rows:
        if row.counts:
            by_block.setdefault((row.start, row.block), {})[row.letter] = row.slice.pps
    starts = {}
    for (start, _), pps in by_block.items():
        starts.setdefault(start, []).append((pps[numerator], pps[denominator]))
    return list(starts.values())


def ratios(rows, letters):
    """(name, Ratio or None, target or None) of each that is of interest."""
    wanted = [("a", "b", TARGET), ("c", "b", TARGET), ("a", "c", None), ("b", "d", None)]
    return [(f"{top}/{bottom}", paired.ratio(pairs_by_start(rows, top, bottom)), target)
            for top, bottom, target in wanted if top in letters and bottom in letters]


def rate_line(kind, rows):
    of_kind = [row.slice for row in rows if row.letter == kind.letter]
    packets = sum(s.pps * s.seconds for s in of_kind)
    pps = sorted(s.pps for s in of_kind)
    return [f"{kind.letter}  {kind.title}", f"{pps[len(pps) // 2] / 1e6:.1f}",
            f"{pps[0] / 1e6:.1f} .. {pps[-1] / 1e6:.1f}",
            f"{1e9 * sum(s.lcore_cpu_s for s in of_kind) / packets:.1f}",
            f"{1e9 * sum(s.process_cpu_s for s in of_kind) / packets:.1f}"]


def rate_table(compared, rows):
    """The rates in the blocks that count, or in all if there are none."""
    counting = [row for row in rows if row.counts] or rows
    header = ["", "Mpps, median", "lowest .. highest", "lcore's ns/packet", "process's ns/packet"]
    return record.columns([header] + [rate_line(kind, counting) for kind in compared])


def ratio_line(name, ratio, target):
    if ratio is None:
        cells = [name, "-", "no block counts", "-"]
    else:
        cells = [name, f"{ratio.mean:.3f}", f"{ratio.low:.3f} .. {ratio.high:.3f}",
                 f"{ratio.nb_blocks} in {ratio.nb_starts}"]
    told = "" if target is None else f"{target:g}: {paired.verdict(ratio, target)}"
    return cells + [told]


def ratio_table(found):
    header = ["ratio", "mean", "95 % interval", "blocks in starts", "target"]
    return record.columns([header] + [ratio_line(*one) for one in found])


def table(compared, rows, found, described, notes):
    nb_blocks = sum(row.letter == "a" for row in rows)
    nb_counting = sum(row.letter == "a" and row.counts for row in rows)
    lines = [f"{frames.NB_FLOWS} flows, {frames.LENGTH}-byte frames, rxonly, one lcore", ""]
    lines += rate_table(compared, rows) + [""] + ratio_table(found) + [""]
    lines += [f"blocks: {nb_blocks}, of which {nb_counting} count; the others were disturbed"]
    lines += [f"{name}: {value}" for name, value in described.items()]
    return lines + notes


def summary(compared, options, found, described):
    return {
        "machine": described,
        "options": vars(options),
        "frames": {"length": frames.LENGTH, "flows": frames.NB_FLOWS},
        "commands": {kind.letter: [str(word) for word in kind.command] for kind in compared},
        "ratios": {name: {**(ratio._asdict() if ratio else {}), "target": target,
                          "verdict": target and paired.verdict(ratio, target)}
                   for name, ratio, target in found},
    }


def write_results(folder, lines, rows, data):
    record.write_csv(folder / "slices.csv", CSV_HEADER,
                     [(*row[:2], int(row.counts), *row[3:5], *row.slice) for row in rows])
    record.write_json(folder / "summary.json", data)
    (folder / "table.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(options, scratch):
    cpus = choose_cpus()
    if not rates.has_schedstat():
        raise CannotRun("this kernel keeps no schedstat: nobody could tell who was disturbed")
    capture = Path(scratch) / "frames.pcap"
    frames.write(capture)
    compared, notes = kinds(options, cpus, capture)
    described = machine.describe(cpus)
    rows, described["dpdk"] = measure_all(compared, options, lambda text: print(text, flush=True))
    described["rouse"] = machine.revision(Path(__file__).parent)
    described["memory"] = "4 kB pages" if "--no-huge" in compared[0].command else "hugepages"
    found = ratios(rows, [kind.letter for kind in compared])
    lines = table(compared, rows, found, described, notes)
    folder = record.make_folder(options.out)
    write_results(folder, lines, rows, summary(compared, options, found, described))
    print("\n".join(["", *lines, f"raw data: {folder}"]))


def main():
    options = parse_arguments()
    # so that the programs are ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with tempfile.TemporaryDirectory(prefix="rouse-bench-") as scratch:
            run(options, scratch)
    except CannotRun as reason:
        print(f"throughput cannot be measured here: {reason}")
        return SKIP
    except rates.RateError as error:
        print(f"throughput: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
