# SPDX-License-Identifier: BSD-3-Clause
"""What a device makes of a script of operations: every event, in order, and every message.

The model that the trace of net_evnic is judged by. It shares no code with the driver. It is fed the
frames of a capture, the script that was played (one operation a line, see tests/eal/scheme_player.c)
and its log: how many frames had come where the replay was held or had ended.

    event CODE QUEUE RING VECTOR BITS DATA      messages follow from the events before them:
    message VECTOR BITS FATE                    one for each pair (ring, vector) with events

Sources: the table of maps in docs/nics/evnic.rst; the defaults in lib/steer/rouse_steer.h.
"""

import rss

RX, TX, LINK, ERROR = range(4)
CODES = ("rx", "tx", "link", "error")
OVERRUN, ENDED = 1, 4  # kinds of ERROR
BURST = 64  # frames between two looks around: an overrun is told after those of its burst
NB_POSTED = 96  # buffers of a queue of 128 descriptors


class Differs(Exception):
    """The trace is not what the model says."""


class Trace:
    """The lines of a trace, one after the other."""

    def __init__(self, lines):
        self.lines = lines
        self.at = 0

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else "the end"

    def next_event(self):
        at = self.at
        while at < len(self.lines) and self.lines[at].startswith("message"):
            at += 1
        return self.lines[at] if at < len(self.lines) else "the end"

    def expect(self, line):
        if self.peek() != line:
            raise Differs(f"line {self.at + 1} is \"{self.peek()}\", expected \"{line}\"; before it"
                          f" {self.lines[max(0, self.at - 3):self.at]}")
        self.at += 1


class Tables:
    """Where events go. The defaults, then what the operations say."""

    def __init__(self, map_name, nb_queues, nb_rings, nb_vectors):
        self.map = map_name
        self.nb_queues = nb_queues
        self.nb_rings = nb_rings
        self.ring_of_queue = [queue % nb_rings for queue in range(nb_queues)]
        self.vector_of_ring = [None] * nb_rings
        self.event = {(queue, code): ((queue + code * nb_queues) % nb_rings, None)
                      for queue in range(nb_queues) for code in range(4)}
        # vectors are dealt out in turn to the rings that carry something
        carriers = {place: self.ring(*place) for place in self.event}
        vectors = {ring: i % nb_vectors for i, ring in enumerate(sorted(set(carriers.values())))}
        for ring, vector in vectors.items():
            self.vector_of_ring[ring] = vector
        for place, (ring, _) in self.event.items():
            self.event[place] = ring, vectors[carriers[place]]

    def ring(self, queue, code):
        """The ring that carries an event."""
        is_by_code = self.map in ("A", "A-ring")
        return self.event[queue, code][0] if is_by_code else self.ring_of_queue[queue]

    def path(self, queue, code):
        """Ring and vector of an event."""
        ring = self.ring(queue, code)
        is_by_code = self.map in ("A", "A-vector")
        return ring, self.event[queue, code][1] if is_by_code else self.vector_of_ring[ring]


