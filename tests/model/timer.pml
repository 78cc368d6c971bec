/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Timed sleeps: what has no interrupt, or refuses to be armed, or has run out of buffers, is found
 * by a timerfd in the worker's epoll set (sleep_limit_us() and sleep_until_woken() of park.c). So is
 * what has an fd that is readable before anything can be read, which is when a signal came that
 * another thread takes: such an fd ends one sleep, and is not waited for as long as it is so. A
 * dry queue is one whose device has no buffer: it is silent, and posts new ones only when it is
 * visited; the mbufs are freed by somebody else, who tells nobody. A handshake source beside it
 * wakes the worker too, so that timers are cancelled.
 *
 * safe timed:      PLAIN=1 DEPTH=3 NEVER_ARMED
 * safe unarmed:    PLAIN=1 DEPTH=3 ARM_MAY_FAIL
 * safe dry:        PLAIN=0 DEPTH=3
 * safe readable:   PLAIN=1 DEPTH=3 READABLE
 * live timed_go_on:   PLAIN=1 DEPTH=3 NEVER_ARMED
 * live unarmed_go_on: PLAIN=1 DEPTH=3 ARM_MAY_FAIL
 * live dry_go_on:     PLAIN=0 DEPTH=3
 * live readable_go_on: PLAIN=1 DEPTH=3 READABLE
 *
 * mutant NO_TIMED_SLEEP:      timed, sleep_limit_us(): sources without an interrupt set no timer
 * mutant ARM_FAILURE_IGNORED: unarmed, sleep_limit_us(): nor do those that could not be armed
 * mutant DRY_FORGOTTEN:       dry, sleep_limit_us(): nor do dry queues
 * mutant BARREN_FORGOTTEN:    readable, readable_arm(): nor does an fd that gives nothing
 * mutant NOT_ASKED_AGAIN:     readable, readable_arm(): an fd that fired is not waited for again
 * mutant TIMER_SET_EARLY:     timed, the timer is set, and then the one before it is cancelled
 * mutant DRY_NOT_VISITED:     dry_go_on, worker_attend(): dry queues are not visited
 * mutant DRY_AFTER_SLEEP:     dry_go_on, worker_attend(): they are visited only after a sleep
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define RINGS	1
#define WHOLE_DRAIN

#if PLAIN == 1
#define EVENTS	      2
#define THREADS	      3
#define NOTHING_WAITS (mem[FILLED(0)] == received[0] && mem[WRITE(0)] == taken[0])
#define WAITS	      (mem[FILLED(0)] != received[0])
#else
#define EVENTS	      4
#define THREADS	      2
#define NOTHING_WAITS (taken[0] == EVENTS)
#define WAITS	      (made == mem[POSTED])
#endif

#define MODEL_CELLS 1
#define POSTED	    (ATTN_CELLS + WORKER_CELLS) /* buffers: q->posted */

#define MAY_SLEEP_TIMED
#define TIMER_RANG    rang
#define TIMER_OFF     rang = false
#define PREPARE_TIMER prepare_timer()
#define CANCEL_TIMER  cancel_timer()
#define VISIT_DRY     visit_dry(w)
#if PLAIN == 0
#define AFTER_DRAIN(w) refill(w)
#endif

#ifdef READABLE
#define IS_READABLE (mem[FILLED(0)] != received[0])
#define MAY_READ    signalled
#define READ	    signalled = false
#define READ_AT_ONCE
#define ARM(w, p)   readable_arm(w)
#define FD_READY    (asked && IS_READABLE)
#define FD_TAKEN    asked = false

bool signalled;		 /* the signal was taken */
bool asked = true;	 /* the fd is waited for: EPOLLONESHOT */
bool arm_failed;	 /* the worker's */
#endif

#include "worker.pml"

bool timer_set, rang; /* the timerfd */

#if PLAIN == 0
byte posted = 1;   /* the driver's: q->next_post */
byte made;	   /* the wire's */
byte in_use, pool; /* mbufs: with others, free */
bool dry;	   /* the worker's: s->is_dry */
byte counted;	   /* the driver's: entries that it gave to the worker */

