# SPDX-License-Identifier: BSD-3-Clause
"""net_igb beside DPDK's own driver of the same NIC: under the same worker, under stock l3fwd-power, and
its receive and transmit paths alone. ROUSE_IGB_TABLE names a file for the figures, as the table that
docs/nics/igb.rst has.

A guest has no clock that means anything, so this counts: wakes by the workers' statistics, register
accesses by QEMU's trace of its device, instructions by a guest in which the time stamp counter advances
by one an instruction.
"""

import os
import re

import counts
import frames
import guest

MOVES = guest.PROGRAMS / "igb_moves"
COST = guest.PROGRAMS / "igb_cost"
DRIVERS = {"ours": ["-d", guest.IGB], "theirs": []}
NB_FRAMES = int(os.environ.get("ROUSE_IGB_FRAMES", "1200"))
NB_ROUNDS = 40
ROUND = 32  # frames, of igb_cost.c
BURSTS = [1, 4, 32]
MOST_SPURIOUS = 0.05  # a sleep
MOST_CROSSED = 0.05  # a packet; messages to the workers
REGISTER = re.compile(r"^e1000e_core_(?:read|write) .*?register 0x([0-9a-f]+)", re.M | re.I)
LINE = "is waked up from rx interrupt on port 0 queue"


class Table:
    """The figures: by what is counted, of each driver."""

    def __init__(self):
        self.rows = {}

    def enter(self, what, ours, theirs):
        self.rows[what] = ours, theirs

    def __str__(self):
        return "".join(f"   * - {what}\n     - {number(ours)}\n     - {number(theirs)}\n"
                       f"     -{ratio(ours, theirs)}\n"
                       for what, (ours, theirs) in self.rows.items())


def number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def ratio(ours, theirs):
    if theirs < 0.05:  # none, or next to none
        return ""
    return f" {ours / theirs:.2f}"


TABLE = Table()


def tearDownModule():
    print(f"\n{TABLE}", flush=True)
    if "ROUSE_IGB_TABLE" in os.environ:
        with open(os.environ["ROUSE_IGB_TABLE"], "w", encoding="utf-8") as file:
            file.write(str(TABLE))


