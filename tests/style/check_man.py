#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The manual page is well-formed and has the options and the commands of the program, no more and
no fewer: check_man.py PAGE PROGRAM.

That a page which lacks one, or has one too many, would be found is tried with such pages.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sources


def differences(described, there, no_such):
    """What is only described, or only there, or described twice."""
    return ([f"{name}: not in the page" for name in there if name not in described] +
            [f"{name}: {no_such}" for name in described if name not in there] +
            [f"{name}: described twice" for name in set(described) if described.count(name) > 1])


def complaints(text, options, commands):
    """Of a page, against the options and commands that the program has."""
    with tempfile.NamedTemporaryFile("w", suffix=".8", encoding="utf-8") as page:
        page.write(text)
        page.flush()
        found = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page.name], check=False, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.split("\n")
    found += differences(re.findall(r"^\.It Fl (-[a-z-]+)", text, re.MULTILINE), options, "no option")
    found += differences(re.findall(r'^\.It Li "(.*)"$', text, re.MULTILINE), commands, "no command")
    return [line for line in found if line]


def main():
    if shutil.which("mandoc") is None:
        print("there is no mandoc here; install the package mandoc")
        return sources.SKIP
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    said = subprocess.run([sys.argv[2], "--no-pci", "--no-huge", "--", "--help"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    options = re.findall(r"^  -(-[a-z-]+)", said, re.MULTILINE)
    commands = re.findall(r"^  ([a-z][^:]*): ", said.partition("\nCommands")[2], re.MULTILINE)
    found = complaints(text, options, commands)
    if len(options) < 2 or len(commands) < 2:
        found.append("--help lists no options, or no commands")
    for spoilt in (text.replace(".It Fl -json", ".It Fl -jason"), text.replace(".El\n", "", 1),
                   text.replace(".It Fl -top\n", ""), text.replace('.It Li "top"\n', ""),
                   text.replace('.It Li "quit"', '.It Li "exit"')):
        if spoilt == text or not complaints(spoilt, options, commands):
            found.append("a page that is wrong is not found")
    for line in found:
        print(line)
    print(f"{len(options)} options, {len(commands)} commands, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
