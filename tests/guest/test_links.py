# SPDX-License-Identifier: BSD-3-Clause
"""The carrier comes and goes while frames come, by QEMU's monitor: interrupts of the link and those of
the queue do not take each other's place, and each frame that comes with a carrier wakes the worker.

ROUSE_GUEST_TIMES is how often the carrier of each NIC goes; the suite has time for few.
"""

import os
import re
import unittest

import frames
import guest

STEERED = guest.PROGRAMS / "steered"
NB_TIMES = int(os.environ.get("ROUSE_GUEST_TIMES", "3"))
NB_FLOOD = 32  # as the carrier goes
SHORT_S = 0.5  # for a frame that may be lost
NB_AFTER = 4  # one by one, when it is back


class Sender:
    """Of numbered frames, into the NIC that a program receives from."""

    def __init__(self, program, wire):
        self.program, self.wire, self.nb_sent = program, wire, 0

    def flood(self, nb_frames):
        self.wire.send(frames.udp(nb_frames, first=self.nb_sent))
        self.nb_sent += nb_frames

    def one_comes(self, limit_s):
        """Which wakes the worker, or is found on its way to sleep."""
        self.flood(1)
        self.program.expect(rf"frame {self.nb_sent - 1} .*\n", limit_s=limit_s)
        self.program.expect("wakes .*\n")

    def each_comes(self, nb_frames):
        for _ in range(nb_frames):
            self.one_comes(guest.LIMIT_S)

    def until_one_comes(self):
        """Without a carrier they are lost, and nobody tells when there is one."""
        for _ in range(int(guest.LIMIT_S / SHORT_S)):
            try:
                self.one_comes(SHORT_S)
                return
            except AssertionError:
                pass
        self.one_comes(SHORT_S)


class Links(guest.Test):
    """A NIC of each driver."""

    NICS = [("igb",), ("e1000e",), ("virtio-net-pci", "disable-legacy=on,iommu_platform=on"),
            ("vmxnet3",)]

    def flap(self, index, tells_link=True, comes_up=False, mode="msix", driver=()):
        nic = self.vm.nics[index]
        with self.vm.start([STEERED, "-l", "0-1", "--no-telemetry", f"--vfio-intr={mode}", *driver,
                            "-a", nic.address, "--", "1"]) as program:
            sender = Sender(program, nic.wire)
            program.expect("link is up" if comes_up else "ready")
            sender.until_one_comes()
            for _ in range(NB_TIMES):
                sender.flood(NB_FLOOD)
                nic.set_link(False)
                if tells_link:
                    program.expect("link down")
                nic.set_link(True)
                if tells_link:
                    program.expect("link up")
                else:
                    sender.until_one_comes()
                sender.each_comes(NB_AFTER)
            program.say("end")
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("stop 0 close 0 missing 0", done.output)
        self.assertIn("rescues 0 arm_errors 0", done.output)
        # those of the flood came with the carrier or not at all, and none out of order or twice
        seen = [int(number) for number in re.findall(r"frame (\d+)", done.output)]
        self.assertEqual(seen, sorted(set(seen)))
        self.assertGreaterEqual(len(seen), 1 + NB_TIMES * NB_AFTER)

    def test_the_link_of_igb_flaps_under_frames(self):
        """Whose link is down when the port starts."""
        self.flap(0, comes_up=True)

    @unittest.skipIf("ROUSE_IGB" not in os.environ, "net_igb was not built: there is no driver SDK")
    def test_the_link_of_net_igb_flaps_under_frames(self):
        self.flap(0, comes_up=True, driver=["-d", guest.IGB])

    def test_the_link_of_e1000e_flaps_under_frames(self):
        """Which has one interrupt for all, and no driver that tells of the link beside queues."""
        self.flap(1, tells_link=False, mode="msi")

    def test_the_link_of_virtio_flaps_under_frames(self):
        self.flap(2)

    def test_the_link_of_vmxnet3_flaps_under_frames(self):
        """No interrupt of its link comes from QEMU's."""
        self.flap(3, tells_link=False)


if __name__ == "__main__":
    guest.main()
