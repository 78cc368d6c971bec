# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own l3fwd-power, as it is, sleeps and is woken by net_evnic's Rx interrupts.

It arms and sleeps without a second look, 10 ms at most, and so receives everything even where no
interrupt ever comes: only its log says what woke it. Nor does it poll: between frames it uses next
to no processor time, by the kernel's figures.
"""

import os
import re
import signal
import time

import rig
import threads
from rig import rss

NB_QUEUES = 4
NB_FRAMES = 400
FRAMES_PER_S = 200
NB_FEW = 40
LENGTH = 60
SILENCE_S = 2.0
# A sleep of at most 10 ms, and some microseconds of looking: 1 % of a processor, on a slow machine
TIMEOUTS_PER_S = 100
MAX_SHARE = 0.1
MAX_WIRE_WAKES = 5  # none is needed
LCORES = ("dpdk-l3fwd-powe", "rte-worker-1")  # names have 15 characters
WOKEN = re.compile(r"is waked up from rx interrupt on port 0 queue (\d+)")


def after_forwarding(frame):
    """What of a frame l3fwd-power leaves as it was: neither MAC addresses, TTL nor IP checksum."""
    return frame[12:22] + frame[23:24] + frame[26:]


class L3fwdPowerTest(rig.Test):
    def start(self, **devargs):
        config = ",".join(f"(0,{queue},{queue % 2})" for queue in range(NB_QUEUES))
        l3fwd = rig.Program(
            [rig.STOCK / "dpdk-l3fwd-power", *rig.eal(nb_workers=1, memory_mb=256, stock=True),
             "--log-level=user1,8", rig.device(overrun="wait", **devargs),
             "--", "-p", "1", "--interrupt-only", f"--config={config}", "--no-numa"], self.folder)
        self.enterContext(l3fwd)
        l3fwd.expect("entering main interrupt loop", 2)
        return l3fwd

    def play(self, frames):
        """Start it, and wait until all frames have come out of it."""
        path = rig.write_capture(self.folder / "in.pcap", frames)
        out = self.folder / "out.pcap"
        l3fwd = self.start(rx_pcap=path, tx_pcap=out, pace=FRAMES_PER_S)
        size = 24 + len(frames) * (16 + LENGTH)
        rig.wait_until(lambda: os.path.getsize(out) >= size or l3fwd.process.poll() is not None,
                       "all frames come out of l3fwd-power")
        return l3fwd

    def interrupt(self, l3fwd):
        l3fwd.signal(signal.SIGINT)
        self.assertEqual(l3fwd.end(), 0, rig.tail(l3fwd.output))

    def test_interrupts_wake_it_and_every_frame_is_received(self):
        frames = rig.udp_frames(NB_FRAMES, length=LENGTH)
        l3fwd = self.play(frames)
        self.interrupt(l3fwd)
        sent, _ = rig.read_capture(self.folder / "out.pcap")
        self.assertEqual(sorted(map(after_forwarding, sent)), sorted(map(after_forwarding, frames)))
        used = [bool(queue) for queue in rig.by_queue(frames, rss.Steering(NB_QUEUES))]
        self.assertEqual(used, [True] * NB_QUEUES, "the test's flows do not use every queue")
        wakes = [0] * NB_QUEUES
        for queue in WOKEN.findall(l3fwd.output):
            wakes[int(queue)] += 1
        self.assertGreater(min(wakes), 0, f"wakes by queue: {wakes}")
        print(f"wakes by queue: {wakes}, for {NB_FRAMES} frames")

    def test_in_a_silence_it_sleeps_but_for_its_own_timeouts(self):
        if threads.missing():
            self.skipTest(threads.missing())
        l3fwd = self.play(rig.udp_frames(NB_FEW, length=LENGTH))
        nb_woken = len(WOKEN.findall(l3fwd.output))
        before, start = threads.look(l3fwd.process.pid), time.monotonic()
        time.sleep(SILENCE_S)
        after, seconds = threads.look(l3fwd.process.pid), time.monotonic() - start
        self.interrupt(l3fwd)
        self.assertGreater(nb_woken, 0)
        lcores = []
        for name, thread in threads.difference(before, after):
            if name in LCORES:
                lcores.append(name)
                self.assertLess(thread.cpu_s / seconds, MAX_SHARE, name)
                self.assertLess(thread.nb_switches / seconds, 1.5 * TIMEOUTS_PER_S, name)
                self.assertGreater(thread.nb_switches, 0, f"{name} does not look any more")
            elif name.startswith("wire-"):
                self.assertLess(thread.nb_switches, MAX_WIRE_WAKES, name)
            print(f"{name}: {1e3 * thread.cpu_s:.1f} ms and {thread.nb_switches} sleeps "
                  f"in {seconds:.2f} s")
        self.assertEqual(sorted(lcores), sorted(LCORES))


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-l3fwd-power")
