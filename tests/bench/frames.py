# SPDX-License-Identifier: BSD-3-Clause
"""The capture that benchmarks replay: UDP over IPv4 in frames of one length, a flow a frame.

    frames.write(path, nb_flows=256, length=64)

The length is that of the bytes in the file: no frame check sequence, as no program compared here
sees one. Addresses are from 198.18.0.0/15, which RFC 2544 sets aside for benchmarks.
"""

import random
import struct

NB_FLOWS = 256
LENGTH = 64  # bytes
GAP_US = 1

ETHER = struct.Struct("!6s6sH")
IPV4 = struct.Struct("!BBHHHBBH4s4s")
UDP = struct.Struct("!HHHH")
FILE_HEADER = struct.Struct("<IHHiIII")
RECORD_HEADER = struct.Struct("<IIII")

PCAP_MAGIC_NS = 0xA1B23C4D  # a classic capture with nanoseconds
LINKTYPE_ETHERNET = 1
ETHERTYPE_IPV4 = 0x0800
PROTOCOL_UDP = 17
MAC_FROM = bytes.fromhex("020000000001")
MAC_TO = bytes.fromhex("020000000002")


def internet_checksum(data):
    """RFC 1071; data has an even length."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4_header(flow, length):
    source = bytes((198, 18, flow >> 8 & 0xFF, flow & 0xFF))
    destination = bytes((198, 19, 0, 1))
    fields = [0x45, 0, length, flow & 0xFFFF, 0, 64, PROTOCOL_UDP, 0, source, destination]
    fields[7] = internet_checksum(IPV4.pack(*fields))
    return IPV4.pack(*fields)


def frame(flow, length=LENGTH):
    """One frame of a flow; its UDP checksum is 0, which means "none" (RFC 768)."""
    ip_length = length - ETHER.size
    udp_length = ip_length - IPV4.size
    data = (ETHER.pack(MAC_TO, MAC_FROM, ETHERTYPE_IPV4) + ipv4_header(flow, ip_length) +
            UDP.pack(1024 + flow % 60000, 9, udp_length, 0))
    return data.ljust(length, b"\0")


def write_at(path, times_ns, nb_flows=NB_FLOWS, length=LENGTH):
    """A frame at each of these times, the flows in turn."""
    data = [frame(flow, length) for flow in range(nb_flows)]
    with open(path, "wb") as out:
        out.write(FILE_HEADER.pack(PCAP_MAGIC_NS, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET))
        for i, at in enumerate(times_ns):
            out.write(RECORD_HEADER.pack(at // 10**9, at % 10**9, length, length) +
                      data[i % nb_flows])


def write(path, nb_flows=NB_FLOWS, length=LENGTH):
    """A frame of each flow, one after the other."""
    write_at(path, [1000 * GAP_US * flow for flow in range(nb_flows)], nb_flows, length)


def poisson_ns(pps, nb_frames, seed=1):
    """Times of frames that come independently of each other, so many a second on average."""
    rng = random.Random(seed)
    times, at = [], 0.0
    for _ in range(nb_frames):
        times.append(round(at))
        at += rng.expovariate(pps) * 1e9
    return times


def bursts_ns(nb_bursts, length, gap_ns, lead_ns, tail_ns, nb_first=1):
    """Some frames, then bursts of so many that all come at once, then one more frame."""
    times = [0] * nb_first
    for i in range(nb_bursts):
        times += [lead_ns + i * gap_ns] * length
    return [*times, lead_ns + nb_bursts * gap_ns + tail_ns]
