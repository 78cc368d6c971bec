#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a page says that programs print, they do print: check_quotes.py PAGE.

A quotation is a line that begins with ">", with "…" for what differs each time. Its pieces are looked
for, in their order, in one string of the C sources; conversions of printf stand where "…" does.
"""

import re
import sys
from pathlib import Path

import sources

CODE = ("lib/", "drivers/", "app/")
MANY = 10  # quotations at least: a page without any proves nothing
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*(?:PRIu64|PRIu32|PRIx64|"(?:[^"\\\n]|\\.)*"))*')
CONVERSION = re.compile(r"%[-+ 0#]*[\d.*]*(?:l|ll|z|h|hh)?[diuxXsc]")


def strings():
    """Of the sources, as the compiler joins them, with "…" for each conversion."""
    found = set()
    for name in sources.names():
        if not name.startswith(CODE) or not name.endswith((".c", ".h")):
            continue
        for match in LITERALS.finditer(sources.read(name)):
            text = re.sub(r"PRI\w+", '"d"', match[0])
            text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', text))
            found.add(CONVERSION.sub("…", text).replace("\\n", ""))
    return found


def quotations(text):
    return re.findall(r"^ *(?:- )?> (.*)$", text, re.MULTILINE)


def is_printed(quotation, printed):
    """By the whole of one string, but for what stands before a first "…" or after a last."""
    pattern = re.compile(".*".join(map(re.escape, quotation.split("…"))))
    return any(pattern.search(text) for text in printed)


def main():
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    printed = strings()
    quoted = quotations(text)
    found = [f"nobody prints: {line}" for line in quoted if not is_printed(line, printed)]
    if len(quoted) < MANY:
        found.append(f"{len(quoted)} quotations")
    if is_printed(quoted[0] + " now and then", printed):
        found.append("a quotation that is wrong is not found")
    for line in found:
        print(line)
    print(f"{len(quoted)} quotations, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
