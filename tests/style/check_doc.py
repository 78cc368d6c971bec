#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Doxygen has nothing against the public headers: check_doc.py DOXYFILE.

That it would say so is tried with headers that lack something.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sources

GOOD = """/** @file\n * A header. */
/** Add.
 * @param a  a number
 * @param b  another
 * @return the sum */
int add(int a, int b);
"""
LACKS = {
    "a parameter that is left out": GOOD.replace(" * @param b  another\n", ""),
    "a parameter that is not there": GOOD.replace("@param b", "@param c"),
    "a function that is not documented": GOOD + "int sub(int a, int b);\n",
    "a member that is not documented": GOOD + "/** A. */\nstruct a {\n\tint b;\n};\n",
}


def doxygen(doxyfile, folder, *settings):
    """What it complains of."""
    lines = [doxyfile, f"OUTPUT_DIRECTORY = {folder}", *settings]
    done = subprocess.run(["doxygen", "-"], input="\n".join(lines), text=True, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0 and not done.stdout.strip():
        return f"doxygen ends with status {done.returncode}"
    return done.stdout.strip()


def headers(doxyfile):
    return re.search(r"^INPUT *= (.+)$", doxyfile, re.MULTILINE)[1].split()


def main():
    if shutil.which("doxygen") is None:
        print("there is no doxygen here; install the package doxygen")
        return sources.SKIP
    doxyfile = Path(sys.argv[1]).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="rouse.") as folder:
        # of a file that does not say what it is, Doxygen leaves everything out without a word
        found = [f"{name}: has no @file" for name in headers(doxyfile)
                 if "@file" not in Path(name).read_text(encoding="utf-8")]
        found.append(doxygen(doxyfile, folder))
        header = Path(folder, "sample.h")
        for what, text in {"": GOOD, **LACKS}.items():
            header.write_text(text, encoding="utf-8")
            said = doxygen(doxyfile, folder, f"INPUT = {header}")
            if bool(said) != bool(what):
                found.append(f"lets pass {what}" if what else f"wrongly complains: {said}")
    found = [line for line in found if line]
    print("\n".join([*found, f"{len(found)} complaints"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
