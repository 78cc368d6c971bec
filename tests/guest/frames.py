# SPDX-License-Identifier: BSD-3-Clause
"""Frames of known flows for the guest's NICs, made by Scapy."""

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

HEADER_LEN = 42  # Ethernet, IPv4, UDP


def udp(nb_frames, nb_flows=64, length=60, first=0):
    """UDP frames, flow after flow in turn, numbered in the last four bytes."""
    flows = []
    for flow in range(nb_flows):
        packet = (Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") /
                  IP(src=f"198.18.{flow >> 8}.{flow & 255}", dst="198.19.0.1") /
                  UDP(sport=1024 + flow, dport=53, chksum=0) / Raw(bytes(length - HEADER_LEN)))
        flows.append(bytes(packet)[:-4])
    return [flows[i % nb_flows] + i.to_bytes(4, "big") for i in range(first, first + nb_frames)]
