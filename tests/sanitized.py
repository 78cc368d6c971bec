#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run a test of a sanitized build: sanitized.py COMMAND [ARGUMENT]...

The test fails if any process that it started was reported on, whatever the test made of its exit
status and output: all reports go to a folder, which must be empty at the end. What is undefined
traps (SIGILL), and is reported by ASan with the line where it happened: UBSan's own library, beside
ASan's, writes to nothing but stderr, which a test may throw away.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

EXIT_REPORTED = 99


def environment(folder):
    env = dict(os.environ)
    env["ASAN_OPTIONS"] = ":".join(filter(None, (
        env.get("ASAN_OPTIONS"), f"exitcode={EXIT_REPORTED}", f"log_path={folder}/report")))
    return env


def main(command):
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
