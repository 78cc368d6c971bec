# SPDX-License-Identifier: BSD-3-Clause
"""RSS, four queues of as many workers: each frame comes to the queue that the oracle of tests/oracle
names, with its hash, and wakes the worker that owns the queue and no other, by an interrupt on that
worker's processor. On the 82576, by DPDK's driver and by ours, and on virtio, which tells no hash.

ROUSE_GUEST_WAKES is how many wakes there are by frames one by one; the suite has time for few.
"""

import os
import pathlib
import random
import re
import sys
import unittest

import counts
import frames
import guest
import wire

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[1:1] = [str(TESTS / "oracle"), str(TESTS / "eal")]
import netns  # pylint: disable=wrong-import-position
import rss  # pylint: disable=wrong-import-position

STEERED = guest.PROGRAMS / "steered"
PMD = os.environ.get("ROUSE_IGB")
NB_WAKES = int(os.environ.get("ROUSE_GUEST_WAKES", "400"))
NB_QUEUES = 4
NB_FLOWS = 96
NB_ON_THE_WAY = 256
MAX_FLOOD = 100 * NB_ON_THE_WAY
KEY = random.Random(1).randbytes(rss.MIN_KEY_BYTES)  # not any driver's own
TYPES = rss.parse_types("ip,tcp,udp")
FRAME = re.compile(r"frame (\d+) queue (\d+) hash (\w+)\n")


