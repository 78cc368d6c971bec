# SPDX-License-Identifier: BSD-3-Clause
"""The device's trace equals what an independent model predicts, event for event.

The last arguments are the map and the program that plays scripts (scheme_player.c). What is random
comes from fixed seeds.
"""

import ipaddress
import os
import random
import sys
import time

import rig
import scheme
from rig import hm

PLAYER = os.path.abspath(sys.argv.pop())
MAP = sys.argv.pop()

NB_EVENTS = 100_000  # at least, of a map
NB_PORTS = 20  # at least, of a map
NB_FRAMES = 600  # of the capture
MAX_QUEUES = 16
# queues, rings, vectors; others are random
SHAPES = ((1, 1, 1), (16, 64, 64), (16, 1, 1), (16, 5, 3), (7, 7, 2), (2, 8, 8), (4, 3, 16))


def random_frame(rng):
    """One that can be hashed, by addresses or by ports too, or one that cannot."""
    source4, dest4 = (str(ipaddress.IPv4Address(rng.getrandbits(32))) for _ in range(2))
    source6, dest6 = (str(ipaddress.IPv6Address(rng.getrandbits(128))) for _ in range(2))
    l4 = rng.randbytes(rng.randrange(8, 80))
    fours, sixes = {"source": source4, "destination": dest4}, {"source": source6,
                                                               "destination": dest6}
    kind = rng.randrange(9)
    if kind < 3:
        return hm.eth4(l4, rng.choice((hm.TCP, hm.UDP, hm.SCTP, 1)), **fours)
    if kind < 6:
        return hm.eth6(l4, rng.choice((hm.TCP, hm.UDP, hm.SCTP, 58)), **sixes)
    if kind == 6:
        return hm.eth4(l4, hm.UDP, fragment=rng.choice((0x2000, 7)), **fours)
    if kind == 7:
        return hm.ethernet(0x0806, rng.randbytes(28))
    return hm.ethernet(rng.choice((0x0800, 0x86DD, 0x88B5)), rng.randbytes(rng.randrange(40)))


class Script:
    """Random operations on one port."""

    def __init__(self, rng, shape, loops, with_tx):
        self.rng = rng
        self.nb_queues, self.nb_rings, self.nb_vectors = shape
        self.nb_offered = loops * NB_FRAMES
        self.with_tx = with_tx
        self.lines = []

    def add(self, *words):
        self.lines.append(" ".join(str(word) for word in words))

    def queue(self):
        return self.rng.randrange(self.nb_queues)

    def ring(self):
        return self.rng.randrange(self.nb_rings)

    def vector(self):
        return self.rng.randrange(self.nb_vectors)

    def tables(self):
        """Random contents of all tables, and the map chosen anew."""
        for queue in range(self.nb_queues):
            self.add("ring", queue, self.ring())
            for code in range(4):
                self.add("event", queue, code, self.ring(), self.vector())
        for ring in range(self.nb_rings):
            self.add("vector", ring, self.vector())
        self.add("map", MAP)

    def steering(self):
        """What can be changed while the port runs."""
        for _ in range(self.rng.randrange(30)):
            self.add("reta", self.rng.randrange(128), self.queue())
        self.add("default", self.queue())
        self.add("processor", self.queue())

    def messages(self):
        """Masks, and what the owner does."""
        self.add(self.rng.choice(("mask", "unmask")), self.vector())
        self.add("owner", self.rng.choice(("attend", "attend", "park", "poll")))

    def session(self, nb_holds):
        """One start and stop of the port; the link comes and goes."""
        self.add("start")
        for nb_frames in sorted(self.rng.randrange(self.nb_offered) for _ in range(nb_holds)):
            self.add("run", nb_frames)
            self.add("down")
            self.steering()
            self.messages()
            if self.rng.randrange(8) == 0:
                self.add("rss", self.rng.choice(("all", "ip")), self.rng.randbytes(40).hex())
            self.add("up")
        self.add("finish")
        for _ in range(self.rng.randrange(5, 40) if self.with_tx else 0):
            self.messages()
            self.add("tx", self.queue())
        for vector in range(self.nb_vectors):
            self.add("unmask", vector)
        self.add("stop")


