# SPDX-License-Identifier: BSD-3-Clause
"""A guest with real VFIO: Debian's kernel under QEMU, an IOMMU, and the host's root over 9p.

    nics = [guest.Nic("igb"), guest.Nic("e1000e")]
    with guest.boot(nics) as vm:
        done = vm.run([PROGRAM, "-a", vm.nics[0].address, ...])     in the guest, to its end
        with vm.start([PROGRAM, ...]) as program:                   or while it runs
            program.expect("started")
            vm.nics[0].wire.send(frames)                            frames go into the NIC
            vm.nics[0].wire.expect(nb_frames)                       and come out of it
            vm.nics[0].set_link(False)

Every program of the host runs in the guest, from the same path: nothing is copied. It is PCI address
0000:01:00.0 for the first NIC, 0000:02:00.0 for the second and so on, each behind a root port of its
own and bound to vfio-pci. There is the root's file system, read-only, with fresh /run, /tmp, /mnt and
/dev/shm; hugepages of 2 MB; root's rights; no network. A guest ends with its "with".

A NIC is a line: its QEMU model, QEMU's properties for it if need be. A test is a file test_NAME.py
here with a unittest inside (guest.Test boots once for all of a class), and a line in meson.build. C
programs for the guest are in meson.build, too; ROUSE_GUEST_PROGRAMS is their folder.

The processors are emulated (TCG) and take turns, up to 0.1 s each if they do not sleep. So time means
nothing here: wait for progress, and count.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import qmp
import wire

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("ROUSE_BUILD", TOP / "build"))
DEPS = pathlib.Path(os.environ.get("ROUSE_GUEST", TOP / ".deps/guest"))
PROGRAMS = pathlib.Path(os.environ.get("ROUSE_GUEST_PROGRAMS", BUILD / "tests/guest"))
ROUSEPMD = os.environ.get("ROUSEPMD", str(BUILD / "app/rousepmd/rousepmd"))
STOCK = pathlib.Path(os.environ.get("ROUSE_DPDK_BIN", TOP / ".deps/dpdk/bin"))
IGB = os.environ.get("ROUSE_IGB", str(BUILD / "drivers/net/librte_net_igb.so"))
QEMU = "qemu-system-x86_64"

LIMIT_S = 120  # without any progress; a guest alone takes a few seconds for anything
NB_ACTS, ACT_S = 10, 5  # tries, and what comes of one in that time
NB_TAIL_LINES = 80
LOOPS_PER_JIFFY = 10_000_000  # of 4 ms at 2.5 GHz; to find it out takes 0.3 s a processor
EXIT_SKIP = 77
HEADER = struct.Struct("=III")  # of agent.c, as are these
START, INPUT, SIGNAL, READY, OUTPUT, EXITED = range(6)


def missing():
    """Why no guest can run here, or None."""
    if os.uname().machine != "x86_64":
        return f"the guest is an x86-64 and this machine a {os.uname().machine}"
    if not shutil.which(QEMU):
        return f"{QEMU} is not there: install Debian's qemu-system-x86 of bookworm-backports"
    models = subprocess.run([QEMU, "-device", "help"], capture_output=True, text=True, check=False)
    if '"igb"' not in models.stdout:
        return f"{QEMU} has no 82576: install that of bookworm-backports"
    for name in "vmlinux", "initramfs.cpio":
        if not (DEPS / name).is_file():
            return f"{DEPS / name} is not there: run config/bootstrap.sh test"
    return None


class Nic:
    """A NIC of the guest, bound to vfio-pci unless another driver is named. Options are QEMU's
    properties of the model, as it takes them. What a running guest adds: its number, address, wire."""

    def __init__(self, model, options="", driver="vfio-pci"):
        self.model, self.options, self.driver = model, options, driver
        self.index = self.address = self.wire = self.monitor = None

    def arguments(self):
        """QEMU's, with the descriptor that it inherits."""
        n = self.index
        self.address = f"0000:{n + 1:02x}:00.0"
        return ["-device", f"pcie-root-port,id=port{n},bus=pcie.0,chassis={n + 1},slot={n + 1}",
                *self.wire.arguments(f"net{n}"),
                "-device", f"{self.model},netdev=net{n},id=nic{n},bus=port{n},romfile="
                           f"{',' if self.options else ''}{self.options}"]

    def set_link(self, is_up):
        """The carrier, as by QEMU's monitor."""
        self.monitor.execute("set_link", name=f"nic{self.index}", up=is_up)

    def unplug(self):
        """Ask the guest to let go of it, as the button at a slot does."""
        self.monitor.execute("device_del", id=f"nic{self.index}")


