# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own testpmd sets and shows RETA and RSS key, and receives by them; Microsoft's
verification vectors, sent as frames, have the published hashes.
"""

import random
import re

import rig
import stock
from rig import hm, rss

CAPTURE = rig.PCAPS / "mixed.pcap"
RETA_LINE = re.compile(r"RSS RETA configuration: hash index=(\d+), queue=(\d+)")
ENTRIES_A_LINE = 10  # what a word of testpmd's command line holds
WHOLE_RETA = "(0xffffffffffffffff,0xffffffffffffffff)"

# Microsoft, "Verifying the RSS Hash Calculation", and its key.
KEY = bytes.fromhex(
    "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")
# source, its port, destination, its port, hash of the addresses, hash of addresses and ports
VECTORS = (
    ("66.9.149.187", 2794, "161.142.100.80", 1766, 0x323E8FC2, 0x51CCC178),
    ("199.92.111.2", 14230, "65.69.140.83", 4739, 0xD718262A, 0xC626B0EA),
    ("24.19.198.95", 12898, "12.22.207.184", 38024, 0xD2D0A5DE, 0x5C2B394A),
    ("38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xAFC7327F),
    ("153.39.163.191", 44251, "202.188.127.2", 1303, 0x5D1809C5, 0x10E828A2),
    ("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2CC18CD5, 0x40207D3D),
    ("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0F0C461C, 0xDDE51BBF),
    ("3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024,
     0x4B61E985, 0x02D1FEEF),
)
GRE = 47  # a protocol without ports


def vector_frame(source, source_port, destination, destination_port, protocol):
    ports = source_port.to_bytes(2, "big") + destination_port.to_bytes(2, "big")
    make = hm.eth6 if ":" in source else hm.eth4
    return make(ports + bytes(16), protocol, source=source, destination=destination)


def vectors(protocols):
    """Frames of the vectors with the protocols, as (frame, hash)."""
    return [(vector_frame(*vector[:4], protocol), vector[4 if protocol == GRE else 5])
            for vector in VECTORS for protocol in protocols]


class RssTest(stock.TestpmdTest):
    def start_with(self, frames):
        path = rig.write_capture(self.folder / "in.pcap", frames)
        self.frames = frames
        self.launch(rx_pcap=path)
        self.command("set verbose 1", "Change verbose level")

    def replay(self):
        """What a new start receives."""
        self.stop_port()
        self.start_port()
        return self.receive(len(self.frames))

    def check_replay(self, **steering):
        """A new start is received as the oracle says."""
        steering = rss.Steering(stock.NB_QUEUES, **steering)
        self.check_frames(self.replay(), stock.expected_frames(self.frames, steering))

    # RETA

    def shown_reta(self, mask=WHOLE_RETA):
        text = self.ask(f"show port 0 rss reta {stock.RETA_SIZE} {mask}")
        return [(int(entry), int(queue)) for entry, queue in RETA_LINE.findall(text)]

    def set_reta(self, reta):
        for first in range(0, len(reta), ENTRIES_A_LINE):
            entries = enumerate(reta[first:first + ENTRIES_A_LINE], first)
            self.ask("port config 0 rss reta " + ",".join(f"({i},{q})" for i, q in entries))

    def test_reta_is_shown_and_obeyed(self):
        self.start_with(rig.read_capture(CAPTURE)[0])
        reta = rss.default_reta(stock.NB_QUEUES)
        self.assertEqual(self.shown_reta(), list(enumerate(reta)))
        dice = random.Random(3)
        for _ in range(2):
            reta = [dice.randrange(stock.NB_QUEUES) for _ in range(stock.RETA_SIZE)]
            self.set_reta(reta)
            self.assertEqual(self.shown_reta(), list(enumerate(reta)))
            self.check_replay(reta=reta, types=rss.parse_types("ip"))
        self.assertEqual(self.shown_reta("(0x8000000000000001,0x2)"),
                         [(i, reta[i]) for i in (0, 63, 65)])
        self.quit()

    def test_a_reta_with_a_queue_that_is_not_there_is_refused_and_changes_nothing(self):
        self.start_with(rig.udp_frames(1))
        self.ask(f"port config 0 rss reta (0,1),(1,{stock.NB_QUEUES})")
        self.assertEqual(self.shown_reta(), list(enumerate(rss.default_reta(stock.NB_QUEUES))))
        self.quit()

    # Key

    def set_key(self, key):
        self.ask(f"port config 0 rss-hash-key ipv4 {key.hex()}")
        self.ask("port config all rss all")

    def shown_key(self):
        text = self.ask("show port 0 rss-hash key")
        return bytes.fromhex(re.search(r"RSS key:\s+([0-9A-F]+)", text)[1])

    def test_key_is_shown_and_obeyed(self):
        self.start_with(rig.read_capture(CAPTURE)[0])
        self.assertEqual(self.shown_key(), KEY)
        dice = random.Random(4)
        for _ in range(2):
            key = dice.randbytes(len(KEY))
            self.set_key(key)
            self.assertEqual(self.shown_key(), key)
            self.check_replay(key=key)
        self.quit()

    def received_hashes(self):
        queues = stock.seen_frames(self.replay())
        return sorted(seen.hash for queue in queues for seen in queue)

    def test_microsofts_vectors_have_the_published_hashes(self):
        sent = vectors((hm.TCP, hm.UDP, hm.SCTP, GRE))
        self.start_with([frame for frame, _ in sent])
        # the port begins with Microsoft's key: away from it, and back
        self.set_key(bytes(reversed(KEY)))
        self.assertNotEqual(self.received_hashes(), sorted(value for _, value in sent))
        self.set_key(KEY)
        output = self.replay()
        for queue, seen in enumerate(stock.seen_frames(output)):
            mine = [value for _, value in sent if value % stock.RETA_SIZE % stock.NB_QUEUES == queue]
            self.assertEqual([frame.hash for frame in seen], mine, f"queue {queue}")
        self.quit()

    def test_without_ports_the_vectors_have_the_published_hashes_of_their_addresses(self):
        sent = vectors((hm.TCP, GRE))
        self.start_with([frame for frame, _ in sent])
        self.ask("port config all rss ip")
        self.assertEqual(self.received_hashes(),
                         sorted(2 * [vector[4] for vector in VECTORS]))
        self.quit()


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-testpmd")
