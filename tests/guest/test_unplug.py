# SPDX-License-Identifier: BSD-3-Clause
"""A NIC is pulled out while its workers forward: one line, an end, and no mbuf is missing. By DPDK's driver
and by ours.
"""

import os
import unittest

import frames
import guest

NB_FRAMES = 1024
NB_AT_A_TIME = 64


class Unplug(guest.Test):
    """Two for each driver: one to pull out, and one that stays."""

    NICS = [("igb",)] * 4

    def test_a_device_that_is_pulled_out_under_load_ends_the_run_in_good_order(self):
        self.pull_out(*self.vm.nics[:2], [])

    @unittest.skipUnless(os.path.isfile(guest.IGB), "net_igb was not built: there is no driver SDK")
    def test_a_device_of_net_igb_that_is_pulled_out_under_load_ends_the_run_in_good_order(self):
        self.pull_out(*self.vm.nics[2:], ["-d", guest.IGB])

    def pull_out(self, left, right, driver):
        with self.vm.start([guest.ROUSEPMD, "-l", "0-2", *driver, "-a", left.address, "-a", right.address, "--",
                            "--rxq=2", "--txq=2", "--stats-period=1"]) as program:
            program.expect(r"rx +0 pps")
            sent = frames.udp(NB_FRAMES)
            left.wire.send(sent[:NB_AT_A_TIME])
            right.wire.expect(NB_AT_A_TIME)
            left.unplug()
            # no more than the sockets hold: QEMU takes none when the device is gone
            for at in range(NB_AT_A_TIME, NB_FRAMES, NB_AT_A_TIME):
                left.wire.send(sent[at:at + NB_AT_A_TIME])
                right.wire.send(sent[at:at + NB_AT_A_TIME])
            done = program.end()
        self.assertEqual(done.status, 1, done.output)
        self.assertEqual(done.output.count(f"rousepmd: {left.address} is being pulled out: the run ends"), 1)
        self.assertIn("Process: processor time", done.output)  # the report
        self.assertNotIn("mbufs came back", done.output)
        self.assertNotRegex(done.output, "rescues [1-9]")
        self.vm.shell(f"while [ -e /sys/bus/pci/devices/{left.address} ]; do sleep 0.1; done")
        # and the other one is as good as before
        done = self.vm.run([guest.ROUSEPMD, "--check", "-l", "0-1", *driver, "-a", right.address])
        self.assertRegex(done.output, f"port 0 {right.address}: .*; Rx interrupts yes; ")
        self.assertEqual(done.status, 0, done.output)


if __name__ == "__main__":
    guest.main()
