/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * POLL, ATTEND and PARK: a worker that goes from each to the next as it likes, a handshake source
 * whose producer owes nothing while it polls, and a plain source or a second producer.
 *
 * safe with_ring:  RINGS=2 PLAIN=0 DEPTH=2
 * safe with_plain: RINGS=1 PLAIN=1 DEPTH=4
 *
 * mutant NO_PRODUCER_FENCE:   with_ring, P3: the fence between write indicator and state
 * mutant NO_ATTEND_FENCE:     with_ring, POLL to ATTEND: the fence before the full round
 * mutant NO_FULL_ROUND:       with_ring, POLL to ATTEND: the full round
 * mutant ROUND_BEFORE_ATTEND: with_ring, POLL to ATTEND: the round is made before the store
 * mutant NO_OWN_MARK:         with_ring, POLL to ATTEND: the own bit after a full burst in it
 * mutant NO_LOOK_FENCE:       with_plain, ATTEND to PARK: the fence before the second look
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define THREADS 3
#define EVENTS	2
#define POLLS
#if PLAIN > 0
#define NOTHING_WAITS (mem[WRITE(0)] == taken[0] && mem[FILLED(0)] == received[0])
#else
#define NOTHING_WAITS (mem[WRITE(0)] == taken[0] && mem[WRITE(1)] == taken[1])
#endif

#include "worker.pml"
#include "device.pml"
#include "worker_run.pml"

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