# A sequence made by hand; its frames have the hashes that Microsoft published.
HANDMADE_FRAMES = (hm.eth4(), hm.eth6(), hm.ethernet(0x0806, bytes(28)))
HANDMADE_SCRIPT = (
    [f"ring {queue} {5 - queue}" for queue in range(4)]
    + [f"event {queue} {code} {(queue + code) % 6} {(queue + 2 * code) % 3}"
       for queue in range(4) for code in range(4)]
    + [f"vector {ring} {ring % 3}" for ring in range(6)]
    + ["default 3", "processor 1", "bind", "start", "finish", "down", "processor 2", "up", "tx 1",
       "mask 0", "mask 1", "mask 2", "tx 1", "tx 1", "unmask 0", "unmask 1", "unmask 2", "stop",
       "unbind", "close"])
HANDMADE_TRACES = {
    "A": """
        event rx 2 2 2 4 323e8fc2
        event rx 1 1 1 2 2cc18cd5
        event rx 3 3 0 8 -
        message 1 2 sent
        message 2 4 sent
        message 0 8 sent
        event error 1 4 1 10 4
        message 1 10 sent
        event link 1 3 2 8 down
        message 2 8 sent
        event link 2 4 0 10 up
        message 0 10 sent
        event tx 1 2 0 4 -
        message 0 4 sent
        event tx 1 2 0 4 -
        message 0 4 masked
        event tx 1 2 0 4 -
        message 0 4 masked
        message 0 4 sent
        """,
    "A-ring": """
        event rx 2 2 2 4 323e8fc2
        event rx 1 1 1 2 2cc18cd5
        event rx 3 3 0 8 -
        message 1 2 sent
        message 2 4 sent
        message 0 8 sent
        event error 1 4 1 10 4
        message 1 10 sent
        event link 1 3 0 8 down
        message 0 8 sent
        event link 2 4 1 10 up
        message 1 10 sent
        event tx 1 2 2 4 -
        message 2 4 sent
        event tx 1 2 2 4 -
        message 2 4 masked
        event tx 1 2 2 4 -
        message 2 4 masked
        message 2 4 sent
        """,
    "A-vector": """
        event rx 2 3 2 8 323e8fc2
        event rx 1 4 1 10 2cc18cd5
        event rx 3 2 0 4 -
        message 0 4 sent
        message 2 8 sent
        message 1 10 sent
        event error 1 4 1 10 4
        message 1 10 sent
        event link 1 4 2 10 down
        message 2 10 sent
        event link 2 3 0 8 up
        message 0 8 sent
        event tx 1 4 0 10 -
        message 0 10 sent
        event tx 1 4 0 10 -
        message 0 10 masked
        event tx 1 4 0 10 -
        message 0 10 masked
        message 0 10 sent
        """,
    "B": """
        event rx 2 3 0 8 323e8fc2
        event rx 1 4 1 10 2cc18cd5
        event rx 3 2 2 4 -
        message 2 4 sent
        message 0 8 sent
        message 1 10 sent
        event error 1 4 1 10 4
        message 1 10 sent
        event link 1 4 1 10 down
        message 1 10 sent
        event link 2 3 0 8 up
        message 0 8 sent
        event tx 1 4 1 10 -
        message 1 10 sent
        event tx 1 4 1 10 -
        message 1 10 masked
        event tx 1 4 1 10 -
        message 1 10 masked
        message 1 10 sent
        """,
}


class TraceTest(rig.Test):
    def setUp(self):
        super().setUp()
        self.capture = self.folder / "frames.pcap"

    def play(self, frames, script):
        """Let the program play a script; returns its log and the trace."""
        rig.write_capture(self.capture, frames)
        (self.folder / "script").write_text("\n".join(script) + "\n", encoding="ascii")
        with rig.Program([PLAYER, *rig.eal(nb_workers=0, memory_mb=256), "--", "script", "log"],
                         self.folder) as program:
            self.assertEqual(program.end(), 0, f"\n{rig.tail(program.output)}")
        return [(self.folder / name).read_text(encoding="ascii").splitlines()
                for name in ("log", "trace")]

    def arguments(self, map_name, rings, vectors, overrun="wait", tx_events=0):
        return (f"rx_pcap={self.capture},tx_pcap=sent.pcap,overrun={overrun},map={map_name},"
                f"rings={rings},vectors={vectors},tx_events={tx_events},trace=trace")


