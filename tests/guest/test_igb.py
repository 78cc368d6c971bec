# SPDX-License-Identifier: BSD-3-Clause
"""net_igb on the 82576: stock programs run on it, a packet wakes the worker that owns its queue and no
other, and queues move from worker to worker while frames come.
"""

import os
import re
import signal
import sys
import time

import counts
import frames
import guest

MOVES = guest.PROGRAMS / "igb_moves"
MODERATED = guest.PROGRAMS / "igb_moderated"
NB_MOVES = 1000
NB_CYCLES = int(os.environ.get("ROUSE_GUEST_CYCLES", "50"))
NB_AT_A_TIME = 32
NB_ALONE = 600  # frames, one by one
MOST_SPURIOUS = 0.05  # wakes a sleep, messages to the worker included
NB_ON_THE_WAY = 64
MODERATION_US = 8191  # the most
NB_TRICKLE = 200
NB_RATED = 64  # some a second, however long the second
TRICKLE_S = 0.001
NB_TRIES = 20
SILENCE_S = 600  # of pmd_perf_autotest


def await_link(testpmd, state):
    """Ask until the link of port 0 is up, or down."""
    told = None
    while told != state:
        testpmd.say("show port info 0")
        told = testpmd.expect(r"Link status: (\w+)")[1]
        testpmd.expect("testpmd>")


def most_moderated(seconds):
    """Interrupts of a vector in so long: one may come at once, and one belong to what came before."""
    return seconds * 1e6 / MODERATION_US + 2


