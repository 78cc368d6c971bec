# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of this folder share: programs on EAL, time limits, folders, captures.

A test is a program with a unittest inside; the names of its methods are the claims that it proves.
It ends with 77 and a reason where it cannot run. Programs run without hugepages, network and root,
and side by side: they share no file. A time limit ends the process that was started, no other.

The environment says where things are: ROUSEPMD the application, ROUSE_PMD the driver as a plugin,
ROUSE_DPDK_BIN the folder of DPDK's own programs, ROUSE_PCAPS the folder of captures.
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty
import unittest
from typing import NamedTuple, Optional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))

import capture  # noqa: E402  (the path comes first)
import check_steering  # noqa: E402
import handmade as hm  # noqa: E402
import rss  # noqa: E402
import rss_oracle  # noqa: E402, F401  (some are for the tests)

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ROUSEPMD = os.environ.get("ROUSEPMD", "")
PLUGIN = os.environ.get("ROUSE_PMD", "")
PCAPS = pathlib.Path(os.environ.get("ROUSE_PCAPS", TOP / "pcaps"))
STOCK = pathlib.Path(os.environ.get("ROUSE_DPDK_BIN", ""))

LIMIT_S = 60  # for whatever takes a second on a machine with nothing else to do
EXIT_SKIP = 77
NB_TAIL_LINES = 25
NANOSECONDS = 0xA1B23C4D  # magic of a classic capture


# Where a program can run

def eal(nb_workers=2, memory_mb=192, stock=False):
    """EAL's flags: main lcore 0, then workers, on the CPUs that this process may use."""
    cpus = sorted(os.sched_getaffinity(0))
    lcores = [f"0@{cpus[0]}"] + [f"{i + 1}@{cpus[i % len(cpus)]}" for i in range(nb_workers)]
    flags = ["--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", str(memory_mb),
             f"--lcores={','.join(lcores)}"]
    return flags + ["-d", plugin()] if stock else flags


def is_refused_by_eal(path):
    """EAL loads no plugin by a path that everybody may write to, such as one below /tmp."""
    return any(folder.stat().st_mode & 0o002 for folder in pathlib.Path(path).resolve().parents)


def plugin():
    """The plugin by its path or, where EAL would not have that, by its name."""
    return os.path.basename(PLUGIN) if is_refused_by_eal(PLUGIN) else PLUGIN


def environment(preload=None):
    """The programs' environment: the linker finds the plugin by its name too, and what EAL writes
    for a user who is not root goes where it is cleared away."""
    env = dict(os.environ)
    if preload:
        env["LD_PRELOAD"] = preload
        # it stands before the sanitizer's own library, which is right for what forwards its calls
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    path = [os.path.dirname(PLUGIN), env.get("LD_LIBRARY_PATH", "")]
    env["LD_LIBRARY_PATH"] = ":".join(p for p in path if p)
    env["XDG_RUNTIME_DIR"] = tempfile.gettempdir()
    return env


# rousepmd from start to end

class Run(NamedTuple):
    """What a run left."""

    status: Optional[int]  # None: it did not end in time; negative: the signal that ended it
    output: str
    report: Optional[dict]  # None: no JSON
    seconds: float


def device(index=0, /, **arguments):
    """--vdev of one port; arguments are rx_pcap and so on."""
    pairs = "".join(f",{key}={value}" for key, value in arguments.items())
    return f"--vdev=net_evnic{index}{pairs}"


def rousepmd(folder, vdevs, *options, flags=None, report="report.json", limit_s=LIMIT_S,
             preload=None, may_lose_mbufs=False):
    """Run rousepmd to its end in a folder, where it writes its JSON report too. However it ended,
    its mbuf pool is whole."""
    vdevs = [vdevs] if isinstance(vdevs, str) else vdevs
    argv = [ROUSEPMD, *(flags or eal()), *vdevs, "--", f"--json={report}", *options]
    start = time.monotonic()
    try:
        done = subprocess.run(argv, cwd=folder, env=environment(preload), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit_s,
                              encoding="utf-8", errors="replace", check=False)
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        status, output = None, (expired.output or b"").decode("utf-8", "replace")
    seconds = time.monotonic() - start
    if not may_lose_mbufs:
        check_pool(output)
    return Run(status, output, read_report(pathlib.Path(folder, report)), seconds)


def check_pool(output):
    """rousepmd counts its mbufs after it stopped the ports, and says when some are missing."""
    for line in output.splitlines():
        if "mbufs came back" in line:
            raise AssertionError(line)


