/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Two workers with a queue each that share a vector: lib/worker/ethdev_vector.c. The device masks the
 * vector, not the queue, and forgets what comes while it is masked; an interrupt may mask it, too. It
 * sets one eventfd, which both workers have in their epoll sets. Other sources wake a worker as well,
 * and a third queue is tried and goes again. A driver's mask is written at once, and flushed. No store
 * waits: workers count by atomic read-modify-writes, and a device writes in order.
 *
 * safe counted: DEPTH=1
 *
 * mutant MASKED_BY_EACH:   counted, whoever is disarmed masks, and looks at nothing
 * mutant NO_MASK_LOOK:     counted, the last that is disarmed masks, and does not look again
 * mutant NO_MASK_SIGNAL:   counted, what came while it was masked for a moment wakes nobody
 * mutant COUNTED_LATE:     counted, armed before it is counted
 * mutant TRIED_UNCOUNTED:  counted, finding out what a queue has masks without a count
 * mutant NO_SHARED_LOOK:   counted, the worker does not look again when it has armed
 * mutant NO_REARM:         counted, armed by the first of them only
 */

#define THREADS 3 /* without a process that empties their store buffers */
#define NB_ARMED 0	    /* sources that are armed */
#define FILLED(w) (1 + (w)) /* descriptors that the device has written */
#define CELLS	 3
#define EVENTS	 (2 - q) /* of queue q */
#define OTHERS	 1 /* wakes by another source */

#include "tso.pml"

bool unmasked;	   /* the device's mask bit of the vector */
bool fired[2];	   /* the eventfd, in the epoll set of each worker */
byte received[2];
byte others[2];

#define NOTHING_WAITS (mem[FILLED(0)] == received[0] && mem[FILLED(1)] == received[1])

inline signal_all()
{
	d_step { fired[0] = true; fired[1] = true }
}

/* rte_eth_dev_rx_intr_enable(), _disable(): the stores before are done, and it is flushed */
inline set_mask(t, on)
{
	d_step { sb[t].n == 0 -> unmasked = on }
}

inline count(t, by, old)
{
	d_step { sb[t].n == 0 -> old = mem[NB_ARMED]; mem[NB_ARMED] = mem[NB_ARMED] + by }
}

/* ethdev_vector_arm() */
inline arm(t, old)
{
#ifdef COUNTED_LATE
	set_mask(t, true);
	count(t, 1, old);
#else
	count(t, 1, old);
#ifdef NO_REARM
	if
	:: old == 0 -> set_mask(t, true)
	:: else
	fi;
#else
	set_mask(t, true);
#endif
#endif
	old = 0
}

/* ethdev_vector_disarm() */
inline disarm(t, old)
{
	count(t, -1, old);
#ifdef MASKED_BY_EACH
	set_mask(t, false);
#else
	if
	:: old == 1 ->
		set_mask(t, false);
#ifndef NO_MASK_LOOK
		load(t, NB_ARMED, old);
		if
		:: old != 0 ->
			set_mask(t, true);
#ifndef NO_MASK_SIGNAL
			signal_all()
#endif
		:: else
		fi
#endif
	:: else
	fi;
#endif
	old = 0
}

inline visit(w, n)
{
	d_step {
		load(w, FILLED(w), n);
		received[w] = n;
		n = 0
	}
}

/* A round, and the way to sleep; the epoll set is edge-triggered. */
proctype worker(byte w)
{
	byte n, old;

again:
	visit(w, n);
	arm(w, old);
	fence(w);
#ifndef NO_SHARED_LOOK
	load(w, FILLED(w), n);
	if
	:: n != received[w] -> n = 0; goto awake
	:: else -> n = 0
	fi;
#endif
end_asleep:
	if
	:: fired[w] -> fired[w] = false
	:: atomic { others[w] < OTHERS -> others[w]++ }
	fi;
awake:
	disarm(w, old);
	goto again
}

/* One queue of the device: it fills a descriptor, and interrupts unless the vector is masked. */
proctype device(byte q)
{
	byte made;

end_made:
	do
	:: d_step { made < EVENTS -> made++; mem[FILLED(q)] = made }
		if
		:: d_step { unmasked -> fired[0] = true; fired[1] = true }
		:: d_step { unmasked -> fired[0] = true; fired[1] = true; unmasked = false }
		:: else
		fi
	od
}

/* ethdev_vector_join() of a queue that others share already: tried, then taken back. */
proctype trial(byte t)
{
	byte old;

	set_mask(t, true);
#ifdef TRIED_UNCOUNTED
	set_mask(t, false)
#else
	count(t, 1, old);
	disarm(t, old)
#endif
}

/* When nothing can go on but what need not come. */
proctype observer()
{
	do
	:: timeout -> assert(NOTHING_WAITS); break
	od
}

init {
	atomic {
		run worker(0);
		run worker(1);
		run device(0);
		run device(1);
		run trial(2);
		run observer()
	}
}
