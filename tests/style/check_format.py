#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every C file is as clang-format and the tree's .clang-format would write it."""

import shutil
import subprocess
import sys

import sources

FOLDERS = ("lib/", "drivers/", "app/", "tests/")


def c_files():
    return [name for name in sources.names()
            if name.startswith(FOLDERS) and name.endswith((".c", ".h"))]


def differs(name):
    """None, or what clang-format has against the file, on one line."""
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", name], cwd=sources.ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    places = [line for line in done.stderr.splitlines() if line.startswith(f"{name}:")]
    if not places:
        return f"{name}: {done.stderr.strip() or 'clang-format failed'}"
    line = places[0].split(":")[1]
    return (f"{name}: {len(places)} places differ, the first in line {line}; "
            f"run: clang-format -i {name}")


def main():
    if shutil.which("clang-format") is None:
        print("there is no clang-format here; install the package clang-format")
        return sources.SKIP
    files = c_files()
    found = [complaint for complaint in map(differs, files) if complaint]
    print("\n".join([*found, f"{len(files)} files, {len(found)} differ"]))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
