# SPDX-License-Identifier: BSD-3-Clause
"""The program "station" in the guest (station.c), as the tests talk to it."""

import contextlib
import re
from typing import NamedTuple

import guest

ANSWER = re.compile(r"^(ok|error: .*)$", re.MULTILINE)
FLOW = re.compile(r"flow (\d+): queue (\d+) hash (none )?([0-9a-f]{8}) frames (\d+)( changed)?")
MAIN_LCORE = 0


class Flow(NamedTuple):
    """What the frames of a flow had in common."""

    queue: int
    hash: int  # None: the driver gave none
    nb_frames: int


class Station:
    """A port of a NIC; a worker on each lcore from 1 on, to which its queues are dealt out. Leaving
    the "with" kills it."""

    def __init__(self, vm, nic, nb_queues=1, nb_desc=256, nb_mbufs=8192, mode="hybrid",
                 lcores="0-4", eal=()):
        self.vm, self.nic = vm, nic
        self.program = vm.start([guest.PROGRAMS / "station", "-l", lcores, "-a", nic.address, *eal,
                                 "--", nb_queues, nb_desc, nb_mbufs, mode])
        self._nb_events = 0
        self._await_answer()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.program.__exit__(*error)

    def _await_answer(self):
        begin = self.program.seen
        answer = self.program.expect(ANSWER)
        if answer[1] != "ok":
            raise AssertionError(f"{answer[1]}, {self.program.tail()}")
        lines = self.program.output[begin:answer.start()].splitlines()
        return [line for line in lines if line and not line.startswith("event: ")]

    def ask(self, command):
        """The lines of its answer; an error is a failure."""
        self.program.say(command)
        return self._await_answer()

    def stats(self):
        """{lcore: {counter: value}} of the workers."""
        found = {}
        for line in self.ask("stats"):
            if match := re.fullmatch(r"worker (\d+): (.*)", line):
                words = match[2].split()
                found[int(match[1])] = dict(zip(words[::2], map(int, words[1::2])))
        return found

    def settled(self):
        """The counters when every worker sleeps, and nothing has come since."""
        before = None
        while True:
            now = self.stats()
            asleep = all(s["parks"] == s["wakes"] + s["recheck_hits"] + 1 for s in now.values())
            if asleep and before is not None and all(
                    now[i]["wakes"] == before[i]["wakes"] for i in now):
                return now
            before = now

    def flows(self):
        """{flow: Flow} of what was received since it was cleared, and the sums by name."""
        found, sums = {}, {}
        for line in self.ask("flows"):
            if match := FLOW.fullmatch(line):
                if match[6]:
                    raise AssertionError(f"not all frames of a flow are alike: {line}")
                found[int(match[1])] = Flow(int(match[2]), None if match[3] else int(match[4], 16),
                                            int(match[5]))
            elif line.startswith("frames "):
                words = line.split()
                sums = dict(zip(words[::2], map(int, words[1::2])))
        return found, sums

    def expect_event(self, what):
        """Wait for an event of these words, after those that were awaited before."""
        pattern = re.compile(r"^event: (.*)$", re.MULTILINE)

        def has_come():
            while len(events := pattern.findall(self.program.output)) > self._nb_events:
                self._nb_events += 1
                if events[self._nb_events - 1] == what:
                    return True
            return False

        with self.vm.changed:
            while not has_come():
                if self.program.status is not None or not self.vm.changed.wait(guest.LIMIT_S):
                    raise AssertionError(f"no event {what!r}, {self.program.tail()}")

    def settled_flows(self):
        """The sums when nothing more comes, though the workers may look for mbufs."""
        before = None
        while (now := self.flows()[1]) != before:
            before = now
            self.vm.shell("sleep 0.2")  # of the guest's time
        return now

    def await_link(self, state):
        """Ask until the link is so."""
        while self.ask("link") != [f"link {state}"]:
            self.vm.shell("sleep 0.05")

    def exchange(self, sent, window=64):
        """Send frames, at most so many under way, while it echoes; each must come back once."""
        wire = self.nic.wire
        for at in range(0, len(sent), window):
            part = sent[at:at + window]
            wire.send(part)
            came = wire.expect(len(part))
            if sorted(came) != sorted(part):
                raise AssertionError("what came back is not what was sent")

    def quit(self):
        """Its end; every mbuf came back. What it said."""
        with contextlib.suppress(BrokenPipeError):
            self.program.say("quit")
        done = self.program.end()
        if done.status != 0:
            raise AssertionError(self.program.tail())
        return done.output


def interrupts(vm, nic):
    """{vector: (processors that it may be delivered to, [count by processor])} of a NIC, as the kernel
    has it. Vectors of MSI-X are numbers, "msi" or "intx" the only one that there is."""
    found = {}
    script = ("grep -F '%s' /proc/interrupts | while read -r line; do "
              "echo \"$(cat /proc/irq/${line%%%%:*}/smp_affinity_list) $line\"; done" % nic.address)
    nb_cpus = len(vm.shell("ls -d /sys/devices/system/cpu/cpu[0-9]*").split())
    for line in vm.shell(script).splitlines():
        cpus, _, *words = line.split()
        kind = re.search(r"vfio-(msix\[(\d+)\]|msi|intx)", line)
        vector = int(kind[2]) if kind[2] else kind[1]
        found[vector] = cpus, [int(word) for word in words[:nb_cpus]]
    return found
