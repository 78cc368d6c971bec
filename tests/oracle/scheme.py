# SPDX-License-Identifier: BSD-3-Clause
"""What a device makes of a script of operations: every event, in order, and every message.

The model that the trace of net_evnic is judged by. It shares no code with the driver. It is fed the
frames of a capture, the script that was played (one operation a line, see tests/eal/scheme_player.c)
and its log: how many frames had come where the replay was held or had ended, and what the owners of
the queues found: bits in their attention words, and doorbells.

    event CODE QUEUE RING VECTOR DATA      messages follow from the events before them:
    message VECTOR DEVICE RING FATE        one for each pair (ring, vector) with events

Sources: the table of maps in docs/nics/evnic.rst; the defaults in lib/steer/rouse_steer.h.
"""

import rss

RX, TX, LINK, ERROR = range(4)
CODES = ("rx", "tx", "link", "error")
BAD_RECORD, OVERRUN, NO_BUFFER, FAILED, ENDED = range(5)  # kinds of ERROR
NB_KINDS = 5
FATES = ("sent", "masked", "moderated")
EBUSY = 16
DEVICES = {"one": 5, "two": 38}  # of each owner: the bit of its attention word
BURST = 64  # frames between two looks around: an overrun is told after those of its burst
NB_POSTED = 96  # buffers of a queue of 128 descriptors
FOR_EVER = float("inf")
MAX_LOOPS = 100  # of a capture: by then each queue that it has frames for is full


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

    def rings(self, queue):
        """Those by which events of a queue can come."""
        return {self.ring(queue, code) for code in range(4)}


class Owner:
    """Somebody to whom queues are bound."""

    def __init__(self, name):
        self.name = name
        self.device = DEVICES[name]
        self.state = "attend"
        self.rings = set()  # the bits of its detail word
        self.nb_doorbells = 0
        self.nb_bits = 0  # found so far
        self.nb_rung = 0


