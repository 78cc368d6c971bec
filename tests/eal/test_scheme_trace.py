# SPDX-License-Identifier: BSD-3-Clause
"""The device's trace equals what an independent model predicts, event for event.

The last arguments are the map and the program that plays scripts (scheme_player.c). What is random
comes from fixed seeds.
"""

import collections
import ipaddress
import os
import random
import re
import sys
import time

import netns
import rig
import scheme
from rig import hm

PLAYER = os.path.abspath(sys.argv.pop())
MAP = sys.argv.pop()

NB_EVENTS = 100_000  # at least, of a map
NB_PORTS = 20  # at least, of a map
NB_FRAMES = 600  # of the capture
NB_BAD = 7  # records in it that are no frame, if there are any
OWNERS = tuple(scheme.DEVICES)
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
    """Random operations on one port. Where rings and queues suffice, those of even and of odd
    queues are apart, so that two owners have some; elsewhere many a queue is refused one."""

    def __init__(self, rng, shape, loops, with_tx=False):
        self.rng = rng
        self.nb_queues, self.nb_rings, self.nb_vectors = shape
        self.nb_offered = loops * NB_FRAMES
        self.with_tx = with_tx
        self.lines = []
        self.is_apart = False

    def add(self, *words):
        self.lines.append(" ".join(str(word) for word in words))

    def queue(self):
        return self.rng.randrange(self.nb_queues)

    def ring(self, queue):
        if not self.is_apart:
            return self.rng.randrange(self.nb_rings)
        half = self.nb_rings // 2
        return self.rng.randrange(half) if queue % 2 == 0 else self.rng.randrange(half, self.nb_rings)

    def vector(self):
        return self.rng.randrange(self.nb_vectors)

    def tables(self):
        """Random contents of all tables, and the map chosen anew."""
        self.is_apart = self.nb_rings > 1 and self.rng.randrange(4) != 0
        for queue in range(self.nb_queues):
            self.add("ring", queue, self.ring(queue))
            for code in range(4):
                self.add("event", queue, code, self.ring(queue), self.vector())
        for ring in range(self.nb_rings):
            self.add("vector", ring, self.vector())
        self.add("map", MAP)

    def steering(self):
        """What can be changed while the port runs."""
        for _ in range(self.rng.randrange(30)):
            self.add("reta", self.rng.randrange(128), self.queue())
        self.add("default", self.queue())
        self.add("processor", self.queue())

    def bind(self):
        """Most queues, to the owner of their half or to any; the model knows who is refused."""
        names = self.rng.sample(OWNERS, 2)
        for queue in self.rng.sample(range(self.nb_queues), self.nb_queues):
            if self.rng.randrange(8) != 0:
                name = names[queue % 2] if self.is_apart else names[self.rng.randrange(8) == 0]
                self.add("bind", name, queue)

    def messages(self):
        """Masks, intervals, and what the owners do and find."""
        self.add(self.rng.choice(("mask", "unmask")), self.vector())
        self.add(self.rng.choice(("moderate", "release", "release")), self.vector())
        for name in OWNERS:
            if self.rng.randrange(3) == 0:
                self.add("take", name)
            self.add("owner", name, self.rng.choice(("attend", "attend", "park", "poll")))

    def still(self):
        """Nothing is held back any more, and everything found."""
        for vector in range(self.nb_vectors):
            self.add("unmask", vector)
            self.add("release", vector)
        for name in OWNERS:
            self.add("take", name)

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
        self.still()
        self.add("stop")


# A sequence made by hand; its frames have the hashes that Microsoft published.
HANDMADE_FRAMES = (hm.eth4(), hm.eth6(), hm.ethernet(0x0806, bytes(28)))
HANDMADE_SCRIPT = (
    [f"ring {queue} {5 - queue}" for queue in range(4)]
    + [f"event {queue} {code} {(queue + code) % 6} {(queue + 2 * code) % 3}"
       for queue in range(4) for code in range(4)]
    + [f"vector {ring} {ring % 3}" for ring in range(6)]
    + ["default 3", "processor 1"] + [f"bind one {queue}" for queue in range(4)]
    + ["start", "finish", "down", "processor 2", "up", "tx 1", "mask 0", "mask 1", "mask 2", "tx 1",
       "tx 1", "unmask 0", "unmask 1", "unmask 2", "stop", "unbind", "close"])
