# SPDX-License-Identifier: BSD-3-Clause
"""The tests of a worker on a PMD (tests/eal/test_pmds.c, test_pmd_changes.c) on NICs: between two of
a model there is a cable, and one program has both. ROUSE_GUEST_CYCLES and ROUSE_GUEST_TIMES are how
often a worker is woken from its sleep, and how often each change is made; the suite has time for few.
ROUSE_GUEST_CHANGE is a pattern of the changes to make, as in "a_port_stops*".
"""

import os
import sys

import guest

MODELS = {
    "igb": ("igb",),
    "e1000e": ("e1000e",),
    "virtio": ("virtio-net-pci", "disable-legacy=on,iommu_platform=on"),
    "vmxnet3": ("vmxnet3",),
}
CYCLES = os.environ.get("ROUSE_GUEST_CYCLES", "300")
TIMES = os.environ.get("ROUSE_GUEST_TIMES", "2")
CHANGE = os.environ.get("ROUSE_GUEST_CHANGE", "*")
CYCLES_A_SECOND = 50  # or more, on a machine with other things to do
CHANGE_S = 5  # or less, likewise


class Pmds(guest.Test):
    """Two NICs of each model."""

    NICS = [model for model in MODELS.values() for _ in range(2)]
    OPTIONS = {"cables": [(2 * i, 2 * i + 1) for i in range(len(MODELS))]}

    def run_on(self, model, program, kind, **more):
        """Run one of the programs, which says what failed by TAP."""
        first = 2 * list(MODELS).index(model)
        env = {"ROUSE_NEAR_NIC": self.vm.nics[first].address,
               "ROUSE_FAR_NIC": self.vm.nics[first + 1].address,
               "ROUSE_PMD_CYCLES": CYCLES, "ROUSE_PMD_TIMES": TIMES,
               "ROUSE_PMD_CHANGE": CHANGE, **more}
        with self.vm.start([guest.BUILD / "tests/eal" / program, kind], env) as running:
            running.close_input()
            # it says nothing between its first cycle and its last, nor between changes of a kind
            done = running.end(limit_s=guest.LIMIT_S + int(CYCLES) // CYCLES_A_SECOND +
                               int(TIMES) * CHANGE_S)
            self.assertEqual(done.status, 0, running.tail())
        self.assertNotIn("SKIP", done.output)
        print("".join(f"\n{line}" for line in done.output.splitlines() if line.startswith("# ")),
              file=sys.stderr)

    def test_each_frame_wakes_a_worker_on_igb(self):
        self.run_on("igb", "test_pmds", "nic")

    def test_changes_of_igb(self):
        self.run_on("igb", "test_pmd_changes", "nic")

    def test_each_frame_wakes_a_worker_on_net_igb(self):
        self.run_on("igb", "test_pmds", "nic", ROUSE_NIC_PMD=guest.IGB)

    def test_changes_of_net_igb(self):
        self.run_on("igb", "test_pmd_changes", "nic", ROUSE_NIC_PMD=guest.IGB)

    def test_each_frame_wakes_a_worker_on_virtio(self):
        self.run_on("virtio", "test_pmds", "nic")

    def test_changes_of_virtio(self):
        self.run_on("virtio", "test_pmd_changes", "nic")

    def test_each_frame_wakes_a_worker_on_vmxnet3(self):
        self.run_on("vmxnet3", "test_pmds", "nic")

    def test_changes_of_vmxnet3(self):
        self.run_on("vmxnet3", "test_pmd_changes", "nic")

    def test_each_frame_wakes_a_worker_on_e1000e(self):
        self.run_on("e1000e", "test_pmds", "nic_msi")

    def test_changes_of_e1000e(self):
        self.run_on("e1000e", "test_pmd_changes", "nic_msi")

    def test_interrupts_of_e1000e_that_do_not_come_are_not_waited_for(self):
        self.run_on("e1000e", "test_pmds", "nic_timed")


if __name__ == "__main__":
    guest.main()
