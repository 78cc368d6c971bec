#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""shellcheck has nothing against any shell script of the tree."""

import shutil
import subprocess
import sys

import sources


def scripts():
    return [name for name in sources.names()
            if sources.is_shell(name, sources.read(name) or "")]


def main():
    if shutil.which("shellcheck") is None:
        print("there is no shellcheck here; install the package shellcheck")
        return sources.SKIP
    files = scripts()
    # files that are sourced lie beside those that name them
    done = subprocess.run(["shellcheck", "--external-sources", "--source-path=SCRIPTDIR",
                           "--format=gcc", *files], cwd=sources.ROOT, check=False)
    print(f"{len(files)} scripts checked")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
