# SPDX-License-Identifier: BSD-3-Clause
"""Captures as an attacker or a full disk makes them, each a file's bytes by its name.

What must become of each says the oracle, which reads them by another implementation than libpcap.
"""

import random
import struct

import rig
from rig import hm

SEED = 3
NB_MUTANTS = 60
MAX_FRAME = 65535 - 128  # what an mbuf holds at most
ORDERS = {"<": "little", ">": "big"}
TPIDS = (0x8100, 0x88A8, 0x9100, 0x9200)
FRAME = hm.eth4()
OTHER = hm.eth6()


# Frames whose headers lie

def lying_ipv4():
    for ihl in range(16):
        for options in (b"", bytes(40)):
            yield hm.eth4(ihl=ihl, options=options)
    whole = len(hm.ipv4())
    for total in (0, 1, 19, 20, 21, 23, 24, whole - 1, whole + 1, 0x7FFF, 0xFFFF):
        for protocol in (hm.TCP, hm.UDP, hm.SCTP, 1):
            yield hm.eth4(total=total, protocol=protocol)
    for fragment in (0x2000, 0x0001, 0x1FFF, 0x3FFF, 0x4000, 0x8000, 0xFFFF):
        for protocol in (hm.TCP, hm.UDP, hm.SCTP):
            yield hm.eth4(fragment=fragment, protocol=protocol)
    for version in range(16):
        yield hm.eth4(version=version)


def lying_ipv6():
    for length in (0, 1, 3, 4, len(hm.L4) - 1, len(hm.L4) + 1, 0xFFFF):
        for next_header in (hm.TCP, hm.UDP, hm.SCTP, hm.NO_NEXT):
            yield hm.eth6(next_header=next_header, length=length)
    for version in range(16):
        yield hm.eth6(version=version)
    for first in (hm.HOP_BY_HOP, hm.ROUTING, hm.DESTINATION):
        for depth in (1, 7, 8, 9, 64, 180):
            chain = b"".join(hm.extension(first) for _ in range(depth - 1))
            yield hm.eth6(chain + hm.extension(hm.UDP) + hm.L4, first)
            yield hm.eth6(chain + hm.extension(first), first)  # and no end
        for nb_units in (0, 1, 2, 3, 128, 255):  # an extension that says how long it is, and lies
            lie = bytes([hm.TCP, nb_units]) + bytes(6)
            yield hm.eth6(lie + hm.L4, first)
            yield hm.eth6(lie + hm.L4, first, length=0)
    for offset in (0, 1, 8, 0xFFF8, 0xFFFF):
        fragment = struct.pack(">BBHI", hm.TCP, 0, offset, 7)
        yield hm.eth6(fragment + hm.L4, hm.FRAGMENT)
        yield hm.eth6(hm.extension(hm.FRAGMENT) + fragment + hm.L4, hm.DESTINATION)
        yield hm.eth6(struct.pack(">BBHI", hm.FRAGMENT, 0, offset, 7) * 20, hm.FRAGMENT)


def lying_l4():
    for nibble in range(16):
        yield hm.eth4(hm.PORTS + bytes(8) + bytes([nibble << 4]) + bytes(7))
        yield hm.eth6(hm.PORTS + bytes(8) + bytes([nibble << 4]) + bytes(7))
    for length in (0, 1, 7, 8, 9, 12, 13, 0xFFFF):
        datagram = hm.PORTS + struct.pack(">HH", length, 0xBEEF) + bytes(12)
        yield hm.eth4(datagram, hm.UDP)
        yield hm.eth6(datagram, hm.UDP)
        yield hm.eth4(datagram, hm.SCTP)


def vlan_stacks():
    for depth in range(7):
        for tpid in TPIDS:
            yield hm.ethernet(0x0800, hm.ipv4(), *[tpid] * depth)
        yield hm.ethernet(0x86DD, hm.ipv6(), *TPIDS[:depth % len(TPIDS)])
    yield hm.ethernet(0x8100, b"")
    yield hm.ethernet(0x0800, b"", *[0x8100] * 300)


def cut_frames():
    walk = hm.extension(hm.ROUTING) + hm.extension(hm.FRAGMENT) + bytes([hm.UDP]) + bytes(7) + hm.L4
    for frame in (hm.eth4(options=bytes(8)), hm.eth4(hm.L4, hm.UDP), hm.eth6(walk, hm.HOP_BY_HOP),
                  hm.ethernet(0x0800, hm.ipv4(), 0x88A8, 0x8100), hm.ethernet(0x0806, bytes(28))):
        for length in range(1, len(frame) + 1):
            yield frame[:length]


