# SPDX-License-Identifier: BSD-3-Clause
"""Rouse's worker beside stock dpdk-l3fwd-power, both on DPDK's own drivers: what each does for a frame,
and what it does while none comes. ROUSE_L3FWD_TABLE names a file for the figures, as the table that
docs/l3fwd-power.md has.

A guest has no clock that means anything, so this counts: wakes as each program tells of them, returns
from sleep by the kernel's count of a thread's switches, register accesses by QEMU's trace of its
device. Processor time is the kernel's, and only its ratio is told.
"""

import json
import os
import re

import counts
import frames
import guest

MOVES = guest.PROGRAMS / "igb_moves"
# what QEMU has, and what DPDK needs to be told of it
NICS = {
    "82576": (("igb",), []),
    "82574L": (("e1000e",), ["--vfio-intr=msi"]),  # with MSI-X its driver gets no Rx interrupt
    "virtio": (("virtio-net-pci", "disable-legacy=on,iommu_platform=on"), []),
    "vmxnet3": (("vmxnet3",), []),
}
NB_FRAMES = int(os.environ.get("ROUSE_L3FWD_FRAMES", "200"))
IDLE_S = 10  # of the guest's time
NB_LOOKS = 10
SILENCE_S = 1  # after a frame that woke nobody
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

    NICS = [model for model, _ in NICS.values()]
    OPTIONS = {"nb_cpus": 2}
    rows = []

    def setUp(self):
        self.take("82576")

    def take(self, name):
        """The NIC of what follows."""
        self.nic = self.vm.nics[list(NICS).index(name)]
        self.options = NICS[name][1]
        self.has_trace = name.startswith("825")  # QEMU's trace of register accesses

    def eal(self):
        return ["-l", "0-1", *self.options, "-a", self.nic.address]

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
                **({"register accesses, an idle second": nb / IDLE_S} if self.has_trace else {}),
                "share of a processor while idle": (last["ran"] - first["ran"]) / IDLE_S / 1e9}

    def under_worker(self):
        wire = self.nic.wire
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
        return {"frames received, of those sent": worker["packets"] / NB_FRAMES,
                "wakes by interrupts, a frame": worker["interrupts"] / worker["packets"],
                "returns from sleep that found nothing, of all": worker["spurious"] / worker["blocks"],
                **found}

    def received(self, nb_sent):
        """How many frames the port has taken by its own statistics: all of them, or what there is after a
        number of looks."""
        for _ in range(NB_LOOKS):
            said = self.vm.shell(f"echo /ethdev/stats,0 | python3 -B {guest.STOCK}/dpdk-telemetry.py")
            nb = json.loads(said)["/ethdev/stats"]["ipackets"]
            if nb >= nb_sent:
                break
        return nb

    def under_l3fwd(self):
        """It tells of a wake by an interrupt, and not of one by its limit of 10 ms: the kernel does."""
        wire = self.nic.wire
        with self.vm.start([guest.STOCK / "dpdk-l3fwd-power", *self.eal(), "--log-level=user1,8", "--",
                            "-p", "1", "--config=(0,0,1)", "-P", "--parse-ptype",
                            "--interrupt-only"]) as program:
            program.expect("entering main interrupt loop on lcore 1")
            # one that comes before it sleeps is polled, and wakes nobody
            nb_sent = 0

            def send():
                nonlocal nb_sent
                wire.send(frames.udp(1, first=nb_sent))
                nb_sent += 1

            program.expect_of(WOKEN, send)
            nb_before = self.received(nb_sent)
            said, nb_sent = program.output.count(WOKEN), 0
            first = counts.fields(self.vm.shell(LOOK))
            # nor does one that comes as it looks, each 10 ms: another is sent then
            while nb_sent < NB_FRAMES:
                program.expect("lcore 1 sleeps until interrupt triggers")
                program.expect_of(WOKEN, send, limit_s=SILENCE_S)
            last = counts.fields(self.vm.shell(LOOK))
            nb_woken = program.output.count(WOKEN) - said
            nb_received = self.received(nb_before + nb_sent) - nb_before
            found = self.idle()
        nb_returns = last["switches"] - first["switches"]
        self.assertGreater(nb_woken, 0)
        return {"frames received, of those sent": nb_received / nb_sent,
                "wakes by interrupts, a frame": nb_woken / nb_sent,
                "returns from sleep that found nothing, of all": max(0, 1 - nb_woken / nb_returns),
                **found}

    def test_the_worker_sleeps_where_l3fwd_power_looks(self):
        for name in NICS:
            with self.subTest(nic=name):
                self.compare(name)

    def compare(self, name):
        self.take(name)
        ours, theirs = self.under_worker(), self.under_l3fwd()
        self.rows += [f"| {name} | {what} | {number(ours[what])} | {number(theirs[what])} |\n"
                      for what in ours]
        # asleep until a frame: nothing returns, nothing is read or written
        self.assertLess(ours["returns from sleep, an idle second"], 1)
        self.assertLess(ours.get("register accesses, an idle second", 0), 1)
        self.assertGreater(theirs["returns from sleep, an idle second"], 1)
        self.assertLess(ours["wakes by interrupts, a frame"], 1 + MOST_SPURIOUS)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        print("\n" + "".join(cls.rows), flush=True)
        if "ROUSE_L3FWD_TABLE" in os.environ:
            with open(os.environ["ROUSE_L3FWD_TABLE"], "w", encoding="utf-8") as file:
                file.writelines(cls.rows)

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
