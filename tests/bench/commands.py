# SPDX-License-Identifier: BSD-3-Clause
"""What benchmarks run: where the programs are, on which processors, with which options.

Two processors: the first is for the main thread and a software device's own thread, the second for
the one forwarding lcore. All programs of a comparison get the same EAL options.
"""

import os
import stat
from pathlib import Path

import machine
from program import has_schedstat

EAL_MB = 192
NB_MBUFS = 8192  # enough for net_pcap, which holds the whole capture in mbufs
NB_DESC = 1024


class CannotRun(Exception):
    """The reason why nothing can be measured here."""


def from_environment(name, what):
    value = os.environ.get(name, "")
    if not value or not Path(value).exists():
        raise CannotRun(f"{what} is not there: {name}={value or '(unset)'}")
    return Path(value)


def choose_cpus():
    """(device and main thread, forwarding lcore)."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise CannotRun("one processor: the device and the lcore would take turns")
    if not has_schedstat():
        raise CannotRun("this kernel keeps no schedstat: nobody could tell who was disturbed")
    return cpus[0], cpus[1]


def eal_options(cpus, programs_at_once):
    """Options of all programs alike. Without hugepages DPDK 22.11 refuses --in-memory."""
    options = [f"--lcores=0@{cpus[0]},1@{cpus[1]}", "--no-pci", "--no-telemetry", "-m", str(EAL_MB)]
    if machine.free_hugepages_mb() >= programs_at_once * EAL_MB:
        return options + ["--in-memory"]
    return options + ["--no-huge", "--no-shconf"]


def pages(command):
    """What memory a program with these words takes."""
    return "4 kB" if "--no-huge" in command else "hugepages"


def is_refused_by_eal(path):
    """EAL loads no plugin by a path below a folder that everybody may write to."""
    return any(folder.stat().st_mode & stat.S_IWOTH for folder in path.resolve().parents)


def with_plugins(paths, command):
    """The command, and in it the plugins, each by its path or, where EAL would not have that, by
    its name, which the linker finds. command(*words) takes the words that load them."""
    refused = [path for path in paths if is_refused_by_eal(path)]
    words = [word for path in paths for word in ("-d", path.name if path in refused else path)]
    if not refused:
        return command(*words)
    folders = [*(str(path.parent) for path in refused), os.environ.get("LD_LIBRARY_PATH", "")]
    return ["env", "LD_LIBRARY_PATH=" + ":".join(filter(None, folders)), *command(*words)]


def with_plugin(path, command):
    return with_plugins([path], command)


def rousepmd(program, eal, device, *options):
    return [program, *eal, device, "--", "--forward-mode=rxonly", f"--rxd={NB_DESC}",
            f"--total-num-mbufs={NB_MBUFS}", *options]


def handoff(program, eal, cpus, seconds):
    """Its buffers are in the same kind of pages as the mbufs of the others."""
    return [program, *cpus, f"{seconds:.3f}", *(["huge"] if "--in-memory" in eal else [])]


def testpmd(program, eal, *devices):
    return [program, *eal, "-v", *devices, "--", "-i", "--auto-start", "--forward-mode=rxonly",
            "--nb-cores=1", f"--rxd={NB_DESC}", f"--total-num-mbufs={NB_MBUFS}"]
