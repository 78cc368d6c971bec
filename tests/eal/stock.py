# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own testpmd on a port of net_evnic: started, spoken to, and asked for its figures."""

import re
from typing import NamedTuple, Optional

import rig

NB_QUEUES = 4
NB_MBUFS = 12288
NB_DESCRIPTORS = 1024
NB_POSTED = NB_DESCRIPTORS - 32  # the others are for events that are no frame
RETA_SIZE = 128
POOL = "mb_pool_0"

# In a frame's line of "set verbose 1"
LENGTH = re.compile(r" - length=(\d+)")
HASH = re.compile(r" - RSS hash=0x([0-9a-f]+) - RSS queue=0x([0-9a-f]+)")
QUEUE = re.compile(r" - Receive queue=0x([0-9a-f]+)$")


class Seen(NamedTuple):
    """A frame that testpmd printed, or that the oracle expects."""

    hash: Optional[int]  # None: it has none
    queue: int
    length: int


def seen_frames(output):
    """The frames that testpmd printed, by queue in their order."""
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
        queues[queue].append(Seen(value, queue, int(LENGTH.search(line)[1])))
    return queues


def expected_frames(frames, steering):
    """The same from the oracle."""
    queues = [[] for _ in range(NB_QUEUES)]
    for frame in frames:
        value, queue = steering.steer(frame)
        queues[queue].append(Seen(value, queue, len(frame)))
    return queues


class TestpmdTest(rig.Test):
    """Tests that start testpmd and talk to it."""

    def launch(self, *options, forward_mode="rxonly", **devargs):
        """Start it, with a port that goes at once, and wait for its prompt."""
        self.testpmd = rig.Program(
            [rig.STOCK / "dpdk-testpmd", *rig.eal(stock=True),
             rig.device(overrun="wait", **devargs), "--",
             f"--rxq={NB_QUEUES}", f"--txq={NB_QUEUES}", f"--rxd={NB_DESCRIPTORS}",
             f"--forward-mode={forward_mode}", "--no-flush-rx", f"--total-num-mbufs={NB_MBUFS}",
             "--interactive", *options], self.folder)
        self.enterContext(self.testpmd)
        self.testpmd.expect("testpmd> ")

    def command(self, line, answer=r"\n"):
        self.testpmd.say(line)
        return self.testpmd.expect(answer)

    def ask(self, line):
        """What it prints until it has a prompt again, the echo of the command included."""
        self.testpmd.say(line)
        self.testpmd.expect(re.escape(line))
        return self.testpmd.expect("testpmd> ")

    def stats(self, *names):
        """Figures of the port's statistics."""
        self.testpmd.say("show port stats 0")
        text = self.testpmd.expect(r"TX-packets: .*\n")
        return tuple(int(re.search(rf"{name}: +(\d+)", text)[1]) for name in names)

    def free_mbufs(self):
        """Mbufs in the pool and in the caches of its lcores."""
        text = self.command(f"dump_mempool {POOL}", r"common_pool_count=\d+\n")
        return sum(int(re.search(rf"{name}=(\d+)", text)[1])
                   for name in ("total_cache_count", "common_pool_count"))

    def stop_port(self):
        """After it the pool is whole, whatever went before."""
        self.command("port stop 0", "Stopping ports")
        self.assertEqual(self.free_mbufs(), NB_MBUFS)

    def start_port(self):
        self.command("port start 0", "Checking link statuses")

    def receive(self, nb_frames):
        """Forward until so many frames were printed; what testpmd printed of them, and of its
        statistics."""
        self.testpmd.say("start")
        output = self.testpmd.expect(r" - Receive queue=0x\w+\n", nb_frames)
        return output + self.stop_forwarding()

    def stop_forwarding(self):
        self.testpmd.say("stop")
        return self.testpmd.expect(r"Done\.\n")

    def check_frames(self, output, expected):
        """Frame by frame."""
        for queue, (ours, theirs) in enumerate(zip(seen_frames(output), expected)):
            self.assertEqual(len(ours), len(theirs), f"frames of queue {queue}")
            for i, pair in enumerate(zip(ours, theirs)):
                self.assertEqual(*pair, f"frame {i} of queue {queue}")
        self.assertNotIn("INVALID mbuf", self.testpmd.output)

    def quit(self):
        self.stop_port()
        self.testpmd.say("quit")
        self.assertEqual(self.testpmd.end(), 0, rig.tail(self.testpmd.output))
