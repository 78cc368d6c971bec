# SPDX-License-Identifier: BSD-3-Clause
"""What goes wrong with net_igb on a NIC: it is said in a line that names the remedy, nothing hangs, and
the port goes on.

An NVM whose checksum is wrong cannot be had here: QEMU computes the checksum as it makes the device, and
has no register by which the NVM could be written. Nor does it count the frames that a full ring has no
room for (MPC, RQDPC): they are sent minus received. The suite `unit` has both.
"""

import frames
import guest

CALLS = guest.PROGRAMS / "igb_calls"
NB_MBUFS = 8192
NB_DESC = 128  # of igb_calls, as is the next
NB_MBUFS_A_QUEUE = 4 * NB_DESC
REFILL = 32  # mbufs that the driver takes at a time
NB_TOO_MANY = 300  # more than a ring takes
NB_AFTER = 64
RECEIVED = r"received (\d+) up to (\d+)\n"
RESET = "net_igb: {}: the device was reset while the port runs, and receives nothing any more; stop the port"


class Faults(guest.Test):
    """One NIC that stays, and one to pull out."""

    NICS = [("igb",), ("igb",)]
    OPTIONS = {"nb_cpus": 3}

    def start_testpmd(self, nic, *options, device=""):
        return self.vm.start([guest.STOCK / "dpdk-testpmd", "-l", "0-1", "--no-telemetry", "-d",
                              guest.IGB, "-a", self.vm.nics[nic].address + device, "--", "-i",
                              "--port-topology=loop", f"--total-num-mbufs={NB_MBUFS}", *options])

    def test_arguments_are_refused_with_the_remedy(self):
        for device, words in ((",vectors=0", "vectors=0: give a number from 1 to 24"),
                              (",moderation=5", "give queues=N, vectors=N, lcore_vectors=N"),
                              (",doorbell", "doorbell=: give a number from 0 to 1")):
            with self.subTest(device):
                with self.start_testpmd(0, device=device) as testpmd:
                    testpmd.expect(words)
                    testpmd.close_input()
                    testpmd.end()

    def test_a_port_is_reset_under_load_again_and_again(self):
        wire = self.vm.nics[0].wire
        with self.start_testpmd(0, "--rxq=4", "--txq=4", "--forward-mode=io") as testpmd:
            testpmd.expect("testpmd>")
            for _ in range(5):
                testpmd.say("start")
                testpmd.expect("testpmd>")
                wire.send(frames.udp(256))
                # what is in the rings now is lost, and its mbufs are not
                for command in "stop", "port stop 0", "port reset 0", "port start 0":
                    testpmd.say(command)
                    testpmd.expect("testpmd>")
            wire.take()
            testpmd.say("start")
            testpmd.expect("testpmd>")
            wire.send(frames.udp(64))
            wire.expect(64)
            testpmd.say("stop")
            testpmd.expect("testpmd>")
            testpmd.say("port stop 0")
            testpmd.expect("Done")
            testpmd.say("dump_mempool mb_pool_0")
            free = int(testpmd.expect(r"total_cache_count=(\d+)")[1])
            free += int(testpmd.expect(r"common_pool_count=(\d+)")[1])
            self.assertEqual(free, NB_MBUFS)
            self.assertNotRegex(testpmd.output, "(?i)cannot|panic")
            testpmd.say("quit")
            self.assertEqual(testpmd.end().status, 0)

    def test_a_nic_that_is_pulled_out_ends_nothing_else(self):
        with self.start_testpmd(1, "--hot-plug", "--forward-mode=rxonly") as testpmd:
            testpmd.expect("testpmd>")
            testpmd.say("start")
            testpmd.expect("testpmd>")
            self.vm.nics[1].unplug()
            self.vm.monitor.expect("DEVICE_DELETED")
            testpmd.say("show port summary all")
            testpmd.expect("Number of available ports: 0")
            testpmd.say("quit")
            self.assertEqual(testpmd.end().status, 0, testpmd.tail())


