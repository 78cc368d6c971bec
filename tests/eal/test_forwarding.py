# SPDX-License-Identifier: BSD-3-Clause
"""What is forwarded arrives: whole, in the order of its flow, from the queue that received it.

The frames that went out are read back from the capture file behind the port's Tx queues.
"""

import sys

import rig
import test_steering
from rig import rss, rss_oracle

NB_QUEUES = 4


def swap_macs(frame):
    """What macswap makes of a frame; one without two addresses stays as it is."""
    return frame[6:12] + frame[:6] + frame[12:] if len(frame) >= 14 else frame


def as_router(frame):
    """What mac makes of a frame of port 0, which is its own pair."""
    macs = bytes.fromhex("020000000000 02526f757300")
    return frame if len(frame) < 14 else macs + frame[12:]


class ForwardingTest(rig.Test):
    def setUp(self):
        super().setUp()
        self.steering = rss.Steering(NB_QUEUES)

    def forward(self, path, *options, nb_queues=NB_QUEUES, overrun="wait", **devargs):
        """Play a capture from and to one port; the run and the frames that came out."""
        run = rig.rousepmd(
            self.folder, rig.device(rx_pcap=path, tx_pcap="out.pcap", overrun=overrun, **devargs),
            f"--rxq={nb_queues}", f"--txq={nb_queues}", "--mbuf-size=10240", *options,
            flags=rig.eal(memory_mb=256))
        self.check_played(run)
        frames, _ = rig.read_capture(self.folder / "out.pcap")
        return run, frames

    def check_frames(self, actual, expected):
        """Both hold the same frames, and those of each queue, so of each flow, in one order."""
        for queue, (ours, theirs) in enumerate(zip(rig.by_queue(actual, self.steering),
                                                   rig.by_queue(expected, self.steering))):
            self.assertEqual(len(ours), len(theirs), f"frames of queue {queue}")
            for i, (a, e) in enumerate(zip(ours, theirs)):
                self.assertEqual(a, e, f"frame {i} of queue {queue}")

    def check_port(self, port, frames_in, frames_out):
        """The report's counters of what came in and went out, in all and by queue."""
        received = [len(queue) for queue in rig.by_queue(frames_in, self.steering)]
        sent = [len(queue) for queue in rig.by_queue(frames_out, self.steering)]
        self.assertEqual((port["ipackets"], port["ibytes"], port["imissed"]),
                         (len(frames_in), sum(map(len, frames_in)), 0))
        self.assertEqual((port["opackets"], port["obytes"], port["oerrors"]),
                         (len(frames_out), sum(map(len, frames_out)), 0))
        self.assertEqual([queue["ipackets"] for queue in port["queues"]], received)
        self.assertEqual([queue["opackets"] for queue in port["queues"]], sent)

    def check_forwarded(self, path, mode, change):
        frames, _ = rig.read_capture(path)
        run, out = self.forward(path, f"--forward-mode={mode}")
        self.check_port(run.report["ports"][0], frames, frames)
        self.check_frames(out, [change(frame) for frame in frames])

    def test_io_sends_every_frame_of_every_capture_as_it_came(self):
        for path in sorted(rig.PCAPS.glob("*.pcap")):
            with self.subTest(path.name):
                self.check_forwarded(path, "io", bytes)

    def test_macswap_swaps_the_addresses_and_nothing_else(self):
        self.check_forwarded(rig.PCAPS / "mixed.pcap", "macswap", swap_macs)

    def test_mac_sends_from_the_port_to_its_peer_and_changes_nothing_else(self):
        self.check_forwarded(rig.PCAPS / "mixed.pcap", "mac", as_router)

    def test_frames_of_every_shape_arrive(self):
        path = rig.write_capture(self.folder / "shapes.pcap", list(test_steering.shapes()))
        for mode, change in (("io", bytes), ("mac", as_router), ("macswap", swap_macs)):
            with self.subTest(mode):
                self.check_forwarded(path, mode, change)

    def test_nothing_is_lost_under_load(self):
        """Many more frames than descriptors, and the file slower than the replay."""
        frames, _ = rig.read_capture(rig.PCAPS / "mixed.pcap")
        for nb_queues in (1, NB_QUEUES):
            with self.subTest(nb_queues):
                run, out = self.forward(rig.PCAPS / "mixed.pcap", nb_queues=nb_queues, loops=10)
                self.assertEqual(run.report["ports"][0]["opackets"], 10 * len(frames))
                self.check_frames(out, 10 * frames)

    def test_what_was_missed_dropped_and_sent_make_up_what_was_played(self):
        frames, _ = rig.read_capture(rig.PCAPS / "mixed.pcap")
        run, out = self.forward(rig.PCAPS / "mixed.pcap", "--txd=64", "--burst=512", loops=10,
                                overrun="drop")
        port = run.report["ports"][0]
        dropped = sum(worker["tx_dropped"] for worker in run.report["workers"])
        self.assertEqual(port["ipackets"] + port["imissed"], 10 * len(frames))
        self.assertEqual(port["opackets"] + dropped, port["ipackets"])
        self.assertEqual((port["opackets"], port["obytes"]), (len(out), sum(map(len, out))))
        print(f"missed {port['imissed']}, dropped {dropped}, sent {port['opackets']}")

    def test_the_report_says_what_the_wire_did(self):
        """A worker that polls is never rung; one that never polls is woken by doorbells."""
        for mode in ("poll", "interrupt"):
            with self.subTest(mode):
                run, out = self.forward(rig.PCAPS / "mixed.pcap", f"--rx-mode={mode}", loops=10)
                wire = run.report["ports"][0]["wire"]
                self.assertEqual(wire["rx_frames"], len(out))
                self.assertLessEqual(wire["doorbells"], wire["messages"])
                self.assertEqual(wire["doorbells"] > 0, mode == "interrupt")

    def test_two_ports_forward_crosswise(self):
        paths = [rig.PCAPS / "dns.pcap", rig.PCAPS / "http.pcap"]
        run = rig.rousepmd(
            self.folder, [rig.device(i, rx_pcap=path, tx_pcap=f"out{i}.pcap", overrun="wait")
                          for i, path in enumerate(paths)],
            f"--rxq={NB_QUEUES}", f"--txq={NB_QUEUES}")
        self.check_played(run)
        frames = [rig.read_capture(path)[0] for path in paths]
        self.assertEqual([port["name"] for port in run.report["ports"]],
                         ["net_evnic0", "net_evnic1"])
        for i, port in enumerate(run.report["ports"]):
            self.check_port(port, frames[i], frames[1 - i])
            self.check_frames(rig.read_capture(self.folder / f"out{i}.pcap")[0], frames[1 - i])

    def test_a_port_without_a_source_sends_what_the_other_receives(self):
        frames, _ = rig.read_capture(rig.PCAPS / "dns.pcap")
        run = rig.rousepmd(
            self.folder, [rig.device(0, rx_pcap=rig.PCAPS / "dns.pcap", overrun="wait"),
                          rig.device(1, tx_pcap="out.pcap")],
            f"--rxq={NB_QUEUES}", f"--txq={NB_QUEUES}")
        self.check_played(run)
        self.check_port(run.report["ports"][0], frames, [])
        self.check_port(run.report["ports"][1], [], frames)
        self.check_frames(rig.read_capture(self.folder / "out.pcap")[0], frames)

    def test_stamped_frames_say_when_they_came_and_are_else_the_same(self):
        """By one TSC, which does not go back; headers alone and frames without stamp=1 stay."""
        frames = [bytes([i]) * length for i, length in enumerate((59, 60, 64, 1500) * 20)]
        path = rig.write_capture(self.folder / "in.pcap", frames)
        _, plain = self.forward(path, nb_queues=1)
        self.assertEqual(plain, frames)
        _, out = self.forward(path, nb_queues=1, stamp=1)
        stamps = []
        for sent, frame in zip(out, frames, strict=True):
            if len(frame) < 60:
                self.assertEqual(sent, frame)
                continue
            self.assertEqual(sent[:-8], frame[:-8])
            stamps.append(int.from_bytes(sent[-8:], sys.byteorder))
        self.assertEqual(stamps, sorted(stamps))
        self.assertGreater(stamps[0], 0)
        self.assertNotIn(frames[1][-8:], [sent[-8:] for sent in out])

    def test_a_runt_is_not_swapped(self):
        self.assertEqual(swap_macs(b"abcdefghijklm"), b"abcdefghijklm")
        path = rig.write_capture(self.folder / "runts.pcap", [b"abcdefghijklm", b"abcdefghijklmn"])
        _, out = self.forward(path, "--forward-mode=macswap")
        self.assertEqual(out, [b"abcdefghijklm", b"ghijklabcdefmn"])
        self.assertEqual(rss_oracle.summarize(path, self.steering)["queues"], [2, 0, 0, 0])


if __name__ == "__main__":
    rig.main()
