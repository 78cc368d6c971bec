#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Has Spin verify a model of this folder: check.py MODEL verify|mutants [NAME...], or --catalogue

What there is to verify stands in the first comment of MODEL.pml, one a line:

    safe NAME: MACRO...           no error in any state that can be reached
    live NAME: MACRO...           the same, and the claim "served" holds under weak fairness
    mutant MACRO: NAME, what it leaves out or turns round

A mutant is the run NAME with MACRO defined; Spin must find an error in it, and leave a trail. A
"safe" one must end in a failed assertion or in a state that nothing leads out of, a "live" one may
also go round for ever. Every run is exhaustive: no bit state hashing, no bound that was hit.

The catalogue holds the mutants that the files of this folder have against those that are run.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
SKIP = 77
MEMORY_MB = 2000
DEPTH = 5_000_000  # steps; a search that reaches it fails
TRAIL_LINES = 12
LINE = re.compile(r"^ \* (safe|live|mutant) (\w+): +(.*)$", re.MULTILINE)
TESTED = re.compile(r"^#\s*(?:ifdef|ifndef) (\w+)|defined\((\w+)\)", re.MULTILINE)
DEFINED = re.compile(r"^#define (\w+)", re.MULTILINE)
LOST = ("assertion violated", "invalid end state", "acceptance cycle")


class Run(NamedTuple):
    """One verification."""
    name: str
    is_live: bool
    macros: tuple


class Failed(Exception):
    """The verification could not be done, or its result is not the one that it must be."""


def read_model(model):
    """({name: Run}, {mutant: (name of its run, what it is)})"""
    text = (HERE / f"{model}.pml").read_text(encoding="utf-8")
    runs, mutants = {}, {}
    for kind, name, rest in LINE.findall(text):
        if kind == "mutant":
            run, what = rest.split(", ", 1)
            mutants[name] = (run, what)
        else:
            runs[name] = Run(name, kind == "live", tuple(rest.split()))
    return runs, mutants


def call(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout


def verify(model, run, folder, mutant=None):
    """What pan, the verifier that Spin makes of the model, prints."""
    macros = [*run.macros, *(["LIVE"] if run.is_live else []),
              *(["MUTANT", mutant] if mutant else [])]
    call(["spin", *[f"-D{macro}" for macro in macros], "-a", str(HERE / f"{model}.pml")], folder)
    call(["gcc", "-w", "-O0" if mutant else "-O2", f"-DMEMLIM={MEMORY_MB}", "-o", "pan", "pan.c",
          *(["-DNFAIR=3"] if run.is_live else ["-DSAFETY"])], folder)
    return call(["./pan", f"-m{DEPTH if not mutant else 100_000}", "-w22",
                 *(["-a", "-f"] if run.is_live else [])], folder)


def figure(pattern, output):
    match = re.search(pattern, output, re.MULTILINE)
    if not match:
        raise Failed(f"not in the output of the verifier: {pattern}\n{output}")
    return match[1]


def must_hold(model, run, folder):
    output = verify(model, run, folder)
    errors = figure(r"errors: (\d+)", output)
    if errors != "0" or re.search("not completed|too small|max search depth", output):
        raise Failed(output + show_trail(model, run, folder))
    states, depth, memory, seconds = (figure(pattern, output) for pattern in (
        r"^ *(\S+) states, stored", r"depth reached (\d+)", r"^ *(\S+)\s+total actual memory",
        r"elapsed time (\S+) sec"))
    if run.is_live and "never claim         \t+" not in output:
        raise Failed(f"no claim was checked\n{output}")
    return f"{int(float(states)):,} states, depth {depth}, {seconds} s, {float(memory):.0f} MB"


def must_fail(model, run, folder, mutant):
    output = verify(model, run, folder, mutant)
    error = re.search(r"^pan:\d+: (.*?) \(at depth (\d+)\)", output, re.MULTILINE)
    if not error or not list(folder.glob("*.trail")):
        raise Failed(f"not found\n{output}")
    if not error[1].startswith(LOST) or (not run.is_live and "cycle" in error[1]):
        raise Failed(f"found, but by another error than a lost wake: {error[0]}")
    return f"{error[1]}, depth {error[2]}"


def show_trail(model, run, folder):
    """The last steps of the trail, if there is one."""
    trails = list(folder.glob("*.trail"))
    if not trails:
        return ""
    macros = [f"-D{macro}" for macro in run.macros] + (["-DLIVE"] if run.is_live else [])
    done = subprocess.run(["spin", *macros, "-k", trails[0].name, "-p", "-g", f"{HERE}/{model}.pml"], cwd=folder,
                          capture_output=True, text=True, check=False)
    return "\n".join(done.stdout.splitlines()[-TRAIL_LINES:])


def attempt(title, function, *args):
    """Whether it went as it must."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(f"{title}: {function(*args[:2], Path(folder), *args[2:])}", flush=True)
        except Failed as why:
            print(f"FAILED {title}: {why}", flush=True)
            return False
    return True


def check_catalogue():
    """Is every macro that a file asks for a parameter, or a mutant that is run?"""
    files = sorted(HERE.glob("*.pml"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    runs, mutants = zip(*[read_model(file.stem) for file in files])
    given = {macro.split("=")[0] for model in runs for run in model.values() for macro in run.macros}
    given |= {macro for text in texts for macro in DEFINED.findall(text)} | {"LIVE", "MUTANT"}
    tested = {macro for text in texts for pair in TESTED.findall(text) for macro in pair if macro}
    known = {name for model in mutants for name in model}
    for name in sorted((tested - given) ^ known):
        print(f"{name}: {'is not run' if name in tested else 'changes nothing'}")
    print(f"{sum(map(len, mutants))} runs of {len(known)} mutants")
    return 0 if known and tested - given == known else 1


def main():
    if sys.argv[1:] == ["--catalogue"]:
        return check_catalogue()
    model, what, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            print(f"there is no {tool} here; install the package {tool}")
            return SKIP
    runs, mutants = read_model(model)
    if what == "verify":
        good = [attempt(run.name, must_hold, model, run) for run in runs.values()
                if not wanted or run.name in wanted]
    else:
        good = [attempt(f"{name} ({why})", must_fail, model, runs[run], name)
                for name, (run, why) in mutants.items() if not wanted or name in wanted]
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
