# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own testpmd, as it is, drives net_evnic: it receives every frame where the oracle says."""

import rig
import stock
from rig import rss

CAPTURE = rig.PCAPS / "mixed.pcap"


class SteeringTest(stock.TestpmdTest):
    def setUp(self):
        super().setUp()
        self.frames, _ = rig.read_capture(CAPTURE)
        self.expect_types("ip")  # what testpmd asks for by itself
        self.launch(rx_pcap=CAPTURE, tx_pcap="out.pcap")
        self.command("set verbose 1", "Change verbose level")

    def expect_types(self, types):
        steering = rss.Steering(stock.NB_QUEUES, types=rss.parse_types(types))
        self.expected = stock.expected_frames(self.frames, steering)

    def check_received(self):
        """A replay, frame by frame."""
        self.check_frames(self.receive(len(self.frames)), self.expected)

    def check_stats(self, nb_replays=1):
        nb_bytes = sum(map(len, self.frames))
        self.assertEqual(self.stats("RX-packets", "RX-bytes", "RX-missed"),
                         (nb_replays * len(self.frames), nb_replays * nb_bytes, 0))

    def test_every_frame_has_the_hash_and_the_queue_of_the_oracle(self):
        self.check_received()
        self.check_stats()
        self.quit()

    def test_hash_types_can_be_changed(self):
        self.expect_types("all")
        self.stop_port()
        self.command("port config all rss all", "testpmd> ")
        self.start_port()
        self.check_received()
        self.quit()

    def test_stop_and_start_replay_again_and_the_pool_is_whole_in_between(self):
        for replay in (1, 2, 3):
            self.assertEqual(self.free_mbufs(),
                             stock.NB_MBUFS - stock.NB_QUEUES * stock.NB_POSTED)
            self.check_received()
            self.check_stats(replay)
            self.stop_port()
            self.start_port()
        self.quit()

    def test_link_queues_and_mtu_obey_its_commands(self):
        self.command("set link-down port 0", "link state change event")
        self.command("show port info 0", "Link status: down")
        self.command("set link-up port 0", "link state change event")
        self.command("show port info 0", "Link status: up")
        self.command("port config mtu 0 1400", "testpmd> ")
        self.command("show port info 0", "MTU: 1400")
        self.command("port config mtu 0 1500", "testpmd> ")
        self.command("port 0 rxq 1 stop", "testpmd> ")
        self.command("show rxq info 0 1", "Rx queue state: stopped")
        self.command("port 0 rxq 1 start", "testpmd> ")
        self.command("show rxq info 0 1", "Rx queue state: started")
        self.command("show port 0 rxq 0 desc 1023 status", "Desc status = ")
        self.quit()

    def test_the_pool_is_whole_after_sending_too(self):
        self.command("set fwd io", "Set io packet forwarding mode")
        self.check_received()
        self.quit()
        sent, _ = rig.read_capture(self.folder / "out.pcap")
        self.assertGreater(len(sent), stock.NB_DESCRIPTORS)


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-testpmd")