class Done:
    """What a program of the guest left: its status (negative: the signal that ended it), output."""

    def __init__(self, status, output):
        self.status, self.output = status, output


class Program:
    """A program that runs in the guest; its output is read all the time. Leaving the "with" kills
    it."""

    def __init__(self, vm, number, argv):
        self.vm, self.number, self.argv = vm, number, argv
        self.output, self.status, self._seen = "", None, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None and self.vm.is_running():
            self.signal(signal.SIGKILL)
            self.end()

    def expect(self, pattern, nb_times=1, limit_s=LIMIT_S):
        """Wait until the pattern came so many times since what was awaited before; return the last
        match. The time limit is for the program to say anything at all."""
        seek, match = re.compile(pattern), None
        with self.vm.changed:
            while nb_times > 0:
                match = seek.search(self.output, self._seen)
                if match:
                    nb_times, self._seen = nb_times - 1, match.end()
                elif self.status is not None or not self.vm.changed.wait(limit_s):
                    raise AssertionError(f"{pattern!r} did not come, {self.tail()}")
        return match

    def expect_of(self, pattern, act, limit_s=ACT_S):
        """Act until the pattern comes: the program may not be ready for it at first, and does not say
        when it is."""
        for _ in range(NB_ACTS):
            act()
            try:
                return self.expect(pattern, limit_s=limit_s)
            except AssertionError:
                if self.status is not None:
                    raise
        raise AssertionError(f"{pattern!r} did not come, {self.tail()}")

    def forget(self):
        """What was said so far is awaited no more."""
        with self.vm.changed:
            self._seen = len(self.output)

    def say(self, line):
        """A line for its standard input."""
        self.vm.send(self.number, INPUT, line.encode() + b"\n")

    def close_input(self):
        self.vm.send(self.number, INPUT, b"")

    def signal(self, number):
        self.vm.send(self.number, SIGNAL, struct.pack("=I", number))

    def end(self, limit_s=LIMIT_S):
        """Wait for its end. The time limit is for the program to say anything at all."""
        with self.vm.changed:
            while self.status is None:
                if not self.vm.changed.wait(limit_s):
                    raise AssertionError(f"it does not end, {self.tail()}")
        return Done(self.status, self.output)

    def tail(self):
        """For a failure."""
        lines = self.output.splitlines()[-NB_TAIL_LINES:]
        state = "runs" if self.status is None else f"ended with {self.status}"
        text = "".join(f"\n    | {line}" for line in lines) or " nothing"
        return f"{pathlib.Path(self.argv[0]).name} {state} and said{text}{self.vm.console_tail()}"