def read_report(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


# A program that a test talks to while it runs

class Program:
    """A started program; its output is read all the time. Leaving the "with" ends it. What is said
    to it comes by a pipe or, if it is to sit at the terminal, is typed there."""

    def __init__(self, argv, folder, at_terminal=False):
        master, slave = pty.openpty()  # on a terminal, programs write line by line
        if at_terminal:
            plain_output(slave)
        else:
            tty.setraw(slave)
        self._terminal = master
        self.process = subprocess.Popen(
            argv, cwd=folder, env=environment(), stdout=slave, stderr=slave,
            stdin=slave if at_terminal else subprocess.PIPE, start_new_session=at_terminal,
            preexec_fn=take_terminal if at_terminal else None)
        os.close(slave)
        self.output = ""
        self._seen = 0
        self._ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(master,), daemon=True)
        self._reader.start()

    def _read(self, master):
        while True:
            try:
                data = os.read(master, 1 << 16)
            except OSError:  # EIO: the program has closed its end
                data = b""
            with self._changed:
                self.output += data.decode("utf-8", "replace")
                self._ended = not data
                self._changed.notify_all()
            if not data:
                os.close(master)
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        self._reader.join()

    def expect(self, pattern, nb_times=1, limit_s=LIMIT_S):
        """Wait until the pattern came so many times since what was awaited before; return the text
        from there to its last end."""
        end = time.monotonic() + limit_s
        start, nb_found = self._seen, 0
        with self._changed:
            while nb_found < nb_times:
                match = re.compile(pattern).search(self.output, self._seen)
                if match:
                    nb_found, self._seen = nb_found + 1, match.end()
                elif self._ended or not self._changed.wait(max(0, end - time.monotonic())):
                    raise AssertionError(f"{nb_found} of {nb_times} times {pattern!r} came, "
                                         f"the last lines are\n{tail(self.output)}")
            return self.output[start:self._seen]

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def type(self, keys):
        """At the terminal."""
        os.write(self._terminal, keys.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("=4H", rows, columns, 0, 0))

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, limit_s=LIMIT_S):
        """Wait for its end; the exit status."""
        try:
            status = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end, the last lines are\n{tail(self.output)}") \
                from None
        self._reader.join(limit_s)
        check_pool(self.output)
        return status


def plain_output(terminal):
    """A line's end stays as it is written."""
    settings = termios.tcgetattr(terminal)
    settings[1] &= ~termios.OPOST
    termios.tcsetattr(terminal, termios.TCSANOW, settings)


def take_terminal():
    """In the child: Ctrl-C reaches it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def tail(text):
    return "\n".join(f"    | {line}" for line in text.splitlines()[-NB_TAIL_LINES:])


def wait_until(condition, what, limit_s=LIMIT_S, pause_s=0.005):
    """Look again and again until the condition holds; for what sends no sign of its own."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s} s: {what}")
        time.sleep(pause_s)


# Captures

def write_capture(path, frames, times_ns=None):
    """A classic capture with nanoseconds; without times all frames have the same."""
    records = [hm.pcap_record(frame, ns // 10**9, ns % 10**9)
               for frame, ns in zip(frames, times_ns or [0] * len(frames))]
    pathlib.Path(path).write_bytes(hm.pcap(*records, magic=NANOSECONDS, snaplen=262144))
    return path


def read_capture(path):
    """The frames and their times in ns."""
    records = [record for record in capture.open_capture(path) if record.data]
    return [record.data for record in records], [record.timestamp_ns for record in records]


def udp_frames(nb_frames, nb_flows=64, length=60):
    """IPv4/UDP frames of several flows with right IP checksums, numbered in the last four bytes."""
    frames = []
    for i in range(nb_frames):
        ports = (1024 + i % nb_flows).to_bytes(2, "big") + b"\x00\x35"
        payload = ports + (length - 34).to_bytes(2, "big") + bytes(length - 44)
        packet = bytearray(hm.ipv4(payload + i.to_bytes(4, "big"), hm.UDP))
        packet[10:12] = ip_checksum(packet[:20]).to_bytes(2, "big")
        frames.append(hm.ethernet(0x0800, bytes(packet)))
    return frames


def ip_checksum(header):
    total = sum(int.from_bytes(header[i:i + 2], "big") for i in range(0, len(header), 2))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def by_queue(frames, steering):
    """The frames of each queue, in their order."""
    queues = [[] for _ in range(steering.nb_queues)]
    for frame in frames:
        queues[steering.steer(frame)[1]].append(frame)
    return queues


# Tests

class Test(unittest.TestCase):
    """A test with a folder of its own, and what several tests assert."""

    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rouse.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def check_played(self, run):
        """A run that ended well, with a report and without a lost wake-up."""
        self.assertEqual(run.status, 0, f"\n{tail(run.output)}")
        self.assertIsNotNone(run.report, f"no JSON\n{tail(run.output)}")
        self.assertEqual([worker["rescues"] for worker in run.report["workers"]],
                         [0] * len(run.report["workers"]))


def missing(needs_stock):
    """Why the tests cannot run here, or None."""
    if not PLUGIN:
        return "net_evnic is not built: this DPDK has no driver SDK"
    for path in [ROUSEPMD, PLUGIN] + ([STOCK / needs_stock] if needs_stock else []):
        if not os.path.isfile(path):
            return f"{path} is not there"
    return None


def main(needs_stock=None):
    """Run the tests of the calling program; needs_stock names one of DPDK's own programs."""
    reason = missing(needs_stock)
    if reason is None:
        # an interrupted test leaves no program behind
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        result = unittest.main(module="__main__", exit=False, verbosity=2).result
        if not result.wasSuccessful():
            sys.exit(1)
        if len(result.skipped) < result.testsRun:
            sys.exit(0)
        reason = result.skipped[0][1]
    print(reason, file=sys.stderr)
    sys.exit(EXIT_SKIP)
