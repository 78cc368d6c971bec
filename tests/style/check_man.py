#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The manual page is well-formed and has the options of the program, no more and no fewer:
check_man.py PAGE PROGRAM.

That a page which lacks one, or has one too many, would be found is tried with such pages.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sources


def complaints(text, options):
    """Of a page, against the options that the program has."""
    with tempfile.NamedTemporaryFile("w", suffix=".8", encoding="utf-8") as page:
        page.write(text)
        page.flush()
        found = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page.name], check=False, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.split("\n")
    described = re.findall(r"^\.It Fl -([a-z-]+)", text, re.MULTILINE)
    found += [f"--{name}: not in the page" for name in options if name not in described]
    found += [f"--{name}: no option" for name in described if name not in options]
    found += [f"--{name}: described twice" for name in set(described) if described.count(name) > 1]
    return [line for line in found if line]


def main():
    if shutil.which("mandoc") is None:
        print("there is no mandoc here; install the package mandoc")
        return sources.SKIP
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    said = subprocess.run([sys.argv[2], "--no-pci", "--no-huge", "--", "--help"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    options = re.findall(r"^  --([a-z-]+)", said, re.MULTILINE)
    found = complaints(text, options)
    if len(options) < 2:
        found.append("--help lists no options")
    for spoilt in (text.replace(".It Fl -json", ".It Fl -jason"), text.replace(".El\n", "", 1),
                   text.replace(".It Fl -top\n", "")):
        if spoilt == text or not complaints(spoilt, options):
            found.append("a page that is wrong is not found")
    for line in found:
        print(line)
    print(f"{len(options)} options, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