class Guest:
    """One that runs, made by boot()."""

    def __init__(self, nics, nb_cpus, iommu, memory_mb, nb_hugepages, options):
        self.nics, self.nb_cpus, self.changed = nics, nb_cpus, threading.Condition()
        self._is_ready = self._is_gone = False
        self._programs, self._next = {}, 1  # those that run, by number
        self._folder = tempfile.TemporaryDirectory(prefix="rouse-guest.")
        self.console = pathlib.Path(self._folder.name, "console")
        self.log = pathlib.Path(self._folder.name, "qemu")
        self._port, agents = socket.socketpair()
        monitor, monitors = socket.socketpair()
        for index, nic in enumerate(nics):
            nic.index, nic.wire = index, nic.wire or wire.Wire()
        theirs = [agents, monitors] + [peer for nic in nics for peer in nic.wire.peers]
        argv = [*machine(nb_cpus, iommu, memory_mb), *options,
                *boot_arguments(self._folder.name, nics, iommu, nb_hugepages,
                                AGENT=PROGRAMS / "agent"),
                "-serial", f"file:{self.console}",
                "-chardev", f"socket,id=agent,fd={agents.fileno()}",
                "-device", "virtio-serial-pci,bus=pcie.0", "-device", "virtserialport,chardev=agent",
                "-chardev", f"socket,id=qmp,fd={monitors.fileno()}", "-mon", "chardev=qmp,mode=control"]
        for nic in nics:
            argv += nic.arguments()
        with self.log.open("wb") as log:
            self._qemu = subprocess.Popen(argv, pass_fds=[s.fileno() for s in theirs],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for theirs_end in theirs:
            theirs_end.close()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self.monitor = qmp.Monitor(monitor)
            for nic in nics:
                nic.monitor = self.monitor
            self._await_ready()
        except OSError as error:
            tail = self.console_tail()
            self.close()
            raise AssertionError(f"the guest did not start: {error}{tail}") from None
        except BaseException:
            self.close()
            raise

    def _await_ready(self):
        with self.changed:
            while not self._is_ready:
                if self._is_gone or not self.changed.wait(LIMIT_S):
                    raise OSError("its agent does not speak")

    def _listen(self):
        """The agent's frames."""
        with contextlib.suppress(OSError), self._port.makefile("rb") as stream:
            while len(head := stream.read(HEADER.size)) == HEADER.size:
                number, kind, length = HEADER.unpack(head)
                self._take(number, kind, stream.read(length))
        status = self._qemu.wait()
        with self.changed:
            self._is_gone = True
            for program in self._programs.values():
                program.status = -signal.SIGKILL
                program.output += f"\nthe guest is gone: QEMU ended with {status}\n"
            self.changed.notify_all()

    def _take(self, number, kind, data):
        with self.changed:
            if kind == READY:
                self._is_ready = True
            elif kind == OUTPUT:
                self._programs[number].output += data.decode("utf-8", "replace")
            elif kind == EXITED:
                status = os.waitstatus_to_exitcode(struct.unpack("=I", data)[0])
                self._programs.pop(number).status = status
            self.changed.notify_all()

    def is_running(self):
        return not self._is_gone

    def send(self, number, kind, data):
        """A frame to the agent."""
        self._port.sendall(HEADER.pack(number, kind, len(data)) + data)

    def start(self, argv, env=None):
        """Start a program in the guest."""
        argv = [str(word) for word in argv]
        words = ["env", *(f"{key}={value}" for key, value in env.items()), *argv] if env else argv
        with self.changed:
            program = self._programs[self._next] = Program(self, self._next, argv)
            self._next += 1
        self.send(program.number, START, b"".join(word.encode() + b"\0" for word in words))
        return program

    def run(self, argv, env=None, limit_s=LIMIT_S):
        """Run a program in the guest to its end."""
        with self.start(argv, env) as program:
            program.close_input()
            return program.end(limit_s)

    def shell(self, script):
        """The output of a shell script that must not fail."""
        done = self.run(["sh", "-euc", script])
        if done.status != 0:
            raise AssertionError(f"{script!r} ended with {done.status}: {done.output}"
                                 f"{self.console_tail()}")
        return done.output

    def interrupts(self, nic):
        """{vector: (CPUs that it may be delivered on, counts by CPU)} of a NIC that VFIO has."""
        found = {}
        for line in self.shell("cat /proc/interrupts").splitlines():
            match = re.search(rf"vfio-msix\[(\d+)\]\({nic.address}\)", line)
            if match:
                irq, *words = line.split()
                cpus = self.shell(f"cat /proc/irq/{irq.rstrip(':')}/smp_affinity_list").strip()
                found[int(match[1])] = cpus, [int(word) for word in words[:self.nb_cpus]]
        return found

    def console_tail(self):
        """The kernel's last lines, and QEMU's."""
        text = ""
        for path in self.console, self.log:
            lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
            text += "".join(f"\n    {path.name} | {line}" for line in lines[-NB_TAIL_LINES:])
        return text

    def close(self):
        """End it, as if its plug were pulled."""
        self._qemu.kill()
        self._qemu.wait()
        self._port.close()
        for nic in self.nics:
            nic.wire.close()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def boot(nics, cables=(), nb_cpus=5, iommu="intremap=on", memory_mb=1536, nb_hugepages=256, options=()):
    """Boot a guest. cables: pairs of NICs, by number, that receive what the other sends; the others
    have a wire to here. Processor 0 is for all but workers. iommu: properties of the intel-iommu,
    None: there is none. options: more words for QEMU."""
    for near, far in cables:
        nics[near].wire, nics[far].wire = wire.cable()
    return Guest(nics, nb_cpus, iommu, memory_mb, nb_hugepages, options)


# What QEMU is told

def machine(nb_cpus, iommu, memory_mb):
    """The machine, and the host's root. All processors take turns in one thread: with a thread each,
    one may still read a map of the memory that another has replaced, as the kernel or VFIO set a
    device up, and RCU freed (QEMU 10.0; "iotlb_to_section: Assertion" is one outcome, a doorbell
    that goes nowhere another). It is as fast, as most of them sleep."""
    argv = [QEMU, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-M", "q35,kernel-irqchip=split", "-accel", "tcg,thread=single", "-cpu", "max",
            "-smp", str(nb_cpus), "-m", str(memory_mb)]
    if iommu is not None:
        argv += ["-device", f"intel-iommu,{iommu},caching-mode=on"]
    return argv + ["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
                   "-device", "virtio-9p-pci,fsdev=root,mount_tag=root,bus=pcie.0"]


def boot_arguments(folder, nics, iommu, nb_hugepages, **environment):
    """The kernel, and what init is told."""
    bound = [f"0000:{i + 1:02x}:00.0" for i, nic in enumerate(nics) if nic.driver == "vfio-pci"]
    folders = ":".join(str(path) for path in (TOP, BUILD, STOCK.parent))
    environment = {"FOLDERS": folders, "VFIO": ",".join(bound), **environment}
    image = pathlib.Path(folder, "initramfs.cpio")
    init = pathlib.Path(__file__).with_name("init").read_bytes()
    image.write_bytes((DEPS / "initramfs.cpio").read_bytes() + archive("init", init))
    words = ["console=ttyS0", "quiet", "panic=-1", "no_timer_check", "nowatchdog",
             f"lpj={LOOPS_PER_JIFFY}", f"hugepages={nb_hugepages}",
             "intel_iommu=on" if iommu is not None else "intel_iommu=off", "iommu=pt",
             *(f"{key}={value}" for key, value in environment.items())]
    return ["-kernel", str(DEPS / "vmlinux"), "-initrd", str(image), "-append", " ".join(words)]


def archive(name, data):
    """A cpio archive of one program, in the form that the kernel unpacks (newc). Archives may follow
    each other."""
    def entry(path, mode, content):
        fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + path + b"\0"
        return pad(head) + pad(content)

    def pad(block):
        return block + bytes(-len(block) % 4)

    return entry(name.encode(), 0o100755, data) + entry(b"TRAILER!!!", 0, b"")


# Tests

class Test(unittest.TestCase):
    """Tests that share a guest; a class names its NICs."""

    maxDiff = 2000
    NICS = ()
    OPTIONS = {}  # of boot()

    @classmethod
    def wires(cls):
        """Those of the first NICs, where they are not the ordinary ones."""
        return []

    @classmethod
    def setUpClass(cls):
        began = time.monotonic()
        nics = [Nic(*words) for words in cls.NICS]
        for nic, its_wire in zip(nics, cls.wires()):
            nic.wire = its_wire
        cls.vm = boot(nics, **cls.OPTIONS)
        cls.addClassCleanup(cls.vm.close)
        print(f"guest: up in {time.monotonic() - began:.1f} s", file=sys.stderr)


def main():
    """Run the tests of the calling program; with one of them skipped, all count as skipped."""
    if reason := missing():
        print(reason, file=sys.stderr)
        sys.exit(EXIT_SKIP)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an interrupted test leaves no guest
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    for test, reason in result.skipped:
        print(f"{test}: {reason}", file=sys.stderr)
    sys.exit(EXIT_SKIP if result.skipped else 0)