def lying_frames():
    return [*lying_ipv4(), *lying_ipv6(), *lying_l4(), *vlan_stacks(), *cut_frames()]


# Classic files

def classic(order, magic=0xA1B2C3D4):
    """Files that lie about records or about themselves, of a byte order."""
    def file(*records, **kwargs):
        return hm.pcap(*records, order=order, magic=magic, **kwargs)

    def record(data=FRAME, **kwargs):
        return hm.pcap_record(data, order=order, **kwargs)

    good = record()
    for length in (len(FRAME) + 1, 262144, 262145, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        yield f"first_length_{length:x}", file(record(length=length))
        yield f"length_{length:x}", file(good, record(OTHER), record(length=length), good)
    yield "longer_than_snaplen", file(good, record(bytes(200)), snaplen=36)
    yield "snaplen_0", file(good, snaplen=0)
    yield "snaplen_ffffffff", file(good, snaplen=0xFFFFFFFF)
    yield "original_length_0", file(record(original=0), good)
    yield "original_length_ffffffff", file(record(original=0xFFFFFFFF), good)
    yield "length_0", file(record(b""), good, record(b""), record(OTHER))
    yield "length_0_only", file(*[record(b"")] * 100)
    yield "length_0_original_not", file(record(b"", original=60), good)
    yield "last_time", file(record(seconds=0xFFFFFFFF, fraction=0xFFFFFFFF), good)
    for major in (0, 1, 3, 0xFFFF):
        yield f"version_{major}", file(good, major=major)
    for linktype in (0, 9, 101, 105, 113, 127, 147, 276, 0xFFFF, 0x03FFFFFF):
        yield f"linktype_{linktype}", file(good, linktype=linktype)
    for size in range(1, 16):
        yield f"rest_of_{size}", file(good, good[:size])
    yield "header_only", file()
    for size in (1, 3, 4, 23):
        yield f"header_of_{size}", file()[:size]
    yield "zeros_behind", file(good) + bytes(4096)
    yield "ones_behind", file(good) + b"\xff" * 4096


# pcapng files

def pcapng(order):
    def block(*args, **kwargs):
        return hm.block(*args, order=order, **kwargs)

    def interface(*args, **kwargs):
        return hm.interface(*args, order=order, **kwargs)

    def packet(data=FRAME, **kwargs):
        return hm.enhanced(data, order=order, **kwargs)

    def option(code, length, value):
        return struct.pack(order + "HH", code, length) + value

    section = hm.section(order)
    head = section + interface()
    body = struct.pack(order + "IIIII", 0, 0, 0, 4, 4) + b"abcd"
    for total in (0, 1, 4, 8, 11, 12, 13, 34, 40, 0x01000001, 0x7FFFFFFC, 0xFFFFFFF0, 0xFFFFFFFF):
        yield f"first_block_{total:x}", head + block(6, body, total=total)
        yield f"block_{total:x}", head + packet() + block(6, body, total=total) + packet()
        yield f"trailer_{total:x}", head + packet() + block(6, body, total_again=total) + packet()
        yield f"interface_block_{total:x}", section + block(1, bytes(8), total=total) + packet()
        yield f"section_block_{total:x}", hm.block(
            0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order, total=total,
            total_again=28) + interface() + packet()
    for name, kind in (("enhanced", packet), ("simple", hm.simple), ("old", hm.old_packet)):
        data = kind(FRAME) if kind is packet else kind(FRAME, order=order)
        yield f"{name}_without_interface", section + data
        yield f"{name}_before_interface", section + data + interface() + data
        yield f"{name}_of_next_section", head + data + section + data
    for index in (1, 2, 0xFFFFFFFF):
        yield f"first_of_interface_{index:x}", head + packet(index=index)
        yield f"of_interface_{index:x}", head + packet() + packet(index=index) + packet()
    for length in (len(FRAME) + 5, 262145, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"first_length_{length:x}", head + packet(length=length)
        yield f"length_{length:x}", head + packet() + packet(length=length) + packet()
        yield f"simple_length_{length:x}", head + packet() + hm.simple(FRAME, length, order)
    yield "longer_than_snaplen", section + interface(snaplen=36) + packet(FRAME[:36]) + packet()
    yield "simple_and_snaplen", section + interface(snaplen=36) + hm.simple(
        FRAME[:36], len(FRAME), order)
    yield "simple_without_a_byte", head + hm.simple(b"", order=order) + packet()
    yield "enhanced_without_a_byte", head + packet(b"") + packet() + packet(b"")
    yield "too_short_a_packet", head + packet() + block(6, bytes(16)) + packet()
    yield "too_short_a_simple_packet", head + packet() + block(3, b"") + packet()
    yield "too_short_an_interface", section + block(1, bytes(4)) + packet()
    yield "too_short_a_section", block(0x0A0D0D0A, struct.pack(order + "I", 0x1A2B3C4D)) + head
    yield "no_byte_order", hm.section(order, magic=0x1A2B3C4E) + interface() + packet()
    yield "version_2", hm.section(order, major=2) + interface() + packet()
    for code, length, value in (
            (9, 1, b"\x7f\0\0\0"), (9, 1, b"\xff\0\0\0"), (9, 1, b"\x80\0\0\0"), (9, 0, b""),
            (9, 2, bytes(4)), (9, 0xFFFF, bytes(4)), (9, 5, bytes(4)), (14, 4, bytes(4)),
            (14, 8, b"\xff" * 8), (2, 0xFFFF, b"eth0"), (0xFFFF, 1, bytes(4)), (0, 60, b"")):
        options = option(code, length, value)
        yield f"option_{code}_{length}_{value.hex()}", section + interface(options=options) \
            + packet() + packet(OTHER)
    yield "half_an_option", section + interface(options=b"\x09\0") + packet()
    yield "unknown_blocks", head + block(0x7FFFFFFF, bytes(64)) + packet() \
        + block(0xFFFFFFFF, b"") + block(4, b"") + block(5, bytes(8)) + packet()
    yield "many_interfaces", section + interface() * 2000 + packet(index=1999)
    yield "many_sections", head * 500 + packet()
    yield "interface_only", head
    yield "section_only", section
    yield "half_a_section", section[:20]


# Files of both kinds

def large():
    """Frames of 64 KiB and around the longest that an mbuf holds."""
    for length in (2048, MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1, 65535, 65536, 262144):
        frame = FRAME + bytes(length - len(FRAME))
        yield f"large_{length}", hm.pcap(hm.pcap_record(FRAME), hm.pcap_record(frame),
                                         hm.pcap_record(OTHER), snaplen=262144)
        yield f"large_ng_{length}", hm.section() + hm.interface() + hm.enhanced(frame)


def truncated():
    """Each a file of which bytes of the last record are gone, every number of them."""
    for order, name in ORDERS.items():
        head = hm.section(order) + hm.interface(order=order) + hm.enhanced(OTHER, order=order)
        for kind, start, last in (
                ("classic", hm.pcap(hm.pcap_record(OTHER, order=order), order=order),
                 hm.pcap_record(FRAME, order=order)),
                ("enhanced", head, hm.enhanced(FRAME, order=order)),
                ("simple", head, hm.simple(FRAME, order=order))):
            for size in range(len(last)):
                yield f"truncated_{kind}_{name}_{size}", start + last[:size]


def mutants():
    """Good files with some bytes changed, always the same ones."""
    dice = random.Random(SEED)
    seeds = [hm.pcap(*[hm.pcap_record(frame) for frame in (FRAME, OTHER, FRAME)]),
             hm.section() + hm.interface() + b"".join(map(hm.enhanced, (FRAME, OTHER, FRAME)))]
    for i in range(NB_MUTANTS):
        data = bytearray(seeds[i % 2])
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(24, len(data))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        yield f"mutant_{i}", bytes(data)


def write(folder, files):
    names = set()
    for name, data in files:
        if name in names:
            raise ValueError(f"two files of the name {name}")
        names.add(name)
        (folder / f"{name}.cap").write_bytes(data)
    return len(names)


def write_all(folder):
    """Write every capture but the large ones; how many there are."""
    nb_files = write(folder, truncated()) + write(folder, mutants())
    for kind, files in (("classic_little", classic("<")), ("nano_big", classic(">", rig.NANOSECONDS)),
                        ("ng_little", pcapng("<")), ("ng_big", pcapng(">"))):
        nb_files += write(folder, ((f"{kind}_{name}", data) for name, data in files))
    rig.write_capture(folder / "lying_frames.cap", lying_frames())
    return nb_files + 1
