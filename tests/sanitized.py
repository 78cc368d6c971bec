#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run a test of a sanitized or threaded build: sanitized.py COMMAND [ARGUMENT]...

The test fails if any process that it started was reported on, whatever the test made of its exit
status and output: all reports go to a folder, which must be empty at the end. What is undefined
traps (SIGILL), and is reported by ASan with the line where it happened: UBSan's own library, beside
ASan's, writes to nothing but stderr, which a test may throw away.

ThreadSanitizer takes fixed parts of the address space for itself and gives up where the kernel has
put a library there, which it may do where addresses are random in more than 28 bits. So they are
not random here; where that is forbidden and would be needed, the test cannot run.
"""

import ctypes
import os
import pathlib
import subprocess
import sys
import tempfile

EXIT_REPORTED = 99
EXIT_SKIPPED = 77
ADDR_NO_RANDOMIZE = 0x0040000  # <sys/personality.h>
MAX_RANDOM_BITS = 28
RANDOM_BITS = pathlib.Path("/proc/sys/vm/mmap_rnd_bits")


def environment(folder):
    env = dict(os.environ)
    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
        env[name] = ":".join(filter(None, (
            env.get(name), f"exitcode={EXIT_REPORTED}", f"log_path={folder}/report")))
    return env


def fix_addresses():
    """For this process and its children, from their next exec on; whether it is allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.personality(ctypes.c_ulong(ADDR_NO_RANDOMIZE)) != -1


def are_too_random():
    try:
        return int(RANDOM_BITS.read_text(encoding="ascii")) > MAX_RANDOM_BITS
    except OSError:
        return False


def main(command):
    if "TSAN_OPTIONS" in os.environ and not fix_addresses() and are_too_random():
        print(f"ThreadSanitizer needs vm.mmap_rnd_bits of {MAX_RANDOM_BITS} or less here, since "
              "personality(2) is not allowed", file=sys.stderr)
        return EXIT_SKIPPED
    with tempfile.TemporaryDirectory(prefix="rouse.") as folder:
        status = subprocess.run(command, env=environment(folder), check=False).returncode
        reports = [path.read_text(encoding="utf-8", errors="replace")
                   for path in sorted(pathlib.Path(folder).iterdir())]
    for report in reports:
        print(report, file=sys.stderr)
    if reports:
        print(f"{len(reports)} reports of a sanitizer", file=sys.stderr)
        return EXIT_REPORTED
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
