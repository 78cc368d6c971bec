# SPDX-License-Identifier: BSD-3-Clause
"""The tree's own files: what git knows, and what it does not know yet but would not ignore."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIP = 77

# Without git, as in an unpacked archive: folders that hold what was made, not what was written.
MADE = (".git", ".deps", "build")


def _from_git(root):
    done = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others",
                           "--exclude-standard"], capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def _is_made(folder):
    return folder in MADE or folder.startswith("build-")


def _by_walking(root):
    names = []
    for folder, folders, files in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if not _is_made(name)]
        folders[:] = [name for name in folders if name != "__pycache__"]
        names += [str((Path(folder) / name).relative_to(root)) for name in files]
    return names


def names(root=ROOT):
    """Paths of the tree's files relative to its top, sorted."""
    try:
        if not (root / ".git").exists():
            raise FileNotFoundError
        found = _from_git(root)
    except (OSError, subprocess.CalledProcessError):
        found = _by_walking(root)
    # a file that was removed and not committed yet is still known to git
    return sorted(name for name in set(found) if (root / name).is_file())


def read(name, root=ROOT):
    """The file's text; None if it is not text."""
    data = (root / name).read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def is_shell(name, text):
    return name.endswith(".sh") or text.startswith(("#!/bin/sh", "#!/usr/bin/env bash",
                                                    "#!/bin/bash"))