class HandmadeTest(TraceTest):
    def test_a_sequence_made_by_hand_has_the_trace_that_stands_here(self):
        begin = f"open 4 1 {self.arguments(MAP, 6, 3, tx_events=1)}"
        _, trace = self.play(HANDMADE_FRAMES, [begin, *HANDMADE_SCRIPT])
        self.assertEqual(trace, [line.strip() for line in HANDMADE_TRACES[MAP].split("\n")[1:-1]])


class RandomTest(TraceTest):
    """Ports of many shapes."""

    def check_port(self, model_of, script):
        log, trace = self.play(self.frames, script.lines)
        model = model_of(trace)
        try:
            model.check(script.lines, log)
        except scheme.Differs as differs:
            self.fail(str(differs))
        return model

    def test_every_event_and_message_is_where_the_model_says(self):
        rng = random.Random(f"scheme {MAP}")
        self.frames = [random_frame(rng) for _ in range(NB_FRAMES)]
        begin, nb_events, nb_messages, nb_ports = time.monotonic(), 0, 0, 0
        codes, fates = dict.fromkeys(scheme.CODES, 0), {"sent": 0, "masked": 0}
        while nb_events < NB_EVENTS or nb_ports < NB_PORTS:
            shape = SHAPES[nb_ports] if nb_ports < len(SHAPES) else (
                rng.randint(1, MAX_QUEUES), rng.randint(1, 64), rng.randint(1, 64))
            loops, with_tx = 3, nb_ports % 2
            script = Script(rng, shape, loops, with_tx)
            script.add("open", shape[0], loops,
                       self.arguments(MAP, *shape[1:], tx_events=with_tx))
            script.session(2)  # the defaults; nobody is bound
            for _ in range(2):
                script.tables()
                script.add("bind")
                script.session(20)
                script.add("unbind")
            script.add("close")
            model = self.check_port(lambda trace: scheme.Model(self.frames, scheme.Trace(trace)),
                                    script)
            nb_ports += 1
            nb_events += model.nb_events
            nb_messages += model.nb_messages
            for total, part in ((codes, model.codes), (fates, model.fates)):
                for name, count in part.items():
                    total[name] += count
        self.assertGreater(min(*codes.values(), *fates.values()), NB_PORTS)
        print(f"map {MAP}: {nb_events} events {codes} and {nb_messages} messages {fates} of "
              f"{nb_ports} ports in {time.monotonic() - begin:.1f} s")

    def test_frames_that_find_no_buffer_are_an_error_event(self):
        rng = random.Random(f"overrun {MAP}")
        self.frames = [random_frame(rng) for _ in range(NB_FRAMES)]
        for shape in ((1, 1, 1), (4, 9, 3), (16, 5, 2)):
            script = Script(rng, shape, 10, False)
            script.add("open", shape[0], 10, self.arguments(MAP, *shape[1:], overrun="drop"))
            script.tables()
            script.steering()
            script.add("bind")
            for _ in range(2):
                script.lines += ["start", "starve", "stop"]
            script.lines += ["unbind", "close"]
            self.check_port(lambda trace: scheme.Model(self.frames, scheme.Trace(trace)), script)

    def test_the_model_would_notice_one_event_elsewhere(self):
        rng = random.Random("one event")
        self.frames = [random_frame(rng) for _ in range(NB_FRAMES)]
        script = Script(rng, (4, 6, 3), 2, False)
        script.add("open", 4, 2, self.arguments(MAP, 6, 3))
        script.tables()
        script.add("bind")
        script.session(3)
        log, trace = self.play(self.frames, script.lines)
        scheme.Model(self.frames, scheme.Trace(trace)).check(script.lines, log)
        for _ in range(15):
            at = rng.randrange(len(trace))
            words = trace[at].split()
            words[rng.choice((2, 3, 4) if words[0] == "event" else (1, 2))] = "77"
            for other in ([" ".join(words)], [], [trace[at]] * 2):
                lines = trace[:at] + other + trace[at + 1:]
                with self.assertRaises(scheme.Differs):
                    scheme.Model(self.frames, scheme.Trace(lines)).check(script.lines, log)



if __name__ == "__main__":
    rig.main()
