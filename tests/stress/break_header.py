#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""break_header.py PATCH OUT: lib/attn/rouse_attn.h as a mutant of tests/mutants has it.

It keeps its include guard: a program that is told to include it first gets no other.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = "lib/attn/rouse_attn.h"
sys.path.insert(0, str(ROOT / "tests/mutants"))
import run  # noqa: E402


def main():
    patch, out = Path(sys.argv[1]), Path(sys.argv[2])
    text = (ROOT / HEADER).read_text(encoding="utf-8")
    for hunk in run.parse(patch).hunks:
        if hunk.name != HEADER or text.count(hunk.before) != 1:
            sys.exit(f"{patch.name}: a hunk for {hunk.name} does not fit at one place of {HEADER}")
        text = text.replace(hunk.before, hunk.after)
    out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
