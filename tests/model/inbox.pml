/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Messages: several producers post into the inbox of one worker, a ring of DPDK in which each takes
 * a slot, fills it, and waits for those before it to be done (source_msg.c; rte_ring's
 * rte_ring_mp_enqueue_elem()). After a wake the worker holds the inbox against its bit: what it
 * reports as lost must have been lost. rouse_worker_stop() signals by the same bit, and puts nothing
 * there: the one that takes the bit finds nothing.
 *
 * safe posted:  POLLS
 * safe audited: AUDITED
 * safe stopped: STOPPED POLLS
 *
 * mutant NO_PRODUCER_FENCE: posted, P3: the fence between the ring's tail and the state
 * mutant SIGNAL_FIRST:      posted, rouse_worker_post(): it signals before it enqueues
 * mutant SLOT_LATE:         posted, P1 after P2: the tail is moved before the slot is written
 * mutant TAIL_NOT_AWAITED:  posted, the tail is moved over slots that others still write
 * mutant NO_OWN_MARK:       posted, inbox_drain(): a full burst is not told to be one
 * mutant NO_LOOK_FENCE:     posted, ATTEND to PARK: the fence before the second look
 * mutant STOP_NOT_LOOKED_AT: stopped, worker_look_again(): it looks for messages, not for a stop
 * mutant SETTLED_FIRST:     audited, rouse_worker_post(): it counts its handshake before it is over
 * mutant OWED_READ_LAST:    audited, audit(): the bits are read before what is owed
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define RINGS	1
#define THREADS 3
#define DEPTH	3
#define MESSAGES 2 /* of each producer */
#define SLOTS	(2 * MESSAGES) /* none is used twice */
#define NOTHING_WAITS (mem[WRITE(0)] == taken[0] && mem[STOP] == 0)

#define MODEL_CELLS (2 + SLOTS)
#define STOP	    (ATTN_CELLS + WORKER_CELLS + 1 + SLOTS) /* w->stop_wanted */
#ifdef STOPPED
#define SHALL_STOP (mem[STOP] != 0)
#endif
#define TAIL	    WRITE(0)
#define HEAD	    (ATTN_CELLS + WORKER_CELLS)
#define SLOT(i)	    (ATTN_CELLS + WORKER_CELLS + 1 + (i))

/* every message that is taken was written */
#define READ_ENTRIES(w, from, to) \
	d_step { \
		for (i_ : 0 .. SLOTS - 1) { \
			assert(!(i_ >= from && i_ < to) || mem[SLOT(i_)] != 0) \
		} \
		i_ = 0 \
	}

#ifdef AUDITED
#define AUDIT(w) audit_ring(w, 0, 0)
#endif

#include "worker.pml"
#include "worker_run.pml"

/* rouse_worker_post() */
proctype poster(byte t)
{
	byte posted, at, seen, tmp;

	do
	:: posted < MESSAGES ->
		posted++;
#ifdef SIGNAL_FIRST
		attn_signal(t, 0, 0, 0, seen, tmp);
#endif
		/* __rte_ring_move_prod_head() */
		d_step {
			sb[t].n == 0 -> at = mem[HEAD];
			mem[HEAD] = at + 1
		}
#ifndef SLOT_LATE
		store(t, SLOT(at), 1);
#endif
		/* __rte_ring_update_tail() */
#ifndef TAIL_NOT_AWAITED
		mem[TAIL] == at;
#endif
		store(t, TAIL, at + 1);
#ifdef SLOT_LATE
		store(t, SLOT(at), 1);
#endif
		at = 0;
#ifdef SETTLED_FIRST
		d_step { sb[t].n == 0 -> mem[SETTLED(0)]++ }
#endif
#ifndef SIGNAL_FIRST
		attn_signal(t, 0, 0, 0, seen, tmp);
#endif
#ifndef SETTLED_FIRST
		d_step { sb[t].n == 0 -> mem[SETTLED(0)]++ }
#endif
	:: else -> break
	od;
end_posted:
	false
}

/* rouse_worker_stop() */
proctype stopper(byte t)
{
	byte seen, tmp;

	store(t, STOP, 1);
	attn_signal(t, 0, 0, 0, seen, tmp);
end_stop_asked:
	false
}

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		run memory(0);
		run memory(1);
		run memory(2);
		run worker(0);
		run poster(1);
#ifdef STOPPED
		run stopper(2)
#else
		run poster(2)
#endif
	}
}
