# SPDX-License-Identifier: BSD-3-Clause
"""A sanitizer's report fails a sanitized run, even that on a child of which nobody looks.

The last argument is a program that misbehaves as it is told.
"""

import pathlib
import subprocess
import sys
import unittest

MISBEHAVE = sys.argv.pop()
SANITIZED = pathlib.Path(__file__).resolve().parent.parent / "sanitized.py"
CARELESS = "import subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True); sys.exit({})"


class SanitizedTest(unittest.TestCase):
    def run_sanitized(self, *command):
        return subprocess.run([sys.executable, "-B", SANITIZED, *command], capture_output=True,
                              encoding="utf-8", check=False)

    def careless(self, what, status=0):
        """A test that has a program misbehave, and neither looks at its status nor its output."""
        return self.run_sanitized(sys.executable, "-c", CARELESS.format(status), MISBEHAVE, what)

    def test_every_kind_of_report_in_a_child_fails_the_run(self):
        for what, word in (("overflow", "heap-buffer-overflow"), ("freed", "heap-use-after-free"),
                           ("leak", "detected memory leaks"), ("shift", "AddressSanitizer: ILL")):
            for status in (0, 1, 77):
                with self.subTest(what, status=status):
                    run = self.careless(what, status)
                    self.assertEqual(run.returncode, 99, run.stderr)
                    self.assertIn(word, run.stderr)

    def test_where_it_was_undefined_is_said(self):
        run = self.run_sanitized(MISBEHAVE, "shift")
        self.assertEqual(run.returncode, 99)
        self.assertRegex(run.stderr, r"in main .*misbehave\.c:\d+")

    def test_without_a_report_the_status_is_the_tests(self):
        for status in (0, 1, 77):
            with self.subTest(status):
                run = self.careless("well", status)
                self.assertEqual((run.returncode, run.stderr), (status, ""))


if __name__ == "__main__":
    unittest.main()
