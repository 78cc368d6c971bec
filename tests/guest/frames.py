# SPDX-License-Identifier: BSD-3-Clause
"""Frames of known flows for the guest's NICs, made by Scapy."""

import functools
import sys

try:
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw
except ImportError as error:
    print(f"Scapy cannot be used: {error}; install the package python3-scapy", file=sys.stderr)
    sys.exit(77)

HEADER_LEN = 42  # Ethernet, IPv4, UDP


@functools.lru_cache
def udp_flows(nb_flows, length):
    """What their frames begin with: Scapy takes its time."""
    flows = []
    for flow in range(nb_flows):
        packet = (Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") /
                  IP(src=f"198.18.{flow >> 8}.{flow & 255}", dst="198.19.0.1") /
                  UDP(sport=1024 + flow, dport=53, chksum=0) / Raw(bytes(length - HEADER_LEN)))
        flows.append(bytes(packet)[:-4])
    return flows


def udp(nb_frames, nb_flows=64, length=60, first=0):
    """UDP frames, flow after flow in turn, numbered in the last four bytes."""
    flows = udp_flows(nb_flows, length)
    return [flows[i % nb_flows] + i.to_bytes(4, "big") for i in range(first, first + nb_frames)]


def mixture(nb_flows):
    """A flow each of TCP and UDP over IPv4 and IPv6 in turn, as what a frame begins with; numbered()
    makes a frame of it."""
    flows = []
    for flow in range(nb_flows):
        ip = (IP(src=f"198.18.{flow >> 8}.{flow & 255}", dst="198.19.0.1") if flow & 1 else
              IPv6(src=f"2001:db8::{flow:x}", dst="2001:db8:1::1"))
        l4 = (TCP if flow & 2 else UDP)(sport=1024 + flow, dport=9)
        flows.append(bytes(Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / ip / l4 /
                           Raw(bytes(12) + b"\xff\xff" * 2 + bytes(4)))[:-8])
    return flows


def numbered(flow, number):
    """Ends with the number, and before it what keeps the checksum as it is."""
    return flow + (number ^ 0xffffffff).to_bytes(4, "big") + number.to_bytes(4, "big")
