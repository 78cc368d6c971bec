# SPDX-License-Identifier: BSD-3-Clause
"""What a machine lacks is named with its remedy; what happens to a port under load is survived, with
every mbuf back at the end. By DPDK's driver and by ours.
"""

import itertools
import os
import re
import signal
import unittest

import frames
import guest

NB_FRAMES = 200
NB_TOO_MANY = 3000  # more than the NIC's ring takes
FLOOD_AT = 1 << 20  # numbers that no check has


class WithoutIommu(guest.Test):
    NICS = [("igb",)]
    OPTIONS = {"iommu": None}

    def test_it_is_refused_with_the_remedy(self):
        check_refused(self, "turn the IOMMU on: (VT-d|AMD-Vi) in the firmware, and .*iommu=pt on the "
                            "kernel's command line")


class WithoutRemapping(guest.Test):
    NICS = [("igb",)]
    OPTIONS = {"iommu": "intremap=off"}

    def test_it_is_refused_with_the_remedy(self):
        check_refused(self, "turn interrupt remapping on: no intremap=off on the kernel's command line")


class Shortages(guest.Test):
    """What one port or another lacks, of those that are bound and have their drivers."""

    NICS = [("igb",), ("virtio-net-pci", "disable-legacy=on,iommu_platform=on,vectors=0"), ("vmxnet3",)]
    DRIVERS = ["net_e1000_igb", "net_virtio", "net_vmxnet3"]

    def check(self, *words, allowed=(0, 1, 2), status=1):
        """The line of each device, in their order; what else is said is in self.said."""
        nics = [word for i in allowed for word in ("-a", self.vm.nics[i].address)]
        done = self.vm.run([guest.ROUSEPMD, "--check", "-l", "0-1", *nics, "--", *words])
        self.assertEqual(done.status, status, done.output)
        self.said = done.output
        lines = re.findall(r"^(?:port \d|device|NIC) .*", done.output, re.MULTILINE)
        self.assertEqual(len(lines), len(allowed), done.output)
        for i, line in zip(allowed, lines):
            self.assertRegex(line, rf"^\w+ \d {self.vm.nics[i].address}: driver {self.DRIVERS[i]}, ")
        return lines

    def test_few_hugepages_are_said_of_each_port_with_the_remedy(self):
        self.vm.shell("echo 2 >/proc/sys/vm/nr_hugepages")
        try:
            lines = self.check()
        finally:
            self.vm.shell("echo 256 >/proc/sys/vm/nr_hugepages")
        for line in lines:
            self.assertRegex(line, r"hugepages 4 MB, .*; to do: .*it does not start: no memory for \d+ "
                                   r"mbufs .*more hugepages \(as root, dpdk-hugepages.py --pagesize 2M "
                                   r"--reserve 512M\)")

    def check_nics(self, *words):
        """What is to be done of each NIC that is no port: {address: words}, of a check of all."""
        done = self.vm.run([guest.ROUSEPMD, "--check", "-l", "0-1", *words])
        return dict(re.findall(r"^NIC (\S+): .*; to do: (.*?)\r?$", done.output, re.MULTILINE))

    def test_devices_that_another_process_has_are_said_to_be_in_use(self):
        ours = [nic.address for nic in self.vm.nics]
        with self.vm.start([guest.ROUSEPMD, "-l", "0-1", "-a", ours[0], "-a", ours[2], "--",
                            "--forward-mode=rxonly", "--stats-period=1"]) as program:
            program.expect(r"rx +0 pps")
            # with the other's files EAL does not start; with its own it does
            for words in (), ("--file-prefix=other",):
                with self.subTest(words):
                    said = self.check_nics(*words)
                    for address in ours[0], ours[2]:
                        self.assertRegex(said[address], "^it is in use, as /dev/vfio/\\d+ is open: ")
                    if not words:
                        self.assertEqual(said[ours[1]], "EAL did not start, and says why on stderr")
            done = self.vm.run([guest.ROUSEPMD, "-l", "0-1", "--file-prefix=other", "-a", ours[0]])
            self.assertEqual(done.status, 1, done.output)
            self.assertRegex(done.output, f"rousepmd: -a {ours[0]}: there is no port of it, it is bound to "
                                          "vfio-pci; it is in use, as /dev/vfio/")
            program.signal(signal.SIGINT)
            done = program.end()
        self.assertEqual(done.status, 0, done.output)

    def test_a_device_that_is_excluded_is_said_to_be(self):
        address = self.vm.nics[0].address
        for words in ["-b", address], [f"--block={address.removeprefix('0000:')}"]:
            with self.subTest(words):
                self.assertEqual(self.check_nics(*words),
                                 {address: "it is excluded: leave out that -b (--block)"})

    def test_devices_that_eal_does_not_look_for_without_hugepages_are_said_to_be(self):
        told = "EAL was not to look for it, as no hugepage is free, or --no-huge was given"
        self.assertEqual(self.check_nics("--no-huge"), {nic.address: told for nic in self.vm.nics})

    def test_a_device_without_vectors_is_looked_at_by_the_timer_and_it_is_said(self):
        nic = self.vm.nics[1]
        line, = self.check(allowed=(1,), status=0)
        self.assertRegex(line, r"vectors 0; Rx interrupts no \(looked at by a timer\); .*; to do: the "
                               "device has no MSI-X vectors: ")
        with self.vm.start([guest.ROUSEPMD, "-l", "0-1", "-a", nic.address, "--",
                            "--stats-period=1"]) as program:
            program.expect(r"rx +0 pps")
            nic.wire.take()
            sent = frames.udp(NB_FRAMES)
            nic.wire.send(sent)
            self.assertEqual(sorted(nic.wire.expect(NB_FRAMES)), sorted(sent))
            program.signal(signal.SIGINT)
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertNotIn("mbufs came back", done.output)
        self.assertEqual(len(re.findall("^rousepmd: port 0: its driver refuses Rx interrupts: ",
                                        done.output, re.MULTILINE)), 1, done.output)

    def test_the_pool_has_enough_for_a_driver_with_two_rings_a_queue(self):
        done = self.vm.run([guest.ROUSEPMD, "-l", "0-1", "-a", self.vm.nics[2].address, "--", "--rxq=4",
                            "--txq=4", "--forward-mode=rxonly", "--duration=1"])
        self.assertEqual(done.status, 0, done.output)

    def test_a_port_that_has_too_few_queues_has_its_line(self):
        started, refused = self.check("--rxq=4", allowed=(0, 1))
        self.assertIn("; Rx interrupts yes; ", started)
        self.assertRegex(refused, "; Rx interrupts unknown; .*; to do: .*it does not start: --rxq=4: "
                                  "port 1 has 1 Rx queues at most")


