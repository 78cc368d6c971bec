# SPDX-License-Identifier: BSD-3-Clause
"""What a figure depends on: the processor, the kernel, the memory, who else was there."""

import contextlib
import os
import platform
import re
import subprocess
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
CPUS = Path("/sys/devices/system/cpu")
AUTOGROUP = Path("/proc/self/autogroup")

NEAR_NS = 150  # there and back within a die; between dies or sockets it is 200 and more


def _read(path, default=""):
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return default


def cpu_model():
    match = re.search(r"^model name\s*:\s*(.*)$", _read(CPUINFO), re.MULTILINE)
    return match[1] if match else "unknown"


def is_virtual():
    return re.search(r"^flags\s*:.*\bhypervisor\b", _read(CPUINFO), re.MULTILINE) is not None


def governor(cpu):
    return _read(CPUS / f"cpu{cpu}/cpufreq/scaling_governor", "none visible")


def meminfo(name):
    """A line of /proc/meminfo: kB, or a count of pages."""
    match = re.search(rf"^{name}:\s*(\d+)", _read(MEMINFO), re.MULTILINE)
    return int(match[1]) if match else 0


def free_hugepages_mb():
    return meminfo("HugePages_Free") * meminfo("Hugepagesize") // 1024


def revision(folder):
    """The tree's commit, with a mark if it was changed since; "unknown" without git."""
    try:
        done = subprocess.run(["git", "-C", str(folder), "describe", "--always", "--dirty"],
                              capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


def scheduler():
    """The policy and priority that programs inherit."""
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
    names = {os.SCHED_OTHER: "SCHED_OTHER", os.SCHED_FIFO: "SCHED_FIFO", os.SCHED_RR: "SCHED_RR"}
    return f"{names.get(policy, policy)}, priority {priority}, nice " + str(
        os.getpriority(os.PRIO_PROCESS, 0))


def describe(cpus):
    """The machine as a dict of texts and numbers; cpus: those that the benchmark uses."""
    return {
        "cpu": cpu_model() + (", virtual" if is_virtual() else ""),
        "cpus_online": os.cpu_count(),
        "cpus_used": list(cpus),
        "governor": governor(cpus[0]),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "memory_mb": meminfo("MemTotal") // 1024,
        "hugepages_free_mb": free_hugepages_mb(),
        "scheduler": scheduler(),
        "load_average": os.getloadavg()[0],
    }


class Distance:
    """How far apart the two processors are now; see core_distance.c."""

    def __init__(self, program, cpus):
        self.command = [str(program), *map(str, cpus)] if program else None

    def measure(self):
        """ns there and back; None if there is no program to tell."""
        if self.command is None:
            return None
        done = subprocess.run(self.command, capture_output=True, text=True, check=True, timeout=60)
        return int(done.stdout)


def place(before, after):
    """Where the processors were during a slice: near, far, moved (in between), unknown."""
    if before is None or after is None:
        return "unknown"
    if (before < NEAR_NS) != (after < NEAR_NS):
        return "moved"
    return "near" if before < NEAR_NS else "far"


@contextlib.contextmanager
def priority(niceness):
    """Run with another priority, programs started meanwhile too. Where the kernel shares out time
    by session, a process's own value counts within its session only, so set the session's, too."""
    if niceness == 0:
        yield
        return
    before = os.getpriority(os.PRIO_PROCESS, 0)
    group = re.search(r"nice (-?\d+)", _read(AUTOGROUP))
    try:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        if group:
            AUTOGROUP.write_text(str(niceness), encoding="ascii")
        yield
    finally:
        if group:
            AUTOGROUP.write_text(group[1], encoding="ascii")
        os.setpriority(os.PRIO_PROCESS, 0, before)
