# SPDX-License-Identifier: BSD-3-Clause
"""The hash and the queue of a frame: published vectors, and the rules case by case."""

import ipaddress
import random
import struct
import unittest

import handmade as hm
import rss

# Source, destination, hash of the addresses, hash of addresses and ports: all that Microsoft's
# "Verifying the RSS Hash Calculation" publishes.
VECTORS = [
    ("66.9.149.187", 2794, "161.142.100.80", 1766, 0x323E8FC2, 0x51CCC178),
    ("199.92.111.2", 14230, "65.69.140.83", 4739, 0xD718262A, 0xC626B0EA),
    ("24.19.198.95", 12898, "12.22.207.184", 38024, 0xD2D0A5DE, 0x5C2B394A),
    ("38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xAFC7327F),
    ("153.39.163.191", 44251, "202.188.127.2", 1303, 0x5D1809C5, 0x10E828A2),
    ("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2CC18CD5, 0x40207D3D),
    ("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0F0C461C, 0xDDE51BBF),
    ("3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024,
     0x4B61E985, 0x02D1FEEF),
]
ADDRESSES4, PORTS4 = VECTORS[0][4:]
ADDRESSES6, PORTS6 = VECTORS[5][4:]


class VectorTest(unittest.TestCase):
    def test_published_vectors(self):
        steering = rss.Steering(4)
        for source, source_port, destination, destination_port, addresses, ports in VECTORS:
            data = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
            with_ports = data + struct.pack(">HH", source_port, destination_port)
            with self.subTest(source):
                self.assertEqual(rss.toeplitz(rss.DEFAULT_KEY, data), addresses)
                self.assertEqual(rss.toeplitz(rss.DEFAULT_KEY, with_ports), ports)
                self.assertEqual(steering.hash(data), addresses)
                self.assertEqual(steering.hash(with_ports), ports)

    def test_published_vectors_as_frames(self):
        steering = rss.Steering(4)
        for source, source_port, destination, destination_port, addresses, ports in VECTORS:
            make = hm.eth6 if ":" in source else hm.eth4
            payload = struct.pack(">HH", source_port, destination_port) + bytes(16)
            for protocol, value in ((hm.TCP, ports), (hm.UDP, ports), (hm.SCTP, ports),
                                    (47, addresses)):
                with self.subTest(source, protocol=protocol):
                    frame = make(payload, protocol, source=source, destination=destination)
                    self.assertEqual(steering.steer(frame), (value, value % 128 % 4))

    def test_table_equals_definition_for_other_keys(self):
        dice = random.Random(1)
        for key_bytes in (40, 52):
            key = dice.randbytes(key_bytes)
            steering = rss.Steering(1, key)
            for length in (0, 1, 8, 12, 32, 36):
                data = dice.randbytes(length)
                self.assertEqual(steering.hash(data), rss.toeplitz(key, data))


class FrameTest(unittest.TestCase):
    """Each frame carries the flow of a published vector, so its hash says what was hashed."""

    steering = rss.Steering(4)

    def check(self, frame, value):
        queue = 0 if value is None else value % 128 % 4
        self.assertEqual(self.steering.steer(frame), (value, queue))

    def check_each_length(self, frame, steps):
        """Steps of (least captured bytes, hash), ascending; below the first nothing is hashed."""
        for length in range(len(frame) + 1):
            value = None
            for least, step_value in steps:
                if length >= least:
                    value = step_value
            with self.subTest(length=length):
                self.check(frame[:length], value)

    # Ethernet

    def test_vlan_tags_are_skipped_up_to_two(self):
        tpids = (0x8100, 0x88A8, 0x9100)
        for outer in tpids:
            self.check(hm.ethernet(0x0800, hm.ipv4(), outer), PORTS4)
            self.check(hm.ethernet(0x86DD, hm.ipv6(), outer), PORTS6)
            for inner in tpids:
                self.check(hm.ethernet(0x0800, hm.ipv4(), outer, inner), PORTS4)
                self.check(hm.ethernet(0x86DD, hm.ipv6(), outer, inner), PORTS6)
                for innermost in tpids:
                    self.check(hm.ethernet(0x0800, hm.ipv4(), outer, inner, innermost), None)

    def test_other_ethertypes_are_not_hashed(self):
        for ethertype in (0x0806, 0x8847, 0x8864, 0x88E5, 0x9200, 46, 0):
            self.check(hm.ethernet(ethertype, hm.ipv4()), None)
            self.check(hm.ethernet(ethertype, hm.ipv4(), 0x8100), None)

    def test_ethertype_and_version_must_agree(self):
        self.check(hm.ethernet(0x0800, hm.ipv6()), None)
        self.check(hm.ethernet(0x86DD, hm.ipv4(bytes(40))), None)

    def test_truncated_ipv4(self):
        self.check_each_length(hm.eth4(), [(34, ADDRESSES4), (38, PORTS4)])

    def test_truncated_ipv6(self):
        self.check_each_length(hm.eth6(), [(54, ADDRESSES6), (58, PORTS6)])

    def test_truncated_within_tags(self):
        frame = hm.ethernet(0x0800, hm.ipv4(), 0x88A8, 0x8100)
        self.check_each_length(frame, [(42, ADDRESSES4), (46, PORTS4)])

    def test_trailing_bytes_change_nothing(self):
        self.check(hm.eth4() + b"\xee" * 100, PORTS4)
        self.check(hm.eth6() + b"\xee" * 100, PORTS6)

    # IPv4

    def test_ipv4_version(self):
        for version in set(range(16)) - {4}:
            self.check(hm.eth4(version=version), None)

    def test_ipv4_header_length(self):
        for ihl in range(5):
            self.check(hm.eth4(ihl=ihl), None)
        for words in range(1, 11):
            self.check(hm.eth4(options=bytes(4 * words)), PORTS4)

    def test_ipv4_options_must_be_captured(self):
        frame = hm.eth4(options=bytes(40))
        self.check_each_length(frame, [(74, ADDRESSES4), (78, PORTS4)])

    def test_ipv4_fragments_have_addresses_only(self):
        for fragment in (0x2000, 0x0001, 0x1FFF, 0x2001, 0x6000, 0xE000):
            for protocol in (hm.TCP, hm.UDP, hm.SCTP):
                self.check(hm.eth4(protocol=protocol, fragment=fragment), ADDRESSES4)

    def test_ipv4_other_flags_make_no_fragment(self):
        for fragment in (0x4000, 0x8000, 0xC000):
            self.check(hm.eth4(fragment=fragment), PORTS4)

    def test_ipv4_protocols(self):
        for protocol in range(256):
            has_ports = protocol in (hm.TCP, hm.UDP, hm.SCTP)
            self.check(hm.eth4(protocol=protocol), PORTS4 if has_ports else ADDRESSES4)

    def test_ipv4_ports_must_lie_within_total_length(self):
        for total in (1, 19, 20, 21, 23):
            self.check(hm.eth4(total=total), ADDRESSES4)
        for total in (24, 40, 41, 1500, 65535):
            self.check(hm.eth4(total=total), PORTS4)
        self.check(hm.eth4(options=bytes(8), total=31), ADDRESSES4)
        self.check(hm.eth4(options=bytes(8), total=32), PORTS4)

    def test_ipv4_total_length_zero_means_the_frame(self):
        self.check_each_length(hm.eth4(total=0), [(34, ADDRESSES4), (38, PORTS4)])

    # IPv6

    def test_ipv6_version(self):
        for version in set(range(16)) - {6}:
            self.check(hm.eth6(version=version), None)

    def test_ipv6_protocols(self):
        for protocol in set(range(256)) - {hm.HOP_BY_HOP, hm.ROUTING, hm.DESTINATION}:
            has_ports = protocol in (hm.TCP, hm.UDP, hm.SCTP)
            self.check(hm.eth6(next_header=protocol), PORTS6 if has_ports else ADDRESSES6)

    def test_ipv6_ports_must_lie_within_payload_length(self):
        for length in (1, 2, 3):
            self.check(hm.eth6(length=length), ADDRESSES6)
        for length in (4, 20, 21, 65535):
            self.check(hm.eth6(length=length), PORTS6)

    def test_ipv6_payload_length_zero_means_the_frame(self):
        frame = hm.eth6(hm.extension(hm.TCP) + hm.L4, hm.HOP_BY_HOP, length=0)
        self.check_each_length(frame, [(54, ADDRESSES6), (66, PORTS6)])

    def test_ipv6_extensions_are_walked(self):
        for kind in (hm.HOP_BY_HOP, hm.ROUTING, hm.DESTINATION):
            for nb_units in (1, 2, 3, 256):
                for protocol in (hm.TCP, hm.UDP, hm.SCTP):
                    payload = hm.extension(protocol, nb_units) + hm.L4
                    self.check(hm.eth6(payload, kind), PORTS6)
            self.check(hm.eth6(hm.extension(hm.NO_NEXT) + hm.L4, kind), ADDRESSES6)
        payload = hm.extension(hm.ROUTING) + hm.extension(hm.DESTINATION, 4) \
            + hm.extension(hm.UDP, 2) + hm.L4
        self.check(hm.eth6(payload, hm.HOP_BY_HOP), PORTS6)

    def test_ipv6_other_extensions_end_the_walk(self):
        for kind in (50, 51, 135, 139, 140):
            self.check(hm.eth6(hm.extension(hm.TCP) + hm.L4, kind), ADDRESSES6)

    def test_ipv6_at_most_eight_extensions(self):
        for nb_extensions in range(1, 12):
            payload = hm.extension(hm.DESTINATION) * (nb_extensions - 1) + hm.extension(hm.TCP)
            value = PORTS6 if nb_extensions <= 8 else ADDRESSES6
            self.check(hm.eth6(payload + hm.L4, hm.DESTINATION), value)

    def test_ipv6_fragment_header_means_addresses_only(self):
        atomic, first, later = bytes(2), b"\x00\x01", b"\x05\xb8"
        for offset in (atomic, first, later):
            header = bytes([hm.TCP, 0]) + offset + b"\x00\x00\x00\x07"
            self.check(hm.eth6(header + hm.L4, hm.FRAGMENT), ADDRESSES6)
            payload = hm.extension(hm.FRAGMENT) + header + hm.L4
            self.check(hm.eth6(payload, hm.HOP_BY_HOP), ADDRESSES6)

    def test_ipv6_extension_must_be_captured(self):
        frame = hm.eth6(hm.extension(hm.ROUTING, 2) + hm.extension(hm.TCP) + hm.L4, hm.HOP_BY_HOP)
        self.check_each_length(frame, [(54, ADDRESSES6), (82, PORTS6)])

    def test_ipv6_extension_must_lie_within_payload_length(self):
        payload = hm.extension(hm.TCP, 2) + hm.L4
        for length in (1, 2, 8, 15, 16, 19):
            self.check(hm.eth6(payload, hm.HOP_BY_HOP, length=length), ADDRESSES6)
        self.check(hm.eth6(payload, hm.HOP_BY_HOP, length=20), PORTS6)

    def test_ipv6_extension_that_lies_about_its_length(self):
        self.check(hm.eth6(bytes([hm.TCP, 255]) + bytes(6) + hm.L4, hm.ROUTING), ADDRESSES6)

    def test_any_bytes_give_an_answer(self):
        dice = random.Random(2)
        seeds = [hm.eth4(options=bytes(8)),
                 hm.eth6(hm.extension(hm.ROUTING) + hm.extension(hm.TCP) + hm.L4, hm.HOP_BY_HOP)]
        for _ in range(5000):
            frame = bytearray(dice.choice(seeds))
            for _ in range(dice.randrange(1, 6)):
                frame[dice.randrange(12, len(frame))] = dice.randrange(256)
            value, queue = self.steering.steer(bytes(frame[:dice.randrange(len(frame) + 1)]))
            self.assertEqual(queue, 0 if value is None else value % 128 % 4)


class ConfigurationTest(unittest.TestCase):
    def hashes(self, types):
        """Of: IPv4 other, TCP, UDP, SCTP, TCP fragment; the same of IPv6."""
        steering = rss.Steering(4, types=rss.parse_types(types))
        fragment6 = bytes([hm.TCP, 0, 0, 1, 0, 0, 0, 7]) + hm.L4
        frames = [hm.eth4(protocol=p) for p in (47, hm.TCP, hm.UDP, hm.SCTP)] \
            + [hm.eth4(fragment=0x2000)] \
            + [hm.eth6(next_header=p) for p in (47, hm.TCP, hm.UDP, hm.SCTP)] \
            + [hm.eth6(fragment6, hm.FRAGMENT)]
        return [steering.steer(frame)[0] for frame in frames]

    def test_types(self):
        a4, p4, a6, p6, no = ADDRESSES4, PORTS4, ADDRESSES6, PORTS6, None
        for types, expected in {
            "all": [a4, p4, p4, p4, a4, a6, p6, p6, p6, a6],
            "none": [no] * 10,
            "ip": [a4] * 5 + [a6] * 5,
            "ipv4": [a4] * 5 + [no] * 5,
            "ipv6": [no] * 5 + [a6] * 5,
            "tcp": [no, p4, no, no, no, no, p6, no, no, no],
            "udp": [no, no, p4, no, no, no, no, p6, no, no],
            "sctp": [no, no, no, p4, no, no, no, no, p6, no],
            "ipv4-tcp": [no, p4, no, no, no, no, no, no, no, no],
            "ipv6-udp": [no, no, no, no, no, no, no, p6, no, no],
            "ip,udp": [a4, a4, p4, a4, a4, a6, a6, p6, a6, a6],
            "ipv4,ipv6-sctp": [a4] * 5 + [no, no, no, p6, no],
        }.items():
            with self.subTest(types):
                self.assertEqual(self.hashes(types), expected)

    def test_short_l4_needs_the_ip_type(self):
        frame = hm.eth4(total=22)
        self.assertEqual(rss.Steering(4, types={"ipv4-tcp"}).steer(frame), (None, 0))
        self.assertEqual(rss.Steering(4, types={"ipv4"}).steer(frame)[0], ADDRESSES4)

    def test_default_reta_spreads_by_modulo(self):
        self.assertEqual(rss.default_reta(3), [i % 3 for i in range(128)])
        # 0x51ccc178: entry 0x78 is 120, modulo 7 that is 1.
        self.assertEqual(rss.Steering(7).steer(hm.eth4()), (PORTS4, 1))

    def test_reta_is_indexed_by_the_low_bits(self):
        reta = [0] * 128
        reta[0x78] = 5
        self.assertEqual(rss.Steering(6, reta=reta).steer(hm.eth4()), (PORTS4, 5))
        self.assertEqual(rss.Steering(8, reta=range(8)).steer(hm.eth6()), (PORTS6, 0x3D & 7))
        self.assertEqual(rss.Steering(4, reta=[2]).steer(hm.eth4()), (PORTS4, 2))

    def test_unhashed_goes_to_queue_0_whatever_the_reta(self):
        steering = rss.Steering(4, reta=[3] * 128)
        self.assertEqual(steering.steer(hm.ethernet(0x0806, bytes(28))), (None, 0))
        self.assertEqual(steering.steer(b""), (None, 0))

    def test_bad_configurations_are_refused(self):
        for bad in (lambda: rss.Steering(0), lambda: rss.Steering(4, key=bytes(39)),
                    lambda: rss.Steering(4, reta=[]), lambda: rss.Steering(4, reta=[0, 1, 2]),
                    lambda: rss.Steering(4, reta=[0, 4]), lambda: rss.Steering(4, reta=[0, -1]),
                    lambda: rss.parse_types("tpc"), lambda: rss.parse_types("")):
            self.assertRaises(ValueError, bad)
