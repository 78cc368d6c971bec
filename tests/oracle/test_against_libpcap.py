# SPDX-License-Identifier: BSD-3-Clause
"""The reader of captures against libpcap: both must hand out the same records.

Not compared are pcapng files whose interfaces differ or whose sections differ in byte order:
libpcap refuses those, the reader knows them.
"""

import contextlib
import ctypes
import ctypes.util
import os
import random
import struct
import unittest

import capture
import handmade as hm

LIBRARY = ctypes.util.find_library("pcap")
NANOSECONDS = 1  # PCAP_TSTAMP_PRECISION_NANO


class Header(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("fraction", ctypes.c_long),
                ("length", ctypes.c_uint32), ("original", ctypes.c_uint32)]


def load():
    """libpcap's functions, with the types of their arguments."""
    pcap = ctypes.CDLL(LIBRARY)
    pcap.pcap_open_offline_with_tstamp_precision.restype = ctypes.c_void_p
    pcap.pcap_next_ex.argtypes = [ctypes.c_void_p] * 3
    pcap.pcap_close.argtypes = [ctypes.c_void_p]
    return pcap


def read_by_libpcap(pcap, path):
    """The records as (time, bytes, original length), and whether the file could be read to its end;
    None if it cannot be opened."""
    error = ctypes.create_string_buffer(1024)
    handle = pcap.pcap_open_offline_with_tstamp_precision(path.encode(), NANOSECONDS, error)
    if not handle:
        return None
    records = []
    header, data = ctypes.POINTER(Header)(), ctypes.POINTER(ctypes.c_ubyte)()
    while (got := pcap.pcap_next_ex(handle, ctypes.byref(header), ctypes.byref(data))) == 1:
        h = header.contents
        records.append((h.seconds * 10**9 + h.fraction, bytes(data[:h.length]), h.original))
    pcap.pcap_close(handle)
    return records, got == -2


def read_by_us(path):
    records = []
    try:
        reader = capture.open_capture(path)
        for record in reader:
            # libpcap gives a record without a time the time 0
            records.append((record.timestamp_ns or 0, record.data, record.original_length))
        return records, not reader.cut_short
    except capture.CaptureError:
        return (records, False) if records else None


@unittest.skipIf(LIBRARY is None, "libpcap is not installed")
class LibpcapTest(hm.FileTest):
    def setUp(self):
        super().setUp()
        self.pcap = load()

    def check(self, path, with_times=True):
        """A file that can be opened and not be read is as one that cannot be opened."""
        theirs, ours = read_by_libpcap(self.pcap, path), read_by_us(path)
        theirs, ours = [None if read == ([], False) else read for read in (theirs, ours)]
        if theirs and ours and not with_times:
            theirs, ours = [([record[1:] for record in records], is_whole)
                            for records, is_whole in (theirs, ours)]
        self.assertEqual(ours, theirs)

    def test_snapshot_lengths(self):
        for snaplen in (0, 1, 3, 6, 7, 262144, 300000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
            packets = (b"abc", b"", b"abcdef", b"g")
            for data in (
                    hm.pcap(*[hm.pcap_record(p) for p in packets], snaplen=snaplen),
                    *[hm.section() + hm.interface(snaplen=snaplen) + b"".join(map(kind, packets))
                      for kind in (hm.enhanced, hm.old_packet, hm.simple)]):
                with self.subTest(snaplen, data=data[:4]):
                    self.check(self.file(data))

    def test_longest_records(self):
        for length in (capture.MAX_RECORD_BYTES, capture.MAX_RECORD_BYTES + 1):
            for snaplen in (0, 3, 1 << 30):
                self.check(self.file(hm.pcap(hm.pcap_record(b"a"), hm.pcap_record(bytes(length)),
                                             hm.pcap_record(b"b"), snaplen=snaplen)))

    def test_captures_of_the_project(self):
        folder = os.environ.get("ROUSE_PCAPS", "")
        with contextlib.suppress(FileNotFoundError):
            for name in sorted(os.listdir(folder)):
                if name.endswith(".pcap"):
                    self.check(os.path.join(folder, name))

    def test_options_of_an_interface(self):
        options = [hm.option(9, bytes([value])) for value in range(256)]
        for code in (0, 2, 9, 14, 0xFFFF):
            options += [struct.pack("<HH", code, length) + value
                        for length in (0, 1, 2, 4, 5, 8, 9, 60, 0xFFFF)
                        for value in (b"", bytes(4), bytes(8))]
        options += [hm.option(9, b"\x09") + half for half in (b"\0", b"\x09\0\0")]
        for option in options:
            with self.subTest(option.hex()):
                self.check(self.file(hm.section() + hm.interface(options=hm.padded(option))
                                     + hm.enhanced(hm.eth4()) + hm.enhanced(hm.eth6())),
                           with_times=False)

    def test_damaged_classic_captures(self):
        dice = random.Random(7)
        for magic in (0xA1B2C3D4, 0xA1B23C4D):
            for order in "<>":
                seed = hm.pcap(*[hm.pcap_record(hm.eth4()[:n], n, n, order=order)
                                 for n in (54, 0, 20)], order=order, magic=magic, snaplen=60)
                for _ in range(150):
                    data = bytearray(seed)
                    for _ in range(dice.randrange(3)):
                        place = dice.randrange(24, len(data))
                        data[place] = dice.choice((0, 1, dice.randrange(256)))
                    # libpcap's times have a sign, the format's have none
                    self.check(self.file(bytes(data[:dice.randrange(24, len(data) + 1)])),
                               with_times=False)
