# SPDX-License-Identifier: BSD-3-Clause
"""How rousepmd, handoff and dpdk-testpmd say their rates; see program.py for what a rate is."""

import re
import time

from program import Program, RateError, usage

ANSWER_S = 30.0
WARM_UP_S = 0.03  # after SIGCONT: caches, and threads that wait for each other


class Periodic(Program):
    """A program of which a line a period says the rate since the line before."""

    line = None  # the rate, and a count of what must not be
    fault = None  # what it counts

    @classmethod
    def period(cls, seconds):
        """From line to line, for slices of so many seconds."""
        return seconds

    def next_rate(self, deadline):
        while True:
            at, line = self.next_line(deadline)
            if match := self.line.match(line):
                if int(match[2]) != 0:
                    raise RateError(f"{self.name}: {self.fault}\n{self.tail()}")
                return at, float(match[1])

    def wait_until_it_forwards(self, deadline):
        while self.next_rate(deadline)[1] <= 0:
            pass

    def measure_now(self, seconds):
        """The first line after SIGCONT tells of the time before; and so may the second, if the
        first one was on its way when the program was stopped: a line counts if it comes a period
        after its predecessor."""
        period = self.period(seconds)
        deadline = time.monotonic() + 10 * seconds + ANSWER_S
        at, _ = self.next_rate(deadline)
        while True:
            before = usage(self.process.pid)
            now, pps = self.next_rate(deadline)
            if now - at >= 0.9 * period:
                return self.slice(pps, before, usage(self.process.pid))
            at = now


class Rousepmd(Periodic):
    """rousepmd with --stats-period.

    Its ticker has ten ticks a second, and a period is over at the first tick after it.
    """

    line = re.compile(r"^rx\s+(\d+) pps\s.*\brescues (\d+)$")
    fault = "lost wake-ups"
    tick_s = 0.1

    @classmethod
    def period(cls, seconds):
        """What to give --stats-period: free of ties with ticks."""
        return max(cls.tick_s, round(seconds / cls.tick_s) * cls.tick_s) - cls.tick_s / 2


class Handoff(Periodic):
    """handoff.c."""

    lcore_thread = re.compile(r"^consumer$")
    line = re.compile(r"^rx\s+(\d+) pps\s+wrong (\d+)$")
    fault = "entries that were not the next one"


class Testpmd(Program):
    """dpdk-testpmd -i: "show port stats" says counters, and the rate since it was asked last."""

    packets = re.compile(r"^\s*RX-packets:\s*(\d+)")
    rate = re.compile(r"^\s*Rx-pps:\s*(\d+)")
    unanswered = 0  # questions; after a silence there may be old ones

    def ask(self, deadline):
        """(packets up to now, packets a second since the last time, when it said so)."""
        self.process.stdin.write(b"show port stats 0\n")
        self.process.stdin.flush()
        self.unanswered += 1
        total = pps = None
        while self.unanswered > 0:
            at, line = self.next_line(deadline)
            if match := self.packets.match(line):
                total = int(match[1])
            if match := self.rate.match(line):
                pps = float(match[1])
                self.unanswered -= 1
        if total is None:
            raise RateError(f"{self.name}: a rate without a counter\n{self.tail()}")
        return total, pps, at

    def wait_until_it_forwards(self, deadline):
        first, _, _ = self.ask(deadline)
        while self.ask(deadline)[0] <= first:
            time.sleep(0.05)

    def measure_now(self, seconds):
        deadline = time.monotonic() + seconds + ANSWER_S
        time.sleep(WARM_UP_S)
        first, _, begin = self.ask(deadline)
        before = usage(self.process.pid)
        time.sleep(seconds)
        last, pps, end = self.ask(deadline)
        result = self.slice(pps, before, usage(self.process.pid))
        by_counter = (last - first) / (end - begin)
        if last < first or not pps / 2 <= by_counter <= pps * 2:
            raise RateError(f"{self.name}: it says {pps:.0f} packets a second, its counter moved "
                            f"by {by_counter:.0f}\n{self.tail()}")
        return result
