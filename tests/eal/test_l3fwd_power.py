# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own l3fwd-power, as it is, sleeps and is woken by net_evnic's Rx interrupts.

It arms and sleeps without a second look, 10 ms at most, and so receives everything even where no
interrupt ever comes: only its log says what woke it.
"""

import os
import re
import signal

import rig
from rig import rss

NB_QUEUES = 4
NB_FRAMES = 400
FRAMES_PER_S = 200
LENGTH = 60
WOKEN = re.compile(r"is waked up from rx interrupt on port 0 queue (\d+)")


def after_forwarding(frame):
    """What of a frame l3fwd-power leaves as it was: neither MAC addresses, TTL nor IP checksum."""
    return frame[12:22] + frame[23:24] + frame[26:]


class L3fwdPowerTest(rig.Test):
    def test_interrupts_wake_it_and_every_frame_is_received(self):
        frames = rig.udp_frames(NB_FRAMES, length=LENGTH)
        path = rig.write_capture(self.folder / "in.pcap", frames)
        out = self.folder / "out.pcap"
        port = rig.device(rx_pcap=path, tx_pcap=out, pace=FRAMES_PER_S, overrun="wait")
        config = ",".join(f"(0,{queue},{queue % 2})" for queue in range(NB_QUEUES))
        with rig.Program(
                [rig.STOCK / "dpdk-l3fwd-power",
                 *rig.eal(nb_workers=1, memory_mb=256, stock=True), "--log-level=user1,8", port,
                 "--", "-p", "1", "--interrupt-only", f"--config={config}", "--no-numa"],
                self.folder) as l3fwd:
            l3fwd.expect("entering main interrupt loop", 2)
            size = 24 + NB_FRAMES * (16 + LENGTH)
            rig.wait_until(lambda: os.path.getsize(out) >= size or l3fwd.process.poll() is not None,
                           "all frames come out of l3fwd-power")
            l3fwd.signal(signal.SIGINT)
            self.assertEqual(l3fwd.end(), 0, rig.tail(l3fwd.output))
        sent, _ = rig.read_capture(out)
        self.assertEqual(sorted(map(after_forwarding, sent)), sorted(map(after_forwarding, frames)))
        used = [bool(queue) for queue in rig.by_queue(frames, rss.Steering(NB_QUEUES))]
        self.assertEqual(used, [True] * NB_QUEUES, "the test's flows do not use every queue")
        wakes = [0] * NB_QUEUES
        for queue in WOKEN.findall(l3fwd.output):
            wakes[int(queue)] += 1
        self.assertGreater(min(wakes), 0, f"wakes by queue: {wakes}")
        print(f"wakes by queue: {wakes}, for {NB_FRAMES} frames")


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-l3fwd-power")
