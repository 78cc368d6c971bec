#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Say for a capture which RSS hash and which queue each of its frames must get.

Prints one line of JSON: packets and bytes (captured lengths, as all lengths here), the largest
frame, the time from the earliest to the latest frame, the packets of each queue, and how many were
not hashed. linktype is that of the frames; if they differ, the first that is not Ethernet; if there
are none, the first that the file declares, or null. A frame that is not Ethernet is not hashed.
cut_short says that the end of the file cuts a record short; it does not count. Records without a
byte are no frames: empty says how many were left out. With --per-frame a line for each frame comes
before: index, hash or "-", queue, length. A file that cannot be read: a message, exit status 1.
"""

import argparse
import json
import sys

import capture
import rss


class Counts:
    """The sums over a capture."""

    def __init__(self, nb_queues):
        self.packets = 0
        self.bytes = 0
        self.linktype = None
        self.largest = 0
        self.earliest_ns = None
        self.latest_ns = None
        self.queues = [0] * nb_queues
        self.unhashed = 0
        self.empty = 0

    def add(self, record, value, queue):
        self.packets += 1
        self.bytes += len(record.data)
        self.largest = max(self.largest, len(record.data))
        if self.linktype in (None, capture.LINKTYPE_ETHERNET):
            self.linktype = record.linktype
        if record.timestamp_ns is not None:
            self._add_time(record.timestamp_ns)
        self.queues[queue] += 1
        self.unhashed += value is None

    def _add_time(self, timestamp_ns):
        if self.earliest_ns is None:
            self.earliest_ns = self.latest_ns = timestamp_ns
        self.earliest_ns = min(self.earliest_ns, timestamp_ns)
        self.latest_ns = max(self.latest_ns, timestamp_ns)

    def summary(self, reader):
        return {
            "packets": self.packets,
            "bytes": self.bytes,
            "cut_short": reader.cut_short,
            "linktype": reader.linktype if self.linktype is None else self.linktype,
            "largest": self.largest,
            "duration_ns": self.latest_ns - self.earliest_ns if self.earliest_ns is not None else 0,
            "queues": self.queues,
            "unhashed": self.unhashed,
            "empty": self.empty,
        }


def summarize(path, steering, each=None):
    """The summary of a capture; each(index, hash, queue, length) hears of every frame.

    Raises capture.CaptureError if the file is not a readable capture; its summary is that of the
    records before the fault, as if the file ended within the next, or None if it cannot be opened.
    """
    counts = Counts(steering.nb_queues)
    reader = capture.open_capture(path)
    try:
        for record in reader:
            count(counts, record, steering, each)
    except capture.CaptureError as error:
        error.summary = {**counts.summary(reader), "cut_short": True}
        raise
    return counts.summary(reader)


def count(counts, record, steering, each):
    if not record.data:
        counts.empty += 1
        return
    value, queue = None, 0
    if record.linktype == capture.LINKTYPE_ETHERNET:
        value, queue = steering.steer(record.data)
    if each is not None:
        each(counts.packets, value, queue, len(record.data))
    counts.add(record, value, queue)


def print_frame(index, value, queue, length):
    print(index, "-" if value is None else f"0x{value:08x}", queue, length)


def parse_args(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queues", type=int, default=4, metavar="N", help="default: 4")
    parser.add_argument("--key", type=bytes.fromhex, default=rss.DEFAULT_KEY, metavar="HEX",
                        help="default: the key of Microsoft's verification suite")
    parser.add_argument("--reta", metavar="Q,Q,...",
                        help="default: 128 entries, entry i being i modulo the queues")
    parser.add_argument("--types", default="all", metavar="TYPE,TYPE,...",
                        help=", ".join([*rss.TYPE_GROUPS, *rss.TYPE_GROUPS["all"]]))
    parser.add_argument("--per-frame", action="store_true")
    parser.add_argument("capture", metavar="CAPTURE")
    args = parser.parse_args(argv)
    try:
        reta = [int(q) for q in args.reta.split(",")] if args.reta is not None else None
        args.steering = rss.Steering(args.queues, args.key, reta, rss.parse_types(args.types))
    except ValueError as error:
        parser.error(str(error))
    return args


def main(argv):
    args = parse_args(argv)
    try:
        summary = summarize(args.capture, args.steering, print_frame if args.per_frame else None)
    except capture.CaptureError as error:
        print(f"rss_oracle: {error} (after {error.nb_records} whole records)", file=sys.stderr)
        return 1
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
