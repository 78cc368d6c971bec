#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write a copy of a header in which one function orders nothing: weaken.py HEADER FUNCTION OUTPUT

Its release or acquire becomes relaxed, the others stay.
"""

import pathlib
import re
import sys


def weaken(text, function):
    start = re.search(rf"^{function}\(", text, re.M).start()
    end = text.index("\n}\n", start)
    body, nb = re.subn(r"memory_order_(release|acquire)\b", "memory_order_relaxed", text[start:end])
    if nb != 1:
        raise SystemExit(f"{function}: {nb} times release or acquire instead of once")
    return text[:start] + body + text[end:]


def main(header, function, output):
    text = pathlib.Path(header).read_text(encoding="utf-8")
    pathlib.Path(output).write_text(weaken(text, function), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