/* handshake_drain() with evnic_rxq_has_buffers() */
inline refill(w)
{
	atomic {
		if
		:: counted != taken[0] -> counted = taken[0]; in_use++
		:: else
		fi;
		if
		:: pool > 0 ->
			pool--;
			posted = NEXT(posted);
			store(w, POSTED, posted)
		:: else
		fi;
		dry = posted == taken[0]
	}
}
#endif

#ifdef READABLE
/* readable_arm() */
inline readable_arm(w)
{
	atomic {
		if
		:: IS_READABLE -> arm_failed = true
		:: !IS_READABLE ->
#ifdef NOT_ASKED_AGAIN
			skip
#else
			asked = true
#endif
		fi
	}
}
#endif

#ifdef NEVER_ARMED
#define IS_TIMED true
#elif (defined(ARM_MAY_FAIL) && !defined(ARM_FAILURE_IGNORED)) || (defined(READABLE) && !defined(BARREN_FORGOTTEN))
#define IS_TIMED arm_failed
#else
#define IS_TIMED false
#endif
#if PLAIN == 0 && !defined(DRY_FORGOTTEN)
#define IS_STARVED dry
#else
#define IS_STARVED false
#endif

/* sleep_limit_us() */
inline prepare_timer()
{
	atomic {
#ifndef NO_TIMED_SLEEP
		timer_set = IS_TIMED || IS_STARVED;
#endif
#ifdef TIMER_SET_EARLY
		timer_set = false;
		rang = false;
#endif
#if defined(ARM_MAY_FAIL) || defined(READABLE)
		arm_failed = false
#else
		skip
#endif
	}
}

/* set_timer(0), at the end of sleep_until_woken() */
inline cancel_timer()
{
	atomic {
		timer_set = false;
		rang = false
	}
}

/* visit_dry() */
inline visit_dry(w)
{
#if PLAIN == 0 && !defined(DRY_NOT_VISITED)
	if
	:: dry -> visit_ring(w, 0, 0)
	:: else
	fi
#else
	skip
#endif
}

#ifdef LIVE
#define MAY_GO_ON true
#else
#define MAY_GO_ON made < EVENTS
#endif

#if PLAIN == 1
#include "device.pml"
#endif
#include "worker_run.pml"

#ifdef READABLE
bool signal_sent;

/* The kernel: it is readable, and the process has a signal */
proctype interface(byte t)
{
	byte made;

end_made:
	do
	:: atomic { PLAIN_HAS_ROOM(0) -> made = NEXT(made); mem[FILLED(0)] = made; signal_sent = true }
	od
}

proctype signal_handler()
{
end_taken:
	do
	:: d_step { signal_sent -> signal_sent = false; signalled = true }
	od
}
#endif

proctype clock()
{
end_clock:
	do
	:: d_step { timer_set -> timer_set = false; rang = true }
	od
}

#if PLAIN == 0
/* The device: no event without a buffer. */
proctype wire()
{
	byte seen, tmp;

end_wire:
	do
	:: atomic {
		MAY_GO_ON && made != mem[POSTED] ->
		made = NEXT(made);
		store(1, WRITE(0), made)
	}
		attn_signal(1, 0, 0, 0, seen, tmp)
	od
}

/* Whoever has the received mbufs gives them back. */
proctype peer()
{
end_peer:
	do
	:: d_step { in_use > 0 -> in_use--; pool++ }
	od
}
#endif

#ifdef LIVE
ltl served { [] (WAITS -> <> !WAITS) }
#endif

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		run memory(0);
		run memory(1);
		run clock();
		run worker(0);
#if PLAIN == 0
		mem[POSTED] = 1;
		run wire();
		run peer()
#else
		run memory(2);
		run producer(1, 0, 0);
#ifdef READABLE
		run interface(2);
		run signal_handler()
#else
		run plain_device(2, 0)
#endif
#endif
	}
}
