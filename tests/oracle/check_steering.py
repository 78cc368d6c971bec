#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hold rousepmd's steering of captures against the oracle, packet for packet.

Each capture is played once, as fast as it goes, into a port with several queues. The counts that
rousepmd writes must be the oracle's, nothing may be missed and no worker rescued. A capture that is
not Ethernet, has no whole frame or cannot be read must be refused: exit status 1, no JSON, one line,
which names the file and says what to give instead. One that breaks off, or cannot be read from some place on, plays as far as it
is whole, and records without a byte are left out: a line must name the file then. One with a frame
that no mbuf here can hold may be refused or played, but not half of each. In a folder *.pcap,
*.pcapng and *.cap are taken, at any depth.

Captures that must play are played several at a time, each by a port of its own; those of a run in
which anything was wrong, one by one.

Exit status: 0 all as it must be, 1 not, 77 nothing to check.
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple, Optional

import capture
import rss
import rss_oracle

MBUF_BYTES = 10240
HEADROOM_BYTES = 128
LARGEST_SURE = MBUF_BYTES - HEADROOM_BYTES
NB_DESCRIPTORS = 64
CAPTURE_SUFFIXES = (".pcap", ".pcapng", ".cap")
EXIT_SKIP = 77
NB_OUTPUT_LINES = 12
LEFT_OUT = re.compile(r"\bleft out\b")  # not a refusal: what is whole is played
REMEDY = re.compile(r"; (give|use|cut) \w")

PLAY, REFUSE, EITHER = "play", "refuse", "either"


class Run(NamedTuple):
    """What a run of rousepmd left."""

    status: Optional[int]  # None: it did not end in time; negative: the signal that ended it
    output: str
    json_text: Optional[str]  # None: no file was written


# Decisions

def expectation(summary, largest_sure=LARGEST_SURE):
    """What must become of a capture and why; summary is None if the oracle cannot read it."""
    if summary is None:
        return REFUSE, "not readable"
    if summary["packets"] == 0:
        return REFUSE, "no whole frame"
    if summary["linktype"] != capture.LINKTYPE_ETHERNET:
        return REFUSE, f"link type {summary['linktype']}"
    if summary["largest"] > largest_sure:
        return EITHER, f"a frame of {summary['largest']} bytes"
    return PLAY, f"{summary['packets']} packets"


def compare(summary, result, index=0):
    """The differences between the oracle's summary and a port of rousepmd's JSON, as lines of
    text."""
    try:
        port, name = result["ports"][index], f"port {index}"
        actual = {f"{name} ipackets": port["ipackets"], f"{name} ibytes": port["ibytes"],
                  f"{name} imissed": port["imissed"], "number of queues": len(port["queues"])}
        expected = {f"{name} ipackets": summary["packets"], f"{name} ibytes": summary["bytes"],
                    f"{name} imissed": 0, "number of queues": len(summary["queues"])}
        for queue in port["queues"]:
            actual[f"queue {queue['queue']} ipackets"] = queue["ipackets"]
        for index, packets in enumerate(summary["queues"]):
            expected[f"queue {index} ipackets"] = packets
        for worker in result["workers"]:
            actual[f"lcore {worker['lcore']} rescues"] = worker["rescues"]
            expected[f"lcore {worker['lcore']} rescues"] = 0
        no_workers = not result["workers"]
    except (KeyError, IndexError, TypeError) as error:
        return [f"JSON without what it must have: {type(error).__name__}: {error}"]
    differences = ["no workers"] if no_workers else []
    for name in sorted(expected.keys() | actual.keys()):
        # Counts are integers: neither 3.0 nor true is one.
        if name not in expected or type(actual.get(name)) is not int \
                or actual[name] != expected[name]:
            differences.append(f"{name} is {actual.get(name, 'absent')}, "
                               f"must be {expected.get(name, 'absent')}")
    return differences


