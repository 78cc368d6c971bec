# SPDX-License-Identifier: BSD-3-Clause
"""What one end of a cable sends the other receives: all of it, in both directions, in order.

Four ports in one process: a capture is received by port 0 and sent by port 1, which a cable joins
with port 2; what that receives port 3 writes to a file. Another capture goes the other way.
"""

import signal

import rig
from rig import rss

NB_FRAMES = 100000  # each way
NB_QUEUES = 2
LENGTHS = (60, 64, 65, 300, 1514)


def frames(first):
    """Of several lengths and flows, none twice."""
    parts = [rig.udp_frames(NB_FRAMES // len(LENGTHS), length=length) for length in LENGTHS]
    return [frame[:6] + bytes([first]) + frame[7:] for group in zip(*parts) for frame in group]


def by_flow(frames_):
    return rig.by_queue(frames_, rss.Steering(NB_QUEUES, types=rss.parse_types("all")))


class CableTest(rig.Test):
    def start(self, *vdevs, options=()):
        return rig.Program([rig.ROUSEPMD, *rig.eal(memory_mb=320), *vdevs, "--",
                            f"--rxq={NB_QUEUES}", f"--txq={NB_QUEUES}", "--json=report.json",
                            *options], self.folder)

    def check_through(self, cables):
        """Both captures through the cable, its ends made in this order."""
        sent = [frames(1), frames(2)]
        for i, name in enumerate(("a", "b")):
            rig.write_capture(self.folder / f"{name}.pcap", sent[i])
        vdevs = [rig.device(0, rx_pcap="a.pcap", tx_pcap="to_a.pcap"), *cables,
                 rig.device(3, rx_pcap="b.pcap", tx_pcap="to_b.pcap")]
        sizes = [24 + sum(16 + len(frame) for frame in way) for way in sent]
        outs = [self.folder / "to_b.pcap", self.folder / "to_a.pcap"]

        with self.start(*vdevs) as rousepmd:
            rig.wait_until(lambda: rousepmd.process.poll() is not None or all(
                out.exists() and out.stat().st_size >= size for out, size in zip(outs, sizes)),
                "everything comes out of both ends")
            rousepmd.signal(signal.SIGINT)
            self.assertEqual(rousepmd.end(), 0, rig.tail(rousepmd.output))
        report = rig.read_report(self.folder / "report.json")
        for port in report["ports"]:
            self.assertEqual((port["ipackets"], port["imissed"], port["oerrors"]),
                             (NB_FRAMES, 0, 0), port["name"])
        for out, way in zip(outs, sent):
            received, _ = rig.read_capture(out)
            self.assertEqual(len(received), NB_FRAMES)
            self.assertEqual(by_flow(received), by_flow(way))
        for worker in report["workers"]:
            self.assertEqual(worker["rescues"], 0)

    def test_nothing_is_lost_or_reordered_either_way_with_overrun_wait(self):
        self.check_through([rig.device(1, cable="net_evnic2", overrun="wait"),
                            rig.device(2, cable="net_evnic1", overrun="wait")])

    def test_the_ports_at_its_ends_must_agree(self):
        for cables, words in (
                ([(0, "net_evnic1"), (1, None)], None),
                ([(1, None), (0, "net_evnic1")], ("net_evnic1 has no cable", "cable=net_evnic0")),
                ([(0, "net_evnic1"), (1, "net_evnic2")], None),
                ([(1, "net_evnic2"), (0, "net_evnic1")],
                 ("net_evnic1 is cabled to net_evnic2", "cable=net_evnic0")),
                ([(0, "net_evnic0")], ("cable=net_evnic0", "lpbk_mode")),
                ([(0, "eth0")], ("cable=eth0", "net_evnic port"))):
            with self.subTest(cables):
                vdevs = [rig.device(i, cable=peer) if peer else rig.device(i)
                         for i, peer in cables]
                run = rig.rousepmd(self.folder, vdevs, "--duration=0.1")
                if words is None:  # the other end is empty, and nothing comes
                    self.assertEqual(run.status, 0, rig.tail(run.output))
                    continue
                self.assertEqual(run.status, 1, rig.tail(run.output))
                lines = run.output.splitlines()
                self.assertTrue(any(all(word in line for word in words) for line in lines),
                                rig.tail(run.output))


if __name__ == "__main__":
    rig.main()
