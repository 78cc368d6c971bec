# SPDX-License-Identifier: BSD-3-Clause
"""More queues than vectors: no packet waits for an interrupt that cannot come.

QEMU's 82576 has 10 vectors, one for other causes. Up to 9 queues have an interrupt each, on the
processor of their worker. From 10 on EAL gives them none, though net_e1000_igb arms them as before:
that is noticed and said, and the worker looks by a timer. net_igb needs a vector a worker, not a queue.
"""

import os
import re
import signal
import unittest

import frames
import guest

NB_FRAMES = 2048
NB_FLOWS = 256
NB_BY_ONE = 64
LINK_S = 1
WORKERS = range(1, 5)
TOLD = re.compile(r"worker: port 0 \(net_e1000_igb\): queue 0 has no interrupt: the device has 10 vectors, "
                  r"one of them for other causes; configure at most 9 Rx queues\s")


class Base(guest.Test):
    """What both drivers' tests need."""

    NICS = [("igb",)]
    driver = []

    def start(self, nb_queues):
        program = self.vm.start([guest.ROUSEPMD, "-l", "0-4", *self.driver, "-a",
                                 self.vm.nics[0].address, "--", f"--rxq={nb_queues}",
                                 f"--txq={nb_queues}", "--forward-mode=rxonly", "--stats-period=1"])
        self.enterContext(program)
        program.expect(r"rx +0 pps")  # the workers have been started
        return program

    def send(self, program):
        """Frames of all flows; nothing comes any more when this returns."""
        self.vm.nics[0].wire.send(frames.udp(NB_FRAMES, nb_flows=NB_FLOWS))
        program.expect(r"rx +[1-9]\d* pps")
        program.expect(r"(rx +0 pps[^\n]*\n){3}")

    def end(self, program):
        """What it said; every frame was received."""
        program.signal(signal.SIGINT)
        done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.sums(done.output, r"^  RX-packets: (\d+)"), NB_FRAMES, done.output)
        self.assertEqual(self.sums(done.output, r"rescues (\d+), starved"), 0)
        return done.output

    @staticmethod
    def sums(output, pattern):
        return sum(int(n) for n in re.findall(pattern, output, re.MULTILINE))


class Vectors(Base):
    """DPDK's driver."""

    def test_with_enough_vectors_each_queue_has_one_on_its_workers_processor(self):
        program = self.start(9)
        before = self.vm.interrupts(self.vm.nics[0])
        self.assertEqual({vector: cpus for vector, (cpus, _) in before.items() if vector != 0},
                         {queue + 1: str(WORKERS[queue % len(WORKERS)]) for queue in range(9)})
        self.send(program)
        # before the port stops, and its interrupts are gone
        for vector, (_, nb) in self.vm.interrupts(self.vm.nics[0]).items():
            if vector == 0:
                continue
            elsewhere = list(nb)
            here = elsewhere.pop(WORKERS[(vector - 1) % len(WORKERS)])
            self.assertGreater(here, 0, f"vector {vector}: {nb}")
            self.assertEqual(sum(elsewhere), 0, f"vector {vector}: {nb}")
        output = self.end(program)
        self.assertEqual(self.sums(output, r"by timer (\d+)"), 0)
        self.assertIn("port 0 (net_e1000_igb): per-queue interrupt", output)
        self.assertNotRegex(output, TOLD)

    def test_without_no_packet_waits_and_it_is_said_once(self):
        for nb_queues in 10, 16:
            with self.subTest(nb_queues):
                program = self.start(nb_queues)
                self.send(program)
                output = self.end(program)
                self.assertEqual(len(TOLD.findall(output)), 1, output)
                self.assertIn("port 0 (net_e1000_igb): no interrupt: looked at every 1000 us", output)
                self.assertGreater(self.sums(output, r"by timer (\d+)"), 0)

    def test_check_says_how_many_queues_have_interrupts(self):
        words = [guest.ROUSEPMD, "-l", "0-1", "-a", self.vm.nics[0].address, "--", "--check"]
        for nb_queues, told in (9, "vectors 10; Rx interrupts yes; .*, [0-9]+ free\r?$"), \
                (10, r"vectors 10; Rx interrupts no \(looked at by a timer\); .*; to do: configure at "
                     "most 9 Rx queues, as one vector is for other causes\r?$"):
            with self.subTest(nb_queues):
                done = self.vm.run([*words, f"--rxq={nb_queues}", f"--txq={nb_queues}"])
                self.assertEqual(done.status, 0, done.output)
                self.assertRegex(done.output, re.compile(told, re.MULTILINE))