class Igb(guest.Test):
    """Two ports, each with a wire of its own."""

    NICS = [("igb",), ("igb",)]
    OPTIONS = {"nb_cpus": 5}
    driver = ["-d", guest.IGB]

    def eal(self, nb_lcores, device=""):
        """Arguments of a program that has the first NIC."""
        return ["-l", f"0-{nb_lcores}", "--no-telemetry", *self.driver, "-a",
                self.vm.nics[0].address + device]

    def test_stock_testpmd_sends_back_what_it_receives(self):
        sent = frames.udp(640)
        wire = self.vm.nics[0].wire
        with self.vm.start([guest.STOCK / "dpdk-testpmd", *self.eal(1), "--", "-i",
                            "--port-topology=loop", "--rxq=4", "--txq=4",
                            "--total-num-mbufs=8192"]) as testpmd:
            testpmd.expect("testpmd>")
            self.assertIn("net_igb", testpmd.output)
            testpmd.say("start")
            testpmd.expect("testpmd>")
            # before that it may have come up without an event, as the port was started
            await_link(testpmd, "up")
            for state in "down", "up":
                self.vm.nics[0].set_link(state == "up")
                testpmd.expect("Port 0: link state change event")
                await_link(testpmd, state)
            wire.take()  # what programs before may have sent
            came = []
            for at in range(0, len(sent), NB_AT_A_TIME):
                wire.send(sent[at:at + NB_AT_A_TIME])
                came += wire.expect(NB_AT_A_TIME)
            testpmd.say("stop")
            testpmd.expect("RX-total: 640")
            testpmd.say("quit")
            self.assertEqual(testpmd.end().status, 0)
        self.assertEqual(sorted(came), sorted(sent))

    def test_stock_testpmd_changes_the_port_by_its_commands(self):
        """What every command leaves is asked for, or seen by the frames that follow it."""
        wire = self.vm.nics[0].wire
        key = bytes(range(1, 41)).hex().upper()
        with self.vm.start([guest.STOCK / "dpdk-testpmd", *self.eal(1), "--", "-i",
                            "--port-topology=loop", "--rxq=4", "--txq=4",
                            "--total-num-mbufs=8192"]) as testpmd:
            testpmd.expect("testpmd>")

            def do(command, *expected):
                testpmd.say(command)
                for pattern in expected:
                    testpmd.expect(pattern)
                testpmd.expect("testpmd>")

            def nb_received():
                testpmd.say("show port stats 0")
                nb = int(testpmd.expect(r"RX-packets: (\d+)")[1])
                testpmd.expect("testpmd>")
                return nb

            def exchange(mode, nb_back, length=60):
                await_link(testpmd, "up")
                do(f"set fwd {mode}")
                do("start")
                wire.take()
                before = nb_received()
                wire.send(frames.udp(32, length=length))
                self.assertEqual([len(frame) for frame in wire.expect(nb_back)], [length] * nb_back)
                while nb_received() < before + 32:
                    pass
                do("stop", "RX-packets: [1-9]")

            do("show port info 0", "Driver name: net_igb")
            exchange("io", 32)
            do("port config 0 rss reta (0,3),(1,2)")
            do("show port 0 rss reta 128 (0x3,0x0)", "hash index=0, queue=3",
               "hash index=1, queue=2")
            do(f"port config 0 rss-hash-key ipv4 {key}")
            do("show port 0 rss-hash key", key)
            exchange("macswap", 32)
            do("port 0 rxq 1 stop")
            do("port 0 rxq 1 start")
            do("port 0 txq 1 stop")
            do("port 0 txq 1 start")
            exchange("io", 32)
            do("port stop 0", "Done")
            do("port config mtu 0 4000")
            do("port start 0", "Done")
            do("show port info 0", "MTU: 4000")
            exchange("io", 32, length=4014)  # in several buffers
            do("port stop 0", "Done")
            do("port reset 0", "Done")
            do("port start 0", "Done")
            exchange("io", 32)
            exchange("rxonly", 0)
            do("show port xstats 0", "rxq1_packets: [1-9]")
            testpmd.say("quit")
            self.assertEqual(testpmd.end().status, 0, testpmd.tail())
        self.assertNotRegex(testpmd.output, "(?i)fail|error:|invalid|bad argument")

    def test_the_commands_for_a_nic_forward_on_it(self):
        wire = self.vm.nics[0].wire
        with self.vm.start([guest.ROUSEPMD, *self.eal(4), "--", "--rxq=4", "--txq=4",
                            f"--cmdline-file={guest.TOP}/config/commands/vfio-nic"]) as program:
            for queue in range(4):
                program.expect(rf"vector \S+ <- RX of queue {queue} \(interrupt\) -> lcore {queue + 1}")
            wire.take()
            wire.send(frames.udp(1))
            wire.expect(1)
            program.signal(signal.SIGINT)
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("rescues 0", done.output)

    def test_the_command_of_the_readme_receives_by_sixteen_queues(self):
        """It ends when frames have been seen, not after the minute that it says."""
        wire = self.vm.nics[0].wire
        with self.vm.start([guest.ROUSEPMD, *self.eal(4), "--", "--rxq=16", "--txq=16",
                            "--forward-mode=rxonly", "--stats-period=1", "--duration=60"]) as program:
            program.expect(r"rx +0 pps")
            wire.send(frames.udp(NB_RATED))
            program.expect(r"rx +[1-9]\d* pps")
            program.signal(signal.SIGINT)
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("9 vectors for 16 queues", done.output)
        by_queue = re.findall(r"queue +(\d+): RX-packets: (\d+)", done.output)
        self.assertEqual([int(queue) for queue, _ in by_queue], list(range(16)))
        self.assertIn(sum(int(nb) for _, nb in by_queue), range(1, NB_RATED + 1))
        self.assertEqual(len(re.findall(r"Worker on lcore [1-4]\b", done.output)), 4)
        self.assertIn("rescues 0", done.output)

    def test_the_prompt_switches_interrupts_and_resets_the_nic(self):
        wire = self.vm.nics[0].wire
        with self.vm.start([guest.ROUSEPMD, *self.eal(2), "--", "--rxq=4", "--txq=4",
                            "--interactive"]) as program:
            def do(command, answer=r"rousepmd> "):
                program.say(command)
                program.expect(re.escape(command))
                program.expect(answer)

            def exchange():
                do("start")
                wire.take()
                wire.send(frames.udp(32))
                wire.expect(32)

            program.expect("rousepmd> ")
            exchange()
            do("set moderation 0 1 100")
            do("set moderation 0 1 8192", "a moderation of 8192 us; give 0 to 8191")
            for queue in range(4):
                do(f"port 0 rxq {queue} intr disable", "looked at every 1000 us" if queue == 0
                   else "rousepmd> ")
            do("show vector 0", r"RX of queue 3 \(timed\)")
            exchange()
            for queue in range(4):
                do(f"port 0 rxq {queue} intr enable")
            do("show vector 0", r"RX of queue 3 \(interrupt\)")
            exchange()
            do("stop", "Done")
            do("port 0 rxq 1 stop")
            do("port 0 rxq 1 start")
            do("port stop 0", "Done")
            do("port reset 0", "Done")
            do("port start 0", "Done")
            exchange()
            program.say("quit")
            done = program.end()
        self.assertNotRegex(done.output, "(?i)fail|cannot|expected")
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("rescues 0", done.output)

    def test_stock_pmd_perf_receives_what_it_sends(self):
        """In loopback; for ever if the port loses a frame that it primes the port with."""
        with self.vm.start([guest.STOCK / "dpdk-test", *self.eal(1)]) as program:
            program.expect("RTE>>")
            program.say("pmd_perf_autotest")
            program.expect("Port 0 Link up at 1 Gbps FDX")
            # it says nothing while millions of frames go round
            self.assertEqual(program.expect(r"(\d+) packet, (\d+) drop", limit_s=SILENCE_S)[2], "0")
            program.expect("Test OK", limit_s=SILENCE_S)

    def test_stock_l3fwd_power_is_waked_by_its_interrupts(self):
        wire = self.vm.nics[0].wire
        with self.vm.start([guest.STOCK / "dpdk-l3fwd-power", *self.eal(1), "--log-level=user1,8",
                            "--", "-p", "1", "--config=(0,0,1)", "-P",
                            "--interrupt-only"]) as l3fwd:
            l3fwd.expect("Port 0 Link up")
            l3fwd.expect("entering main interrupt loop on lcore 1")
            woken = "is waked up from rx interrupt on port 0 queue 0"
            # one that comes as it looks, each 10 ms, is polled and wakes nobody: then another is sent
            for i in range(20):
                l3fwd.expect_of(woken, lambda i=i: wire.send(frames.udp(1, first=i)))
                l3fwd.expect("lcore 1 sleeps until interrupt triggers")

    def test_a_packet_wakes_the_owner_of_its_queue_and_nobody_else(self):
        """16 queues, 9 vectors, 4 workers: each packet alone, so that each is a wake."""
        workers, received = self.play("16", "0", nb_frames=NB_ALONE, nb_at_a_time=1)
        self.assertEqual(received["disordered"], 0)
        for worker in workers:
            self.assertEqual(worker["rescues"], 0)
            self.assertEqual(worker["arm_errors"], 0)
            # a few for the second look that found a packet
            self.assertLessEqual(worker["interrupts"], worker["packets"] + 2)
            self.assertLess(worker["spurious"], worker["blocks"] * MOST_SPURIOUS)
        print("\n# spurious wakes a sleep:",
              *(f"{worker['spurious']}/{worker['blocks']}" for worker in workers), file=sys.stderr)

    def test_interrupts_come_on_the_processor_of_the_owner(self):
        seen = {}
        self.play("16", "0", nb_frames=64, nb_at_a_time=1, look=lambda: seen.update(self.kernels()))
        self.assertEqual(sorted(cpus for cpus, _ in seen.values()), ["1", "2", "3", "4"])
        for vector, (cpus, nb) in seen.items():
            with self.subTest(vector=vector):
                self.assertEqual(nb[int(cpus)], sum(nb))

    def test_interrupts_follow_a_queue_that_moves(self):
        """One queue, and so one vector: what changes is whose it is. By DPDK's driver, too."""
        for self.driver in self.driver, []:
            with self.subTest(driver=self.driver):
                self.follow()

    def follow(self):
        seen = {}
        self.play("1", "1", nb_frames=64, nb_at_a_time=1, nb_lcores=2,
                  look=lambda: seen.update(self.kernels()))
        (cpus, nb), = seen.values()
        self.assertEqual(cpus, "2")
        # the move came after the first frames
        self.assertGreater(nb[2], 50)
        self.assertLess(nb[1], 10)
        self.assertEqual(nb[1] + nb[2], sum(nb))

    def kernels(self):
        """{vector: (CPUs, counts by CPU)} of those that have come."""
        found = self.vm.interrupts(self.vm.nics[0])
        return {vector: (cpus, nb) for vector, (cpus, nb) in found.items()
                if vector != 0 and sum(nb) != 0}

    def test_queues_move_while_frames_come_and_nothing_is_lost(self):
        workers = self.step(NB_MOVES, "moves")
        # a message of the vector that a queue has left is a stale wake
        self.assertLess(sum(worker["spurious"] for worker in workers),
                        sum(worker["stale"] + worker["blocks"] * MOST_SPURIOUS for worker in workers))

    def test_workers_go_offline_and_come_back_while_frames_come_and_nothing_is_lost(self):
        self.step(NB_CYCLES, "cycles")

    def step(self, nb_steps, kind):
        """Frames go on coming until the last step: all that was sent is received, once, in its order."""
        workers, received = self.play("16", str(nb_steps), kind, nb_frames=None, nb_at_a_time=16,
                                      nb_on_the_way=NB_ON_THE_WAY)
        self.assertEqual(received["steps"], nb_steps)
        self.assertEqual(received["disordered"], 0)
        self.assertEqual(sum(worker["rescues"] for worker in workers), 0)
        self.assertEqual(sum(worker["arm_errors"] for worker in workers), 0)
        print(f"\n# {nb_steps} {kind}: {received['received']} frames,",
              *(f"{name} {sum(worker[name] for worker in workers)}"
                for name in ("wakes", "spurious", "stale")), file=sys.stderr)
        return workers

    def test_messages_of_a_vector_keep_the_interval_that_is_set_while_frames_come(self):
        with self.vm.start([MODERATED, *self.eal(1)]) as program:
            program.expect("ready")
            self.await_link(program, self.vm.nics[0].wire)
            self.nb_sent = self.nb_probes
            usual = self.trickle_freely(program)
            program.say(str(MODERATION_US))
            program.expect(f"moderation {MODERATION_US}\n")
            moderated, seconds = self.trickle(program)
            program.say("0")
            program.expect("moderation 0\n")
            again = self.trickle_freely(program)
            program.say("end")
            done = program.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("stop 0 close 0 missing 0", done.output)
        self.assertEqual(counts.fields(done.output)["packets"], self.nb_sent)
        print(f"\n# interrupts for {NB_TRICKLE} frames: {usual}, with {MODERATION_US} us in between "
              f"{moderated} in {seconds:.2f} s, then {again}", file=sys.stderr)
        self.assertLessEqual(moderated, most_moderated(seconds))

    def trickle_freely(self, program):
        """Without moderation there are more interrupts than with it there could be, unless the machine was so
        slow that frames came rarely: then once more."""
        for _ in range(NB_TRIES):
            nb, seconds = self.trickle(program)
            if nb > most_moderated(seconds):
                return nb
        return self.fail(f"{nb} interrupts in {seconds:.2f} s: no more than with {MODERATION_US} us in between")

    def trickle(self, program):
        """Frames that come one after the other: how many interrupts there were for them, in how many
        seconds."""
        before = self.nb_interrupts()
        begin = time.monotonic()
        for _ in range(NB_TRICKLE):
            self.vm.nics[0].wire.send(frames.udp(1, first=self.nb_sent))
            self.nb_sent += 1
            time.sleep(TRICKLE_S)
        program.expect(f"received {self.nb_sent}\n")
        return self.nb_interrupts() - before, time.monotonic() - begin

    def nb_interrupts(self):
        return sum(sum(nb) for _, nb in self.kernels().values())

    def test_one_doorbell_a_worker_screens_all_its_queues(self):
        """A vector's eventfd names the queues of the vector; a doorbell names all of the worker's."""
        workers, _ = self.play("16", "0", nb_frames=200, nb_at_a_time=1,
                               device=",lcore_vectors=2")
        vectors = [w["candidates"] / max(w["interrupts"], 1) for w in workers]
        workers, _ = self.play("16", "0", nb_frames=200, nb_at_a_time=1, device=",doorbell=1")
        doorbells = [w["candidates"] / max(w["wakes"], 1) for w in workers]
        self.assertEqual({round(ratio) for ratio in doorbells}, {4})
        self.assertEqual({round(ratio) for ratio in vectors}, {2})
        for worker in workers:
            self.assertEqual(worker["rescues"], 0)

    def play(self, *argv, nb_frames, nb_at_a_time, nb_on_the_way=0, device="", nb_lcores=4,
             look=lambda: None):
        """Send frames to igb_moves, so many at a time, each time when no more than nb_on_the_way have yet to
        arrive; look before it ends. What its workers counted, and what it received."""
        wire = self.vm.nics[0].wire
        with self.vm.start([MOVES, *self.eal(nb_lcores, device), "--", *argv]) as program:
            program.expect("ready")
            self.await_link(program, wire)
            nb_sent = nb_received = self.nb_probes
            have_ended = False
            while nb_received != nb_sent or not have_ended:
                if not have_ended and nb_sent - nb_received <= nb_on_the_way:
                    wire.send(frames.udp(nb_at_a_time, first=nb_sent))
                    nb_sent += nb_at_a_time
                    have_ended = nb_sent == nb_frames
                else:
                    match = program.expect(r"received (\d+)\n|stepped\n")
                    nb_received = int(match[1] or nb_received)
                    have_ended |= match[1] is None and nb_frames is None
            look()
            program.say("end")
            done = program.end()
            self.assertEqual(done.status, 0, done.output)
            self.assertIn("stop 0 close 0 missing 0", done.output)
        received = counts.fields(re.search("steps .*", done.output)[0])
        self.assertEqual(received["received"], nb_sent)
        workers = [counts.fields(line) for line in re.findall(r"worker \d+: (.*)", done.output)]
        self.assertEqual(sum(worker["packets"] for worker in workers), nb_sent)
        return workers, received

    def await_link(self, program, wire):
        """A NIC holds frames back until its link is up: the first one shows that it is."""
        self.nb_probes = 1
        wire.send(frames.udp(1))
        program.expect("received 1\\b")


class Adapter(guest.Test):
    """The pool of dpdk-test's adapter takes 1.2 GB."""

    NICS = [("igb",)]
    OPTIONS = {"nb_cpus": 2, "memory_mb": 3072, "nb_hugepages": 900}

    def test_stock_event_rx_adapter_takes_an_interrupt_of_each_queue(self):
        """All queues that there are; EAL's calls take one a vector."""
        with self.vm.start([guest.STOCK / "dpdk-test", "-l", "0-1", "--no-telemetry", "-d", guest.IGB, "-a",
                            f"{self.vm.nics[0].address},queues=9"]) as program:
            program.expect("RTE>>")
            program.say("event_eth_rx_intr_adapter_autotest")
            program.expect(r"Tests Passed : +2\b")
            program.expect("Test OK")


if __name__ == "__main__":
    guest.main()
