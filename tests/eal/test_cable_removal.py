# SPDX-License-Identifier: BSD-3-Clause
"""An end of a cable goes and comes back while stock testpmd sends into the other."""

import rig


class RemovalTest(rig.Test):
    """Stock testpmd sends into a cable while its other end stops, starts, goes and comes back."""

    def setUp(self):
        super().setUp()
        self.testpmd = rig.Program(
            [rig.STOCK / "dpdk-testpmd", *rig.eal(nb_workers=1, stock=True),
             rig.device(0, cable="net_evnic1"), rig.device(1, cable="net_evnic0"), "--",
             "--forward-mode=txonly", "--no-flush-rx", "--total-num-mbufs=8192", "--interactive"],
            self.folder)
        self.enterContext(self.testpmd)
        self.testpmd.expect("testpmd> ")

    def command(self, line, answer):
        self.testpmd.say(line)
        self.testpmd.expect(answer)

    def test_an_end_that_goes_while_the_other_sends_harms_nothing(self):
        self.command("set portlist 0", "testpmd> ")
        for _ in range(3):
            self.command("start", "txonly packet forwarding")
            self.command("port stop 1", "Done")
            self.command("port start 1", "Done")
            self.command("stop", "Done")
        self.command("port stop 1", "Done")
        self.command("port detach 1", "Done")
        self.command("start", "txonly packet forwarding")
        self.command("stop", "Done")
        self.command("port attach net_evnic1,cable=net_evnic0", "Done")
        self.command("quit", "Bye")
        self.assertEqual(self.testpmd.end(), 0, rig.tail(self.testpmd.output))


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-testpmd")