HANDMADE_TRACES = {
    "A": """
        event rx 2 2 2 323e8fc2
        event rx 1 1 1 2cc18cd5
        event rx 3 3 0 -
        message 1 5 1 sent
        message 2 5 2 sent
        message 0 5 3 sent
        event error 1 4 1 4
        message 1 5 4 sent
        event link 1 3 2 down
        message 2 5 3 sent
        event link 2 4 0 up
        message 0 5 4 sent
        event tx 1 2 0 -
        message 0 5 2 sent
        event tx 1 2 0 -
        message 0 5 2 masked
        event tx 1 2 0 -
        message 0 5 2 masked
        message 0 5 2 sent
        """,
    "A-ring": """
        event rx 2 2 2 323e8fc2
        event rx 1 1 1 2cc18cd5
        event rx 3 3 0 -
        message 1 5 1 sent
        message 2 5 2 sent
        message 0 5 3 sent
        event error 1 4 1 4
        message 1 5 4 sent
        event link 1 3 0 down
        message 0 5 3 sent
        event link 2 4 1 up
        message 1 5 4 sent
        event tx 1 2 2 -
        message 2 5 2 sent
        event tx 1 2 2 -
        message 2 5 2 masked
        event tx 1 2 2 -
        message 2 5 2 masked
        message 2 5 2 sent
        """,
    "A-vector": """
        event rx 2 3 2 323e8fc2
        event rx 1 4 1 2cc18cd5
        event rx 3 2 0 -
        message 0 5 2 sent
        message 2 5 3 sent
        message 1 5 4 sent
        event error 1 4 1 4
        message 1 5 4 sent
        event link 1 4 2 down
        message 2 5 4 sent
        event link 2 3 0 up
        message 0 5 3 sent
        event tx 1 4 0 -
        message 0 5 4 sent
        event tx 1 4 0 -
        message 0 5 4 masked
        event tx 1 4 0 -
        message 0 5 4 masked
        message 0 5 4 sent
        """,
    "B": """
        event rx 2 3 0 323e8fc2
        event rx 1 4 1 2cc18cd5
        event rx 3 2 2 -
        message 2 5 2 sent
        message 0 5 3 sent
        message 1 5 4 sent
        event error 1 4 1 4
        message 1 5 4 sent
        event link 1 4 1 down
        message 1 5 4 sent
        event link 2 3 0 up
        message 0 5 3 sent
        event tx 1 4 1 -
        message 1 5 4 sent
        event tx 1 4 1 -
        message 1 5 4 masked
        event tx 1 4 1 -
        message 1 5 4 masked
        message 1 5 4 sent
        """,
}

# Two owners, one vector, whatever the map is. Queue 0 has ring 1, queue 1 has ring 2.
SHARED_SCRIPT = (
    [f"ring {queue} {queue + 1}" for queue in range(2)]
    + [f"event {queue} {code} {queue + 1} 0" for queue in range(2) for code in range(4)]
    + ["vector 1 0", "vector 2 0", "processor 1", "bind one 0", "bind two 0", "bind two 1", "start",
       "finish", "take one", "take two", "owner one park", "owner two park",
       # both are woken, each by its own bits
       "tx 0", "down", "take one", "take two", "up", "take two", "owner one park", "owner two park",
       # held, latched once, and sent when neither mask nor interval has a say any more
       "moderate 0", "tx 0", "tx 0", "mask 0", "down", "release 0", "take one", "take two",
       "unmask 0", "take one", "take two",
       # who polls is told nothing
       "owner two poll", "up", "take two", "stop", "unbind", "close"])
SHARED_TRACE = """
    event rx 0 1 0 323e8fc2
    event rx 1 2 0 2cc18cd5
    event rx 0 1 0 -
    message 0 5 1 sent
    message 0 38 2 sent
    event error 1 2 0 4
    message 0 38 2 sent
    event tx 0 1 0 -
    message 0 5 1 sent
    event link 1 2 0 down
    message 0 38 2 sent
    event link 1 2 0 up
    message 0 38 2 sent
    event tx 0 1 0 -
    message 0 5 1 moderated
    event tx 0 1 0 -
    message 0 5 1 moderated
    event link 1 2 0 down
    message 0 38 2 masked
    message 0 5 1 sent
    message 0 38 2 sent
    event link 1 2 0 up
    """
SHARED_LOG = """
    0 2
    -16 0
    0 4
    3
    0 5:2
    0 38:4
    3
    1 5:2
    1 38:4
    0 38:4
    3
    0 5:2
    0 38:4
    1
    1
    0
    """


def lines_of(text):
    return [line.strip() for line in text.split("\n")[1:-1]]


