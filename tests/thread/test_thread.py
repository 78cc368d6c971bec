#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A race fails a threaded run, even in a child of which nobody looks, and so does an event ring that
lacks one release or acquire.

test_thread.py PASS RING...: thread/pass.c, and builds of the event ring's test with a header of
which one function orders nothing.
"""

import pathlib
import subprocess
import sys
import unittest

PASS, *RINGS = sys.argv[1:]
SANITIZED = pathlib.Path(__file__).resolve().parent.parent / "sanitized.py"
CARELESS = "import subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True); sys.exit({})"


class ThreadTest(unittest.TestCase):
    def run_sanitized(self, *command):
        return subprocess.run([sys.executable, "-B", SANITIZED, *command], capture_output=True,
                              encoding="utf-8", check=False)

    def check_report(self, run, where):
        self.assertEqual(run.returncode, 99, run.stdout + run.stderr)
        self.assertRegex(run.stderr, r"ThreadSanitizer: data race .*" + where)

    def test_a_race_in_a_child_fails_the_run(self):
        for status in (0, 1, 77):
            with self.subTest(status=status):
                self.check_report(self.run_sanitized(sys.executable, "-c", CARELESS.format(status),
                                                     PASS, "relaxed"), r"pass\.c:\d+")

    def test_a_fence_hides_no_race(self):
        self.check_report(self.run_sanitized(PASS, "fence"), r"pass\.c:\d+")

    def test_a_release_orders(self):
        run = self.run_sanitized(PASS, "release")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_every_release_and_acquire_of_the_event_ring_is_needed(self):
        for ring in RINGS:
            with self.subTest(pathlib.Path(ring).name):
                self.check_report(self.run_sanitized(ring), r"test_evring_threads\.c:\d+")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
