#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sums up runs of "meson test": summary.py SKIPPED STATUS TESTLOG.JSON...

Prints what failed and what was skipped and why, then the counts alone on the last line. Writes the
skipped tests to SKIPPED, one "name<TAB>reason" a line. A TAP test that passes with some of its
points skipped counts as passed, but those points are listed too: they did not run. A log without a
test counts as a failure: a run of which nothing is known. The tests of a sanitized build have
"(sanitized)" behind their names. STATUS is what "meson test" returned; the exit status is 0 when
nothing failed and something ran.
"""
import json
import re
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
TAP_SKIP = re.compile(r"^ok\b\s*\d*\s*-?\s*(.*?)\s*#\s*skip\S*\s*(.*)$", re.IGNORECASE)
TAP_SKIP_ALL = re.compile(r"^1\.\.0\s*#\s*(?:skip\S*)?\s*(.*)$", re.IGNORECASE)


def read_results(path):
    try:
        with open(path, encoding="utf-8") as log:
            results = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        return []
    if "sanitize" in path.split("/")[0]:
        results = [{**result, "name": f"{result['name']} (sanitized)"} for result in results]
    return results


def lines_of(result):
    text = (result.get("stdout") or "") + "\n" + (result.get("stderr") or "")
    return [line.strip() for line in text.splitlines() if line.strip()]


def skipped_points(result):
    """The points of a TAP test that were skipped, as (name, reason)."""
    found = []
    for line in lines_of(result):
        if match := TAP_SKIP_ALL.match(line):
            found.append(("", match[1]))
        elif match := TAP_SKIP.match(line):
            found.append((match[1], match[2]))
    return found


def reason(result):
    for _, why in skipped_points(result):
        if why:
            return why
    lines = lines_of(result)
    return lines[-1] if lines else "no reason given"


def main():
    skipped_file, status, logs = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    runs = {log: read_results(log) for log in logs}
    results = [result for run in runs.values() for result in run]
    passed = [r for r in results if r["result"] in PASSED]
    skipped = [r for r in results if r["result"] == "SKIP"]
    failed = [r for r in results if r["result"] not in PASSED | {"SKIP"}]

    listed = [(r["name"], reason(r)) for r in skipped]
    for result in passed:
        listed += [(f"{result['name']}: {point}", why or "no reason given")
                   for point, why in skipped_points(result)]
    with open(skipped_file, "w", encoding="utf-8") as out:
        out.writelines(f"{name}\t{why}\n" for name, why in listed)

    print()
    for name, why in listed:
        print(f"skipped: {name}: {why}")
    for result in failed:
        print(f"failed:  {result['name']} ({result['result'].lower()} after {result['duration']:.1f} s)")
    empty = [log for log, run in runs.items() if not run]
    for log in empty:
        print(f"no test ran, by {log}: check the names given")
    sys.stdout.flush()
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    sys.exit(1 if failed or empty or not results else status)


main()