def judge_play(name, summary, run, index=0):
    if (summary["cut_short"] or summary["empty"]) and name not in run.output:
        return [f"left records out without a line that names {name}"]
    if run.status != 0:
        return [f"must play, but {ending(run)}"]
    if run.json_text is None:
        return ["played, but wrote no JSON"]
    try:
        result = json.loads(run.json_text)
    except ValueError as error:
        return [f"wrote what is not JSON: {error}"]
    return compare(summary, result, index)


def judge_refusal(name, run):
    problems = []
    if run.status != 1:
        problems.append(f"must be refused with exit status 1, but {ending(run)}")
    if run.json_text is not None:
        problems.append("must be refused, but wrote JSON")
    lines = [line for line in run.output.splitlines() if line and not LEFT_OUT.search(line)]
    if len(lines) != 1:
        problems.append(f"refused with {len(lines)} lines, must be 1")
    if name not in "".join(lines[:1]):
        problems.append(f"refused without a line that names {name}")
    if not REMEDY.search("".join(lines[:1])):
        problems.append("refused without a word of what to give instead")
    return problems


def judge(name, summary, run, largest_sure=LARGEST_SURE):
    """What is wrong with a run: lines of text, none if it is right. Name: of the file it got."""
    expected, _ = expectation(summary, largest_sure)
    if expected == PLAY or expected == EITHER and run.status == 0:
        return judge_play(name, summary, run)
    return judge_refusal(name, run)


def ending(run):
    if run.status is None:
        return "it did not end in time"
    if run.status < 0:
        return f"signal {-run.status} ended it"
    return f"it ended with exit status {run.status}"


def lcore_map(cpus):
    """Main lcore and first worker on the first CPU, second worker on the next if there is one."""
    cpus = sorted(cpus)
    return f"0@{cpus[0]},1@{cpus[0]},2@{cpus[min(1, len(cpus) - 1)]}"


def command(args, paths, json_path):
    """The command line that plays the captures, each by a port of its own."""
    nb_mbufs = len(paths) * args.queues * NB_DESCRIPTORS + 1500  # and what lcores keep
    memory_mb = 96 + nb_mbufs * (args.mbuf_size + 320) // 10**6
    return [args.rousepmd, "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
            "-m", str(memory_mb), f"--lcores={args.lcores}",
            *[f"--vdev=net_evnic{i},rx_pcap={path},pace=max,overrun=wait"
              for i, path in enumerate(paths)], "--",
            f"--rxq={args.queues}", f"--txq={args.queues}", f"--rxd={NB_DESCRIPTORS}",
            f"--txd={NB_DESCRIPTORS}", "--forward-mode=rxonly", f"--mbuf-size={args.mbuf_size}",
            f"--json={json_path}"]


# Doing it

def find_captures(paths):
    """The captures that the arguments stand for, and the arguments that stand for nothing."""
    captures, missing = [], []
    for path in paths:
        if os.path.isfile(path):
            captures.append(path)
        elif os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                captures += [os.path.join(folder, name) for name in sorted(names)
                             if name.endswith(CAPTURE_SUFFIXES)]
        else:
            missing.append(path)
    return captures, missing


