#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A broken protocol is reported: test_broken.py PROGRAM MUTANT

PROGRAM is stress_windows, built with a mutant of tests/mutants. It must end by itself, with status
1 and the watchdog's report: the source, what it owes, the state, the words. Where the bits are
lost, the worker's count of rescues must have moved; where the bits are there and only the wake is
lost, the watchdog alone can tell, and rescues stay at 0.
"""

import re
import subprocess
import sys

CYCLES = 100_000_000  # more than can be done: it ends when it has lost a wake
DEADLINE_S = 100
SEED = "88172645463325252"
PHASE = {
    "bits-never-set": "aimed",
    "doorbell-never-rung": "aimed",
    "p6-before-the-bits": "outside",
    "park-seen-late": "aimed",
    "no-fence-before-the-second-look": "outside",
}
LOSES_BITS = {"bits-never-set"}


def check(condition, what, output):
    if not condition:
        print(output)
        sys.exit(f"not so: {what}")


def main():
    program, mutant = sys.argv[1:]
    with subprocess.Popen([program, str(CYCLES), SEED, PHASE[mutant]], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            output, _ = process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            check(False, f"it has lost a wake within {DEADLINE_S} s", output)
    print("\n".join(line for line in output.splitlines() if line.startswith("stall:")))
    check(process.returncode == 1, "status 1", output)
    check(re.search(r"^stall: \S+ it sleeps on what it is owed: state (PARK|ATTEND), asleep, word",
                    output, re.MULTILINE), "it is the watchdog that ends it", output)
    owing = re.search(r"^stall:   (inbox|event ring): .* marked (\S+), owes 0x[0-9a-f]*[1-9a-f]",
                      output, re.MULTILINE)
    check(owing, "the report names a source that is owed something", output)
    rescues = re.search(r"^stall: kicked: .* rescues (\d+), handled [1-9]", output, re.MULTILINE)
    check(rescues, "the kick makes the worker take what it is owed", output)
    if mutant in LOSES_BITS:
        check(int(rescues[1]) > 0, "rescues moved", output)
    else:
        check(int(owing[2], 16) != 0 and int(rescues[1]) == 0, "the bits are there", output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
