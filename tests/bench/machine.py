# SPDX-License-Identifier: BSD-3-Clause
"""What a figure depends on: the processor, the kernel, the memory, who else was there."""

import os
import platform
import re
import subprocess
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
CPUS = Path("/sys/devices/system/cpu")


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
                              capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


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
        "load_average": os.getloadavg()[0],
    }
