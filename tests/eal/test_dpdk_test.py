# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own test program judges net_evnic as a port of eventdev's Ethernet Rx adapter.

Its suites for polled and for interrupt queues make 64 queues, and a mempool of 524,288 mbufs for
each port that there is. Without hugepages a page holds one mbuf, so that takes 2 GiB.
"""

import re

import rig

MEMORY_MB = 2300
SPARE_MB = 500  # of the machine, for whatever else runs
SUMMARY = re.compile(r"Tests (Total|Skipped|Passed|Failed) *: +(\d+)")
PASSED = re.compile(r"TestCase \[ *\d+\] : (\w+) succeeded")


def available_mb():
    with open("/proc/meminfo", encoding="ascii") as lines:
        return next(int(line.split()[1]) >> 10 for line in lines
                    if line.startswith("MemAvailable:"))


class DpdkTestTest(rig.Test):
    def setUp(self):
        super().setUp()
        if available_mb() < MEMORY_MB + SPARE_MB:
            self.skipTest(f"DPDK's test needs {MEMORY_MB} MB and some to spare, "
                          f"there are {available_mb()} MB")

    def check_suite(self, program, name, nb_cases, some_case):
        program.say(name)
        text = program.expect(r"\nTest (OK|Failed)\s")
        self.assertIn("Test OK", text, rig.tail(text))
        summary = {key: int(value) for key, value in SUMMARY.findall(text)}
        self.assertEqual(summary, {"Total": nb_cases, "Skipped": 0, "Passed": nb_cases,
                                   "Failed": 0})
        self.assertIn(some_case, PASSED.findall(text))
        # without a port it takes one of net_null; of one that does not start it proves nothing
        self.assertNotIn("net_null", text)
        self.assertIn("Port 0 MAC:", text)

    def test_the_event_adapters_suites_pass(self):
        with rig.Program([rig.STOCK / "dpdk-test",
                          *rig.eal(nb_workers=1, memory_mb=MEMORY_MB, stock=True),
                          "--vdev=event_sw0", rig.device()], self.folder) as program:
            program.expect("RTE>>")
            self.check_suite(program, "event_eth_rx_intr_adapter_autotest", 2,
                             "adapter_intr_queue_add_del")
            self.check_suite(program, "event_eth_rx_adapter_autotest", 10, "adapter_start_stop")
            program.say("quit")
            self.assertEqual(program.end(), 0, rig.tail(program.output))


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-test")
