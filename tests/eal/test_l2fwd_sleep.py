# SPDX-License-Identifier: BSD-3-Clause
"""The example of the form in which the worker owns the loop: app/l2fwd-sleep, the last argument."""

import os
import re
import sys

import l2fwd
import rig
import threads

PROGRAM = os.path.abspath(sys.argv.pop())
SOURCE = rig.TOP / "app/l2fwd-sleep/l2fwd_sleep.c"
LINE = re.compile(r"^lcore (\d+): (\d+) received, (\d+) dropped, (\d+) wakes, ([\d.]+) % asleep, "
                  r"[\d.]+ s of processor time$", re.MULTILINE)


class L2fwdSleepTest(l2fwd.L2fwdTest, rig.Test):
    PROGRAM = PROGRAM
    LCORES = ("rte-worker-1", "rte-worker-2")

    def test_it_is_short(self):
        self.assertLess(len(SOURCE.read_text(encoding="utf-8").splitlines()), 100)

    def test_each_lcore_says_in_a_line_what_it_did(self):
        captures, frames = self.udp_captures(l2fwd.NB_FRAMES)
        expected = [l2fwd.forwarded(frames[1], 0), l2fwd.forwarded(frames[0], 1)]
        program = self.play(captures, expected)
        lines = LINE.findall(program.output)
        self.assertEqual([(lcore, int(received)) for lcore, received, *_ in lines],
                         [("1", len(frames[0])), ("2", len(frames[1]))], program.output)
        for _, _, dropped, wakes, _ in lines:
            self.assertEqual(int(dropped), 0)
            self.assertGreater(int(wakes), 0)

    def test_it_runs_on_any_pmd(self):
        """net_null receives without end, and has no interrupts."""
        program = rig.Program([PROGRAM, *rig.eal(nb_workers=1), "--vdev=net_null0"], self.folder)
        with program:
            rig.wait_until(lambda: any(
                name == "rte-worker-1" for name, _ in
                threads.look(program.process.pid).values()), "it runs")
            self.stop(program)
        self.assertEqual(len(LINE.findall(program.output)), 1, program.output)

    def test_one_lcore_is_too_few(self):
        program = rig.Program([PROGRAM, *rig.eal(nb_workers=0)], self.folder)
        with program:
            self.assertEqual(program.end(), 1)
        self.assertIn("two lcores", program.output)


if __name__ == "__main__":
    rig.main()
