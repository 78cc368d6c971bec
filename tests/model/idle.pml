/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The idle form: the loop is the application's, which polls queues itself (watched ones: a
 * handshake queue, a plain one) and calls rouse_worker_idle() with what a round found. The worker
 * serves what is its own, by bits, or each call in POLL; a bit that names a watched queue it takes
 * and drops, and leaves that queue to the application. Between PARK and blocking it returns to the
 * application if a watched queue is plain: the round that follows is the second look.
 *
 * safe queue_and_own:   RINGS=2 PLAIN=0 DEPTH=3 WATCHED_RING OWN_RING POLLS
 * safe queue_and_plain: RINGS=1 PLAIN=1 DEPTH=4 WATCHED_RING POLLS
 * safe own_and_plain:   RINGS=1 PLAIN=1 DEPTH=4 OWN_RING POLLS
 * live busy_queue: RINGS=2 PLAIN=0 DEPTH=3 WATCHED_RING OWN_RING WAITS=OWN_WAITS
 * live busy_own:   RINGS=2 PLAIN=0 DEPTH=3 WATCHED_RING OWN_RING WAITS=QUEUE_WAITS
 * live busy_plain: RINGS=1 PLAIN=1 DEPTH=4 OWN_RING WAITS=OWN_WAITS
 *
 * mutant PARKS_THOUGH_BUSY:    queue_and_own, ATTEND to PARK: though the round found packets
 * mutant PARKS_ON_DROPPED:     queue_and_own, ATTEND to PARK: in the call that dropped a bit
 * mutant PARKS_AT_ONCE:        queue_and_own, POLL to PARK: without a round of the application
 * mutant NO_OWN_ROUND:         queue_and_own, POLL to ATTEND: the look at what is the worker's own
 * mutant NO_ATTEND_FENCE:      queue_and_own, POLL to ATTEND: the fence
 * mutant NO_PRODUCER_FENCE:    queue_and_own, P3: the fence between write indicator and state
 * mutant NO_OWN_MARK:          queue_and_own, ATTEND: the own bit after a full burst
 * mutant NO_LOOK_FENCE:        queue_and_own, ATTEND to PARK: the fence before the looks
 * mutant NO_LOOK:              queue_and_own, ATTEND to PARK: the looks at the word
 * mutant NO_APPLICATION_LOOK:  queue_and_plain, ATTEND to PARK: the application's second look
 * mutant APPLICATION_UNHEARD:  queue_and_plain, PARK: it blocks though that look found packets
 * mutant LOOK_BEFORE_ARM:      queue_and_plain, ATTEND to PARK: plain queues are armed after it
 * mutant OWN_WHEN_IDLE:        busy_queue, ATTEND: its own is served only if nothing was received
 * mutant OWN_UNTIL_QUIET:      busy_own, ATTEND: its own is served until there is none
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define THREADS 3
#define EVENTS	2

#define OWN_NR	    (RINGS - 1)
#define QUEUE_WAITS (mem[WRITE(0)] != taken[0])
#define OWN_WAITS   (mem[WRITE(OWN_NR)] != taken[OWN_NR])
#define PLAIN_WAITS (mem[FILLED(0)] != received[0])
#if PLAIN > 0
#define NOTHING_WAITS (!QUEUE_WAITS && !PLAIN_WAITS)
#else
#define NOTHING_WAITS (!QUEUE_WAITS && !OWN_WAITS)
#endif

#include "worker.pml"
#include "device.pml"

/* rte_eth_rx_burst() of a watched handshake queue: no bit tells of what a full burst leaves */
inline receive_queue(w)
{
#ifdef WATCHED_RING
	atomic {
		load(w, WRITE(0), n);
		if
		:: n == taken[0]
		:: n != taken[0] -> found = true; taken[0] = n
		:: n != taken[0] -> found = true; taken[0] = NEXT(taken[0])
		fi;
		n = 0
	}
#else
	skip
#endif
}

/* A round of the application over all queues that it polls. received_any: what it tells */
inline application_round(w)
{
	receive_queue(w);
	visit_plain_list(w);
	received_any = found;
	found = false
}

inline visit_own(w)
{
#ifdef OWN_RING
	visit_ring(w, 0, OWN_NR)
#else
	skip
#endif
}

/* visit_marked(); dropped: a bit named what the application polls */
inline serve(w)
{
	attn_take(w, w, word);
	if
	:: word != 0 ->
		word = 0;
		attn_take_detail(w, w, 0, bits);
#ifdef WATCHED_RING
		if
		:: bits & 1 -> dropped = true
		:: else
		fi;
#endif
#ifdef OWN_RING
		if
		:: bits & (1 << OWN_NR) -> visit_own(w)
		:: else
		fi;
#endif
		bits = 0
	:: else
	fi;
	found = false
}

inline stay_awake(w)
{
	attn_unpark(w, w, n);
	disarm_all(w);
	word = 0;
	received_any = false
}

/* The application's loop, with rouse_worker_idle() from its middle to its end. */
proctype application(byte w)
{
	byte word, bits, n; /* 0 when not in use */
	bool found, received_any, dropped;

from_poll:
	attn_attend(w, w);
#ifndef NO_OWN_ROUND
	visit_own(w);
	found = false;
#endif
#ifdef PARKS_AT_ONCE
	goto parking;
#endif
attending:
	dropped = false;
	application_round(w);
	/* rouse_worker_idle() */
#if defined(OWN_UNTIL_QUIET)
	do
	:: mem[WORD(w)] != 0 -> serve(w)
	:: else -> break
	od;
#elif defined(OWN_WHEN_IDLE)
	if
	:: !received_any -> serve(w)
	:: else
	fi;
#else
	serve(w);
#endif
	if
	:: received_any = false; goto attending
#ifdef POLLS
	:: received_any = false; dropped = false; goto polling
#endif
#if defined(PARKS_THOUGH_BUSY)
	:: !dropped -> received_any = false; goto parking
#elif defined(PARKS_ON_DROPPED)
	:: !received_any -> dropped = false; goto parking
#else
	:: !received_any && !dropped -> goto parking
#endif
	fi;
#ifdef POLLS
polling:
	attn_poll(w, w);
poll_round:
	application_round(w);
	received_any = false;
	visit_own(w);
	found = false;
	if
	:: goto poll_round
	:: goto from_poll
	fi;
#endif
parking:
	attn_park(w, w);
#ifndef LOOK_BEFORE_ARM
	arm_all(w);
#endif
	attn_look(w, w, word);
	if
	:: word != 0 -> stay_awake(w); goto attending
	:: else
	fi;
#if PLAIN > 0 && !defined(NO_APPLICATION_LOOK)
	/* it returns, and is called again */
	application_round(w);
#ifndef NO_LOOK
	load(w, WORD(w), word);
#endif
#ifdef APPLICATION_UNHEARD
	received_any = false;
#endif
	if
	:: received_any || word != 0 -> stay_awake(w); goto attending
	:: else
	fi;
#endif
#ifdef LOOK_BEFORE_ARM
	arm_all(w);
	fence(w);
#endif
	/* epoll_wait() */
	if
	:: atomic {
		bell[w] || FIRED ->
		bell[w] = false;
		FIRED_OFF
	}
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	stay_awake(w);
	goto attending;
end_asleep:
	false
}

#ifdef LIVE
ltl served { [] (WAITS -> <> !WAITS) }
#endif

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		run memory(0);
		run memory(1);
		run memory(2);
		run application(0);
		run producer(1, 0, 0);
#if PLAIN > 0
		run plain_device(2, 0)
#else
		run producer(2, 0, 1)
#endif
	}
}
