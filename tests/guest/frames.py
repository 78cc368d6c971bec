# SPDX-License-Identifier: BSD-3-Clause
"""Frames of known flows for the guest's NICs, made by Scapy."""

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

HEADER_LEN = 42  # Ethernet, IPv4, UDP
PORT_AT = 34
FIRST_PORT = 1024
NUMBER_LEN = 4

_made = {}


def _flow(flow, length):
    """A frame of the flow, but for its number."""
    if (flow, length) not in _made:
        packet = (Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") /
                  IP(src=f"198.18.{flow >> 8}.{flow & 255}", dst="198.19.0.1") /
                  UDP(sport=FIRST_PORT + flow, dport=53, chksum=0) / Raw(bytes(length - HEADER_LEN)))
        _made[flow, length] = bytes(packet)[:-NUMBER_LEN]
    return _made[flow, length]


def of_flows(nb_frames, flows, length=60, first=0):
    """UDP frames of the flows in turn, numbered in the last four bytes."""
    flows = [_flow(flow, length) for flow in flows]
    return [flows[i % len(flows)] + (first + i).to_bytes(NUMBER_LEN, "big")
            for i in range(nb_frames)]


def udp(nb_frames, nb_flows=64, length=60, first=0):
    """Those of so many flows."""
    return of_flows(nb_frames, range(nb_flows), length, first)


def flow_of(frame):
    """The UDP source port, by which the guest knows the flow."""
    return int.from_bytes(frame[PORT_AT:PORT_AT + 2], "big")