def read_if_there(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None


def playable(path, folder, index):
    """The capture by a name that device arguments take: no comma or bracket can be quoted there."""
    path = os.path.abspath(path)
    if re.fullmatch(r"[\w./+@:~-]+", path):
        return path
    link = os.path.join(folder, f"capture{index}" + os.path.splitext(path)[1])
    os.symlink(path, link)
    return link


def run_rousepmd(args, paths):
    """Play captures; the names that rousepmd got, and the Run."""
    with tempfile.TemporaryDirectory(prefix="check_steering.") as folder:
        names = [playable(path, folder, i) for i, path in enumerate(paths)]
        json_path = os.path.join(folder, "result.json")
        try:
            done = subprocess.run(
                command(args, names, json_path),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=args.timeout, encoding="utf-8", errors="replace", check=False)
            status, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired as expired:
            status, output = None, (expired.output or b"").decode("utf-8", "replace")
        return names, Run(status, output, read_if_there(json_path))


def summarize(args, path):
    try:
        return rss_oracle.summarize(path, args.steering)
    except capture.CaptureError as error:
        return error.summary


def wrong(path, reason, problems, run):
    lines = [f"WRONG         {path}: {reason}"] + [f"      {problem}" for problem in problems]
    lines += [f"      | {line}" for line in run.output.splitlines()[-NB_OUTPUT_LINES:]]
    return "wrong", "\n".join(lines)


def check_one(args, path, summary):
    """The report on one capture: what happened to it, and whether that is wrong."""
    (name,), run = run_rousepmd(args, [path])
    problems = judge(os.path.basename(name), summary, run, args.largest_sure)
    _, reason = expectation(summary, args.largest_sure)
    if problems:
        return wrong(path, reason, problems, run)
    outcome = "played" if run.status == 0 else "refused"
    return outcome, f"ok    {outcome:7} {path}: {reason}"


def check(args, batch):
    """The reports on captures, as (path, summary), that are played together."""
    if len(batch) == 1:
        return [check_one(args, *batch[0])]
    names, run = run_rousepmd(args, [path for path, _ in batch])
    problems = [f"{path}: {problem}" for i, (path, summary) in enumerate(batch)
                for problem in judge_play(names[i], summary, run, i)]
    if not problems:
        return [("played", f"ok    played  {path}: {expectation(summary)[1]}")
                for path, summary in batch]
    reports = [check_one(args, path, summary) for path, summary in batch]
    if all(outcome != "wrong" for outcome, _ in reports):
        # each by itself is right
        reports[0] = wrong(batch[0][0], f"together with {len(batch) - 1} more", problems, run)
    return reports


def batches(args, captures):
    """The captures with their summaries, by the runs that play them: those to be refused alone."""
    together = []
    for path in captures:
        summary = summarize(args, path)
        if expectation(summary, args.largest_sure)[0] != PLAY:
            yield [(path, summary)]
            continue
        together.append((path, summary))
        if len(together) == args.ports:
            yield together
            together = []
    if together:
        yield together


def parse_args(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rousepmd", required=True, metavar="PATH", type=os.path.abspath)
    parser.add_argument("--queues", type=int, default=4, metavar="N", help="default: 4")
    parser.add_argument("--timeout", type=float, default=60, metavar="S",
                        help="for each run, default: 60")
    parser.add_argument("--jobs", type=int, default=2, metavar="N",
                        help="runs at a time, default: 2")
    parser.add_argument("--ports", type=int, default=16, metavar="N",
                        help="captures that a run plays, default: 16")
    parser.add_argument("--mbuf-size", type=int, default=MBUF_BYTES, metavar="BYTES",
                        help=f"default: {MBUF_BYTES}")
    parser.add_argument("captures", nargs="+", metavar="CAPTURE-OR-FOLDER")
    args = parser.parse_args(argv)
    if not os.access(args.rousepmd, os.X_OK) or not os.path.isfile(args.rousepmd):
        parser.error(f"{args.rousepmd} is not a program")
    if args.jobs < 1 or args.ports < 1:
        parser.error(f"{args.jobs} jobs and {args.ports} ports, there must be at least 1 of each")
    args.largest_sure = args.mbuf_size - HEADROOM_BYTES
    try:
        args.steering = rss.Steering(args.queues)
    except ValueError as error:
        parser.error(str(error))
    args.lcores = lcore_map(os.sched_getaffinity(0))
    return args


def main(argv):
    args = parse_args(argv)
    captures, missing = find_captures(args.captures)
    if not captures:
        print(f"nothing to check: no capture in {', '.join(args.captures)}")
        return EXIT_SKIP
    counts = {"played": 0, "refused": 0, "wrong": 0}
    for path in missing:
        print(f"WRONG         {path}: no such file or folder")
        counts["wrong"] += 1
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for reports in pool.map(lambda batch: check(args, batch), batches(args, captures)):
            for outcome, report in reports:
                counts[outcome] += 1
                print(report, flush=True)
    print(f"{len(captures)} captures: {counts['played']} played and {counts['refused']} refused "
          f"as they must be, {counts['wrong']} wrong")
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
