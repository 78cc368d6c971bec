#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The captures' numbers: prints them, keeps README.md's table, and judges the captures.

usage: table.py print FOLDER    the numbers
       table.py judge FOLDER    are the captures what they should be?
       table.py update FOLDER   write the numbers into README.md's table
       table.py check FOLDER    judge, and compare README.md's table with the captures

The words of README.md's table are written by hand, its numbers by this program.
"""
import ipaddress
import os
import sys
from typing import NamedTuple

sys.dont_write_bytecode = True
import capture  # noqa: E402

MAX_TOTAL_BYTES = 2_000_000
MAX_SMALL_BYTES = 200_000
MAX_MIXED_BYTES = 900_000
MIXED_PACKETS = range(1500, 6001)
MIXED_SECONDS = (8, 13)
MIXED_MIN_FLOWS = 60
MIXED_MAX_FRAME = 1518
GAP_SECONDS = (0.5, 2)
MIXED_MIN_GAPS = 4
MAX_FRAME = {"jumbo.pcap": 9014}  # others: 1518
COLUMNS = ("packets", "bytes", "seconds", "largest frame", "flows")

# Documentation (RFC 5737, RFC 3849), unspecified, broadcast, link-local, multicast.
NETWORKS = [ipaddress.ip_network(text) for text in (
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "0.0.0.0/32", "255.255.255.255/32",
    "2001:db8::/32", "fe80::/10", "ff00::/8", "::/128")]


class Facts(NamedTuple):
    packets: int
    bytes: int  # of the file
    seconds: float
    largest: int  # frame
    flows: int  # distinct 5-tuples, both directions as one
    gaps: list  # seconds without a packet, those of at least GAP_SECONDS[0]

    def cells(self):
        numbers = (self.packets, self.bytes, f"{self.seconds:.1f}", self.largest, self.flows)
        return [str(number) for number in numbers]


def capture_names(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".pcap"))


def gather_facts(path):
    frames = capture.read_frames(path)
    packets = [capture.parse_packet(frame.data) for frame in frames]
    times = [frame.time_ns for frame in frames]
    gaps = [(later - earlier) / 1e9 for earlier, later in zip(times, times[1:])]
    return Facts(len(frames), os.path.getsize(path), (times[-1] - times[0]) / 1e9,
                 max(frame.length for frame in frames),
                 len({packet.flow() for packet in packets} - {None}),
                 [gap for gap in gaps if gap >= GAP_SECONDS[0]])


# ---------------------------------------------------------------- judging


def is_local_mac(mac):
    """Locally administered, a group's, or the empty one of an ARP request."""
    return bool(mac[0] & 0x03) or mac == bytes(6)


def is_documentation(address):
    return any(address in network for network in NETWORKS)


def find_frame_faults(path):
    """What is wrong with single frames: each kind of fault once."""
    faults, last_ns = set(), 0
    for frame in capture.read_frames(path):
        packet = capture.parse_packet(frame.data)
        if frame.length != len(frame.data):
            faults.add("a frame was cut short")
        if frame.time_ns < last_ns:
            faults.add("time goes back")
        last_ns = frame.time_ns
        faults.update(f"MAC {mac.hex(':')} is not locally administered"
                      for mac in packet.macs if not is_local_mac(mac))
        faults.update(f"address {address} is not for documentation"
                      for address in packet.addresses if not is_documentation(address))
    return faults


def find_mixed_faults(facts):
    long_gaps = [gap for gap in facts.gaps if gap > GAP_SECONDS[1]]
    rules = {
        f"{facts.packets} packets": facts.packets in MIXED_PACKETS,
        f"{facts.seconds:.1f} s long": MIXED_SECONDS[0] <= facts.seconds <= MIXED_SECONDS[1],
        f"{facts.flows} flows": facts.flows >= MIXED_MIN_FLOWS,
        f"{len(facts.gaps)} quiet gaps": len(facts.gaps) >= MIXED_MIN_GAPS,
        f"gaps too long: {long_gaps}": not long_gaps,
    }
    return {text for text, holds in rules.items() if not holds}


def judge(folder):
    """Returns the faults of all captures of the folder, as lines of text."""
    lines, total = [], 0
    for name in capture_names(folder):
        path = os.path.join(folder, name)
        facts, faults = gather_facts(path), find_frame_faults(path)
        is_mixed = name == "mixed.pcap"
        total += facts.bytes
        if is_mixed:
            faults |= find_mixed_faults(facts)
        if facts.bytes > (MAX_MIXED_BYTES if is_mixed else MAX_SMALL_BYTES):
            faults.add(f"too large: {facts.bytes} bytes")
        if facts.largest > MAX_FRAME.get(name, MIXED_MAX_FRAME):
            faults.add(f"a frame of {facts.largest} bytes")
        lines += [f"{name}: {fault}" for fault in sorted(faults)]
    if total > MAX_TOTAL_BYTES:
        lines.append(f"all together too large: {total} bytes")
    if total == 0:
        lines.append(f"no capture in {folder}")
    return lines


# ---------------------------------------------------------------- README.md


def split_row(line):
    """A row of the table, | `name.pcap` | what | numbers... | how |, as (name, cells); or None."""
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    name = cells[0].strip("`")
    is_row = line.startswith("|") and name.endswith(".pcap")
    return (name, cells) if is_row and len(cells) == len(COLUMNS) + 3 else None


def read_readme(folder):
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
        return file.read().splitlines()


def with_numbers(folder, lines):
    """README.md's lines with the numbers that the captures have now."""
    result = []
    for line in lines:
        row = split_row(line)
        if row and os.path.exists(os.path.join(folder, row[0])):
            name, cells = row
            cells[2:-1] = gather_facts(os.path.join(folder, name)).cells()
            line = "| " + " | ".join(cells) + " |"
        result.append(line)
    return result


def compare(folder):
    """Returns where README.md's table and the captures differ, as lines of text."""
    lines = read_readme(folder)
    rows = {row[0] for row in map(split_row, lines) if row}
    names = set(capture_names(folder))
    faults = [f"README.md: no row for {name}" for name in sorted(names - rows)]
    faults += [f"README.md: {name} is not there" for name in sorted(rows - names)]
    faults += [f"README.md says: {old}\nthe file says:  {new}"
               for old, new in zip(lines, with_numbers(folder, lines)) if old != new]
    return faults


def update(folder):
    lines = with_numbers(folder, read_readme(folder))
    path = os.path.join(folder, "README.md")
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.replace(path + ".new", path)
    return []


def show(folder):
    layout = "{:<16}{:>9}{:>9}{:>9}{:>15}{:>7}  {}"
    print(layout.format("file", *COLUMNS, "quiet for (s)"))
    for name in capture_names(folder):
        facts = gather_facts(os.path.join(folder, name))
        quiet = " ".join(f"{gap:.2f}" for gap in facts.gaps)
        print(layout.format(name, *facts.cells(), quiet))
    return []


def check(folder):
    return judge(folder) + compare(folder)


def main():
    commands = {"print": show, "judge": judge, "update": update, "check": check}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    try:
        faults = commands[sys.argv[1]](sys.argv[2])
    except (OSError, ValueError) as error:
        faults = [str(error)]
    if faults:
        sys.exit("\n".join(faults))


main()
