# SPDX-License-Identifier: BSD-3-Clause
"""Reader of capture files: classic pcap and pcapng, standard library only.

    reader = capture.open_capture(path)
    for timestamp_ns, data, original_length, linktype in reader: ...
    reader.cut_short, reader.nb_records, reader.linktype

A record that the end of the file cuts short ends the iteration: reader.cut_short is then True and
reader.nb_records says how many whole records came before it. Everything else that is wrong with a
file, from "cannot be opened" to "a block contradicts itself", raises CaptureError, whose
nb_records says the same. Memory is bounded by MAX_BLOCK_BYTES, time by the size of the file.

A record is what libpcap hands to those who read the file with it. Snapshot length (0: there is
none): a classic record or a simple packet block that is longer is cut to it; any other packet block
that is longer contradicts its interface. A record may be without a byte.

The link type is the lower 26 bits of pcap's field: the six above it say how long a frame check
sequence is (the bytes of which stay in the record), the reserved ten between must be 0 and so make
a link type that nothing knows.

Formats: pcap-savefile(5) of libpcap; draft-ietf-opsawg-pcapng.
"""

import os
import stat
import struct
from typing import NamedTuple, Optional

LINKTYPE_ETHERNET = 1

# No sane record or block is larger; libpcap draws the same two lines.
MAX_RECORD_BYTES = 262144
MAX_BLOCK_BYTES = 16 << 20
MAX_INTERFACES = 65536

NS_PER_S = 10**9

