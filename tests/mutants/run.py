#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the test suite against mutants: run.py FOLDER [--setup OPTION]... [NAME...]

Each patch of this folder breaks one step of the interrupt scheme or of the park protocol. It says
what it breaks, then which tests must see that, as "Test: NAME" lines; "Tries: N" if they see it by
chance, and then they are run at least so often and for a minute. A copy of the tree is made below
FOLDER and built there; the named tests pass in it as it is. Then each patch is applied in turn,
what its tests need is built, and one of them must fail.

What does not apply or build, or what no test catches, is a failure. A patch whose tests all cannot
run here (77) has no verdict, and then the whole run is one that was skipped. NAMEs choose patches.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "style"))
import sources  # noqa: E402

SKIPPED = 77
SANE_TIMEOUT_S = 300
MUTATED_TIMEOUT_S = 60  # at least; what is slow without a mutant is given more
SLOWER = 4  # times what it took without a mutant
TRIES = 1
TRIES_S = 60  # a busy machine rarely has both threads running in the same moment


class Hunk(NamedTuple):
    """A place in a file: what stands there, and what shall."""
    name: str
    before: str
    after: str


class Patch(NamedTuple):
    """A mutant."""
    name: str
    text: str
    tests: list
    tries: int
    hunks: list


class Broken(Exception):
    """The patch is wrong, not the tests."""


# ---- patches ----


def parse(path):
    text, tests, tries, hunks, name = [], [], TRIES, [], None
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("--- "):
            continue
        if line.startswith("+++ b/"):
            name = line[len("+++ b/"):].split("\t")[0].strip()
        elif line.startswith("@@"):
            hunks.append([name, "", ""])
        elif name is None:
            if line.startswith("Test: "):
                tests.append(line[len("Test: "):].strip())
            elif line.startswith("Tries: "):
                tries = int(line[len("Tries: "):])
            else:
                text.append(line)
        else:
            # an editor may have taken the blank of an empty line away
            mark, rest = (line[0], line[1:]) if line != "\n" else (" ", line)
            if mark in " -":
                hunks[-1][1] += rest
            if mark in " +":
                hunks[-1][2] += rest
    return Patch(path.stem, "".join(text).strip(), tests, tries, [Hunk(*h) for h in hunks])


def apply(tree, hunks):
    """Changes the files; returns what they held. Each hunk fits at exactly one place."""
    old, new = {}, {}
    for hunk in hunks:
        file = tree / hunk.name
        if not file.is_file():
            raise Broken(f"does not apply: there is no {hunk.name}")
        held = new.get(file)
        if held is None:
            held = old[file] = file.read_text()
        places = held.count(hunk.before)
        if places != 1:
            raise Broken(f"does not apply: a hunk fits at {places} places of {hunk.name}:\n"
                         f"{hunk.before}")
        new[file] = held.replace(hunk.before, hunk.after)
    for file, held in new.items():
        file.write_text(held)
    return old


# ---- the copy and its build ----


class Build:
    """A copy of the tree, configured."""

    def __init__(self, folder, options):
        self.tree = folder / "tree"
        self.build = folder / "build"
        for name in sources.names(ROOT):
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.tree / name)
        if (ROOT / ".deps").is_dir():
            (self.tree / ".deps").symlink_to(ROOT / ".deps")
        self.call("meson", "setup", "--buildtype=plain", "-Doptimization=1", "-Dwerror=false",
                  *(f"-D{option}" for option in options), str(self.build), str(self.tree))
        self.tests = {test["name"]: test for test in self.introspect("--tests")}
        self.files = {target["id"]: target["filename"] for target in self.introspect("--targets")}

    @staticmethod
    def call(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        if done.returncode != 0:
            raise Broken(f"{command[0]} fails:\n{done.stdout[-4000:]}")
        return done.stdout

    def introspect(self, what):
        return json.loads(self.call("meson", "introspect", what, str(self.build)))

    def make(self, names):
        """Builds what the tests need, and nothing else."""
        files = {file for files in self.files.values() for file in files}
        wanted = set()
        for name in names:
            if name not in self.tests:
                raise Broken(f'there is no test "{name}"')
            test = self.tests[name]
            wanted |= {file for file in test["cmd"] if file in files}
            for target in test["depends"]:
                wanted |= set(self.files.get(target, []))
        self.call("ninja", "-C", str(self.build),
                  *sorted(os.path.relpath(file, self.build) for file in wanted))

    def run(self, name, timeout_s):
        """(the test's exit status, or None if it did not end; the seconds that it took)"""
        test = self.tests[name]
        began = time.monotonic()
        with subprocess.Popen(test["cmd"], env={**os.environ, **test["env"]},
                              cwd=test["workdir"] or self.build, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True) as process:
            try:
                status = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        return status, time.monotonic() - began

    def run_all(self, timeouts):
        """What run() returns, by name as the timeouts are."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(timeouts, pool.map(self.run, timeouts, timeouts.values())))


# ---- the verdict ----


def judge(build, patch, sane):
    """(whether it is as it should be, or None if that cannot be told; what to say)

    sane: what the tests did without a mutant."""
    names = [name for name in patch.tests if sane[name][0] != SKIPPED]
    timeouts = {name: max(MUTATED_TIMEOUT_S, SLOWER * sane[name][1]) for name in names}
    if not patch.tests:
        return False, "names no test"
    if not names:
        return None, "no verdict: its tests cannot run here"
    held = apply(build.tree, patch.hunks)
    try:
        build.make(names)
        tries, began = 0, time.monotonic()
        while tries < patch.tries or (patch.tries > TRIES and time.monotonic() - began < TRIES_S):
            tries += 1
            for name, (status, _) in build.run_all(timeouts).items():
                if status is None:
                    return True, f"caught by {name}, which does not end"
                if status not in (0, SKIPPED):
                    return True, f"caught by {name}"
    finally:
        for file, text in held.items():
            file.write_text(text)
    return False, f"NOT CAUGHT by {', '.join(names)}: {patch.text}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--setup", action="append", default=[])
    parser.add_argument("names", nargs="*")
    args = parser.parse_intermixed_args()

    patches = [parse(path) for path in sorted(HERE.glob("*.patch"))]
    patches = [patch for patch in patches if not args.names or patch.name in args.names]
    # those of a file together, headers that all include not in between: less to build
    patches.sort(key=lambda patch: sorted(hunk.name for hunk in patch.hunks), reverse=True)
    wrong = unknown = 0
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=args.folder) as folder:
        build = Build(Path(folder).resolve(), args.setup)
        tests = sorted({test for patch in patches for test in patch.tests})
        build.make(tests)
        sane = build.run_all(dict.fromkeys(tests, SANE_TIMEOUT_S))
        for name, (status, _) in sane.items():
            if status not in (0, SKIPPED):
                print(f"{name}: fails without any mutant")
                return 1
        for patch in patches:
            began = time.monotonic()
            try:
                good, verdict = judge(build, patch, sane)
            except Broken as broken:
                good, verdict = False, f"BROKEN: {broken}"
            wrong += good is False
            unknown += good is None
            print(f"{patch.name}: {verdict} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{len(patches)} mutants, {wrong} not as they should be, {unknown} without a verdict")
    if wrong or not patches:
        return 1
    return SKIPPED if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