class Model:
    """A port; check() holds its trace against the script."""

    def __init__(self, frames, trace, nb_bad=0, has_failed=False):
        self.frames = frames
        self.trace = trace
        self.nb_bad = nb_bad  # records of the capture that are no frame
        self.has_failed = has_failed  # the source does not end well
        self.nb_events = 0
        self.nb_messages = 0
        self.nb_refused = 0
        self.codes = dict.fromkeys(CODES, 0)
        self.kinds = [0] * NB_KINDS
        self.fates = dict.fromkeys(FATES, 0)
        self.rss_queue = self.processor = 0
        self.key, self.types = rss.DEFAULT_KEY, rss.parse_types("ip")
        self.masked = set()
        self.moderated = set()
        self.pending = {}  # of a vector that may not fire: its rings
        self.owed = set()  # (ring, vector) with events whose message is to come
        self.owners = {name: Owner(name) for name in DEVICES}
        self.bound = set()  # queues
        self.owner_of_ring = {}
        self.next_frame = 0
        self.is_bad_told = self.has_ended = False

    # The device

    def listener(self, ring):
        """Who is sent messages of a ring, None: nobody."""
        owner = self.owner_of_ring.get(ring)
        return owner if owner and owner.state != "poll" else None

    def post(self, queue, code, data):
        """An event. The messages for those before it may come first: a burst is over."""
        if self.trace.peek().startswith("message"):
            self.send()
        ring, vector = self.tables.path(queue, code)
        self.trace.expect(f"event {CODES[code]} {queue} {ring} {vector} {data}")
        self.nb_events += 1
        self.codes[CODES[code]] += 1
        if self.listener(ring):
            self.owed.add((ring, vector))

    def error(self, kind):
        self.post(self.processor, ERROR, kind)
        self.kinds[kind] += 1

    def send(self):
        """The messages for all events so far. The bits are set whatever the vector's state is."""
        for ring, vector in sorted(self.owed):
            self.owner_of_ring[ring].rings.add(ring)
            fate = "sent"
            if vector in self.masked:
                fate = "masked"
            elif vector in self.moderated:
                fate = "moderated"
            if fate != "sent":
                self.pending.setdefault(vector, set()).add(ring)
            self.message(ring, vector, fate)
        self.owed.clear()

    def message(self, ring, vector, fate):
        """What is sent wakes an owner that sleeps."""
        owner = self.owner_of_ring[ring]
        self.trace.expect(f"message {vector} {owner.device} {ring} {fate}")
        self.nb_messages += 1
        self.fates[fate] += 1
        if fate == "sent" and owner.state == "park":
            owner.nb_doorbells += 1
            owner.state = "attend"

    def deliver(self, vector):
        """Send what a vector held, if it may fire."""
        if vector in self.masked or vector in self.moderated:
            return
        for ring in sorted(self.pending.pop(vector, ())):
            self.message(ring, vector, "sent")

    def tell_bad(self, nb_frames):
        """What the capture has beside frames is told after the first burst of them."""
        if self.nb_bad and not self.is_bad_told and nb_frames == min(BURST, self.nb_offered):
            self.is_bad_told = True
            self.error(BAD_RECORD)

    def receive(self, nb_frames):
        """The replay goes on until so many frames have come since the start."""
        while self.next_frame < nb_frames:
            value, queue = self.steered[self.next_frame % len(self.frames)]
            self.next_frame += 1
            self.post(queue, RX, "-" if value is None else f"{value:08x}")
            self.tell_bad(self.next_frame)

    def overrun(self, nb_frames):
        """Nobody receives: each queue takes as many frames as it has buffers; one ERROR. A replay
        without an end fills all of them."""
        taken = [0] * self.tables.nb_queues
        is_told = is_late = False
        i, end = 0, min(self.nb_offered, MAX_LOOPS * len(self.frames))
        while i < end and (sum(taken) < nb_frames or not is_told or self.nb_offered != FOR_EVER):
            value, queue = self.steered[i % len(self.frames)]
            i += 1
            if taken[queue] < NB_POSTED:
                taken[queue] += 1
                self.post(queue, RX, "-" if value is None else f"{value:08x}")
            else:
                is_late = True
            self.tell_bad(i)
            if is_late and not is_told and (i % BURST == 0 or i == self.nb_offered):
                self.error(OVERRUN)
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
            if name in ("down", "finish", "starve", "dry"):
                words.append(int(next(log)))
            elif name in ("bind", "take"):
                words.append(next(log))
            getattr(self, "op_" + name)(*words)
        self.trace.expect("the end")

    def op_open(self, nb_queues, loops, arguments):
        args = dict(pair.split("=") for pair in arguments.split(","))
        self.tables = Tables(args["map"], int(nb_queues), int(args["rings"]), int(args["vectors"]))
        self.nb_offered = FOR_EVER if loops == "0" else len(self.frames)
        if loops not in ("0", "-"):
            self.nb_offered *= int(loops)
        self.reta = rss.default_reta(int(nb_queues))
        self.hashes = None

    def op_close(self):
        pass

    def op_say(self, _word):
        pass

    def op_start(self):
        self.pending.clear()
        self.next_frame = 0
        self.is_bad_told = self.has_ended = False
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

    def op_bind(self, name, queue, said):
        """All events of a ring are one owner's."""
        queue, owner, rings = int(queue), self.owners[name], self.tables.rings(int(queue))
        if queue in self.bound or any(self.owner_of_ring.get(ring, owner) != owner
                                      for ring in rings):
            expected = f"{-EBUSY} 0"
            self.nb_refused += 1
        else:
            expected = f"0 {sum(1 << ring for ring in rings):x}"
            self.bound.add(queue)
            self.owner_of_ring.update(dict.fromkeys(rings, owner))
        if said != expected:
            raise Differs(f"queue {queue} bound to {name}: \"{said}\", expected \"{expected}\"")

    def op_unbind(self):
        self.bound.clear()
        self.owner_of_ring.clear()

    def op_owner(self, name, state):
        self.owners[name].state = state

    def op_take(self, name, found):
        """The messages as they arrived."""
        owner = self.owners[name]
        expected = str(owner.nb_doorbells)
        if owner.rings:
            expected += f" {owner.device}:{sum(1 << ring for ring in owner.rings):x}"
        if found != expected:
            raise Differs(f"owner {name} found \"{found}\", expected \"{expected}\"")
        owner.nb_bits += len(owner.rings)
        owner.nb_rung += owner.nb_doorbells
        owner.rings.clear()
        owner.nb_doorbells = 0

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
        self.deliver(int(vector))

    def op_moderate(self, vector):
        self.moderated.add(int(vector))

    def op_release(self, vector):
        self.moderated.discard(int(vector))
        self.deliver(int(vector))

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
        self.error(FAILED if self.has_failed else ENDED)

    def op_starve(self, _nb_errors, nb_frames):
        self.overrun(nb_frames)
        self.error(ENDED)
        # the last state, when the first one was handled
        self.send_all()
        self.error(OVERRUN)

    def op_dry(self, _queue, _nb_errors, _nb_missed, nb_frames):
        self.overrun(nb_frames)
        self.error(NO_BUFFER)
        self.post(self.processor, LINK, "down")
        # the last state of each; which of them was handled first, the trace says
        self.send_all()
        last = [OVERRUN, NO_BUFFER]
        if self.trace.next_event().endswith(f" {NO_BUFFER}"):
            last.reverse()
        for kind in last:
            self.error(kind)

    def op_tx(self, queue):
        self.post(int(queue), TX, "-")
