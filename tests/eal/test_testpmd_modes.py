# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own testpmd in its modes and by its commands: io, macswap, rxonly and txonly count every
frame; link, queues and MTU act on the traffic. After each the mempool is whole.
"""

import re

import rig
import stock
from rig import rss

NB_FRAMES = 3000
NB_MANY = 20000  # more than the queues hold: the wire waits for their buffers
LENGTH = 60
MACS = bytes.fromhex("020000000001 02000000000a")
SWAPPED = MACS[6:] + MACS[:6]
BURST = 32  # what testpmd sends at once
NB_FIRST = 10
TXONLY_LENGTH = 64
LONG, SHORT = 1000, 60


def with_macs(macs, frames):
    return [macs + frame[12:] for frame in frames]


def forward_figures(text):
    """What "stop" says of the port: received, dropped, sent, not sent."""
    port = text[text.index("Forward statistics for port 0"):]
    return tuple(int(re.search(rf"{name}: (\d+)", port)[1])
                 for name in ("RX-packets", "RX-dropped", "TX-packets", "TX-dropped"))


class ModesTest(stock.TestpmdTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.pcap"

    def start_with(self, frames, mode, **devargs):
        path = rig.write_capture(self.folder / "in.pcap", frames)
        self.launch(forward_mode=mode, rx_pcap=path, **devargs)

    def wait_for(self, nb_frames):
        """Until so many frames were received."""
        rig.wait_until(lambda: self.stats("RX-packets")[0] >= nb_frames,
                       f"{nb_frames} frames are received")

    def nb_waiting(self):
        """Frames that lie in the queues."""
        texts = [self.command(f"show port 0 rxq {queue} desc used count",
                              r"Used desc count = \d+\n") for queue in range(stock.NB_QUEUES)]
        return sum(int(text.split()[-1]) for text in texts)

    def check_forwarded(self, mode, frames, expected):
        """Each frame comes out once, as expected, and both statistics count so."""
        self.start_with(frames, mode, tx_pcap=self.out)
        self.testpmd.say("start")
        self.wait_for(len(frames))
        figures = forward_figures(self.stop_forwarding())
        self.assertEqual(figures, (len(frames), 0, len(frames), 0))
        self.assertEqual(self.stats("RX-packets", "RX-missed", "TX-packets"),
                         (len(frames), 0, len(frames)))
        self.quit()
        sent, _ = rig.read_capture(self.out)
        self.assertEqual(len(sent), len(expected))
        self.assertEqual(sorted(sent), sorted(expected))

    def test_io_sends_every_frame_as_it_came(self):
        frames = with_macs(MACS, rig.udp_frames(NB_FRAMES))
        self.check_forwarded("io", frames, frames)

    def test_macswap_sends_every_frame_back(self):
        frames = rig.udp_frames(NB_FRAMES)
        self.check_forwarded("macswap", with_macs(MACS, frames), with_macs(SWAPPED, frames))

    def test_rxonly_counts_every_frame_and_sends_none(self):
        self.start_with(rig.udp_frames(NB_MANY), "rxonly", tx_pcap=self.out)
        self.testpmd.say("start")
        self.wait_for(NB_MANY)
        self.assertEqual(forward_figures(self.stop_forwarding()), (NB_MANY, 0, 0, 0))
        self.assertEqual(self.stats("RX-packets", "RX-bytes", "RX-missed", "TX-packets"),
                         (NB_MANY, NB_MANY * LENGTH, 0, 0))
        self.quit()
        self.assertEqual(rig.read_capture(self.out)[0], [])

    def test_txonly_counts_every_frame_that_it_sends(self):
        self.launch(forward_mode="txonly", tx_pcap=self.out)
        self.testpmd.say("start")
        figures = forward_figures(self.stop_forwarding())
        nb_sent = figures[2]
        self.assertEqual(figures, (0, 0, nb_sent, 0))
        self.assertGreaterEqual(nb_sent, stock.NB_QUEUES)
        self.assertEqual(self.stats("TX-packets", "TX-bytes", "TX-errors"),
                         (nb_sent, nb_sent * TXONLY_LENGTH, 0))
        self.quit()
        sent, _ = rig.read_capture(self.out)
        self.assertEqual([len(frame) for frame in sent], [TXONLY_LENGTH] * nb_sent)

    def test_tx_first_sends_as_many_bursts_as_it_is_told(self):
        self.launch(tx_pcap=self.out)
        self.testpmd.say(f"start tx_first {NB_FIRST}")
        nb_sent = NB_FIRST * BURST * stock.NB_QUEUES
        self.assertEqual(forward_figures(self.stop_forwarding()), (0, 0, nb_sent, 0))
        self.quit()
        sent, _ = rig.read_capture(self.out)
        self.assertEqual(len(sent), nb_sent)

    def test_link_down_holds_the_replay_and_link_up_loses_nothing_of_it(self):
        self.start_with(rig.udp_frames(NB_MANY), "rxonly")
        rig.wait_until(lambda: self.nb_waiting() != 0, "the first frames come")
        self.command("set link-down port 0", "link state change event")
        self.command("show port info 0", "Link status: down")
        self.testpmd.say("start")
        # what had come before lies in the queues; nothing follows it
        rig.wait_until(lambda: self.nb_waiting() == 0, "the queues are empty")
        nb_received = self.stats("RX-packets")[0]
        self.assertTrue(0 < nb_received <= stock.NB_QUEUES * stock.NB_DESCRIPTORS, nb_received)
        self.command("set link-up port 0", "link state change event")
        self.wait_for(NB_MANY)
        self.assertEqual(forward_figures(self.stop_forwarding()), (NB_MANY, 0, 0, 0))
        self.quit()

    def test_a_stopped_queue_receives_nothing_and_the_others_everything(self):
        frames = rig.udp_frames(NB_MANY)
        by_queue = [len(queue) for queue in rig.by_queue(
            frames, rss.Steering(stock.NB_QUEUES, types=rss.parse_types("udp")))]
        self.assertGreater(min(by_queue), stock.NB_DESCRIPTORS, "flows for every queue")
        self.start_with(frames, "rxonly", tx_pcap=self.out)
        self.stop_port()
        self.command("port config all rss udp", "testpmd> ")
        self.start_port()
        self.command("port 0 rxq 1 stop", "testpmd> ")
        self.command("show rxq info 0 1", "Rx queue state: stopped")
        self.testpmd.say("start")
        self.wait_for(NB_MANY - by_queue[1])
        text = self.stop_forwarding()
        for queue, nb_frames in enumerate(by_queue):
            found = re.search(rf"RX Port= 0/Queue= {queue} .*\n  RX-packets: (\d+)", text)
            received = int(found[1]) if found else 0
            self.assertEqual(received, 0 if queue == 1 else nb_frames, f"queue {queue}")
        # what lay in the queue when it was stopped is gone with it
        missed = self.stats("RX-missed")[0]
        self.assertTrue(by_queue[1] - stock.NB_DESCRIPTORS <= missed <= by_queue[1], missed)
        self.command("port 0 rxq 1 start", "testpmd> ")
        self.command("show rxq info 0 1", "Rx queue state: started")
        self.stop_port()
        self.ask("clear port stats all")
        self.start_port()
        self.testpmd.say("start")
        self.wait_for(NB_MANY)
        self.assertEqual(forward_figures(self.stop_forwarding()), (NB_MANY, 0, 0, 0))
        self.quit()

    def test_frames_longer_than_the_mtu_are_dropped(self):
        # those that are to come are the last: before them the others would have come
        frames = rig.udp_frames(NB_FRAMES, length=LONG) + rig.udp_frames(NB_FRAMES, length=SHORT)
        self.start_with(frames, "rxonly")
        self.stop_port()
        for mtu, expected in ((LONG - 100, frames[NB_FRAMES:]), (1500, frames)):
            self.command(f"port config mtu 0 {mtu}", "testpmd> ")
            self.command("show port info 0", f"MTU: {mtu}")
            self.ask("clear port stats all")
            self.start_port()
            self.testpmd.say("start")
            self.wait_for(len(expected))
            self.assertEqual(forward_figures(self.stop_forwarding()), (len(expected), 0, 0, 0))
            self.assertEqual(self.stats("RX-packets", "RX-bytes", "RX-missed"),
                             (len(expected), sum(map(len, expected)), 0))
            self.stop_port()
        self.quit()


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-testpmd")
