# SPDX-License-Identifier: BSD-3-Clause
"""Programs under a load: those that are compared, on one device, and what they do there.

    made = loaded.make(scratch)
    with made.start("hybrid", made.paced(1000)) as running:
        slice_ = running.measure(2.0)           # a program.Slice
        latency = running.latency()             # since it was asked last, in ns

All send out what comes in, on one lcore (l3fwd-power looks up a route for it first), from a
net_evnic. Each is one process a measurement, which says by DPDK's telemetry what it received, and by
the plugin latency_probe when; the kernel says what its threads used.
"""

import json
import os
import socket
import time
from pathlib import Path
from typing import NamedTuple

import commands
import frames
import harness
import program
from program import RateError

RUNTIME = Path(os.environ.get("XDG_RUNTIME_DIR", "/var/run") if os.getuid() else "/var/run")
TITLES = {
    "hybrid": "rousepmd as it comes",
    "hybrid-slack": "the same with --timer-slack=1",
    "hybrid-fifo": "the same with --fifo=1",
    "hybrid-uclamp": "the same with --uclamp-min=1024",
    "hybrid-latency": "the same with --cpu-latency=1",
    "poll": "the same, and it always polls",
    "interrupt": "the same, and it sleeps as soon as a round finds nothing",
    "l3fwd": "dpdk-l3fwd-power --interrupt-only, its log off",
    "l3fwd-log": "the same with its log on, as it comes",
    "l3fwd-legacy": "dpdk-l3fwd-power --legacy: sleeps and interrupts by its own rule",
    "l3fwd-pause": "dpdk-l3fwd-power --pmd-mgmt=pause",
    "testpmd": "dpdk-testpmd, which always polls",
    "ovs": "the rule of OVS (pmd-sleep-max) in a bare loop, rivals.c",
    "vpp": "the rule of VPP (adaptive) in a bare loop, rivals.c",
    "grout": "the rule of grout (adaptive) in a bare loop, rivals.c",
}
NAMES = tuple(TITLES)
SETTINGS = {"hybrid": [], "hybrid-slack": ["--timer-slack=1"], "hybrid-fifo": ["--fifo=1"],
            "hybrid-uclamp": ["--uclamp-min=1024"], "hybrid-latency": ["--cpu-latency=1"]}


class Latency(NamedTuple):
    """From the event to the return of rx_burst, in ns; of so many frames."""
    count: int
    p50: int
    p90: int
    p99: int
    p999: int
    p9999: int
    max: int


# ---- one program ----


class Unknown(RateError):
    """Telemetry has no answer."""


class Telemetry:
    """The socket on which a DPDK program of that prefix answers."""

    def __init__(self, prefix, deadline, check_alive):
        path = RUNTIME / "dpdk" / prefix / "dpdk_telemetry.v2"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(program.START_S)
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError as error:
                check_alive()
                if time.monotonic() > deadline:
                    raise RateError(f"{path}: {error.strerror}") from error
                time.sleep(0.05)
        self.size = self._read(1024)["max_output_len"]

    def _read(self, size):
        try:
            return json.loads(self.socket.recv(size))
        except OSError as error:
            raise RateError(f"telemetry does not answer: {error}") from error

    def ask(self, command):
        self.socket.send(command.encode())
        answer = self._read(self.size)[command.partition(",")[0]]
        if answer is None:
            raise Unknown(f"telemetry knows no {command}")
        return answer

    def port(self):
        """The port's ipackets, imissed and others."""
        return self.ask("/ethdev/stats,0")

    def nb_received(self):
        return self.port()["ipackets"]

    def close(self):
        self.socket.close()


class Loaded(program.Program):
    """A program that says by telemetry what it received; it is not stopped between measurements."""

    def __init__(self, name, command, prefix):
        super().__init__(name, command)
        self.prefix = prefix
        self.telemetry = None

    def _has_received(self):
        try:
            return self.telemetry.nb_received() > 0
        except Unknown:  # EAL is up, and the port is not
            return False

    def wait_until_it_forwards(self, deadline):
        self.telemetry = Telemetry(self.prefix, deadline, self._check_alive)
        while not self._has_received():
            self._check_alive()
            if time.monotonic() > deadline:
                raise RateError(f"{self.name}: receives nothing\n{self.tail()}")
            time.sleep(0.02)

    def pause(self):
        """Nothing: a program that sleeps well is not to be woken by a signal."""

    def stop(self):
        if self.telemetry is not None:
            self.telemetry.close()
        super().stop()

    def measure_now(self, seconds):
        nb_before, before = self.telemetry.nb_received(), program.usage(self.process.pid)
        time.sleep(seconds)
        nb_after, after = self.telemetry.nb_received(), program.usage(self.process.pid)
        self._check_alive()
        return self.slice((nb_after - nb_before) / (after.at - before.at), before, after)

    def latency(self):
        """The Latency of what it received since this was asked last."""
        told = self.telemetry.ask("/latency/since_last")
        if told["unstamped"] != 0:
            raise RateError(f"{self.name}: {told['unstamped']} frames say no time\n{self.tail()}")
        return Latency(*(told[name] for name in Latency._fields))


