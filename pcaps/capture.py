# SPDX-License-Identifier: BSD-3-Clause
"""Reads a capture file (pcap, microseconds or nanoseconds) with the standard library only."""
import ipaddress
import struct
from typing import NamedTuple, Optional

MAGICS = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}  # magic number: nanoseconds in a unit of its fraction
LINKTYPE_ETHERNET = 1
TPIDS = (0x8100, 0x88A8)
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
TCP, UDP, SCTP = 6, 17, 132
IPV6_HOP_BY_HOP, IPV6_FRAGMENT = 0, 44


class Frame(NamedTuple):
    time_ns: int
    length: int  # on the wire
    data: bytes  # what was captured of it


class Packet(NamedTuple):
    macs: tuple  # destination, source
    tags: tuple  # TPIDs, outer first
    addresses: tuple  # source, destination; of ARP: sender, target
    protocol: Optional[int]  # of IP
    ports: Optional[tuple]  # source, destination; None in later fragments
    is_fragment: bool

    def flow(self):
        """The 5-tuple without its direction, or None."""
        if self.ports is None:
            return None
        return self.protocol, frozenset(zip(self.addresses, self.ports))


def read_frames(path):
    with open(path, "rb") as file:
        data = file.read()
    order, unit_ns = _read_file_header(path, data)
    record = struct.Struct(order + "IIII")
    frames, at = [], 24
    while at < len(data):
        if at + record.size > len(data):
            raise ValueError(f"{path}: ends within a record's header")
        seconds, fraction, captured, length = record.unpack_from(data, at)
        at += record.size
        if at + captured > len(data):
            raise ValueError(f"{path}: ends within a packet")
        time_ns = seconds * 10**9 + fraction * unit_ns
        frames.append(Frame(time_ns, length, data[at:at + captured]))
        at += captured
    return frames


def _read_file_header(path, data):
    """The byte order, and the nanoseconds in a unit of a timestamp's fraction."""
    if len(data) < 24:
        raise ValueError(f"{path}: shorter than a capture file's header")
    for order in "<>":
        magic, _, _, _, _, _, linktype = struct.unpack_from(order + "IHHiIII", data)
        if magic in MAGICS:
            if linktype != LINKTYPE_ETHERNET:
                raise ValueError(f"{path}: link type {linktype}, not Ethernet")
            return order, MAGICS[magic]
    raise ValueError(f"{path}: not a pcap file")


def parse_packet(data):
    macs, at, tags = (data[0:6], data[6:12]), 12, []
    kind = int.from_bytes(data[at:at + 2], "big")
    while kind in TPIDS:
        tags.append(kind)
        at += 4
        kind = int.from_bytes(data[at:at + 2], "big")
    at += 2
    parse = {IPV4: _parse_ipv4, IPV6: _parse_ipv6, ARP: _parse_arp}.get(kind)
    if parse is None:
        return Packet(macs, tuple(tags), (), None, None, False)
    return Packet(macs, tuple(tags), *parse(data, at))


def _parse_arp(data, at):
    addresses = data[at + 14:at + 18], data[at + 24:at + 28]
    return tuple(map(ipaddress.IPv4Address, addresses)), None, None, False


def _parse_ipv4(data, at):
    header = (data[at] & 0x0F) * 4
    fragment, protocol = struct.unpack_from("!HxB", data, at + 6)
    addresses = data[at + 12:at + 16], data[at + 16:at + 20]
    ports = None if fragment & 0x1FFF else _parse_ports(data, at + header, protocol)
    is_fragment = bool(fragment & 0x3FFF)  # more fragments, or an offset
    return tuple(map(ipaddress.IPv4Address, addresses)), protocol, ports, is_fragment


def _parse_ipv6(data, at):
    addresses = data[at + 8:at + 24], data[at + 24:at + 40]
    protocol, offset, is_fragment = data[at + 6], 0, False
    at += 40
    while protocol in (IPV6_HOP_BY_HOP, IPV6_FRAGMENT):
        if protocol == IPV6_FRAGMENT:
            is_fragment = True
            offset = int.from_bytes(data[at + 2:at + 4], "big") & 0xFFF8
            protocol, at = data[at], at + 8
        else:
            protocol, at = data[at], at + 8 + data[at + 1] * 8
    ports = None if offset else _parse_ports(data, at, protocol)
    return tuple(map(ipaddress.IPv6Address, addresses)), protocol, ports, is_fragment


def _parse_ports(data, at, protocol):
    return struct.unpack_from("!HH", data, at) if protocol in (TCP, UDP, SCTP) else None