class Wakes(guest.Test):
    """Frames one at a time, or trains of them: each is a wake, and everything else is one too many."""

    NICS = [("igb",)]
    OPTIONS = {"nb_cpus": 5}

    def trace(self, is_on):
        for name in "e1000e_core_read", "e1000e_core_write":
            self.vm.monitor.execute("trace-event-set-state", name=name, enable=is_on)

    def accesses(self):
        """How many register accesses QEMU has told of."""
        return len(REGISTER.findall(self.vm.log.read_text("utf-8", "replace")))

    def eal(self, driver, nb_lcores):
        return ["-l", f"0-{nb_lcores}", "--no-telemetry", *DRIVERS[driver], "-a",
                self.vm.nics[0].address]

    def under_worker(self, driver, nb_queues, nb_workers, train):
        """What the workers counted, and the register accesses of the trains' time."""
        nb_sent, nb_trains = 1, NB_FRAMES if train == 1 else NB_FRAMES // 2
        wire = self.vm.nics[0].wire
        with self.vm.start([MOVES, *self.eal(driver, nb_workers), "--", str(nb_queues),
                            "0"]) as program:
            program.expect("ready")
            wire.send(frames.udp(1))
            program.expect("received 1\\b")
            self.trace(True)
            before = self.accesses()
            for _ in range(nb_trains):
                # of one flow, and so of one queue
                wire.send(frames.udp(train, nb_flows=1, first=nb_sent) if train > 1 else
                          frames.udp(1, first=nb_sent))
                nb_sent += train
                program.expect(f"received {nb_sent}\\b")
            accesses = self.accesses() - before
            self.trace(False)
            program.say("end")
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        workers = [counts.fields(line) for line in re.findall(r"worker \d+: (.*)", done.output)]
        sums = {name: sum(worker[name] for worker in workers) for name in workers[0]}
        self.assertEqual(sums["packets"], nb_sent)
        self.assertEqual(sums["rescues"], 0)
        # a wake of a worker is its own packet's, or for nothing of its own
        crossed = sum(max(worker["wakes"] - worker["packets"], 0) for worker in workers)
        return {**sums, "crossed": crossed, "accesses": accesses / nb_trains, "trains": nb_trains + 1,
                "spurious_per_sleep": sums["spurious"] / max(sums["blocks"], 1)}

    def beside(self, nb_queues, nb_workers, train=1):
        found = {driver: self.under_worker(driver, nb_queues, nb_workers, train)
                 for driver in DRIVERS}
        what = "packet" if train == 1 else f"train of {train}"
        where = f"{nb_queues} queues, {nb_workers} workers: "
        counters = {f"wakes a {what}": "wakes", f"wakes by interrupts a {what}": "interrupts"}
        if train == 1:
            counters["wakes of workers that the packet is not for, a packet"] = "crossed"
        for name, counter in counters.items():
            TABLE.enter(where + name, *(found[d][counter] / found[d]["trains"] for d in DRIVERS))
        TABLE.enter(where + f"spurious wakes a sleep, {what} by {what}",
                    *(found[d]["spurious_per_sleep"] for d in DRIVERS))
        TABLE.enter(where + f"register accesses a {what}",
                    *(found[d]["accesses"] for d in DRIVERS))
        self.assertLess(found["ours"]["spurious_per_sleep"], MOST_SPURIOUS)
        self.assertGreater(found["ours"]["interrupts"], 0)
        if train == 1:  # each wake was for the packet: nobody else's
            self.assertLessEqual(found["ours"]["interrupts"], found["ours"]["trains"] * 1.01)
        return found["ours"], found["theirs"]

    def test_one_queue_under_a_worker(self):
        ours, theirs = self.beside(1, 1)
        self.assertLessEqual(ours["wakes"], theirs["wakes"] * 1.02)
        self.assertLess(ours["accesses"], theirs["accesses"])

    def test_a_vector_for_each_queue_under_workers(self):
        """Packets that come while a worker is awake leave causes behind."""
        ours, theirs = self.beside(8, 4, train=8)
        self.assertLess(ours["spurious_per_sleep"], theirs["spurious_per_sleep"])
        self.assertLess(ours["accesses"], theirs["accesses"])

    def test_more_queues_than_vectors_under_workers(self):
        """There the other driver gets no interrupt at all, and is looked at by a timer."""
        ours, theirs = self.beside(16, 4)
        self.assertEqual(theirs["interrupts"], 0)
        self.assertLess(ours["wakes"], theirs["wakes"])
        # messages to them
        self.assertLess(ours["crossed"], ours["trains"] * MOST_CROSSED)
        self.assertGreater(theirs["crossed"], ours["crossed"])

    def under_l3fwd(self, driver):
        """Wakes a frame. It also arms each time that it has slept for 10 ms in vain, so register
        accesses a frame would be a time."""
        wire = self.vm.nics[0].wire
        with self.vm.start([guest.STOCK / "dpdk-l3fwd-power", *self.eal(driver, 1),
                            "--log-level=user1,8", "--", "-p", "1", "--config=(0,0,1)", "-P",
                            "--interrupt-only"]) as l3fwd:
            l3fwd.expect("Port 0 Link up")
            l3fwd.expect("entering main interrupt loop on lcore 1")
            # one that comes before it sleeps is polled, and wakes nobody
            l3fwd.expect_of(LINE, lambda: wire.send(frames.udp(1)))
            said = l3fwd.output.count(LINE)
            # nor does one that comes as it looks, each 10 ms: another is sent, and it is not counted
            for i in range(1, NB_FRAMES):
                l3fwd.expect("lcore 1 sleeps until interrupt triggers")
                l3fwd.expect_of(LINE, lambda i=i: wire.send(frames.udp(1, first=i)))
            return (l3fwd.output.count(LINE) - said) / (NB_FRAMES - 1)

    def test_under_l3fwd_power(self):
        found = {driver: self.under_l3fwd(driver) for driver in DRIVERS}
        TABLE.enter("l3fwd-power: wakes a packet", *(found[d] for d in DRIVERS))
        self.assertLessEqual(found["ours"], found["theirs"] * 1.01)
        self.assertLess(found["ours"], 1 + MOST_SPURIOUS)


class Instructions(guest.Test):
    """A counter that advances by one an instruction, whatever the processor."""

    NICS = [("igb",)]
    OPTIONS = {"nb_cpus": 2, "options": ["-icount", "shift=0,sleep=off"]}

    def cost(self, driver):
        """{burst: (instructions a packet of rx_burst, of tx_burst)}."""
        wire = self.vm.nics[0].wire
        with self.vm.start([COST, "-l", "0-1", "--no-telemetry", *DRIVERS[driver], "-a",
                            self.vm.nics[0].address, "--", str(NB_ROUNDS),
                            *map(str, BURSTS)]) as program:
            for burst in BURSTS:
                program.expect(f"ready {burst}\\b")
                for i in range(NB_ROUNDS):
                    wire.send(frames.udp(ROUND, first=i * ROUND))
                    wire.expect(ROUND)
                program.expect(f"burst {burst} .*")
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        found = {}
        for line in re.findall("burst .*", done.output):
            counted = counts.fields(line)
            self.assertAlmostEqual(counted["scale"], 1000, delta=20)
            self.assertLess(counted["interrupted"], counted["frames"] / 20)
            found[counted["burst"]] = tuple(counted[way] / counted["frames"] for way in ("rx", "tx"))
        return found

    def test_instructions_a_packet(self):
        found = {driver: self.cost(driver) for driver in DRIVERS}
        for burst in BURSTS:
            for way, name in enumerate(("rx_burst", "tx_burst")):
                ours, theirs = (found[driver][burst][way] for driver in DRIVERS)
                TABLE.enter(f"instructions a packet, {name} of {burst}", ours, theirs)
                with self.subTest(f"{name} of {burst}"):
                    self.assertLessEqual(ours, theirs)


if __name__ == "__main__":
    guest.main()