@unittest.skipUnless(os.path.isfile(guest.IGB), "net_igb was not built: there is no driver SDK")
class OurVectors(Base):
    """net_igb, whose workers have a vector each, for however many queues."""

    driver = ["-d", guest.IGB]

    def test_no_packet_waits_and_each_interrupt_comes_on_its_workers_processor(self):
        for nb_queues in 9, 10, 16:
            with self.subTest(nb_queues):
                program = self.start(nb_queues)
                self.send(program)
                on_cpu = {}
                for vector, (cpus, nb) in self.vm.interrupts(self.vm.nics[0]).items():
                    if vector == 0 or sum(nb) == 0:
                        continue
                    self.assertEqual(sum(nb), nb[int(cpus)], f"vector {vector}: {nb}, on {cpus}")
                    on_cpu[int(cpus)] = on_cpu.get(int(cpus), 0) + 1
                self.assertEqual(on_cpu, {worker: 1 for worker in WORKERS})
                output = self.end(program)
                self.assertEqual(self.sums(output, r"by timer (\d+)"), 0)
                self.assertIn("port 0 (net_igb): per-queue interrupt", output)
                self.assertNotIn("has no interrupt", output)

    def test_check_says_that_all_queues_have_interrupts(self):
        for nb_queues in 9, 16:
            with self.subTest(nb_queues):
                done = self.vm.run([guest.ROUSEPMD, "-l", "0-4", *self.driver, "-a",
                                    self.vm.nics[0].address, "--", "--check", f"--rxq={nb_queues}",
                                    f"--txq={nb_queues}"])
                self.assertEqual(done.status, 0, done.output)
                self.assertRegex(done.output, "vectors 10; Rx interrupts yes; ")


class Msi(guest.Test):
    """One interrupt for all queues of a device, whichever worker has them."""

    NICS = [("e1000e",), ("igb",), ("vmxnet3",)]

    def forward(self, index, nb_queues):
        """Each frame comes back before the next is sent, so it waits for nothing; what was said."""
        nic = self.vm.nics[index]
        with self.vm.start([guest.ROUSEPMD, "-l", "0-2", "--vfio-intr=msi", "-a", nic.address, "--",
                            f"--rxq={nb_queues}", f"--txq={nb_queues}", "--stats-period=1"]) as program:
            program.expect(r"rx +0 pps")
            first, = frames.udp(1)
            for _ in range(guest.LIMIT_S):  # until it has a link
                nic.wire.send([first])
                try:
                    nic.wire.expect(1, LINK_S)
                    break
                except AssertionError:
                    pass
            nic.wire.take()
            for frame in frames.udp(NB_BY_ONE, nb_flows=NB_FLOWS, first=1):
                nic.wire.send([frame])
                while (came := nic.wire.expect(1)[0]) == first:
                    pass  # the NIC had held it back
                self.assertEqual(came, frame)
            program.signal(signal.SIGINT)
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        return done.output

    def test_two_workers_that_share_the_interrupt_of_an_82574_are_both_waked(self):
        output = self.forward(0, 2)
        self.assertIn("2 queues share 1 interrupts: a packet for one of queues 0 to 1 wakes every worker",
                      output)
        self.assertEqual(Base.sums(output, r"by timer (\d+)"), 0)
        # one of them receives nothing, as this driver has no RSS, and sleeps beside the other
        self.assertEqual(sorted(re.findall(r"^  packets: RX (\d+)", output, re.MULTILINE))[0], "0")

    def test_an_82576_without_msix_is_looked_at_by_a_timer(self):
        output = self.forward(1, 2)
        self.assertIn("its driver has Rx interrupts with MSI-X only, and no packet would interrupt; start "
                      "with --vfio-intr=msix", output)
        self.assertGreater(Base.sums(output, r"by timer (\d+)"), 0)

    def test_a_vmxnet3_without_msix_is_looked_at_by_a_timer(self):
        output = self.forward(2, 1)
        self.assertGreater(Base.sums(output, r"by timer (\d+)"), 0)


if __name__ == "__main__":
    guest.main()
