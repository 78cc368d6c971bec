# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own pmd_perf_autotest sends bursts round and round a port in loopback, and loses none.

It stops after as many frames as a 10G link carries in two seconds; one that were lost early would
keep it from ever stopping. What it says of cycles is not judged: the main lcore, which spins, and
the wire share a processor.
"""

import re

import rig

RESULT = re.compile(r"(\d+) packet, (\d+) drop, \d+ idle")
MIN_FRAMES = 29000000  # 2 x 14.88 million
LIMIT_S = 240


class PmdPerfTest(rig.Test):
    def test_every_frame_comes_round(self):
        with rig.Program([rig.STOCK / "dpdk-test",
                          *rig.eal(nb_workers=1, memory_mb=512, stock=True), rig.device()],
                         self.folder) as program:
            program.expect("RTE>>")
            program.say("pmd_perf_autotest")
            text = program.expect(r"\nTest (OK|Failed)\s", limit_s=LIMIT_S)
            self.assertIn("Test OK", text, rig.tail(text))
            nb_frames, nb_dropped = map(int, RESULT.search(text).groups())
            self.assertGreater(nb_frames, MIN_FRAMES)
            self.assertEqual(nb_dropped, 0)
            program.say("quit")
            self.assertEqual(program.end(), 0, rig.tail(program.output))


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-test")