# ---- the programs ----


class Made:
    """Commands of the programs, {name: (device, prefix) -> words}, and the machine."""

    def __init__(self, command_of, cpus, capture):
        self.command_of = command_of
        self.cpus = cpus
        self.capture = capture
        self.described = harness.describe(cpus)

    def device(self, capture, **arguments):
        """A net_evnic that replays a capture and sends into nothing."""
        pairs = {"loops": 0, **arguments, "tx_pcap": "/dev/null", "wire_cpu": self.cpus[0]}
        return f"--vdev=net_evnic0,rx_pcap={capture}" + "".join(
            f",{key}={value}" for key, value in pairs.items())

    def paced(self, pace, **arguments):
        return self.device(self.capture, pace=pace, **arguments)

    def start(self, name, device, title=None):
        """The Loaded, for a "with"."""
        prefix = f"rouse-load-{os.getpid()}"
        return Loaded(title or name, self.command_of[name](device, prefix), prefix)


def that_start(made, names, device):
    """Those of the programs that start on this machine; of the others it says why not."""
    found = []
    for name in names:
        try:
            with made.start(name, device):
                found.append(name)
        except RateError as error:
            print(f"left out: {error}", flush=True)
    return found


def _plugins(probe):
    return [Path(probe)] if probe else []


def make(scratch, probe=None, rival=None, forward="io", nb_desc=commands.NB_DESC,
         all_of_ours=()):
    """The Made; a probe is loaded into each program, a rival is the program rivals. How it is
    forwarded, and by how many descriptors, is for those that can be told; all_of_ours are options of
    rousepmd."""
    cpus = commands.choose_cpus()
    capture = scratch / "frames.pcap"
    frames.write(capture)
    rousepmd = commands.from_environment("ROUSEPMD", "rousepmd")
    pmd = commands.from_environment("ROUSE_PMD", "net_evnic (it needs a DPDK with driver headers)")
    stock = commands.from_environment("ROUSE_DPDK_BIN", "DPDK's own programs")

    def eal(prefix):
        options = [word for word in commands.eal_options(cpus, programs_at_once=1)
                   if word != "--no-telemetry"]
        return [*options, f"--file-prefix={prefix}"]

    def ours(mode, *options):
        return lambda device, prefix: commands.with_plugins(
            _plugins(probe), lambda *words: [
                rousepmd, *eal(prefix), *words, device, "--", f"--forward-mode={forward}",
                f"--rx-mode={mode}", f"--rxd={nb_desc}", *options,
                *all_of_ours])

    def stocks(name, before, after):
        return lambda device, prefix: commands.with_plugins(
            [pmd, *_plugins(probe)], lambda *words: [
                stock / name, *eal(prefix), *words, device, *before, "--", *after])

    def l3fwd(level, *mode):
        return stocks("dpdk-l3fwd-power", [f"--log-level=user1,{level}"],
                      ["-p", "1", *mode, "-P", "--config=(0,0,1)", "--no-numa"])

    def rivals(rule):
        return lambda device, prefix: commands.with_plugins(
            _plugins(probe), lambda *words: [rival, *eal(prefix), *words, device, "--", rule])

    command_of = {
        **{name: ours("hybrid", *options) for name, options in SETTINGS.items()}, "poll": ours("poll"), "interrupt": ours("interrupt"),
        "l3fwd": l3fwd(4, "--interrupt-only"), "l3fwd-log": l3fwd(8, "--interrupt-only"),
        "l3fwd-legacy": l3fwd(4, "--legacy"), "l3fwd-pause": l3fwd(4, "--pmd-mgmt=pause"),
        "testpmd": stocks("dpdk-testpmd", [], [
            "-i", "--auto-start", f"--forward-mode={forward}", "--nb-cores=1",
            f"--rxd={nb_desc}", f"--total-num-mbufs={commands.NB_MBUFS}"]),
    }
    if rival:
        command_of.update({rule: rivals(rule) for rule in ("ovs", "vpp", "grout")})
    return Made(command_of, cpus, capture)