class Model:
    """A port; check() holds its trace against the script."""

    def __init__(self, frames, trace):
        self.frames = frames
        self.trace = trace
        self.nb_events = 0
        self.nb_messages = 0
        self.codes = dict.fromkeys(CODES, 0)
        self.fates = {"sent": 0, "masked": 0}
        self.rss_queue = self.processor = 0
        self.key, self.types = rss.DEFAULT_KEY, rss.parse_types("ip")
        self.masked = set()
        self.pending = {}  # of a masked vector: its rings
        self.owed = set()  # (ring, vector) with events whose message is to come
        self.is_bound = False
        self.owner = "attend"
        self.next_frame = 0
        self.has_ended = False

    # The device

    def listens(self):
        """Whether there is somebody to whom messages are sent."""
        return self.is_bound and self.owner != "poll"

    def post(self, queue, code, data):
        """An event. The messages for those before it may come first: a burst is over."""
        if self.trace.peek().startswith("message"):
            self.send()
        ring, vector = self.tables.path(queue, code)
        self.trace.expect(f"event {CODES[code]} {queue} {ring} {vector} {1 << ring:x} {data}")
        self.nb_events += 1
        self.codes[CODES[code]] += 1
        if self.listens():
            self.owed.add((ring, vector))

    def send(self):
        """The messages for all events so far."""
        for ring, vector in sorted(self.owed):
            fate = "masked" if vector in self.masked else "sent"
            if fate == "masked":
                self.pending.setdefault(vector, set()).add(ring)
            self.message(ring, vector, fate)
        self.owed.clear()

    def message(self, ring, vector, fate):
        self.trace.expect(f"message {vector} {1 << ring:x} {fate}")
        self.nb_messages += 1
        self.fates[fate] += 1

    def receive(self, nb_frames):
        """The replay goes on until so many frames have come since the start."""
        while self.next_frame < nb_frames:
            value, queue = self.steered[self.next_frame % len(self.frames)]
            self.next_frame += 1
            self.post(queue, RX, "-" if value is None else f"{value:08x}")

    def overrun(self, nb_frames, nb_offered):
        """Nobody receives: each queue takes as many frames as it has buffers; one ERROR."""
        taken = [0] * self.tables.nb_queues
        is_told = is_late = False
        for i in range(nb_offered):
            value, queue = self.steered[i % len(self.frames)]
            if taken[queue] < NB_POSTED:
                taken[queue] += 1
                self.post(queue, RX, "-" if value is None else f"{value:08x}")
            else:
                is_late = True
            if is_late and not is_told and ((i + 1) % BURST == 0 or i + 1 == nb_offered):
                self.post(self.processor, ERROR, OVERRUN)
                is_told = True
        if sum(taken) != nb_frames:
            raise Differs(f"{nb_frames} frames were received, {sum(taken)} had a buffer")

    def hash_all(self):
        """Hash and queue of each frame, by the RSS configuration as it is."""
        if self.hashes is None:
            steering = rss.Steering(self.tables.nb_queues, self.key, self.reta, self.types)
            self.hashes = [steering.steer(frame)[0] for frame in self.frames]
        self.steered = [(value, self.rss_queue if value is None else self.reta[value % 128])
                        for value in self.hashes]

    # The script

    def check(self, script, log):
        """Hold the trace against all operations; log gives what they found out."""
        log = iter(log)
        for line in script:
            name, *words = line.split()
            if self.owed and name not in ("run", "up"):
                self.send()  # the wire was still when the operation before had returned
            if name == "open":
                self.open(*words)
            elif name in ("down", "finish", "starve"):
                getattr(self, "op_" + name)(int(next(log)))
            else:
                getattr(self, "op_" + name)(*words)
        self.trace.expect("the end")

    def open(self, nb_queues, loops, arguments):
        args = dict(pair.split("=") for pair in arguments.split(","))
        self.tables = Tables(args["map"], int(nb_queues), int(args["rings"]), int(args["vectors"]))
        self.nb_offered = int(loops) * len(self.frames)
        self.reta = rss.default_reta(int(nb_queues))
        self.hashes = None

    def op_close(self):
        pass

    def op_start(self):
        self.pending.clear()
        self.next_frame = 0
        self.has_ended = False
        self.hash_all()

    def op_stop(self):
        pass

    def op_map(self, name):
        self.tables.map = name

    def op_ring(self, queue, ring):
        self.tables.ring_of_queue[int(queue)] = int(ring)

    def op_vector(self, ring, vector):
        self.tables.vector_of_ring[int(ring)] = int(vector)

    def op_event(self, queue, code, ring, vector):
        self.tables.event[int(queue), int(code)] = int(ring), int(vector)

    def op_default(self, queue):
        self.rss_queue = int(queue)

    def op_processor(self, queue):
        self.processor = int(queue)

    def op_reta(self, index, queue):
        self.reta[int(index)] = int(queue)

    def op_rss(self, types, key):
        self.types, self.key = rss.parse_types(types), bytes.fromhex(key)
        self.hashes = None

    def op_bind(self):
        self.is_bound = True

    def op_unbind(self):
        self.is_bound = False

    def op_owner(self, state):
        self.owner = state

    def op_run(self, _nb_frames):
        pass  # how far it went, the next one that holds the replay says

    def op_down(self, nb_frames):
        self.receive(nb_frames)
        # all frames had come: whether the device knew it is not in the log
        if nb_frames == self.nb_offered and self.trace.next_event().startswith("event error"):
            self.end()
        self.post(self.processor, LINK, "down")

    def op_up(self):
        self.hash_all()
        self.send_all()
        self.post(self.processor, LINK, "up")

    def send_all(self):
        if self.owed:
            self.send()

    def op_mask(self, vector):
        self.masked.add(int(vector))

    def op_unmask(self, vector):
        self.masked.discard(int(vector))
        for ring in sorted(self.pending.pop(int(vector), ())):
            self.message(ring, int(vector), "sent")

    def op_finish(self, nb_frames):
        if nb_frames != self.nb_offered:
            raise Differs(f"{nb_frames} frames were received, of {self.nb_offered}")
        self.receive(nb_frames)
        if not self.has_ended:
            self.end()

    def end(self):
        """The source tells its end once."""
        if self.has_ended:
            raise Differs("the source ended twice")
        self.has_ended = True
        self.post(self.processor, ERROR, ENDED)

    def op_starve(self, nb_frames):
        self.overrun(nb_frames, self.nb_offered)
        self.post(self.processor, ERROR, ENDED)
        # the last state, when the first one was handled
        self.send_all()
        self.post(self.processor, ERROR, OVERRUN)

    def op_tx(self, queue):
        self.post(int(queue), TX, "-")