class Steering(guest.Test):
    """What holds of any NIC; classes with NICs have the tests."""

    OPTIONS = {"nb_cpus": NB_QUEUES + 1}
    tells_hash = True

    def setUp(self):
        self.random = random.Random(2)
        self.flows = frames.mixture(NB_FLOWS)
        self.nb_sent = 0

    def hashed(self, value):
        """As the program says it."""
        return f"{value:08x}" if self.tells_hash else "none"

    def check(self, driver):
        with self.vm.start([STEERED, "-l", f"0-{NB_QUEUES}", "--no-telemetry", *driver, "-a",
                            self.vm.nics[0].address, "--", NB_QUEUES, KEY.hex()]) as program:
            self.program = program
            program.expect("link is up")
            self.steering = rss.Steering(NB_QUEUES, KEY, types=TYPES)
            self.set_reta()
            program.expect("reta is set")
            nb_frames, nb_forestalled, nb_crossed = self.one_by_one(NB_WAKES)
            self.change_while_frames_come()
            self.one_by_one(NB_FLOWS)
            interrupts = self.vm.interrupts(self.vm.nics[0])
            program.say("end")
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("stop 0 close 0 missing 0", done.output)
        self.check_workers(done.output, interrupts)
        print(f"\n# {nb_frames} frames one by one: {NB_WAKES} wakes, {nb_forestalled} forestalled, "
              f"{nb_crossed} of others", file=sys.stderr)
        # the others found the worker awake
        self.assertLessEqual(nb_frames - nb_forestalled, NB_WAKES * 1.1)
        self.assertEqual(nb_crossed, 0)

    def set_reta(self):
        """Another one, at random."""
        reta = [self.random.randrange(NB_QUEUES) for _ in range(rss.DEFAULT_RETA_SIZE)]
        self.program.say(" ".join(["reta", *map(str, reta)]))
        self.steering = rss.Steering(NB_QUEUES, KEY, reta, TYPES)

    def one_frame(self):
        """Sends one of a flow at random; the queue that it has to come to."""
        frame = frames.numbered(self.random.choice(self.flows), self.nb_sent)
        self.vm.nics[0].wire.send([frame])
        value, queue = self.steering.steer(frame)
        match = self.program.expect(FRAME.pattern)
        self.assertEqual(match.groups(), (str(self.nb_sent), str(queue), self.hashed(value)))
        self.nb_sent += 1
        return queue

    def look(self):
        """The wakes of each worker, when all sleep again, and the sleeps of all that were forestalled."""
        match = self.program.expect(r"wakes ([\d ]+) forestalled (\d+)\n")
        self.wakes = [int(word) for word in match[1].split()]
        return self.wakes, int(match[2])

    def one_by_one(self, nb_wanted):
        """Frames that each find all workers asleep, until there were so many wakes: how many frames, how
        many sleeps that a frame forestalled, and how many wakes of workers that neither the frame was for
        nor the one before, whose interrupt may come late."""
        nb_frames = nb_wakes = nb_crossed = 0
        last = self.one_frame()
        before, nb_forestalled = self.look()
        while nb_wakes < nb_wanted:
            nb_frames += 1
            queue = self.one_frame()
            after, nb_after = self.look()
            delta = [new - old for old, new in zip(before, after)]
            nb_wakes += delta[queue]
            nb_crossed += sum(n for q, n in enumerate(delta) if q not in (queue, last))
            before, last = after, queue
        return nb_frames, nb_after - nb_forestalled, nb_crossed

    def change_while_frames_come(self):
        """Frames come until one has gone by the new RETA. None is lost, and each goes by the old RETA or by
        the new one."""
        old = self.steering
        sent = {}
        nb_before = self.nb_sent
        is_set = moved = False
        while not (is_set and moved):
            self.assertLess(self.nb_sent - nb_before, MAX_FLOOD, "the new RETA moves nothing")
            frame = frames.numbered(self.random.choice(self.flows), self.nb_sent)
            sent[self.nb_sent] = frame
            self.vm.nics[0].wire.send([frame])
            self.nb_sent += 1
            if self.nb_sent - nb_before == NB_ON_THE_WAY // 2:
                self.set_reta()
            while len(sent) == NB_ON_THE_WAY:
                match = self.program.expect(rf"(reta is set)|{FRAME.pattern}")
                is_set |= match[1] is not None
                moved |= match[1] is None and self.is_moved(sent, match.groups()[1:], old)
        while sent:
            self.is_moved(sent, self.program.expect(FRAME.pattern).groups(), old)
        self.program.expect("wakes .*\n")

    def is_moved(self, sent, received, old):
        """Whether one of the sent frames came to a queue that the old RETA does not name."""
        number, queue, value = received
        frame = sent.pop(int(number))
        (by_oracle, before), (_, after) = old.steer(frame), self.steering.steer(frame)
        self.assertEqual(value, self.hashed(by_oracle))
        self.assertIn(int(queue), (before, after))
        return int(queue) != before

    def check_workers(self, output, interrupts):
        workers = [counts.fields(line) for line in re.findall(r"worker \d+: (.*)", output)]
        self.assertEqual(sum(worker["packets"] for worker in workers), self.nb_sent)
        on_cpu = [0] * (NB_QUEUES + 1)
        for vector, (cpus, by_cpu) in interrupts.items():
            if vector == 0 or sum(by_cpu) == 0:
                continue
            cpu = int(cpus)
            self.assertEqual(sum(by_cpu), by_cpu[cpu], f"vector {vector}: {by_cpu}, on {cpus}")
            on_cpu[cpu] += by_cpu[cpu]
        for cpu, (worker, nb_wakes) in enumerate(zip(workers, self.wakes), start=1):
            self.assertEqual((worker["rescues"], worker["arm_errors"]), (0, 0))
            # no more interrupts than packets, though one may come for what was polled already
            self.assertLessEqual(on_cpu[cpu], worker["packets"], f"CPU {cpu}: {interrupts}")
            self.assertGreaterEqual(on_cpu[cpu], nb_wakes, f"CPU {cpu}: {interrupts}")
            self.assertGreater(nb_wakes, 0)


class Igb(Steering):
    NICS = [("igb",)]

    def test_frames_wake_who_the_oracle_names_by_dpdks_driver(self):
        self.check([])

    def test_frames_wake_who_the_oracle_names_by_our_driver(self):
        if PMD is None:
            self.skipTest("net_igb was not built: there is no driver SDK")
        self.check(["-d", PMD])


class Virtio(Steering):
    """Its queues are those of its wire."""

    NICS = [("virtio-net-pci", "disable-legacy=on,iommu_platform=on,mq=on,rss=on,"
             f"vectors={2 * NB_QUEUES + 2}")]
    tells_hash = False

    @classmethod
    def wires(cls):
        if reason := netns.missing():
            raise unittest.SkipTest(reason)
        namespace = cls.enterClassContext(netns.Namespace("virtio"))
        return [wire.Tap(namespace, NB_QUEUES)]

    def test_frames_wake_who_the_oracle_names(self):
        self.check([])


if __name__ == "__main__":
    guest.main()