class TraceTest(rig.Test):
    def setUp(self):
        super().setUp()
        self.capture = self.folder / "frames.pcap"

    def play(self, frames, script, nb_bad=0):
        """Let the program play a script; returns its log and the trace."""
        rig.write_capture(self.capture, [*frames[:9], *[b""] * nb_bad, *frames[9:]])
        with self.player(script) as program:
            self.assertEqual(program.end(), 0, f"\n{rig.tail(program.output)}")
        return self.results()

    def player(self, script, inside=list):
        (self.folder / "script").write_text("\n".join(script) + "\n", encoding="ascii")
        argv = [PLAYER, *rig.eal(nb_workers=0, memory_mb=256), "--", "script", "log"]
        return rig.Program(inside(argv), self.folder)

    def results(self):
        return [(self.folder / name).read_text(encoding="ascii").splitlines()
                for name in ("log", "trace")]

    def arguments(self, map_name, rings, vectors, overrun="wait", tx_events=0):
        return (f"rx_pcap={self.capture},tx_pcap=sent.pcap,overrun={overrun},map={map_name},"
                f"rings={rings},vectors={vectors},tx_events={tx_events},trace=trace")


class HandmadeTest(TraceTest):
    def test_a_sequence_made_by_hand_has_the_trace_that_stands_here(self):
        begin = f"open 4 1 {self.arguments(MAP, 6, 3, tx_events=1)}"
        _, trace = self.play(HANDMADE_FRAMES, [begin, *HANDMADE_SCRIPT])
        self.assertEqual(trace, lines_of(HANDMADE_TRACES[MAP]))

    def test_two_owners_that_share_a_vector_find_what_stands_here(self):
        begin = f"open 2 1 {self.arguments(MAP, 3, 1, tx_events=1)}"
        log, trace = self.play(HANDMADE_FRAMES, [begin, *SHARED_SCRIPT])
        self.assertEqual(trace, lines_of(SHARED_TRACE))
        self.assertEqual(log, lines_of(SHARED_LOG))


