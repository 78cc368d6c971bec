# SPDX-License-Identifier: BSD-3-Clause
"""The example of the form in which the application keeps its loop: DPDK's own l2fwd, patched.

The last argument is the program; empty where it could not be built.
"""

import os
import re
import sys

import l2fwd
import rig

PROGRAM = sys.argv.pop()
PATCH = rig.TOP / "app/l2fwd-idle/l2fwd.patch"
MAX_ADDED = 20


class L2fwdIdleTest(l2fwd.L2fwdTest, rig.Test):
    PROGRAM = PROGRAM
    LCORES = ("l2fwd-idle", "rte-worker-1")

    def options(self, nb_ports):
        return ("-p", f"{2 ** nb_ports - 1:x}", "-P", "-T", "0")

    def test_twenty_lines_are_added_and_none_is_changed(self):
        hunks = re.split(r"^@@ .*\n", PATCH.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        lines = "".join(hunks).splitlines()
        self.assertGreater(len(lines), MAX_ADDED)
        self.assertLessEqual(len([line for line in lines if line.startswith("+")]), MAX_ADDED)
        self.assertEqual([line for line in lines if line.startswith("-")], [])


if __name__ == "__main__":
    if not os.path.isfile(PROGRAM):
        print("l2fwd-idle is not built: this DPDK has no l2fwd that the patch fits")
        sys.exit(rig.EXIT_SKIP)
    rig.main()
