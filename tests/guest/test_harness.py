# SPDX-License-Identifier: BSD-3-Clause
"""The guest itself: NICs are there, bound, behind an IOMMU, and frames come in and go out as they are.
Judged by stock testpmd, so that nothing of ours is between the wire and the wire.
"""

import guest
import frames

NB_FRAMES = 320
NB_AT_A_TIME = 32  # no more than any Tx ring takes: testpmd drops what it cannot send


class Harness(guest.Test):
    """Every NIC that the suite uses."""

    NICS = [("igb",), ("e1000e",), ("virtio-net-pci", "disable-legacy=on,iommu_platform=on"),
            ("vmxnet3",)]
    IDS = ["8086:10c9", "8086:10d3", "1af4:1041", "15ad:07b0"]

    def test_each_nic_is_bound_to_vfio_pci_in_a_group_of_its_own(self):
        for nic, expected in zip(self.vm.nics, self.IDS):
            found = self.vm.shell(f"cd /sys/bus/pci/devices/{nic.address}; "
                                  "cut -c 3- vendor device | paste -sd :; basename $(readlink driver);"
                                  "ls iommu_group/devices")
            self.assertEqual(found.split(), [expected, "vfio-pci", nic.address])

    def test_interrupts_are_remapped(self):
        self.assertRegex(self.vm.shell("dmesg"), "Enabled IRQ remapping")

    def test_frames_come_back_as_they_went_in(self):
        for nic in self.vm.nics:
            with self.subTest(nic.model):
                self.loop(nic)

    def loop(self, nic):
        """testpmd sends back what it receives."""
        sent = frames.udp(NB_FRAMES)
        with self.vm.start([guest.STOCK / "dpdk-testpmd", "-l", "0,1", "-a", nic.address, "--",
                            "-i", "--port-topology=loop", "--total-num-mbufs=4096"]) as testpmd:
            testpmd.expect("testpmd>")
            testpmd.say("start")
            testpmd.expect("testpmd>")
            came = []
            for at in range(0, NB_FRAMES, NB_AT_A_TIME):
                nic.wire.send(sent[at:at + NB_AT_A_TIME])
                came += nic.wire.expect(NB_AT_A_TIME)
            testpmd.say("quit")
            self.assertEqual(testpmd.end().status, 0)
        self.assertEqual(came, sent)


if __name__ == "__main__":
    guest.main()
