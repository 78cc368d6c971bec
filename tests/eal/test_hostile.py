# SPDX-License-Identifier: BSD-3-Clause
"""A hostile capture plays, as far as it is whole, or is refused with one line; nothing else happens.

The captures are those of hostile.py. What a run does beside is in check_steering: exit status, no
report after a refusal, counts to the packet, no lost wake-up, an end in time.
"""

import os
import signal

import hostile
import rig
from rig import check_steering, hm, rss

NB_QUEUES = 4
FRAMES_PER_S = 20000
MANY = 1000  # frames that are out before the file changes, and that follow afterwards


class HostileTest(rig.Test):
    def check(self, *options):
        status = check_steering.main(["--rousepmd", rig.ROUSEPMD, *options, str(self.folder)])
        self.assertEqual(status, 0, "see the lines marked WRONG")

    def test_every_capture_plays_or_is_refused_with_one_line(self):
        self.assertGreater(hostile.write_all(self.folder), 500)
        self.check("--ports", "30")

    def test_so_does_one_with_frames_of_64_kib(self):
        hostile.write(self.folder, hostile.large())
        self.check("--ports", "6", "--mbuf-size", "65535")

    def test_frames_whose_headers_lie_are_forwarded_as_they_came(self):
        frames = hostile.lying_frames()
        path = rig.write_capture(self.folder / "in.pcap", frames)
        for nb_queues in (1, NB_QUEUES):
            with self.subTest(nb_queues):
                run = rig.rousepmd(self.folder, rig.device(rx_pcap=path, tx_pcap="out.pcap",
                                                           overrun="wait"),
                                   f"--rxq={nb_queues}", f"--txq={nb_queues}")
                self.check_played(run)
                steering = rss.Steering(nb_queues)
                sent, _ = rig.read_capture(self.folder / "out.pcap")
                self.assertEqual(rig.by_queue(sent, steering), rig.by_queue(frames, steering))

    def test_recorded_times_out_of_order_or_far_apart_delay_no_end(self):
        """Received is what is due at once; clocks that are set back delay nothing."""
        last = 0xFFFFFFFF
        for times, nb_due in (((0, last), 1), ((0, 0, last), 2), ((last, 0, 0), 3),
                              ((1 << 31, 0, last), 2)):
            path = self.folder / "in.pcap"
            path.write_bytes(hm.pcap(*[hm.pcap_record(hostile.FRAME, s) for s in times]))
            for speed in ("1", "0.001"):
                with self.subTest(times, speed=speed):
                    run = rig.rousepmd(self.folder, rig.device(rx_pcap=path, pace="orig",
                                                               speed=speed), "--duration=0.3")
                    self.check_played(run)
                    self.assertEqual(run.report["ports"][0]["ipackets"], nb_due)

    def change_while_it_plays(self, change):
        """Play a capture for ever, change the file, play on; nothing of it is lost."""
        frames = rig.udp_frames(5000)
        path = rig.write_capture(self.folder / "in.pcap", frames)
        out = self.folder / "out.pcap"
        out.unlink(missing_ok=True)
        size = 16 + len(frames[0])

        def nb_out():
            return os.path.getsize(out) // size if out.exists() else 0

        with rig.Program(
                [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=path, tx_pcap=out, overrun="wait",
                                                      loops=0, pace=FRAMES_PER_S),
                 "--", f"--rxq={NB_QUEUES}", f"--txq={NB_QUEUES}", "--json=report.json"],
                self.folder) as rousepmd:
            rig.wait_until(lambda: nb_out() > MANY or rousepmd.process.poll() is not None,
                           "frames come out")
            change(path)
            wanted = nb_out() + len(frames) + MANY  # so that it begins again
            rig.wait_until(lambda: nb_out() > wanted or rousepmd.process.poll() is not None,
                           "frames go on coming out, or it ends")
            rousepmd.signal(signal.SIGINT)
            self.assertEqual(rousepmd.end(), 0, rig.tail(rousepmd.output))
        sent, _ = rig.read_capture(out)
        port = rig.read_report(self.folder / "report.json")["ports"][0]
        self.assertGreater(len(sent), wanted)
        self.assertEqual((port["opackets"], port["oerrors"], port["imissed"]), (len(sent), 0, 0))
        self.assertLessEqual(set(sent), set(frames))

    def test_a_file_that_shrinks_while_it_plays(self):
        for size in (0, 24, 24 + 16 + 30, 100000):
            with self.subTest(size):
                self.change_while_it_plays(lambda path, size=size: os.truncate(path, size))

    def test_a_file_that_is_removed_or_overwritten_while_it_plays(self):
        self.change_while_it_plays(os.remove)
        self.change_while_it_plays(lambda path: path.write_bytes(b"\xff" * 400000))


if __name__ == "__main__":
    rig.main()
