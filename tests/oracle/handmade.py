# SPDX-License-Identifier: BSD-3-Clause
"""Hand-made frames, capture files and results for the oracle's tests; nothing here judges.

The frames carry the first flow of Microsoft's verification suite for IPv4 and for IPv6, so that a
test can hold a frame's hash against a published number.
"""

import ipaddress
import os
import struct
import tempfile
import unittest

TCP, UDP, SCTP = 6, 17, 132
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION, NO_NEXT = 0, 43, 44, 60, 59

SOURCE4, DESTINATION4 = "66.9.149.187", "161.142.100.80"
SOURCE6, DESTINATION6 = "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1"
PORTS = struct.pack(">HH", 2794, 1766)
L4 = PORTS + bytes(16)


def ethernet(ethertype, payload, *tpids):
    tags = b"".join(struct.pack(">HH", tpid, 0x2005) for tpid in tpids)
    return bytes(12) + tags + struct.pack(">H", ethertype) + payload


def ipv4(payload=L4, protocol=TCP, version=4, ihl=None, options=b"", fragment=0, total=None,
         source=SOURCE4, destination=DESTINATION4):
    """An IPv4 packet; total and ihl tell the truth unless given."""
    ihl = 5 + len(options) // 4 if ihl is None else ihl
    total = 20 + len(options) + len(payload) if total is None else total
    return struct.pack(">BBHHHBBH", version << 4 | ihl, 0, total, 1, fragment, 64, protocol, 0) \
        + ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed \
        + options + payload


def ipv6(payload=L4, next_header=TCP, version=6, length=None, source=SOURCE6,
         destination=DESTINATION6):
    """An IPv6 packet; length tells the truth unless given."""
    length = len(payload) if length is None else length
    return struct.pack(">IHBB", version << 28, length, next_header, 64) \
        + ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed + payload


def extension(next_header, nb_units=1):
    """An IPv6 extension header of nb_units times 8 bytes, with what must not pass for ports."""
    return bytes([next_header, nb_units - 1]) + b"\xee" * (8 * nb_units - 2)


def eth4(*args, **kwargs):
    return ethernet(0x0800, ipv4(*args, **kwargs))


def eth6(*args, **kwargs):
    return ethernet(0x86DD, ipv6(*args, **kwargs))


# Classic pcap

def pcap(*records, order="<", magic=0xA1B2C3D4, linktype=1, major=2, snaplen=65535):
    return struct.pack(order + "IHHIIII", magic, major, 4, 0, 0, snaplen, linktype) \
        + b"".join(records)


def pcap_record(data, seconds=0, fraction=0, original=None, length=None, order="<"):
    return struct.pack(order + "IIII", seconds, fraction, len(data) if length is None else length,
                       len(data) if original is None else original) + data


# pcapng

def padded(data):
    return data + bytes(-len(data) % 4)


def block(kind, body, order="<", total=None, total_again=None):
    total = 12 + len(body) if total is None else total
    total_again = total if total_again is None else total_again
    return struct.pack(order + "II", kind, total) + body + struct.pack(order + "I", total_again)


def section(order="<", major=1, magic=0x1A2B3C4D):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", magic, major, 0, -1), order)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def interface(linktype=1, snaplen=0, options=b"", order="<"):
    return block(1, struct.pack(order + "HHI", linktype, 0, snaplen) + options, order)


def enhanced(data, index=0, ticks=0, original=None, length=None, order="<"):
    fields = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF,
                         len(data) if length is None else length,
                         len(data) if original is None else original)
    return block(6, fields + padded(data), order)


def old_packet(data, index=0, ticks=0, order="<"):
    fields = struct.pack(order + "HHIIII", index, 0xFFFF, ticks >> 32, ticks & 0xFFFFFFFF,
                         len(data), len(data))
    return block(2, fields + padded(data), order)


def simple(data, original=None, order="<"):
    return block(3, struct.pack(order + "I", len(data) if original is None else original)
                 + padded(data), order)


# Files

class FileTest(unittest.TestCase):
    """A test that has a folder of its own."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, data, name="a.pcap"):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path


# Counts

def summary_of(queues=(3, 2), **changes):
    """A summary as the oracle makes them."""
    return {"packets": sum(queues), "bytes": 500, "cut_short": False, "linktype": 1,
            "largest": 100, "duration_ns": 0, "queues": list(queues), "unhashed": 0, "empty": 0,
            **changes}


def result_of(summary):
    """What a rousepmd that is right writes."""
    return {
        "ports": [{
            "port": 0, "name": "net_evnic0", "ipackets": summary["packets"],
            "ibytes": summary["bytes"], "opackets": 0, "imissed": 0,
            "queues": [{"queue": i, "ipackets": n, "opackets": 0}
                       for i, n in enumerate(summary["queues"])]}],
        "workers": [{"lcore": 1, "rx_packets": summary["packets"], "rescues": 0},
                    {"lcore": 2, "rx_packets": 0, "rescues": 0}]}
