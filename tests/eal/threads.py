# SPDX-License-Identifier: BSD-3-Clause
"""What the threads of a program did, by the kernel's own figures."""

import os
import pathlib
from typing import NamedTuple


class Thread(NamedTuple):
    cpu_s: float
    nb_switches: int  # of its own will: each is a sleep, and so a wake


def missing():
    """Why that cannot be known here, or None."""
    if os.path.exists("/proc/self/schedstat"):
        return None
    return "this kernel does not count a thread's time in nanoseconds (schedstat)"


def look(pid):
    """The threads of a process by id: name, and what they did so far."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        cpu_ns = int((task / "schedstat").read_text().split()[0])
        switches = [line for line in (task / "status").read_text().splitlines()
                    if line.startswith("voluntary_ctxt_switches:")]
        found[task.name] = name, Thread(cpu_ns / 1e9, int(switches[0].split()[1]))
    return found


def difference(before, after):
    """What each thread did in between: (name, Thread)."""
    return [(name, Thread(now.cpu_s - before[tid][1].cpu_s,
                          now.nb_switches - before[tid][1].nb_switches))
            for tid, (name, now) in after.items()]
