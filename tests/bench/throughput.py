#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How many 64-byte frames a second one lcore receives: Rouse beside stock DPDK, in one run.

    a  rousepmd on net_evnic          what is judged
    b  dpdk-testpmd on net_pcap       what it is judged by: infinite_rx=1, same capture
    c  dpdk-testpmd on net_evnic      our PMD under the stock application, loaded with -d
    d  dpdk-testpmd on net_null       the ceiling: no frame is touched
    e  handoff                        the limit of a and c: two threads and the ring (handoff.c)
    f  rousepmd on net_null           our worker where a packet costs least, against d

All receive only (rxonly) on one lcore, with the same EAL options, number of mbufs and descriptors.
a, c and e have a second thread, the wire, that plays the device, on a processor of its own: the
table says what the whole process takes, too, and the ratios are given for near and far processors
apart. e/b is what a/b and c/b could be at most, with a ring of this layout.

Programs are stopped and continued so that one runs at a time, for some hundred milliseconds
(rates.py); slices are taken in blocks, and blocks that others disturbed are repeated (blocks.py);
ratios are taken within a block and judged over several starts of the programs (paired.py).

The environment names what to run: ROUSEPMD, ROUSE_PMD, ROUSE_DPDK_BIN; "meson test --benchmark"
sets them. The status is 0 whatever the ratios are, 1 if a rate could not be had, 77 if nothing can
be measured here.
"""

import sys
from typing import NamedTuple

import blocks
import commands
import frames
import harness
import machine
import paired
import rates
import record

# net_evnic hands a frame from one processor to another, net_pcap copies it in place.
TARGETS = {("a", "b"): 0.3, ("c", "b"): 0.5, ("a", "c"): 1.0, ("f", "d"): 1.0}
RATIOS = (("a", "b"), ("c", "b"), ("e", "b"), ("a", "e"), ("c", "e"), ("a", "c"), ("f", "d"),
          ("b", "d"))
QUICK = {"slices": 8, "starts": 4, "seconds": 0.2}
WITH_WIRE = ("a", "c", "e")
PLACES = ("near", "far")


class Kind(NamedTuple):
    """One of the programs compared."""
    letter: str
    title: str
    make: type  # of program.Program
    command: list


class Result(NamedTuple):
    """A ratio with its name and, where it is judged, its target."""
    name: str
    ratio: paired.Ratio
    target: float


# ---- what to run ----


def parse_arguments():
    parser = harness.parser(__doc__, "throughput")
    parser.add_argument("--slices", type=int, default=100,
                        help="slices of each program that count (100)")
    parser.add_argument("--seconds", type=float, default=0.2,
                        help="length of a slice; rousepmd rounds it to tenths (0.2)")
    parser.add_argument("--starts", type=int, default=10, help="times the programs start (10)")
    parser.add_argument("--max-wait", type=float, default=0.05,
                        help="share of a slice a thread may wait for its processor (0.05)")
    parser.add_argument("--distance", default=None,
                        help="the program core_distance, to tell near processors from far ones")
    parser.add_argument("--handoff", default=None, help="the program handoff, for e")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    if options.starts < 2 or options.slices < options.starts or options.seconds < 0.1:
        parser.error("give 2 starts or more, a slice or more for each, and 0.1 s or more")
    return options


def kinds(options, cpus, capture):
    """The Kinds that there are."""
    rousepmd = commands.from_environment("ROUSEPMD", "rousepmd")
    pmd = commands.from_environment("ROUSE_PMD", "net_evnic (it needs a DPDK with driver headers)")
    testpmd = commands.from_environment("ROUSE_DPDK_BIN", "a DPDK's bin folder") / "dpdk-testpmd"
    if not testpmd.exists():
        raise commands.CannotRun("this DPDK came without dpdk-testpmd")
    eal = commands.eal_options(cpus, programs_at_once=6)
    evnic = f"--vdev=net_evnic0,rx_pcap={capture},loops=0,pace=max,wire_cpu={cpus[0]}"
    pcap = f"--vdev=net_pcap0,rx_pcap={capture},infinite_rx=1"
    period = rates.Rousepmd.period(options.seconds)
    null = f"--vdev=net_null0,size={frames.LENGTH}"
    found = [
        Kind("a", "rousepmd, net_evnic", rates.Rousepmd,
             commands.rousepmd(rousepmd, eal, evnic, f"--stats-period={period:.3f}")),
        Kind("b", "dpdk-testpmd, net_pcap", rates.Testpmd, commands.testpmd(testpmd, eal, pcap)),
        Kind("c", "dpdk-testpmd, net_evnic", rates.Testpmd,
             commands.with_plugin(
                 pmd, lambda *words: commands.testpmd(testpmd, eal, *words, evnic))),
        Kind("d", "dpdk-testpmd, net_null", rates.Testpmd, commands.testpmd(testpmd, eal, null)),
        Kind("f", "rousepmd, net_null", rates.Rousepmd,
             commands.rousepmd(rousepmd, eal, null, f"--stats-period={period:.3f}")),
    ]
    if options.handoff is not None:
        found.append(Kind("e", "handoff, the ring alone", rates.Handoff,
                          commands.handoff(options.handoff, eal, cpus, options.seconds)))
    return found


# ---- the outcome ----


def results(rows, letters):
    """The Results of interest; of those with a wire, for each place of the processors too."""
    found = []
    for top, bottom in RATIOS:
        if top not in letters or bottom not in letters:
            continue
        for place in (None, *PLACES) if top in WITH_WIRE else (None,):
            pairs = blocks.pairs_by_start(rows, top, bottom, place, WITH_WIRE)
            name = f"{top}/{bottom}" if place is None else f"  processors {place}"
            if pairs or place is None:
                found.append(Result(name, paired.ratio(pairs), TARGETS.get((top, bottom))))
    return found


def rate_line(title, slices):
    packets = sum(s.pps * s.seconds for s in slices)
    pps = sorted(s.pps for s in slices)
    return [title, str(len(pps)), f"{pps[len(pps) // 2] / 1e6:.1f}",
            f"{pps[0] / 1e6:.1f} .. {pps[-1] / 1e6:.1f}",
            f"{1e9 * sum(s.lcore_cpu_s for s in slices) / packets:.1f}",
            f"{1e9 * sum(s.process_cpu_s for s in slices) / packets:.1f}"]


def rate_table(compared, rows):
    """The rates in the blocks that count, or, if there are none, in all where anything came."""
    rows = [row for row in rows if row.counts] or [row for row in rows if row.slice.pps > 0]
    lines = [["", "slices", "Mpps, median", "lowest .. highest", "lcore's ns/packet",
              "process's ns/packet"]]
    for kind in compared:
        own = [row for row in rows if row.letter == kind.letter]
        lines.append(rate_line(f"{kind.letter}  {kind.title}", [row.slice for row in own]))
        for place in PLACES if kind.letter in WITH_WIRE else ():
            there = [row.slice for row in own if row.place == place]
            if there:
                lines.append(rate_line(f"     processors {place}", there))
    return record.columns(lines)


def ratio_line(result):
    ratio = result.ratio
    if ratio is None:
        cells = [result.name, "-", "no block counts", "-"]
    else:
        cells = [result.name, f"{ratio.mean:.3f}", f"{ratio.low:.3f} .. {ratio.high:.3f}",
                 f"{ratio.nb_blocks} in {ratio.nb_starts}"]
    told = ("" if result.target is None else
            f"{result.target:g}: {paired.verdict(ratio, result.target)}")
    return cells + [told]


def ratio_table(found):
    header = ["ratio", "mean", "95 % interval", "blocks in starts", "target"]
    return record.columns([header] + [ratio_line(result) for result in found])


def table(compared, rows, found):
    nb_blocks = len(rows) // len(compared)
    nb_counting = sum(row.counts for row in rows) // len(compared)
    return [f"{frames.NB_FLOWS} flows, {frames.LENGTH}-byte frames, rxonly, one lcore", "",
            *rate_table(compared, rows), "", *ratio_table(found), "",
            f"blocks: {nb_blocks}, of which {nb_counting} count; the others were disturbed"]


def summary(compared, found):
    return {
        "frames": {"length": frames.LENGTH, "flows": frames.NB_FLOWS},
        "commands": {kind.letter: [str(word) for word in kind.command] for kind in compared},
        "targets": [harness.figure_of_ratio(
            f"throughput, {result.name}", result.ratio, f">= {result.target:g}",
            paired.verdict(result.ratio, result.target))._asdict()
                    for result in found if result.target is not None
                    and not result.name.startswith(" ")],
        "ratios": [{"name": result.name.strip(), "target": result.target,
                    "verdict": result.target and paired.verdict(result.ratio, result.target),
                    **(result.ratio._asdict() if result.ratio else {})} for result in found],
    }


def measure(options, cpus, compared):
    """(Rows, the version of DPDK) of these Kinds side by side."""
    programs = {}

    def make_programs():
        programs.update({kind.letter: kind.make(kind.title, kind.command) for kind in compared})
        return programs

    plan = blocks.Plan(options.starts, options.slices, options.seconds, options.max_wait)
    rows = blocks.measure(make_programs, plan, machine.Distance(options.distance, cpus),
                          lambda text: print(text, flush=True))
    return rows, next((one.dpdk for one in programs.values() if one.dpdk != "unknown"), "unknown")


def run(options, scratch):
    cpus = commands.choose_cpus()
    capture = scratch / "frames.pcap"
    frames.write(capture)
    compared = kinds(options, cpus, capture)
    described = harness.describe(cpus)
    described["pages"] = commands.pages(compared[0].command)
    rows, described["dpdk"] = measure(options, cpus, compared)
    found = results(rows, [kind.letter for kind in compared])
    folder = record.make_folder(options.out)
    record.write_csv(folder / "slices.csv", blocks.HEADER, blocks.csv_rows(rows))
    harness.conclude(folder, table(compared, rows, found), described, options,
                     **summary(compared, found))


if __name__ == "__main__":
    sys.exit(harness.main("throughput", parse_arguments(), run))