def check_refused(test, remedy):
    """By a run in one line, and by a check."""
    address = test.vm.nics[0].address
    done = test.vm.run([guest.ROUSEPMD, "-l", "0-1", "-a", address, "--", "--forward-mode=rxonly"])
    test.assertEqual(done.status, 1, done.output)
    lines = re.findall(rf"^rousepmd: -a {address}: there is no port of it.*", done.output, re.MULTILINE)
    test.assertEqual(len(lines), 1, done.output)
    test.assertRegex(lines[0], remedy)
    done = test.vm.run([guest.ROUSEPMD, "-l", "0-1", "-a", address, "--", "--check"])
    test.assertEqual(done.status, 1, done.output)
    test.assertRegex(done.output, remedy)


class Faults(guest.Test):
    """One port, whose two queues a worker each has, that sends back what it receives."""

    NICS = [("igb",), ("igb", "", "none")]
    driver = []
    nb_told = 0
    numbers = itertools.count(step=NB_FRAMES)  # of the first frame of each check

    def start(self):
        program = self.enterContext(self.vm.start(
            [guest.ROUSEPMD, "-l", "0-2", *self.driver, "-a", self.vm.nics[0].address, "--",
             "--rxq=2", "--txq=2", "--stats-period=1"]))
        program.expect(r"rx +0 pps")  # the workers have been started
        self.vm.nics[0].wire.take()
        return program

    def check_it_forwards(self):
        """Each frame wakes a worker. What the NIC had held back before may come, too."""
        wire = self.vm.nics[0].wire
        sent = frames.udp(NB_FRAMES, first=next(self.numbers))
        for frame in sent:
            wire.send([frame])
            while (came := wire.expect(1)[0]) not in sent:
                pass
            self.assertEqual(came, frame)

    def end(self, program):
        """In good order; what it said."""
        program.signal(signal.SIGINT)
        done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertNotIn("mbufs came back", done.output)
        self.assertNotRegex(done.output, "rescues [1-9]")
        return done.output

    def test_a_nic_that_is_not_bound_is_refused_with_the_remedy(self):
        address = self.vm.nics[1].address
        done = self.vm.run([guest.ROUSEPMD, "-l", "0-1", *self.driver, "-a", address, "--",
                            "--forward-mode=rxonly"])
        self.assertEqual(done.status, 1, done.output)
        self.assertRegex(done.output, f"rousepmd: -a {address}: there is no port of it; bind it: .*"
                                      f"dpdk-devbind.py --bind=vfio-pci {address}")

    def test_a_link_that_is_down_at_the_start_comes_up(self):
        nic = self.vm.nics[0]
        nic.set_link(False)
        program = self.start()
        nic.set_link(True)
        self.check_it_forwards()
        self.end(program)

    def test_rings_that_were_full_are_drained_and_go_on(self):
        program = self.start()
        self.check_it_forwards()
        wire = self.vm.nics[0].wire
        program.signal(signal.SIGSTOP)
        wire.send(frames.udp(NB_TOO_MANY, first=FLOOD_AT))
        program.signal(signal.SIGCONT)
        # what there was no room for is lost or held back, so no number: until nothing comes
        wire.expect(1)
        program.forget()
        program.expect(r"(rx +0 pps[^\n]*\n){3}")
        wire.take()
        self.check_it_forwards()
        self.end(program)

    def test_a_device_that_is_reset_under_load_is_let_go_of_in_good_order(self):
        nic = self.vm.nics[0]
        program = self.start()
        self.check_it_forwards()
        program.forget()
        nic.wire.send(frames.udp(NB_FRAMES, first=FLOOD_AT))
        self.vm.shell(f"echo 1 >/sys/bus/pci/devices/{nic.address}/reset")
        program.expect(r"(rx +0 pps[^\n]*\n){3}")
        self.assertEqual(self.end(program).count("the device was reset while the port runs"),
                         self.nb_told)
        nic.wire.take()
        # and the next start finds it as good as new
        program = self.start()
        self.check_it_forwards()
        self.end(program)


@unittest.skipUnless(os.path.isfile(guest.IGB), "net_igb was not built: there is no driver SDK")
class OurFaults(Faults):
    """The same of net_igb, which tells of a reset."""

    driver = ["-d", guest.IGB]
    nb_told = 1


if __name__ == "__main__":
    guest.main()
