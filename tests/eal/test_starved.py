# SPDX-License-Identifier: BSD-3-Clause
"""A queue that ran out of buffers while its worker slept receives again; starved.c does it.

The last argument is that program.
"""

import os
import sys

import rig

STARVED = os.path.abspath(sys.argv.pop())


class StarvedTest(rig.Test):
    def test_a_queue_without_a_buffer_receives_again_when_there_are_mbufs(self):
        for overrun in ("wait", "drop"):
            with self.subTest(overrun), rig.Program(
                    [STARVED, *rig.eal(nb_workers=1, memory_mb=64),
                     rig.device(rx_pcap=rig.PCAPS / "dns.pcap", pace=20000, loops=0,
                                overrun=overrun)], self.folder) as program:
                self.assertEqual(program.end(), 0, f"\n{rig.tail(program.output)}")


if __name__ == "__main__":
    rig.main()
