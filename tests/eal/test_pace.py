# SPDX-License-Identifier: BSD-3-Clause
"""The replay keeps its pace: never faster than told, and no slower than a busy machine makes it.

When a frame went by is read from the capture file that it leaves by. It cannot be there before it
was due; a busy machine delays some frames, but hardly all for half a second. So the frame with the
least delay stands for each half of the replay: the rate is right if both have the same delay.
"""

import rig

NEVER_FASTER_S = 0.005  # of half a replay: what the least delays of two halves may differ
NOT_SLOWER_S = 0.5


def drift(sent_ns, due_s):
    """How much later the second half of the frames went than the first, in s, against when they
    were due."""
    late_s = [(ns - sent_ns[0]) / 1e9 - due for ns, due in zip(sent_ns, due_s)]
    halves = [[late for late, due in zip(late_s, due_s) if (due > due_s[-1] / 2) == is_second]
              for is_second in (False, True)]
    return min(halves[1]) - min(halves[0])


def is_kept(seconds):
    return -NEVER_FASTER_S < seconds < NOT_SLOWER_S


class PaceTest(rig.Test):
    def replay(self, path, **devargs):
        """Play a capture into one queue and out again; when its frames went, and the run."""
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=path, tx_pcap="out.pcap",
                                                   overrun="wait", **devargs))
        self.check_played(run)
        frames, _ = rig.read_capture(path)
        sent, sent_ns = rig.read_capture(self.folder / "out.pcap")
        nb_loops = devargs.get("loops", 1)
        self.assertEqual(len(sent), nb_loops * len(frames))
        self.assertEqual(sent, nb_loops * frames)
        return sent_ns, run

    def check_pace(self, sent_ns, run, due_s):
        self.assertGreater(run.seconds, due_s[-1])
        seconds = drift(sent_ns, due_s)
        self.assertTrue(is_kept(seconds), f"drift in half a replay of {due_s[-1]} s: {seconds} s")
        print(f"drift in half a replay: {1e3 * seconds:.3f} ms")

    def test_frames_per_second(self):
        frames = rig.udp_frames(1500)
        path = rig.write_capture(self.folder / "in.pcap", frames)
        sent_ns, run = self.replay(path, pace=1000)
        self.check_pace(sent_ns, run, [i / 1000 for i in range(len(frames))])

    def test_a_recorded_pace_ten_times_as_fast(self):
        path = rig.PCAPS / "mixed.pcap"
        _, times_ns = rig.read_capture(path)
        sent_ns, run = self.replay(path, pace="orig", speed=10)
        self.check_pace(sent_ns, run, [(ns - times_ns[0]) / 1e10 for ns in times_ns])

    def test_the_recorded_pace_over_several_loops(self):
        """From loop to loop the average gap goes by."""
        nb_frames, loops, gap_ns = 250, 4, 2_000_000
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(nb_frames),
                                 [7 * 10**9 + i * gap_ns for i in range(nb_frames)])
        sent_ns, run = self.replay(path, pace="orig", loops=loops, speed=2)
        self.check_pace(sent_ns, run, [i * gap_ns / 2e9 for i in range(loops * nb_frames)])

    def test_the_judgement_notices_a_wrong_pace(self):
        due_s = [i / 1000 for i in range(1500)]
        right = [int(1e9 * due) for due in due_s]
        for factor, is_right in ((1, True), (0.99, False), (0.1, False), (2, False), (1.02, True)):
            seconds = drift([int(ns * factor) for ns in right], due_s)
            self.assertEqual(is_kept(seconds), is_right, (factor, seconds))
        stood_still = [ns + (3 * 10**8 if due < 0.3 else 0) for ns, due in zip(right, due_s)]
        self.assertTrue(is_kept(drift(stood_still, due_s)))


if __name__ == "__main__":
    rig.main()