# The first four bytes of a classic capture: byte order, and nanoseconds per unit of the fraction.
PCAP_MAGICS = {
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
PCAP_LINKTYPE_MASK = 0x03FFFFFF

PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
BYTE_ORDER_MAGICS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
BLOCK_INTERFACE = 1
BLOCK_PACKET = 2  # obsolete
BLOCK_SIMPLE_PACKET = 3
BLOCK_ENHANCED_PACKET = 6
OPTION_END = 0
OPTION_IF_TSRESOL = 9
OPTION_IF_TSOFFSET = 14

# Finer times do not fit into 64 bits; libpcap draws the same lines.
MAX_DECIMAL_PLACES = 19
MAX_BINARY_PLACES = 63


class CaptureError(Exception):
    """The file is not a readable capture; nb_records whole records came before the fault."""

    summary = None  # for who sums a capture up: what came before the fault

    def __init__(self, message, nb_records=0):
        super().__init__(message)
        self.nb_records = nb_records


class Record(NamedTuple):
    timestamp_ns: Optional[int]  # None: a simple packet block, which has no time
    data: bytes
    original_length: int
    linktype: int


class Interface(NamedTuple):
    linktype: int
    snaplen: int  # 0: no limit
    ticks_per_s: int
    offset_s: int


class CutShort(Exception):
    """The end of the file came within a record; does not leave this module."""


def open_capture(path):
    """Open a capture; return a Reader, or raise CaptureError."""
    try:
        # Not a FIFO or a device: opening or reading one may never end.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise CaptureError(f"{path}: not a regular file")
        return Reader(path, open(path, "rb"))
    except (OSError, ValueError) as error:
        raise CaptureError(f"{path}: {error}") from error


class Reader:
    """Iterates once over the records of a capture, and closes it at the end.

    cut_short, nb_records: see above. linktype: the first that the file declares, or None.
    """

    def __init__(self, path, file):
        self.path = path
        self.cut_short = False
        self.nb_records = 0
        self.linktype = None
        self._file = file
        self._order = ""
        self._iterator = self._records()

    def __iter__(self):
        return self._iterator

    def _records(self):
        with self._file:
            try:
                for record in self._formatted():
                    self.nb_records += 1
                    yield record
            except CutShort:
                self.cut_short = True
            except OSError as error:
                raise self._error(str(error)) from error

    def _formatted(self):
        magic = self._file.read(4)
        if magic in PCAP_MAGICS:
            return self._pcap(*PCAP_MAGICS[magic])
        if magic == PCAPNG_MAGIC:
            return self._pcapng()
        raise self._error("neither pcap nor pcapng")

    def _error(self, message):
        return CaptureError(f"{self.path}: {message}", self.nb_records)

    def _take(self, size):
        """Exactly size bytes."""
        data = self._file.read(size)
        if len(data) < size:
            raise CutShort
        return data

    def _take_or_end(self, size):
        """Exactly size bytes, or none at the end of the file."""
        data = self._file.read(size)
        if data and len(data) < size:
            raise CutShort
        return data

    def _unpack(self, layout, data, offset=0):
        return struct.unpack_from(self._order + layout, data, offset)

    def _check_length(self, length):
        if length > MAX_RECORD_BYTES:
            raise self._error(f"a record of {length} bytes, the most is {MAX_RECORD_BYTES}")

    # Classic pcap

    def _pcap(self, order, ns_per_unit):
        self._order = order
        header = self._file.read(20)
        if len(header) < 20:
            raise self._error("the file ends within its header")
        major, minor, _, _, snaplen, linktype = self._unpack("HHIIII", header)
        if major != 2:
            raise self._error(f"version {major}.{minor}, known is 2.4")
        linktype &= PCAP_LINKTYPE_MASK
        self.linktype = linktype
        while True:
            header = self._take_or_end(16)
            if not header:
                return
            seconds, fraction, length, original = self._unpack("IIII", header)
            self._check_length(length)
            data = self._take(length)
            yield Record(seconds * NS_PER_S + fraction * ns_per_unit,
                         data[:snaplen] if snaplen else data, original, linktype)

    # pcapng

    def _pcapng(self):
        interfaces = []
        try:
            self._section(PCAPNG_MAGIC + self._take(8))
        except CutShort:
            raise self._error("the file ends within its first section header") from None
        while True:
            start = self._take_or_end(8)
            if not start:
                return
            if start[:4] == PCAPNG_MAGIC:
                # A new section: its byte order is its own, its interfaces count from 0 again.
                self._section(start + self._take(4))
                interfaces = []
                continue
            kind, total = self._unpack("II", start)
            body = self._rest_of_block(total, 8)
            if kind == BLOCK_INTERFACE:
                if len(interfaces) >= MAX_INTERFACES:
                    raise self._error(f"more than {MAX_INTERFACES} interfaces in a section")
                interfaces.append(self._interface(body))
            elif kind == BLOCK_ENHANCED_PACKET:
                yield self._packet(interfaces, body, "IIIII")
            elif kind == BLOCK_PACKET:
                yield self._packet(interfaces, body, "HxxIIII")
            elif kind == BLOCK_SIMPLE_PACKET:
                yield self._simple_packet(interfaces, body)

    def _rest_of_block(self, total, nb_read):
        """The body of a block, from the nb_read bytes that were read of it to its last word."""
        if total < nb_read + 4 or total % 4 != 0 or total > MAX_BLOCK_BYTES:
            raise self._error(f"a block of {total} bytes")
        rest = self._take(total - nb_read)
        (again,) = self._unpack("I", rest, len(rest) - 4)
        if again != total:
            raise self._error(f"a block that starts with {total} bytes and ends with {again}")
        return rest[:-4]

    def _section(self, start):
        """A section header block, of which the first 12 bytes were read: sets the byte order."""
        order = BYTE_ORDER_MAGICS.get(start[8:])
        if order is None:
            raise self._error("a section without a byte order")
        self._order = order
        (total,) = self._unpack("I", start, 4)
        body = self._rest_of_block(total, len(start))
        if len(body) < 12:
            raise self._error(f"a section header block of {total} bytes")
        major, minor = self._unpack("HH", body)
        if major != 1:
            raise self._error(f"pcapng version {major}.{minor}, known is 1.0")

    def _interface(self, body):
        if len(body) < 8:
            raise self._error("an interface description that is too short")
        linktype, snaplen = self._unpack("HxxI", body)
        if self.linktype is None:
            self.linktype = linktype
        ticks_per_s, offset_s = 10**6, 0
        for code, value in self._options(body[8:]):
            if code == OPTION_IF_TSRESOL:
                if len(value) != 1:
                    raise self._error(f"if_tsresol of {len(value)} bytes")
                base, places = 2 if value[0] & 0x80 else 10, value[0] & 0x7F
                if places > (MAX_BINARY_PLACES if base == 2 else MAX_DECIMAL_PLACES):
                    raise self._error(f"if_tsresol of {base}^-{places} seconds")
                ticks_per_s = base**places
            elif code == OPTION_IF_TSOFFSET:
                if len(value) != 8:
                    raise self._error(f"if_tsoffset of {len(value)} bytes")
                (offset_s,) = self._unpack("q", value)
        return Interface(linktype, snaplen, ticks_per_s, offset_s)

    def _options(self, data):
        offset = 0
        while offset + 4 <= len(data):
            code, length = self._unpack("HH", data, offset)
            if offset + 4 + length > len(data):
                raise self._error("an option that leaves its block")
            if code == OPTION_END:
                if length != 0:
                    raise self._error(f"an end of options of {length} bytes")
                return
            yield code, data[offset + 4:offset + 4 + length]
            offset += 4 + (length + 3) // 4 * 4

    def _interface_of(self, interfaces, index):
        if index >= len(interfaces):
            raise self._error(f"a packet of interface {index}, of {len(interfaces)}")
        return interfaces[index]

    def _packet(self, interfaces, body, layout):
        if len(body) < 20:
            raise self._error("a packet block that is too short")
        index, high, low, length, original = self._unpack(layout, body)
        interface = self._interface_of(interfaces, index)
        self._check_length(length)
        if interface.snaplen and length > interface.snaplen:
            raise self._error(f"a packet of {length} bytes, the interface's snapshot length is "
                              f"{interface.snaplen}")
        if 20 + length > len(body):
            raise self._error(f"a packet of {length} bytes that leaves its block")
        ticks = high << 32 | low
        timestamp_ns = interface.offset_s * NS_PER_S + ticks * NS_PER_S // interface.ticks_per_s
        return Record(timestamp_ns, body[20:20 + length], original, interface.linktype)

    def _simple_packet(self, interfaces, body):
        if len(body) < 4:
            raise self._error("a simple packet block that is too short")
        interface = self._interface_of(interfaces, 0)
        (original,) = self._unpack("I", body)
        length = min(original, interface.snaplen) if interface.snaplen else original
        self._check_length(length)
        if 4 + length > len(body):
            raise self._error(f"a simple packet of {length} bytes that leaves its block")
        return Record(None, body[4:4 + length], original, interface.linktype)
