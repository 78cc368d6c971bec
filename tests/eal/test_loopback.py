# SPDX-License-Identifier: BSD-3-Clause
"""With lpbk_mode a port receives what it sends: stock testpmd sends a burst round and round."""

import re

import rig

NB_ROUNDS = 50


class LoopbackTest(rig.Test):
    def setUp(self):
        super().setUp()
        self.testpmd = rig.Program(
            [rig.STOCK / "dpdk-testpmd", *rig.eal(nb_workers=1, stock=True), rig.device(0), "--",
             "--forward-mode=io", "--port-topology=loop", "--no-flush-rx", "--burst=32",
             "--total-num-mbufs=4096", "--interactive"], self.folder)
        self.enterContext(self.testpmd)
        self.testpmd.expect("testpmd> ")

    def command(self, line, answer):
        self.testpmd.say(line)
        return self.testpmd.expect(answer)

    def set_loopback(self, mode):
        self.command("port stop 0", "Stopping ports")
        self.command(f"port config 0 loopback {mode}", "testpmd> ")
        self.testpmd.say("port start 0")

    def counters(self):
        text = self.command("show port stats 0", r"TX-bytes:")
        found = [int(re.search(rf"{name}: +(\d+)", text)[1])
                 for name in ("RX-packets", "RX-missed", "TX-packets", "TX-errors")]
        return dict(zip(("received", "missed", "sent", "errors"), found))

    def quit(self):
        self.testpmd.say("quit")
        self.assertEqual(self.testpmd.end(), 0, rig.tail(self.testpmd.output))

    def test_a_burst_goes_round_and_none_of_it_is_lost(self):
        self.set_loopback(1)
        self.command("start tx_first", "io packet forwarding")
        rig.wait_until(lambda: self.counters()["received"] >= NB_ROUNDS * 32, "it goes round")
        self.command("stop", r"Done\.")
        counters = self.counters()
        self.assertEqual((counters["missed"], counters["errors"]), (0, 0))
        # what is under way at most is the burst
        self.assertLessEqual(counters["sent"] - counters["received"], 32)
        self.quit()

    def test_a_port_without_it_receives_nothing_of_what_it_sends(self):
        for mode in (1, 0):
            self.set_loopback(mode)
            self.command("clear port stats 0", "cleared")
            self.command("start tx_first", "io packet forwarding")
            if mode:
                rig.wait_until(lambda: self.counters()["received"] >= 32, "it comes round")
            self.command("stop", r"Done\.")
        counters = self.counters()
        self.assertEqual((counters["received"], counters["sent"]), (0, 32))
        self.quit()

    def test_another_mode_is_refused(self):
        self.set_loopback(2)
        self.testpmd.expect("lpbk_mode 2: give 0, or 1")


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-testpmd")
