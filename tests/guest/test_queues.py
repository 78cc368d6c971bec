# SPDX-License-Identifier: BSD-3-Clause
"""An 82576 with a queue and a worker on each of four lcores, by its upstream driver. Frames of known
flows come from here, and are echoed; where they have to arrive says the RSS oracle. The workers sleep
whenever there is nothing, so that (nearly) every frame that is alone wakes one.

ROUSE_GUEST_FLAPS and ROUSE_GUEST_STARTS are how often the link flaps, and the port stops and starts:
that takes a second each, and the suite has time for few.
"""

import os
import random
import sys

import frames
import guest
import station

import rss  # of the oracle

NB_QUEUES = 4
NB_FLOWS = 256
NB_FRAMES = 2048
NB_WAKES = 20000  # in all, at least
FLAPS = int(os.environ.get("ROUSE_GUEST_FLAPS", "5"))
STARTS = int(os.environ.get("ROUSE_GUEST_STARTS", "5"))
NB_DESC, NB_MBUFS = 256, 4096
TABLES = [[3, 2, 1, 0], [2], [0, 0, 1, 3, 1]]


class Queues(guest.Test):
    """One station for all tests; each leaves it as it was."""

    NICS = [("igb",)]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nic = cls.vm.nics[0]
        cls.station = cls.enterClassContext(station.Station(cls.vm, cls.nic, NB_QUEUES, NB_DESC,
                                                            NB_MBUFS, mode="interrupt"))
        cls.station.ask("echo on")
        cls.station.await_link("up")
        cls.next = 0

    @classmethod
    def tearDownClass(cls):
        cls.station.quit()  # every mbuf comes back

    def setUp(self):
        self.before = self.station.settled()

    def tearDown(self):
        after = self.station.settled()
        for lcore, stats in after.items():
            for name in "rescues", "starved", "arm_errors", "timer_wakes":
                self.assertEqual(stats[name], self.before[lcore][name], f"lcore {lcore}: {name}")

    def numbered(self, nb_frames, flows):
        """Frames of the flows in turn, with numbers that were not used before."""
        made = frames.of_flows(nb_frames, flows, first=type(self).next)
        type(self).next += nb_frames
        return made

    def check_steering(self, reta=None):
        """Each flow arrives on the queue that the oracle names, with its hash."""
        steering = rss.Steering(NB_QUEUES, reta=reta and [reta[i % len(reta)] for i in range(128)])
        sent = self.numbered(NB_FRAMES, range(NB_FLOWS))
        self.station.ask("clear")
        self.station.exchange(sent)
        self.check_received(sent, lambda frame: steering.steer(frame)[::-1])

    def check_received(self, sent, expectation):
        """What came since it was cleared: queue and hash by flow."""
        flows, sums = self.station.flows()
        self.assertEqual(sums, {"frames": len(sent), "twice": 0, "others": 0, "kept": 0,
                                "not-sent": 0})
        expected = {frames.flow_of(frame): expectation(frame) for frame in sent}
        self.assertEqual({name: (flow.queue, flow.hash) for name, flow in flows.items()}, expected)

    def flows_of_queue(self, queue):
        steering = rss.Steering(NB_QUEUES)
        return [flow for flow in range(NB_FLOWS)
                if steering.steer(frames.of_flows(1, [flow])[0])[1] == queue]

    def test_1_flows_arrive_where_the_oracle_says_with_its_hash(self):
        self.check_steering()

    def test_2_a_frame_wakes_the_worker_that_owns_it_and_no_other(self):
        for queue in range(NB_QUEUES):
            with self.subTest(queue=queue):
                self.check_wakes(queue, owner=1 + queue, nb_wakes=NB_WAKES // NB_QUEUES)

    def check_wakes(self, queue, owner, nb_wakes):
        """Frames one by one: only their worker wakes, and only its processor is interrupted."""
        flows = self.flows_of_queue(queue)
        before, irqs = self.station.settled(), station.interrupts(self.vm, self.nic)
        nb_frames = 0
        while True:
            nb_more = min(500, nb_wakes)
            self.station.exchange(self.numbered(nb_more, flows), window=1)
            nb_frames += nb_more
            after = self.station.settled()
            woken = {lcore: after[lcore]["wakes"] - before[lcore]["wakes"] for lcore in after}
            if woken[owner] >= nb_wakes or nb_frames > 4 * nb_wakes:
                break
        print(f"queue {queue}: {nb_frames} frames, wakes by lcore {woken}, spurious",
              after[owner]["spurious_wakes"] - before[owner]["spurious_wakes"], file=sys.stderr)
        self.assertGreaterEqual(woken.pop(owner), nb_wakes)
        self.assertEqual(set(woken.values()), {0})
        self.assertEqual(after[owner]["rx_packets"] - before[owner]["rx_packets"], nb_frames)
        self.check_interrupts(irqs, queue, owner)

    def check_interrupts(self, before, queue, owner):
        """Since then: only the vector of the queue, only on the processor of its owner."""
        for vector, (cpus, counts) in station.interrupts(self.vm, self.nic).items():
            nb = {cpu: count - before[vector][1][cpu] for cpu, count in enumerate(counts)
                  if count != before[vector][1][cpu]}
            if vector != queue + 1:  # 0 is for other causes
                self.assertEqual(nb, {}, f"vector {vector}")
                continue
            self.assertEqual(cpus, str(owner))
            self.assertEqual(set(nb), {owner}, f"vector {vector}")

    def test_3_a_table_that_changes_while_frames_come_moves_flows(self):
        for table in TABLES:
            self.station.ask("clear")
            sent = self.numbered(NB_FRAMES, range(NB_FLOWS))
            self.nic.wire.send(sent[:64])
            self.station.ask("reta " + " ".join(map(str, table)))
            self.assertEqual(sorted(self.nic.wire.expect(64)), sorted(sent[:64]))
            self.check_steering(table)
        self.station.ask("reta 0 1 2 3")
        self.check_steering()

    def test_4_the_interrupt_follows_a_queue_to_another_worker(self):
        shuffled = random.Random(4)
        for queue in range(NB_QUEUES):
            worker = shuffled.choice([w for w in range(NB_QUEUES) if w != queue])
            self.station.ask(f"move {queue} {worker}")
            self.check_wakes(queue, owner=1 + worker, nb_wakes=100)
            self.station.ask(f"move {queue} {queue}")
            self.check_wakes(queue, owner=1 + queue, nb_wakes=100)

    def check_all_queues(self):
        """Frames of all queues, one by one, wake their workers."""
        before = self.station.settled()
        sent = self.numbered(8 * NB_QUEUES, range(NB_FLOWS))
        self.station.exchange(sent, window=1)
        after = self.station.settled()
        self.assertEqual(sum(after[i]["rx_packets"] - before[i]["rx_packets"] for i in after),
                         len(sent))

    def test_5_a_link_that_flaps_while_frames_come_makes_none_wait(self):
        for _ in range(FLAPS):
            self.nic.set_link(False)
            self.station.expect_event("link down")
            self.nic.wire.send(self.numbered(64, range(NB_FLOWS)))  # which are lost
            self.station.ask("stats")
            self.nic.set_link(True)
            self.station.expect_event("link up")
            self.nic.wire.take()
            self.check_all_queues()

    def test_6_a_port_that_stops_and_starts_under_load_goes_on(self):
        for _ in range(STARTS):
            self.nic.wire.send(self.numbered(64, range(NB_FLOWS)))
            self.station.ask("port stop")
            self.nic.wire.send(self.numbered(64, range(NB_FLOWS)))
            self.station.ask("port start")
            self.station.await_link("up")
            self.station.settled()
            self.nic.wire.take()  # what was under way came back, or did not
            self.check_all_queues()

    def test_7_rings_that_are_full_and_an_empty_pool_lose_frames_and_no_mbuf(self):
        self.station.ask("clear")
        self.station.ask("keep on")
        self.nic.wire.send(self.numbered(2 * NB_MBUFS, range(NB_FLOWS)))
        kept = self.station.settled_flows()["kept"]
        self.assertGreater(kept, NB_MBUFS - 2 * NB_QUEUES * NB_DESC)
        self.assertLess(kept, NB_MBUFS)
        starved = sum(stats["starved"] for stats in self.station.stats().values())
        self.assertGreater(starved, sum(stats["starved"] for stats in self.before.values()))
        self.station.ask("keep off")
        sums = self.station.settled_flows()
        self.assertEqual(sums["twice"], 0)
        self.before = self.station.settled()  # where it was starved
        self.nic.wire.take()
        self.check_steering()


if __name__ == "__main__":
    guest.main()