class Calls(guest.Test):
    """One NIC; a program that makes the mistakes that it is told to make."""

    NICS = [("igb",)]
    OPTIONS = {"nb_cpus": 2}

    def setUp(self):
        self.nb_sent = self.nb_received = 0

    def start(self, nb_queues, device=""):
        self.program = self.enterContext(self.vm.start(
            [CALLS, "-l", "0", "--no-telemetry", "-d", guest.IGB, "-a",
             self.vm.nics[0].address + device, "--", nb_queues]))
        self.program.expect("ready")

    def call(self, what, status=0, says=None):
        """What it said before it was done; it returns what it should."""
        self.program.say(what)
        match = self.program.expect(says) if says else None
        self.program.expect(rf"{what}: {status} ")
        return match

    def stats(self):
        match = self.call("stats", says=r"ipackets (\d+) imissed (\d+) rx_nombuf (\d+) free (\d+) "
                                         r"in ring 0 (\d+)\n")
        return [int(word) for word in match.groups()]

    def send(self, nb_frames, nb_flows=64):
        self.vm.nics[0].wire.send(frames.udp(nb_frames, nb_flows=nb_flows, first=self.nb_sent))
        self.nb_sent += nb_frames

    def await_received(self, nb_frames):
        while self.nb_received < nb_frames:
            self.nb_received = int(self.program.expect(RECEIVED)[1])
        self.assertEqual(self.nb_received, nb_frames)

    def each_comes(self):
        """All that is sent from here on."""
        before = self.nb_received
        for nb in range(1, NB_AFTER + 1):
            self.send(1)
            self.await_received(before + nb)

    def await_link(self):
        """A NIC holds frames back until its link is up."""
        self.send(1)
        self.await_received(self.nb_received + 1)

    def end(self):
        """The pool is whole."""
        self.program.say("end")
        done = self.program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("stop 0 close 0 missing 0", done.output)
        return done.output

    def test_a_ring_that_is_full_loses_what_it_has_no_room_for_and_nothing_after_that(self):
        """One of two, so that QEMU drops, as silicon does."""
        self.start(2)
        self.await_link()
        self.call("key 40")  # of zeros: every hash is 0
        self.call("reta 0 1")
        self.call("poll 1")
        self.send(NB_TOO_MANY)
        # behind them one that has no hash, and so comes to the queue that is looked at
        self.vm.nics[0].wire.send([bytes.fromhex("ffffffffffff02000000000188b5") + bytes(46)])
        self.await_received(2)
        self.call("poll 2")
        # one descriptor is never the device's
        self.await_received(2 + NB_DESC - 1)
        self.each_comes()
        self.assertEqual(self.stats()[0], self.nb_received)
        self.end()

    def test_rings_that_are_all_full_hold_the_sender_back_and_lose_nothing(self):
        self.start(1)
        self.await_link()
        self.call("poll 0")
        self.send(NB_TOO_MANY)
        while self.stats()[-1] < NB_DESC - 1:
            pass
        self.call("poll 1")
        self.await_received(1 + NB_TOO_MANY)
        self.each_comes()
        self.end()

    def test_a_pool_that_is_empty_is_counted_and_the_port_comes_back_when_it_is_not(self):
        self.start(1)
        self.await_link()
        self.call("hold on")
        self.send(NB_MBUFS_A_QUEUE + NB_TOO_MANY)
        # that of the descriptor that RDT names is in the ring
        self.await_received(NB_MBUFS_A_QUEUE - 1)
        _, _, nombuf, free, _ = self.stats()
        self.assertGreater(nombuf, 0)
        self.assertLess(free, REFILL)
        self.call("hold off")
        # those that were held back
        self.await_received(self.nb_sent)
        self.each_comes()
        self.end()

    def test_bad_values_are_refused_with_the_remedy_and_change_nothing(self):
        self.start(4)
        self.await_link()
        for call, status, says in (("key 52", -22, "an RSS key of 52 bytes; give 40"),
                                   ("key 16", -22, "an RSS key of 16 bytes; give 40"),
                                   ("reta 69 4", -22, r"4 exceeds the maximum rxq index: 4"),
                                   ("mtu 2100", -16, "take more than a buffer of Rx queue 0; stop the port "
                                                     "first, or give the offload SCATTER"),
                                   ("mtu 9800", -22, r"MTU \(9800\) > device max MTU \(9702\)")):
            with self.subTest(call):
                self.call(call, status, says)
        self.call("key 40")
        self.call("reta 69 3")
        self.each_comes()
        self.end()

    def test_fewer_vectors_than_queues_are_said(self):
        for nb_queues, device, says in ((16, "", "9 vectors for 16 queues: those of one worker share one"),
                                        (8, ",vectors=2", "2 vectors for 8 queues")):
            with self.subTest(nb_queues=nb_queues):
                self.setUp()
                self.start(nb_queues, device)
                self.await_link()
                self.each_comes()
                self.assertIn(says, self.end())

    def test_a_device_that_is_reset_behind_the_port_is_noticed_and_comes_back(self):
        """By a stop and a start, and by a reset of the port."""
        address = self.vm.nics[0].address
        self.start(2)
        self.await_link()
        for remedy in "restart", "reset":
            with self.subTest(remedy):
                self.send(NB_TOO_MANY)
                self.vm.shell(f"echo 1 >/sys/bus/pci/devices/{address}/reset")
                self.program.say("stats")
                self.program.expect(RESET.format(address))
                # another thread's, and so before the answer or after it
                self.program.expect(r"event reset[\s\S]*stats: 0 |stats: 0 [\s\S]*event reset")
                self.call("stats")
                self.call(remedy)
                self.settle()
                self.each_comes()
        output = self.end()
        self.assertEqual(output.count("was reset while the port runs"), 2)
        self.assertEqual(output.count("event reset"), 2)

    def settle(self):
        """Any number is lost of what was sent so far: a last one comes behind it, on whichever queue, and
        the program has looked at all of them after the first answer."""
        self.send(1)
        while int(self.program.expect(RECEIVED)[2]) != self.nb_sent - 1:
            pass
        self.stats()
        self.nb_received = self.stats()[0]
        self.program.forget()

    def test_registers_and_version_are_told(self):
        self.start(4)
        match = self.call("regs", says=r"registers (\d+) of device 0x10c9: CTRL 0x(\w+) STATUS 0x(\w+)")
        self.assertGreater(int(match[1]), 4 * 13)
        self.assertEqual(int(match[2], 16) & 0x40, 0x40)  # set link up
        self.assertEqual(int(match[3], 16) >> 31, 1)  # reads so in QEMU's
        self.call("version", says=r"firmware 2\.01, 0x\w{8}\n")
        self.end()


if __name__ == "__main__":
    guest.main()
