# SPDX-License-Identifier: BSD-3-Clause
"""The reader of captures: each format, files cut short, files that mean harm."""

import contextlib
import os
import random
import struct

import capture
import handmade as hm


class ReaderTest(hm.FileTest):
    def read(self, data):
        """The records, and whether the file was cut short."""
        reader = capture.open_capture(self.file(data))
        records = list(reader)
        self.assertEqual(reader.nb_records, len(records))
        return [tuple(record) for record in records], reader.cut_short

    def check_error(self, data, nb_records=0):
        with self.assertRaises(capture.CaptureError) as caught:
            self.read(data)
        self.assertEqual(caught.exception.nb_records, nb_records)
        self.assertIn("a.pcap", str(caught.exception))

    def test_pcap_all_magics(self):
        for order in "<>":
            for magic, nanoseconds in ((0xA1B2C3D4, 7000), (0xA1B23C4D, 7)):
                with self.subTest(order, magic=magic):
                    data = hm.pcap(hm.pcap_record(b"abc", 2, 7, 60, order=order),
                                   hm.pcap_record(b"", 3, order=order), order=order, magic=magic)
                    self.assertEqual(self.read(data), ([
                        (2 * 10**9 + nanoseconds, b"abc", 60, 1), (3 * 10**9, b"", 0, 1)], False))

    def test_pcap_linktype(self):
        for field, linktype in ((1, 1), (113, 113), (0x28000001, 1), (0xF4000071, 0x71),
                                (0x10001, 0x10001)):
            reader = capture.open_capture(self.file(hm.pcap(hm.pcap_record(b"a"), linktype=field)))
            self.assertEqual([record.linktype for record in reader], [linktype])
            self.assertEqual(reader.linktype, linktype)

    def test_pcap_records_are_cut_to_the_snapshot_length(self):
        records = [hm.pcap_record(b"abcdef", original=2), hm.pcap_record(b"gh"),
                   hm.pcap_record(b"ijk")]
        for snaplen, expected in ((3, [b"abc", b"gh", b"ijk"]), (1, [b"a", b"g", b"i"]),
                                  (0, [b"abcdef", b"gh", b"ijk"]),
                                  (0xFFFFFFFF, [b"abcdef", b"gh", b"ijk"])):
            records_read, cut_short = self.read(hm.pcap(*records, snaplen=snaplen))
            self.assertEqual([record[1] for record in records_read], expected)
            self.assertEqual((records_read[0][2], cut_short), (2, False))
        # the end of the file may lie in what would have been cut off
        self.assertEqual(self.read(hm.pcap(records[0], snaplen=3)[:-1]), ([], True))

    def test_pcap_cut_short_anywhere(self):
        data = hm.pcap(hm.pcap_record(b"abc"), hm.pcap_record(b"defg"))
        for length in range(24, len(data) + 1):
            records, cut_short = self.read(data[:length])
            self.assertEqual(len(records), (length >= 43) + (length >= 63))
            self.assertEqual(cut_short, length not in (24, 43, 63))
        for length in range(24):
            self.check_error(data[:length])

    def test_pcap_hostile(self):
        record = hm.pcap_record(b"abc")
        self.check_error(hm.pcap(record, major=3))
        self.check_error(hm.pcap(record, magic=0xA1B2CD34))
        for length in (0xFFFFFFFF, 0x80000000, capture.MAX_RECORD_BYTES + 1):
            self.check_error(hm.pcap(record, hm.pcap_record(b"abc", length=length)), 1)
        largest = hm.pcap_record(bytes(capture.MAX_RECORD_BYTES))
        self.assertEqual(len(self.read(hm.pcap(largest))[0]), 1)

    def test_pcapng_all_packet_blocks(self):
        for order in "<>":
            with self.subTest(order):
                ticks = 5 << 32 | 6
                data = hm.section(order) + hm.interface(order=order) \
                    + hm.interface(113, order=order) \
                    + hm.enhanced(b"abc", 1, ticks, 60, order=order) \
                    + hm.old_packet(b"defgh", 0, ticks, order) + hm.simple(b"ij", order=order)
                self.assertEqual(self.read(data), ([
                    (ticks * 1000, b"abc", 60, 113), (ticks * 1000, b"defgh", 5, 1),
                    (None, b"ij", 2, 1)], False))

    def test_pcapng_packets_that_just_fit(self):
        for data in (b"", b"abcd", b"abcdefgh"):
            for packet in (hm.enhanced(data), hm.old_packet(data), hm.simple(data)):
                records, _ = self.read(hm.section() + hm.interface() + packet)
                self.assertEqual([record[1] for record in records], [data])

    def test_pcapng_simple_packet_is_cut_to_the_snapshot_length(self):
        head = hm.section() + hm.interface(snaplen=3)
        for data, original in ((b"abc", 9), (b"abcdef", 6)):
            self.assertEqual(self.read(head + hm.simple(data, original)),
                             ([(None, b"abc", original, 1)], False))

    def test_pcapng_other_packets_must_not_exceed_the_snapshot_length(self):
        for snaplen, is_right in ((0, True), (3, False), (5, False), (6, True)):
            head = hm.section() + hm.interface(snaplen=snaplen) + hm.enhanced(b"abc")
            for packet in (hm.enhanced(b"abcdef"), hm.old_packet(b"abcdef")):
                if is_right:
                    self.assertEqual(len(self.read(head + packet)[0]), 2)
                else:
                    self.check_error(head + packet, 1)

    def test_pcapng_time(self):
        for options, ticks, nanoseconds in (
                (b"", 1, 1000),
                (hm.option(9, b"\x09"), 1, 1),
                (hm.option(9, b"\x03"), 1, 10**6),
                (hm.option(9, b"\x0c"), 5999, 5),
                (hm.option(9, b"\x00"), 3, 3 * 10**9),
                (hm.option(9, b"\x13"), 2**64 - 1, 1844674407),
                (hm.option(9, b"\x8a"), 512, 500000000),
                (hm.option(9, b"\xbf"), 2**64 - 1, 1999999999),
                (hm.option(2, b"eth0\0") + hm.option(9, b"\x09") + hm.option(0, b""), 4, 4),
                (hm.option(3, b"four") + hm.option(9, b"\x09"), 4, 4),
                (hm.option(0, b"") + hm.option(9, b"\x09"), 1, 1000),
                (hm.option(14, struct.pack("<q", 10)), 1, 10 * 10**9 + 1000),
                (hm.option(14, struct.pack("<q", -1)), 0, -10**9)):
            data = hm.section() + hm.interface(options=options) + hm.enhanced(b"a", ticks=ticks)
            self.assertEqual(self.read(data)[0][0][0], nanoseconds)

    def test_pcapng_sections_have_their_own_order_and_interfaces(self):
        data = hm.section("<") + hm.interface(1) + hm.enhanced(b"a") \
            + hm.section(">") + hm.interface(113, order=">") + hm.enhanced(b"b", order=">")
        self.assertEqual(self.read(data), ([(0, b"a", 1, 1), (0, b"b", 1, 113)], False))
        self.check_error(data + hm.section("<") + hm.enhanced(b"c"), 2)

    def test_pcapng_other_blocks_are_skipped(self):
        noise = hm.block(5, bytes(8)) + hm.block(0x80000BAD, bytes(40)) + hm.block(4, b"")
        data = hm.section() + noise + hm.interface() + noise + hm.enhanced(b"a") + noise
        self.assertEqual(self.read(data), ([(0, b"a", 1, 1)], False))

    def test_pcapng_cut_short_anywhere(self):
        head = hm.section() + hm.interface()
        packet, end = hm.enhanced(b"abc"), hm.section(">")
        data = head + packet + end
        for length in range(28, len(data) + 1):
            records, cut_short = self.read(data[:length])
            self.assertEqual(len(records), length >= len(head + packet))
            self.assertEqual(cut_short, length not in
                             (28, len(head), len(head + packet), len(data)))
        for length in range(28):
            self.check_error(data[:length])

    def test_pcapng_hostile(self):
        head = hm.section() + hm.interface() + hm.enhanced(b"a")
        for hostile in (
                hm.block(5, b"", total=0), hm.block(5, b"", total=8),
                hm.block(5, bytes(4), total=13), hm.block(5, b"", total=0xFFFFFFFC),
                hm.block(5, bytes(4), total_again=20),
                hm.block(6, bytes(16)), hm.block(2, bytes(16)), hm.block(3, b""),
                hm.block(1, bytes(4)),
                hm.enhanced(b"a", index=1), hm.enhanced(b"a", index=0xFFFFFFFF),
                hm.old_packet(b"a", index=1),
                hm.enhanced(b"a", length=5), hm.enhanced(b"a", length=0xFFFFFFFF),
                hm.simple(b"a", original=5), hm.simple(b"a", original=0xFFFFFFFF),
                hm.interface(options=struct.pack("<HH", 2, 9) + bytes(8)),
                hm.interface(options=hm.option(9, b"")),
                hm.interface(options=hm.option(9, b"\x06\x06")),
                hm.interface(options=hm.option(14, bytes(4))),
                hm.section(magic=0x12345678), hm.section(major=2),
                hm.block(0x0A0D0D0A, struct.pack("<I", 0x1A2B3C4D)),
                hm.interface() * capture.MAX_INTERFACES):
            with self.subTest(hostile[:64]):
                self.check_error(head + hostile, 1)
        self.check_error(hm.section() + hm.simple(b"a"))
        self.check_error(hm.section(major=0))

    def test_not_a_capture(self):
        for data in (b"", b"\n", b"# a text\n", bytes(4096)):
            self.check_error(data)

    def test_not_a_file(self):
        fifo = os.path.join(self.folder.name, "fifo")
        os.mkfifo(fifo)
        for path in (fifo, self.folder.name, os.path.join(self.folder.name, "none"), "/dev/zero",
                     "a\0b"):
            self.assertRaises(capture.CaptureError, capture.open_capture, path)

    def test_any_bytes_end_or_raise(self):
        dice = random.Random(3)
        seeds = [hm.pcap(*[hm.pcap_record(hm.eth4())] * 3),
                 hm.section() + hm.interface(options=hm.option(9, b"\x09") + hm.option(0, b""))
                 + hm.enhanced(hm.eth4()) + hm.simple(hm.eth6()) + hm.section(">")
                 + hm.interface(order=">") + hm.old_packet(hm.eth4(), order=">")]
        for _ in range(3000):
            data = bytearray(dice.choice(seeds))
            for _ in range(dice.randrange(1, 5)):
                data[dice.randrange(len(data))] = dice.choice((0, 1, 6, 0xFF, dice.randrange(256)))
            with contextlib.suppress(capture.CaptureError):
                records, _ = self.read(bytes(data[:dice.randrange(len(data) + 1)]))
                self.assertLessEqual(sum(len(record[1]) for record in records), len(data))
