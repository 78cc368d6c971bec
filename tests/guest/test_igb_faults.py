# SPDX-License-Identifier: BSD-3-Clause
"""What goes wrong with net_igb on a NIC: it is said in a line that names the remedy, nothing hangs, and
the port goes on.
"""

import frames
import guest

NB_MBUFS = 8192


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


if __name__ == "__main__":
    guest.main()
