# SPDX-License-Identifier: BSD-3-Clause
"""The program loops (loops.c): several receive loops in one process, of which one at a time runs.

    with Loops("evnic", command) as loops:
        loops.resume()
        counted = loops.count("hybrid", 0.2)
        loops.pause()

modes_of() makes of it what blocks.py measures side by side: a Program for each loop.
"""

import re
import time
from typing import NamedTuple

import program
from program import RateError

ANSWER_S = 30.0
MODES = {"h": "hybrid", "p": "poll", "b": "bare"}
TITLES = {"h": "worker, hybrid", "p": "worker, always polling", "b": "bare loop"}


class Counted(NamedTuple):
    """What loops counted in a slice; cpu_s is the lcore's."""
    packets: int
    seconds: float
    cpu_s: float
    doorbells: int
    messages: int
    arms: int
    parks: int
    wakes: int
    waited: float  # share of the time that the worst off busy thread waited for a processor


class Loops(program.Program):
    """The program; see loops.c."""

    line = re.compile(r"^slice (\S+) packets (\d+) seconds (\S+) cpu (\S+) doorbells (\d+) "
                      r"messages (\d+) arms (\d+) parks (\d+) wakes (\d+)$")
    mode = "bare"  # of the next slice

    def wait_until_it_forwards(self, deadline):
        while self.next_line(deadline)[1] != "ready":
            pass

    def _count(self, mode, seconds):
        """What it says of a slice: the members of Counted but the last."""
        self.process.stdin.write(f"{mode} {seconds:.6f}\n".encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + seconds + ANSWER_S
        while True:
            _, line = self.next_line(deadline)
            if line.startswith("lost wake-ups"):
                raise RateError(f"{self.name}: {line}")
            if (match := self.line.match(line)) and match[1] == mode:
                values = match.groups()[1:]
                return [kind(value) for kind, value in
                        zip(Counted.__annotations__.values(), values)]

    def measure_now(self, seconds):
        before = program.usage(self.process.pid)
        packets, elapsed, *_ = self._count(self.mode, seconds)
        return self.slice(packets / elapsed, before, program.usage(self.process.pid))

    def count(self, mode, seconds):
        """Run a loop for so long; the Counted."""
        before = program.usage(self.process.pid)
        counts = self._count(mode, seconds)
        after = program.usage(self.process.pid)
        return Counted(*counts, self.slice(0.0, before, after).waited)


class Mode:
    """One of the loops of a program; stands for a program of its own."""

    def __init__(self, loops, letter):
        self.loops = loops
        self.letter = letter
        self.name = f"{loops.name}, {TITLES[letter]}"

    def start(self):
        if self.loops.process is None:
            self.loops.start()

    def stop(self):
        self.loops.stop()

    def resume(self):
        self.loops.resume()

    def pause(self):
        self.loops.pause()

    def tail(self):
        return self.loops.tail()

    def measure(self, seconds):
        self.loops.mode = MODES[self.letter]
        return self.loops.measure(seconds)


def modes_of(loops):
    return {letter: Mode(loops, letter) for letter in MODES}
