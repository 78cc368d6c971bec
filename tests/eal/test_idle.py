# SPDX-License-Identifier: BSD-3-Clause
"""Between frames nothing runs: neither worker nor wire uses the processor while there is no work.

The replay has a burst of frames, thirteen seconds of nothing, and another burst. The kernel says what
the threads did in the middle of the pause. The pause begins when the first burst has come out of
the port, since the wire writes its file before it blocks.
"""

import time

import rig
import threads

BURST = 32  # frames: what the wire delivers at once
LENGTH = 60
PAUSE_S = 13  # as recorded; a first burst that comes late takes from it
FROM_S, TO_S = 1.0, 9.5  # of the pause: what is measured
LATE_S = 9.8  # a look that comes later than that may fall behind the pause
MAX_WORKER_SHARE = 0.001
MAX_PROCESS_SHARE = 0.003
MAX_RUN_SHARE = 0.01  # of the whole run: a worker that is awake may be made to wait
MAX_WAKES_IN_PAUSE = 2
MAX_WAKES = 2 + MAX_WAKES_IN_PAUSE + 1  # one a burst, and the message to stop
WORKERS = ("rte-worker-1", "rte-worker-2")


def file_size(nb_frames):
    return 24 + nb_frames * (16 + LENGTH)


class IdleTest(rig.Test):
    def setUp(self):
        super().setUp()
        if threads.missing():
            self.skipTest(threads.missing())

    def start(self):
        frames = rig.udp_frames(2 * BURST, length=LENGTH)
        times = [0] * BURST + [PAUSE_S * 10**9] * BURST
        path = rig.write_capture(self.folder / "in.pcap", frames, times)
        return rig.Program(
            [rig.ROUSEPMD, *rig.eal(), rig.device(rx_pcap=path, tx_pcap="out.pcap", pace="orig"),
             "--", "--rxq=4", "--txq=4", "--json=report.json"], self.folder)

    def look_at_pause(self, rousepmd):
        """What the threads did between two moments of the pause, and its length."""
        out = self.folder / "out.pcap"
        rig.wait_until(lambda: out.exists() and out.stat().st_size >= file_size(BURST)
                       or rousepmd.process.poll() is not None, "the first burst comes out")
        start = time.monotonic()
        time.sleep(FROM_S)
        before, first = threads.look(rousepmd.process.pid), time.monotonic()
        time.sleep(max(0, start + TO_S - time.monotonic()))
        after, last = threads.look(rousepmd.process.pid), time.monotonic()
        size = out.stat().st_size
        if last > start + LATE_S:
            self.skipTest(f"this machine is too busy to look in time: {last - start:.1f} s after "
                          "the pause began")
        self.assertEqual(size, file_size(BURST), "the pause must not be over yet")
        return threads.difference(before, after), last - first

    def check_pause(self, done, seconds):
        self.assertGreater(seconds, TO_S - FROM_S - 0.5)
        workers = [(name, thread) for name, thread in done if name in WORKERS]
        self.assertEqual(sorted(name for name, _ in workers), list(WORKERS))
        for name, thread in workers:
            self.assertLess(thread.cpu_s / seconds, MAX_WORKER_SHARE, name)
            self.assertLessEqual(thread.nb_switches, MAX_WAKES_IN_PAUSE, name)
        total = sum(thread.cpu_s for _, thread in done)
        self.assertLess(total / seconds, MAX_PROCESS_SHARE, done)
        print(f"in {seconds:.1f} s: workers " + ", ".join(
            f"{1e6 * thread.cpu_s:.0f} us and {thread.nb_switches} wakes" for _, thread in workers)
            + f"; process {1e3 * total:.2f} ms")

    def check_report(self, report):
        self.assertEqual(report["ports"][0]["ipackets"], 2 * BURST)
        for worker in report["workers"]:
            self.assertGreater(worker["wall_seconds"], TO_S)
            self.assertLess(worker["cpu_seconds"] / worker["wall_seconds"], MAX_RUN_SHARE)
            self.assertGreater(worker["asleep_pct"], 100 * (1 - MAX_RUN_SHARE))
            self.assertLessEqual(worker["wakes"], MAX_WAKES)
            self.assertEqual(worker["rescues"], 0)

    def check_times(self):
        _, times = rig.read_capture(self.folder / "out.pcap")
        self.assertEqual(len(times), 2 * BURST)
        # a first burst that came late makes the pause look shorter
        self.assertGreater((times[BURST] - times[BURST - 1]) / 1e9, TO_S)

    def test_seconds_without_frames_cost_nothing(self):
        with self.start() as rousepmd:
            done, seconds = self.look_at_pause(rousepmd)
            self.check_pause(done, seconds)
            self.assertEqual(rousepmd.end(), 0, rig.tail(rousepmd.output))
        self.check_report(rig.read_report(self.folder / "report.json"))
        self.check_times()


if __name__ == "__main__":
    rig.main()
