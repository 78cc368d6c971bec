/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A handshake source and a plain one in one worker. Nothing is lost; and each is served though the
 * other is busy without an end, whatever the worker does.
 *
 * safe both:       DEPTH=3 RINGS=1
 * live busy_ring:  DEPTH=3 RINGS=1 WAITS=PLAIN_WAITS
 * live busy_plain: DEPTH=3 RINGS=1 WAITS=RING_WAITS
 * live busy_peer:  DEPTH=3 RINGS=2 WAITS=PEER_WAITS
 * live polls:      DEPTH=4 RINGS=1 POLLS WAITS=PLAIN_WAITS
 *
 * mutant NO_LOOK_FENCE:      both, ATTEND to PARK: the one fence that both kinds need
 * mutant NO_LOOK:            both, ATTEND to PARK: the look at the word
 * mutant NO_PLAIN_LOOK:      both, ATTEND to PARK: the look into the plain sources
 * mutant LOOK_BEFORE_ARM:    both, ATTEND to PARK: arming comes after the look
 * mutant LOOK_BEFORE_PARK:   both, ATTEND to PARK: PARK is stored after the look
 * mutant PLAIN_WHEN_QUIET:   busy_ring, ATTEND: plain sources only if no bit named work
 * mutant MARKED_UNTIL_QUIET: busy_ring, ATTEND: bits are taken until there is none
 * mutant UNBOUNDED_DRAIN:    busy_peer, ATTEND: a ring is drained until it is empty
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define THREADS 3
#define EVENTS	2
#if RINGS == 1
#define PLAIN 1
#define NOTHING_WAITS (mem[WRITE(0)] == taken[0] && mem[FILLED(0)] == received[0])
#else
#define PLAIN 0
#define NOTHING_WAITS (mem[WRITE(0)] == taken[0] && mem[WRITE(1)] == taken[1])
#endif
#define RING_WAITS  (mem[WRITE(0)] != taken[0])
#define PEER_WAITS  (mem[WRITE(1)] != taken[1])
#define PLAIN_WAITS (mem[FILLED(0)] != received[0])

#include "worker.pml"
#include "device.pml"
#include "worker_run.pml"

#ifdef LIVE
ltl served { [] (WAITS -> <> !WAITS) }
#endif

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		run memory(0);
		run memory(1);
		run memory(2);
		run worker(0);
		run producer(1, 0, 0);
#if PLAIN > 0
		run plain_device(2, 0)
#else
		run producer(2, 0, 1)
#endif
	}
}