class RandomTest(TraceTest):
    """Ports of many shapes."""

    def check_port(self, script, nb_bad=0):
        log, trace = self.play(self.frames, script.lines, nb_bad)
        model = scheme.Model(self.frames, scheme.Trace(trace), nb_bad)
        try:
            model.check(script.lines, log)
        except scheme.Differs as differs:
            self.fail(str(differs))
        return model

    def test_every_event_and_message_is_where_the_model_says(self):
        rng = random.Random(f"scheme {MAP}")
        self.frames = [random_frame(rng) for _ in range(NB_FRAMES)]
        begin, nb_events, nb_messages, nb_ports = time.monotonic(), 0, 0, 0
        seen = collections.Counter()
        while nb_events < NB_EVENTS or nb_ports < NB_PORTS:
            shape = SHAPES[nb_ports] if nb_ports < len(SHAPES) else (
                rng.randint(1, MAX_QUEUES), rng.randint(1, 64), rng.randint(1, 64))
            loops, with_tx = 3, nb_ports % 2 == 0
            script = Script(rng, shape, loops, with_tx)
            script.add("open", shape[0], loops,
                       self.arguments(MAP, *shape[1:], tx_events=int(with_tx)))
            script.session(2)  # the defaults; nobody is bound
            for _ in range(2):
                script.tables()
                script.bind()
                script.session(20)
                script.add("unbind")
            script.add("close")
            model = self.check_port(script, NB_BAD if nb_ports % 3 == 0 else 0)
            nb_ports += 1
            nb_events += model.nb_events
            nb_messages += model.nb_messages
            seen.update(model.codes)
            seen.update(model.fates)
            seen.update({f"kind {kind}": model.kinds[kind]
                         for kind in (scheme.BAD_RECORD, scheme.ENDED)})
            seen.update({f"bits of {owner.name}": owner.nb_bits for owner in model.owners.values()})
            seen.update({f"rung {owner.name}": owner.nb_rung for owner in model.owners.values()})
            seen["refused"] += model.nb_refused
        self.assertGreater(min(seen.values()), NB_PORTS // 4, seen)
        print(f"map {MAP}: {nb_events} events and {nb_messages} messages of {nb_ports} ports in "
              f"{time.monotonic() - begin:.1f} s: {dict(seen)}")

    def test_frames_that_find_no_buffer_are_an_error_event(self):
        rng = random.Random(f"overrun {MAP}")
        self.frames = [random_frame(rng) for _ in range(NB_FRAMES)]
        for shape in ((1, 1, 1), (4, 9, 3), (16, 5, 2)):
            for nb_bad in (0, NB_BAD):
                script = Script(rng, shape, 10)
                script.add("open", shape[0], 10, self.arguments(MAP, *shape[1:], overrun="drop"))
                script.tables()
                script.steering()
                script.bind()
                for _ in range(2):
                    script.add("start")
                    script.add("starve", 3 if nb_bad else 2)
                    script.still()
                    script.add("stop")
                script.lines += ["unbind", "close"]
                model = self.check_port(script, nb_bad)
                self.assertEqual(model.kinds, [2 if nb_bad else 0, 4, 0, 0, 2])

    def test_that_there_are_no_mbufs_is_an_error_event_of_its_own(self):
        rng = random.Random(f"no buffer {MAP}")
        self.frames = [random_frame(rng) for _ in range(NB_FRAMES)]
        for shape in ((2, 1, 1), (3, 12, 4), (4, 3, 2)):
            script = Script(rng, shape, 1)
            script.add("open", shape[0], 0, self.arguments(MAP, *shape[1:], overrun="drop"))
            script.tables()
            script.bind()
            for processor in range(shape[0]):
                # not by whose burst the events were handled
                dry = (processor + 1 + rng.randrange(shape[0] - 1)) % shape[0]
                script.add("processor", processor)
                script.add("default", script.queue())
                script.add("start")
                script.add("dry", dry, 1, 10 * NB_FRAMES)
                script.still()
                script.add("stop")
            script.lines += ["unbind", "close"]
            model = self.check_port(script)
            self.assertEqual(model.kinds, [0, 2 * shape[0], 2 * shape[0], 0, 0])

    def test_the_model_would_notice_one_event_elsewhere(self):
        rng = random.Random("one event")
        self.frames = [random_frame(rng) for _ in range(NB_FRAMES)]
        script = Script(rng, (4, 6, 3), 2)
        script.add("open", 4, 2, self.arguments(MAP, 6, 3))
        script.tables()
        script.bind()
        script.session(3)
        log, trace = self.play(self.frames, script.lines)
        scheme.Model(self.frames, scheme.Trace(trace)).check(script.lines, log)
        for _ in range(15):
            at = rng.randrange(len(trace))
            words = trace[at].split()
            words[rng.choice((2, 3, 4) if words[0] == "event" else (1, 2, 3))] = "77"
            for other in ([" ".join(words)], [], [trace[at]] * 2):
                lines = trace[:at] + other + trace[at + 1:]
                with self.assertRaises(scheme.Differs):
                    scheme.Model(self.frames, scheme.Trace(lines)).check(script.lines, log)
        # what the owners found, too
        for at in (i for i, line in enumerate(log) if ":" in line):
            other = log[:at] + [re.sub(":.*", ":77", log[at])] + log[at + 1:]
            with self.assertRaises(scheme.Differs):
                scheme.Model(self.frames, scheme.Trace(trace)).check(script.lines, other)


class FailedSourceTest(TraceTest):
    """An interface in a namespace of the test's own."""

    def test_a_source_that_fails_is_an_error_event_of_its_own(self):
        reason = netns.missing()
        if reason:
            self.skipTest(reason)
        namespace = self.enterContext(netns.Namespace("scheme"))
        far = self.enterContext(namespace.packet_socket("far"))
        rng = random.Random(f"failed {MAP}")
        frames = [random_frame(rng) for _ in range(NB_FRAMES // 10)]
        script = Script(rng, (4, 9, 3), 1)
        script.add("open", 4, "-", f"rx_iface=near,overrun=wait,map={MAP},rings=9,vectors=3,"
                                   "trace=trace")
        script.tables()
        script.bind()
        script.lines += ["processor 2", "start", "say started", f"run {len(frames)}", "say received",
                         "finish"]
        script.still()
        script.lines += ["stop", "unbind", "close"]
        with self.player(script.lines, namespace.inside) as program:
            program.expect("started")
            for frame in frames:
                far.send(frame)
            program.expect("received")
            namespace.ip("link", "del", "dev", "near")
            self.assertEqual(program.end(), 0, f"\n{rig.tail(program.output)}")
        log, trace = self.results()
        model = scheme.Model(frames, scheme.Trace(trace), has_failed=True)
        model.check(script.lines, log)
        self.assertEqual(model.kinds, [0, 0, 0, 1, 0])


if __name__ == "__main__":
    rig.main()
