# SPDX-License-Identifier: BSD-3-Clause
"""A program that forwards packets; of several that are kept running, one at a time may run.

Starting a program costs more than a slice takes, so the programs of a comparison are started once
and stopped by SIGSTOP; resume(), measure(), pause() make one slice. A rate is what the program's
own counters say of an interval inside the slice, by the program's own clock: the time that it was
stopped is in none of them.

    with Rousepmd("a", command) as program:     # rates.py; has seen packets, and is stopped
        program.resume()
        slice_ = program.measure(0.2)
        program.pause()

Whatever is wrong with a rate is a RateError: a program that ended, a counter that is missing or
goes backwards. A rate of 0 is left to the caller: a program that got no processor time has one.
"""

import os
import pty
import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

START_S = 60.0  # a start that takes longer is a failure
BUSY = 0.1  # a thread that neither runs nor waits for more of a slice does not matter
STARVED = 0.3  # a program that waited so much of a slice may be silent


class RateError(Exception):
    """No rate, or one that cannot be true."""


class Silence(RateError):
    """A program that runs, and does not say its rate in time."""


class Slice(NamedTuple):
    """One interval of one program."""
    pps: float
    seconds: float
    lcore_cpu_s: float  # processor time of the forwarding lcore's thread
    process_cpu_s: float  # of all threads
    waited: float  # share of the time that the worst off busy thread waited for a processor


class Usage(NamedTuple):
    """What a process has used up to now."""
    at: float
    threads: dict  # thread id -> (processor time, waiting time), in seconds


def thread_name(pid, tid):
    return Path(f"/proc/{pid}/task/{tid}/comm").read_text(encoding="utf-8").strip()


def usage(pid):
    threads = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            ran, waited, _ = (task / "schedstat").read_text(encoding="ascii").split()
        except OSError:  # the thread has ended
            continue
        threads[int(task.name)] = (int(ran) / 1e9, int(waited) / 1e9)
    return Usage(time.monotonic(), threads)


def has_schedstat():
    return Path("/proc/self/schedstat").exists()


class Program:
    """A program whose lines are read as they come. Subclasses know how it says its rate."""

    lcore_thread = re.compile(r"^(rte|lcore)-worker-1$")  # the name of who receives

    def __init__(self, name, command):
        self.name = name
        self.command = [str(word) for word in command]
        self.lines = queue.Queue()
        self.last = []  # the last lines, for messages
        self.dpdk = "unknown"
        self.process = None
        self.lcore = None  # thread id
        self.terminal = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- life ----

    def start(self):
        """Start it, wait until it forwards, stop it in its tracks."""
        # a terminal, as into a pipe programs print by whole buffers
        self.terminal, theirs = pty.openpty()
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=theirs,
                                            stderr=theirs)
        except OSError as error:
            raise RateError(f"{self.name}: {self.command[0]}: {error.strerror}") from error
        finally:
            os.close(theirs)
        threading.Thread(target=self._read_lines, args=(self.terminal,), daemon=True).start()
        self.wait_until_it_forwards(time.monotonic() + START_S)
        self.lcore = self._find_lcore()
        self.pause()

    def stop(self):
        """End it; harmless when it has ended."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
        if self.terminal is not None:
            os.close(self.terminal)
        self.process = self.terminal = None

    def pause(self):
        self._check_alive()
        self.process.send_signal(signal.SIGSTOP)
        # all of its threads have stopped when the kernel says so
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self):
        self._drain()
        self.process.send_signal(signal.SIGCONT)

    def _find_lcore(self):
        pid = self.process.pid
        for tid in usage(pid).threads:
            if self.lcore_thread.match(thread_name(pid, tid)):
                return tid
        raise RateError(f"{self.name}: no thread of its is called {self.lcore_thread.pattern}")

    # ---- lines ----

    def _read_lines(self, terminal):
        buffer = b""
        while True:
            try:
                data = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                self.lines.put((time.monotonic(), None))
                return
            now = time.monotonic()
            *whole, buffer = (buffer + data).split(b"\n")
            for line in whole:
                self.lines.put((now, line.decode(errors="replace").rstrip()))

    def next_line(self, deadline):
        """(time, line); a RateError when there is none before the deadline."""
        try:
            at, line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Silence(f"{self.name}: says nothing of its rate\n{self.tail()}") from None
        if line is None:
            raise RateError(f"{self.name}: ended with status {self.process.wait()}\n{self.tail()}")
        self._remember(line)
        return at, line

    def _drain(self):
        while not self.lines.empty():
            _, line = self.lines.get_nowait()
            if line is not None:
                self._remember(line)

    def _remember(self, line):
        self.last = [*self.last[-19:], line]
        if match := re.search(r"RTE Version: '(.*)'", line):
            self.dpdk = match[1]

    def tail(self):
        return "\n".join("    " + line for line in self.last)

    def _check_alive(self):
        if self.process.poll() is not None:
            self._drain()
            raise RateError(f"{self.name}: ended with status {self.process.returncode}\n"
                            f"{self.tail()}")

    # ---- rates ----

    def wait_until_it_forwards(self, deadline):
        raise NotImplementedError

    def measure_now(self, seconds):
        """A Slice of about so many seconds; the program runs."""
        raise NotImplementedError

    def measure(self, seconds):
        """The same; a program that is silent for want of processor time has a rate of 0."""
        before = usage(self.process.pid)
        try:
            return self.measure_now(seconds)
        except Silence:
            result = self.slice(0.0, before, usage(self.process.pid))
            if result.waited < STARVED:
                raise
            return result

    def slice(self, pps, before, after):
        """The Slice between two Usages."""
        seconds = after.at - before.at
        cpu, wait = {}, {}
        for tid, (ran, waited) in after.threads.items():
            ran_before, waited_before = before.threads.get(tid, (0.0, 0.0))
            cpu[tid] = ran - ran_before
            wait[tid] = waited - waited_before
        busy = [wait[tid] for tid in cpu if cpu[tid] + wait[tid] > BUSY * seconds]
        return Slice(pps, seconds, cpu.get(self.lcore, 0.0), sum(cpu.values()),
                     max(busy, default=0.0) / seconds)
