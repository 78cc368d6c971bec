# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own testpmd, as it is, drives net_evnic: it receives every frame where the oracle says."""

import re

import rig
from rig import rss, rss_oracle

NB_QUEUES = 4
NB_MBUFS = 12288
NB_DESCRIPTORS = 1024
NB_POSTED = NB_DESCRIPTORS - 32  # the others are for events that are no frame
POOL = "mb_pool_0"
CAPTURE = rig.PCAPS / "mixed.pcap"

# In a frame's line of "set verbose 1"
LENGTH = re.compile(r" - length=(\d+)")
HASH = re.compile(r" - RSS hash=0x([0-9a-f]+) - RSS queue=0x([0-9a-f]+)")
QUEUE = re.compile(r" - Receive queue=0x([0-9a-f]+)$")


def seen_frames(output):
    """(hash or None, queue, length) of the frames that testpmd printed, by queue in their order."""
    queues = [[] for _ in range(NB_QUEUES)]
    for line in output.splitlines():
        place = QUEUE.search(line)
        if not place:
            continue
        queue, value = int(place[1], 16), None
        if found := HASH.search(line):
            value = int(found[1], 16)
            if int(found[2], 16) != queue:
                raise AssertionError(f"received on queue {queue}: {line}")
        queues[queue].append((value, queue, int(LENGTH.search(line)[1])))
    return queues


def oracle_frames(types):
    """The same from the oracle, and its summary."""
    queues = [[] for _ in range(NB_QUEUES)]

    def add(_index, value, queue, length):
        queues[queue].append((value, queue, length))

    steering = rss.Steering(NB_QUEUES, types=rss.parse_types(types))
    return queues, rss_oracle.summarize(CAPTURE, steering, add)


class TestpmdTest(rig.Test):
    def setUp(self):
        super().setUp()
        self.expected, self.summary = oracle_frames("ip")  # what testpmd asks for by itself
        self.testpmd = rig.Program(
            [rig.STOCK / "dpdk-testpmd", *rig.eal(stock=True),
             rig.device(rx_pcap=CAPTURE, overrun="wait", tx_pcap="out.pcap"), "--",
             f"--rxq={NB_QUEUES}", f"--txq={NB_QUEUES}", f"--rxd={NB_DESCRIPTORS}",
             "--forward-mode=rxonly", "--no-flush-rx", f"--total-num-mbufs={NB_MBUFS}",
             "--interactive"], self.folder)
        self.enterContext(self.testpmd)
        self.testpmd.expect("testpmd> ")
        self.testpmd.say("set verbose 1")
        self.testpmd.expect("Change verbose level")

    def receive_all(self):
        """Forward until a whole replay was received; what testpmd printed of it."""
        self.testpmd.say("start")
        output = self.testpmd.expect(r" - Receive queue=0x\w+\n", self.summary["packets"])
        self.testpmd.say("stop")
        return output + self.testpmd.expect(r"Done\.\n")

    def stats(self):
        """What the port's statistics say was received: packets, bytes, missed."""
        self.testpmd.say("show port stats 0")
        text = self.testpmd.expect(r"RX-nombuf: .*\n")
        return tuple(int(re.search(rf"{name}: +(\d+)", text)[1])
                     for name in ("RX-packets", "RX-bytes", "RX-missed"))

    def free_mbufs(self):
        """Mbufs in the pool and in the caches of its lcores."""
        self.testpmd.say(f"dump_mempool {POOL}")
        text = self.testpmd.expect(r"common_pool_count=\d+\n")
        return sum(int(re.search(rf"{name}=(\d+)", text)[1])
                   for name in ("total_cache_count", "common_pool_count"))

    def command(self, line, answer):
        self.testpmd.say(line)
        self.testpmd.expect(answer)

    def quit(self):
        self.testpmd.say("quit")
        self.assertEqual(self.testpmd.end(), 0, rig.tail(self.testpmd.output))

    def check_received(self):
        """A replay, frame by frame."""
        seen = seen_frames(self.receive_all())
        for queue, (ours, theirs) in enumerate(zip(seen, self.expected)):
            self.assertEqual(len(ours), len(theirs), f"frames of queue {queue}")
            for i, pair in enumerate(zip(ours, theirs)):
                self.assertEqual(*pair, f"(hash, queue, length) of frame {i} of queue {queue}")
        self.assertNotIn("INVALID mbuf", self.testpmd.output)

    def test_every_frame_has_the_hash_and_the_queue_of_the_oracle(self):
        self.check_received()
        self.assertEqual(self.stats(), (self.summary["packets"], self.summary["bytes"], 0))
        self.quit()

    def test_hash_types_can_be_changed(self):
        self.expected, _ = oracle_frames("all")
        self.command("port stop 0", "Stopping ports")
        self.command("port config all rss all", "testpmd> ")
        self.command("port start 0", "Checking link statuses")
        self.check_received()
        self.quit()

    def test_stop_and_start_replay_again_and_the_pool_is_whole_in_between(self):
        for replay in (1, 2, 3):
            self.assertEqual(self.free_mbufs(), NB_MBUFS - NB_QUEUES * NB_POSTED)
            self.check_received()
            self.assertEqual(self.stats(), (replay * self.summary["packets"],
                                            replay * self.summary["bytes"], 0))
            self.command("port stop 0", "Stopping ports")
            self.assertEqual(self.free_mbufs(), NB_MBUFS)
            self.command("port start 0", "Checking link statuses")
        self.quit()

    def test_link_queues_and_mtu_obey_its_commands(self):
        self.command("set link-down port 0", "link state change event")
        self.command("show port info 0", "Link status: down")
        self.command("set link-up port 0", "link state change event")
        self.command("show port info 0", "Link status: up")
        self.command("port config mtu 0 1400", "testpmd> ")
        self.command("show port info 0", "MTU: 1400")
        self.command("port config mtu 0 1500", "testpmd> ")
        self.command("port 0 rxq 1 stop", "testpmd> ")
        self.command("show rxq info 0 1", "Rx queue state: stopped")
        self.command("port 0 rxq 1 start", "testpmd> ")
        self.command("show rxq info 0 1", "Rx queue state: started")
        self.command("show port 0 rxq 0 desc 1023 status", "Desc status = ")
        self.command("port stop 0", "Stopping ports")
        self.assertEqual(self.free_mbufs(), NB_MBUFS)
        self.quit()

    def test_the_pool_is_whole_after_sending_too(self):
        self.command("set fwd io", "Set io packet forwarding mode")
        self.check_received()
        self.command("port stop 0", "Stopping ports")
        self.assertEqual(self.free_mbufs(), NB_MBUFS)
        self.quit()
        sent, _ = rig.read_capture(self.folder / "out.pcap")
        self.assertGreater(len(sent), NB_DESCRIPTORS)


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-testpmd")
