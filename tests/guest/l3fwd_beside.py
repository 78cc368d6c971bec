# SPDX-License-Identifier: BSD-3-Clause
"""Rouse's worker beside stock dpdk-l3fwd-power, both on DPDK's own driver of the 82576: what each does for
a frame, and what it does while none comes. ROUSE_L3FWD_TABLE names a file for the figures, as the table
that docs/l3fwd-power.md has.

A guest has no clock that means anything, so this counts: wakes as each program tells of them, returns
from sleep by the kernel's count of a thread's switches, register accesses by QEMU's trace of its
device. Processor time is the kernel's, and only its ratio is told.
"""

import os
import re

import counts
import frames
import guest

MOVES = guest.PROGRAMS / "igb_moves"
NB_FRAMES = int(os.environ.get("ROUSE_L3FWD_FRAMES", "200"))
IDLE_S = 10  # of the guest's time
MOST_SPURIOUS = 0.05  # a sleep
WORKER = "*-worker-1"  # as EAL names it, of whatever release
REGISTER = re.compile(r"^e1000e_core_(?:read|write) .*?register 0x([0-9a-f]+)", re.M | re.I)
WOKEN = "is waked up from rx interrupt on port 0 queue 0"
# of the only program with such a thread: its switches, and its time on a processor in ns
LOOK = f"""
for task in /proc/[0-9]*/task/[0-9]*; do
	read -r name <"$task/comm" 2>/dev/null || continue
	case $name in {WORKER}) ;; *) continue ;; esac
	read -r ran rest <"$task/schedstat"
	while read -r what nb; do
		[ "$what" != voluntary_ctxt_switches: ] || switches=$nb
	done <"$task/status"
	echo "switches $switches ran $ran"
done
"""


class Beside(guest.Test):
    """One queue, one worker, a frame at a time."""

    NICS = [("igb",)]
    OPTIONS = {"nb_cpus": 2}

    def eal(self):
        return ["-l", "0-1", "--no-telemetry", "-a", self.vm.nics[0].address]

    def trace(self, is_on):
        for name in "e1000e_core_read", "e1000e_core_write":
            self.vm.monitor.execute("trace-event-set-state", name=name, enable=is_on)

    def accesses(self):
        """How many register accesses QEMU has told of."""
        return len(REGISTER.findall(self.vm.log.read_text("utf-8", "replace")))

    def idle(self):
        """What a second without a frame costs: returns from sleep, processor time, register accesses."""
        self.trace(True)
        nb = self.accesses()
        first, last = (counts.fields(line) for line in
                       self.vm.shell(f"look() {{ {LOOK} }}; look; sleep {IDLE_S}; look").splitlines())
        nb = self.accesses() - nb
        self.trace(False)
        return {"returns from sleep, an idle second": (last["switches"] - first["switches"]) / IDLE_S,
                "register accesses, an idle second": nb / IDLE_S,
                "share of a processor while idle": (last["ran"] - first["ran"]) / IDLE_S / 1e9}

    def under_worker(self):
        wire = self.vm.nics[0].wire
        with self.vm.start([MOVES, *self.eal(), "--", "1", "0"]) as program:
            program.expect("ready")
            for i in range(NB_FRAMES):  # the NIC keeps the first until its link is up
                wire.send(frames.udp(1, first=i))
                program.expect(rf"received {i + 1}\b")
            found = self.idle()
            program.say("end")
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        worker = counts.fields(re.search(r"worker 0: (.*)", done.output)[1])
        self.assertEqual(worker["rescues"], 0)
        self.assertLess(worker["spurious"] / worker["blocks"], MOST_SPURIOUS)
        return {"wakes by interrupts, a frame": worker["interrupts"] / worker["packets"],
                "returns from sleep that found nothing, of all": worker["spurious"] / worker["blocks"],
                **found}

    def under_l3fwd(self):
        """It tells of a wake by an interrupt, and not of one by its limit of 10 ms: the kernel does."""
        wire = self.vm.nics[0].wire
        with self.vm.start([guest.STOCK / "dpdk-l3fwd-power", *self.eal(), "--log-level=user1,8", "--",
                            "-p", "1", "--config=(0,0,1)", "-P", "--interrupt-only"]) as program:
            program.expect("entering main interrupt loop on lcore 1")
            # one that comes before it sleeps is polled, and wakes nobody
            program.expect_of(WOKEN, lambda: wire.send(frames.udp(1)))
            said = program.output.count(WOKEN)
            first = counts.fields(self.vm.shell(LOOK))
            # nor does one that comes as it looks, each 10 ms: another is sent, and it is not counted
            for i in range(1, NB_FRAMES):
                program.expect("lcore 1 sleeps until interrupt triggers")
                program.expect_of(WOKEN, lambda i=i: wire.send(frames.udp(1, first=i)))
            last = counts.fields(self.vm.shell(LOOK))
            nb_woken = program.output.count(WOKEN) - said
            found = self.idle()
        nb_returns = last["switches"] - first["switches"]
        self.assertGreater(nb_woken, 0)
        return {"wakes by interrupts, a frame": nb_woken / (NB_FRAMES - 1),
                "returns from sleep that found nothing, of all": max(0, 1 - nb_woken / nb_returns),
                **found}

    def test_the_worker_sleeps_where_l3fwd_power_looks(self):
        ours, theirs = self.under_worker(), self.under_l3fwd()
        table = "".join(f"| {what} | {number(ours[what])} | {number(theirs[what])} |\n" for what in ours)
        print(f"\n{table}", flush=True)
        if "ROUSE_L3FWD_TABLE" in os.environ:
            with open(os.environ["ROUSE_L3FWD_TABLE"], "w", encoding="utf-8") as file:
                file.write(table)
        # asleep until a frame: nothing returns, nothing is read or written
        self.assertLess(ours["returns from sleep, an idle second"], 1)
        self.assertLess(ours["register accesses, an idle second"], 1)
        self.assertGreater(theirs["returns from sleep, an idle second"], 1)
        self.assertLessEqual(ours["wakes by interrupts, a frame"],
                             theirs["wakes by interrupts, a frame"] * 1.02)

    def test_l3fwd_power_without_a_mode_sleeps_too(self):
        """A guest does not let it change frequencies: so it takes this mode by itself, and --legacy,
        which wants them, ends."""
        words = [guest.STOCK / "dpdk-l3fwd-power", *self.eal(), "--log-level=user1,8", "--", "-p", "1",
                 "--config=(0,0,1)", "-P"]
        with self.vm.start(words) as program:
            program.expect("Selected operation mode: interrupt-only")
            program.expect("entering main interrupt loop on lcore 1")
        done = self.vm.run([*words, "--legacy"])
        self.assertNotEqual(done.status, 0)
        self.assertIn("init_power_library failed", done.output)


def number(value):
    return f"{value:.4f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    guest.main()
