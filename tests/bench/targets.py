#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""All targets in one table: targets.py FOLDER..., each what a benchmark left behind.

A target is met, missed, or not resolved: its interval is on both sides, or nothing was measured
that counts. A folder without a summary is one that was not measured to its end, and is left out.
"""

import json
import sys
from pathlib import Path

import record
from harness import Figure


def collect(folders):
    """(measure, *Figure) of all."""
    rows = []
    for folder in folders:
        path = folder / "summary.json"
        if path.is_file():
            found = json.loads(path.read_text(encoding="utf-8")).get("targets", [])
            rows += [(folder.name, *(one[name] for name in Figure._fields)) for one in found]
    return rows


def main():
    rows = collect([Path(name) for name in sys.argv[1:]])
    if rows:
        header = ["by", "target", *Figure._fields[1:]]
        print("\n".join(["", *record.columns([header, *rows])]))


if __name__ == "__main__":
    main()
