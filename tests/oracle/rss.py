# SPDX-License-Identifier: BSD-3-Clause
"""What receive side scaling makes of a frame: the hash, and the queue.

The model that drivers are judged by, so it shares no code and no idea with them. It is written to
be checked by reading; Steering.steer() is the whole of it.

Sources: Microsoft, "RSS Hashing Functions" and "Verifying the RSS Hash Calculation"; IEEE 802.1Q;
RFC 791; RFC 8200.
"""

from typing import NamedTuple, Optional

# The key of Microsoft's verification suite.
DEFAULT_KEY = bytes.fromhex(
    "6d5a56da255b0ec2 4167253d43a38fb0 d0ca2bcbae7b30b4 77cb2da38030f20c 6a42b73bbeac01fa")
MIN_KEY_BYTES = 40  # two IPv6 addresses, two ports, and the 32 bits of the last window
DEFAULT_RETA_SIZE = 128

TYPE_GROUPS = {
    "all": ("ipv4", "ipv4-tcp", "ipv4-udp", "ipv4-sctp", "ipv6", "ipv6-tcp", "ipv6-udp",
            "ipv6-sctp"),
    "ip": ("ipv4", "ipv6"),
    "tcp": ("ipv4-tcp", "ipv6-tcp"),
    "udp": ("ipv4-udp", "ipv6-udp"),
    "sctp": ("ipv4-sctp", "ipv6-sctp"),
    "none": (),
}
ALL_TYPES = frozenset(TYPE_GROUPS["all"])

ETHERNET_BYTES = 14
TPIDS = (0x8100, 0x88A8, 0x9100)
MAX_VLAN_TAGS = 2
ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD
L4_NAMES = {6: "tcp", 17: "udp", 132: "sctp"}
IPV6_BYTES = 40
IPV6_EXTENSIONS = (0, 43, 60)  # hop-by-hop options, routing, destination options
MAX_IPV6_EXTENSIONS = 8
PORTS_BYTES = 4


class Flow(NamedTuple):
    """What of a frame can be hashed."""

    ip_type: str  # "ipv4" or "ipv6"
    addresses: bytes
    l4_type: Optional[str] = None  # "ipv4-tcp", ...; None: the addresses alone
    ports: bytes = b""


def be16(data, offset):
    return data[offset] << 8 | data[offset + 1]


def toeplitz(key, data):
    """The definition: each bit of data that is set adds the 32 bits of key that start there."""
    key_bits = int.from_bytes(key, "big")
    nb_key_bits = 8 * len(key)
    result = 0
    for i in range(8 * len(data)):
        if data[i // 8] & 0x80 >> i % 8:
            result ^= key_bits >> nb_key_bits - 32 - i & 0xFFFFFFFF
    return result


def toeplitz_table(key):
    """table[i][b]: what byte b at place i adds to the hash."""
    nb_places = min(len(key), MIN_KEY_BYTES) - 4
    return [[toeplitz(key[i:], bytes([b])) for b in range(256)] for i in range(nb_places)]


def parse_frame(frame):
    """The flow of an Ethernet frame, or None if it is not to be hashed."""
    offset = ETHERNET_BYTES
    for _ in range(MAX_VLAN_TAGS):
        if len(frame) >= offset and be16(frame, offset - 2) in TPIDS:
            offset += 4
    if len(frame) < offset:
        return None
    ethertype = be16(frame, offset - 2)
    if ethertype == ETHERTYPE_IPV4:
        return parse_ipv4(frame[offset:])
    if ethertype == ETHERTYPE_IPV6:
        return parse_ipv6(frame[offset:])
    return None


def parse_ipv4(packet):
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    header_length = (packet[0] & 0x0F) * 4
    if header_length < 20 or header_length > len(packet):
        return None
    flow = Flow("ipv4", packet[12:20])
    more_fragments = be16(packet, 6) & 0x2000
    fragment_offset = be16(packet, 6) & 0x1FFF
    if more_fragments or fragment_offset:
        return flow
    total_length = be16(packet, 2)
    end = min(len(packet), total_length) if total_length else len(packet)
    return with_ports(flow, packet[9], packet, header_length, end)


def parse_ipv6(packet):
    if len(packet) < IPV6_BYTES or packet[0] >> 4 != 6:
        return None
    flow = Flow("ipv6", packet[8:40])
    payload_length = be16(packet, 4)
    end = min(len(packet), IPV6_BYTES + payload_length) if payload_length else len(packet)
    offset = IPV6_BYTES
    protocol = packet[6]
    nb_extensions = 0
    while protocol in IPV6_EXTENSIONS:
        nb_extensions += 1
        # The length byte, then the header that it measures in units of 8 bytes, the first free.
        if nb_extensions > MAX_IPV6_EXTENSIONS or offset + 2 > end:
            return flow
        length = (packet[offset + 1] + 1) * 8
        if offset + length > end:
            return flow
        protocol = packet[offset]
        offset += length
    # A fragment header, even an atomic one, is no protocol with ports: the addresses alone.
    return with_ports(flow, protocol, packet, offset, end)


def with_ports(flow, protocol, packet, offset, end):
    """The flow with its ports, if the protocol has some and they lie before end."""
    if protocol not in L4_NAMES or offset + PORTS_BYTES > end:
        return flow
    return flow._replace(l4_type=f"{flow.ip_type}-{L4_NAMES[protocol]}",
                         ports=packet[offset:offset + PORTS_BYTES])


def default_reta(nb_queues):
    """The indirection table that spreads evenly."""
    if nb_queues < 1:
        raise ValueError(f"{nb_queues} queues, there must be at least 1")
    return [i % nb_queues for i in range(DEFAULT_RETA_SIZE)]


def parse_types(text):
    """The set of hash types of a list such as "ip,ipv4-tcp"."""
    types = set()
    for name in text.split(","):
        if name in TYPE_GROUPS:
            types.update(TYPE_GROUPS[name])
        elif name in ALL_TYPES:
            types.add(name)
        else:
            known = ", ".join([*TYPE_GROUPS, *TYPE_GROUPS["all"]])
            raise ValueError(f"unknown hash type {name!r}, known are {known}")
    return frozenset(types)


class Steering:
    """A port's RSS configuration."""

    def __init__(self, nb_queues, key=DEFAULT_KEY, reta=None, types=ALL_TYPES):
        reta = default_reta(nb_queues) if reta is None else list(reta)
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"a key of {len(key)} bytes, there must be at least {MIN_KEY_BYTES}")
        if not reta or len(reta) & len(reta) - 1:
            raise ValueError(f"an indirection table of {len(reta)} entries, not a power of two")
        for queue in reta:
            if not 0 <= queue < nb_queues:
                raise ValueError(f"queue {queue} in the indirection table, of {nb_queues}")
        self.nb_queues = nb_queues
        self.reta = reta
        self.types = types
        self._table = toeplitz_table(key)

    def hash(self, data):
        result = 0
        for row, byte in zip(self._table, data):
            result ^= row[byte]
        return result

    def steer(self, frame):
        """The hash and the queue of an Ethernet frame; (None, 0) if it is not hashed."""
        flow = parse_frame(frame)
        if flow is None:
            return None, 0
        if flow.l4_type in self.types:
            data = flow.addresses + flow.ports
        elif flow.ip_type in self.types:
            data = flow.addresses
        else:
            return None, 0
        value = self.hash(data)
        return value, self.reta[value & len(self.reta) - 1]
