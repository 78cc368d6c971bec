# SPDX-License-Identifier: BSD-3-Clause
"""--perf: what Linux counts of each worker's thread, and what this machine does not count.

Whether it counts something is asked of the kernel here, too: perf_event_open(2) by its number.
"""

import ctypes
import errno
import os
import platform
import struct

import rig

SYSTEM_CALL = {"x86_64": 298, "aarch64": 241}
ATTRIBUTES_SIZE = 64  # PERF_ATTR_SIZE_VER0
EVENTS = {  # type and configuration, as in <linux/perf_event.h>
    "cycles": (0, 0), "instructions": (0, 1), "cache_misses": (0, 3), "context_switches": (1, 3)}
PACE = 200
NB_FRAMES = 60


def is_counted(event):
    """By this machine, for this user."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind, config = EVENTS[event]
    for flags in (0, 1 << 5):  # exclude_kernel
        attributes = bytearray(ATTRIBUTES_SIZE)
        struct.pack_into("=IIQ", attributes, 0, kind, ATTRIBUTES_SIZE, config)
        struct.pack_into("=Q", attributes, 40, flags)
        fd = libc.syscall(SYSTEM_CALL[platform.machine()],
                          (ctypes.c_char * ATTRIBUTES_SIZE).from_buffer(attributes), 0, -1, -1, 0)
        if fd >= 0:
            os.close(fd)
            return True
        if ctypes.get_errno() not in (errno.EACCES, errno.EPERM):
            break
    return False


class PerfTest(rig.Test):
    def run_paced(self, *options):
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(NB_FRAMES))
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=path, pace=PACE), "--nb-cores=1",
                           *options)
        self.check_played(run)
        return run

    def test_each_event_is_counted_or_said_not_to_be(self):
        run = self.run_paced("--perf", "--rx-mode=interrupt")
        worker = run.report["workers"][0]
        self.assertEqual(set(worker["perf"]), set(EVENTS))
        for event in EVENTS:
            value = worker["perf"][event]
            line = next(line for line in run.output.splitlines()
                        if line.startswith(f"  perf:    {event.replace('_', ' ')}: "))
            if is_counted(event):
                self.assertGreater(value, 0)
                self.assertIn(f": {value}, {value / worker['rx_packets']:.2f} a packet, "
                              f"{value / worker['wakes']:.2f} a wake", line)
            else:
                self.assertIsNone(value)
                self.assertTrue(line.endswith("this machine does not count them") or
                                "kernel.perf_event_paranoid" in line, line)

    def test_a_sleep_is_a_context_switch(self):
        if not is_counted("context_switches"):
            self.skipTest("this machine does not count context switches")
        sleeper = self.run_paced("--perf", "--rx-mode=interrupt").report["workers"][0]
        # what comes between the second look and the sleep needs none
        self.assertGreater(sleeper["perf"]["context_switches"], sleeper["wakes"] / 2)

    def test_nothing_is_counted_unasked(self):
        run = self.run_paced()
        self.assertNotIn("perf", run.report["workers"][0])
        self.assertNotIn("perf:", run.output)


if __name__ == "__main__":
    rig.main()
