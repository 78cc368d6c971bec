# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own pmd_perf_autotest sends bursts round and round a port in loopback, and the port loses none.

It stops after as many frames as a 10G link carries in two seconds; one that were lost early would
keep it from ever stopping. What it says of cycles is not judged: the main lcore, which spins, and
the wire share a processor. How long it takes is the machine's affair, and whoever else runs there
goes first: it is given up when the port's counters have not moved for a while. As many frames go
round as the Tx ring has descriptors: where the wire is held up between the two ends of a burst, its
frames have come and their descriptors are not free yet, and the program drops what it cannot send.
"""

import json
import re
import socket
import time

import rig

RESULT = re.compile(r"(\d+) packet, (\d+) drop, \d+ idle")
MIN_FRAMES = 29000000  # 2 x 14.88 million
MOST_UNSENT = 1e-5  # of them
STUCK_S = 60
LOOK_S = 2  # between two looks at the counters
NICE = "10"


class PmdPerfTest(rig.Test):
    def start(self):
        argv = [rig.STOCK / "dpdk-test", *rig.eal(nb_workers=1, memory_mb=512, stock=True),
                rig.device()]
        argv.remove("--no-telemetry")
        program = rig.Program(["env", f"RUNTIME_DIRECTORY={self.folder}", "nice", "-n", NICE, *argv],
                              self.folder)
        self.enterContext(program)
        program.expect("RTE>>")
        return program

    def counters(self):
        """What ethdev says of the port by telemetry; None if nobody answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as telemetry:
            telemetry.settimeout(LOOK_S)
            try:
                telemetry.connect(str(self.folder / "dpdk" / "rte" / "dpdk_telemetry.v2"))
                telemetry.recv(1 << 16)  # who it is
                telemetry.send(b"/ethdev/stats,0")
                return json.loads(telemetry.recv(1 << 16))["/ethdev/stats"]
            except OSError:
                return None

    def expect(self, program, pattern, stuck_s=STUCK_S):
        """As Program.expect(), for as long as frames come in."""
        last, since = None, time.monotonic()
        while True:
            try:
                return program.expect(pattern, limit_s=LOOK_S)
            except AssertionError:
                now = (self.counters() or {}).get("ipackets")
                if now not in (None, last):
                    last, since = now, time.monotonic()
                elif program.process.poll() is not None or time.monotonic() > since + stuck_s:
                    raise

    def test_every_frame_comes_round(self):
        program = self.start()
        program.say("pmd_perf_autotest")
        text = self.expect(program, r"\nTest (OK|Failed)\s")
        self.assertIn("Test OK", text, rig.tail(text))
        nb_frames, nb_unsent = map(int, RESULT.search(text).groups())
        self.assertGreater(nb_frames, MIN_FRAMES)
        self.assertLess(nb_unsent, nb_frames * MOST_UNSENT)
        while (counters := self.counters()) is None:
            self.assertIsNone(program.process.poll())
        self.assertEqual([counters[name] for name in ("imissed", "ierrors", "oerrors", "rx_nombuf")], [0] * 4)
        program.say("quit")
        self.assertEqual(program.end(), 0, rig.tail(program.output))

    def test_a_program_that_does_not_get_on_is_given_up(self):
        program = self.start()
        with self.assertRaises(AssertionError):
            self.expect(program, "Test OK", stuck_s=2 * LOOK_S)
        rig.wait_until(lambda: self.counters() is not None, "it answers")


if __name__ == "__main__":
    rig.main(needs_stock="dpdk-test")
