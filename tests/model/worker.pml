/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * lib/worker: the consumer, as worker.c, rounds.c and park.c have it. What a policy decides by time and load
 * (stay awake, poll, park) it decides here at will, so that what is shown holds for every policy.
 *
 * The model says, before it includes this:
 *   WORKERS    they are the threads and the attentions 0, 1, ...
 *   DEVICES, RINGS   handshake sources of a worker: so many rings of each of so many devices
 *   PLAIN      plain sources, of worker 0
 *   POLLS      if a worker may be in state POLL
 *   NOTHING_WAITS    what must be true when nothing in the whole model can go on
 * and what attn.pml wants. Where it wants to, it says what else a worker does:
 *   READ_ENTRIES     with the entries that it takes, in one step
 *   AFTER_DRAIN      after each visit of a handshake source
 *   AUDIT	      after a wake
 *   MAY_SLEEP_TIMED  the sleep may be timed: PREPARE_TIMER, TIMER_RANG, TIMER_OFF, CANCEL_TIMER;
 *		      VISIT_DRY, of a round
 *   SHALL_STOP       rouse_worker_stop() was called
 *   WHOLE_DRAIN      bursts are never full
 *   NEVER_ARMED      plain sources have no interrupt
 *   ARM_MAY_FAIL     they may refuse to be armed: arm_failed
 *   ARM(w, p)        they are armed so
 *   MAY_READ         a visit finds what is there only then; READ, when it did
 *   FD_READY, FD_TAKEN   what else ends the sleep, and what becomes of that then
 *
 * Counters are free-running, modulo MODULUS. A visit takes all that a source has, which is less than a
 * burst, or one entry, which stands for a full burst that may have left some.
 */

#ifndef PLAIN
#define PLAIN 0
#endif
#ifndef READ_ENTRIES
#define READ_ENTRIES(w, from, to)
#endif
#ifndef AFTER_DRAIN
#define AFTER_DRAIN(w)
#endif
#ifndef AUDIT
#define AUDIT(w)
#endif
#ifndef MAY_SLEEP_TIMED
#define TIMER_RANG false
#define PREPARE_TIMER
#define TIMER_OFF
#define CANCEL_TIMER
#define VISIT_DRY
#endif

#ifndef SHALL_STOP
#define SHALL_STOP false
#endif
#ifdef STOP_NOT_LOOKED_AT
#define STOP_SEEN false
#else
#define STOP_SEEN SHALL_STOP
#endif
#ifndef MAY_READ
#define MAY_READ true
#define READ
#endif

#define NB_RINGS (WORKERS * DEVICES * RINGS)
#define RING(w, device, nr) ((w) * (DEVICES * RINGS) + (device) * RINGS + (nr))

#define WRITE(ring)  (ATTN_CELLS + (ring))		   /* write indicator */
#define FILLED(p)    (ATTN_CELLS + NB_RINGS + (p))	   /* descriptors that the device has written */
#define ARMED(p)     (ATTN_CELLS + NB_RINGS + PLAIN + (p)) /* what arm and disarm write */
#define SETTLED(ring) (ATTN_CELLS + NB_RINGS + 2 * PLAIN + (ring)) /* handshakes that are over */
#define WORKER_CELLS (2 * NB_RINGS + 2 * PLAIN)

#ifdef LIVE
#define MODULUS 2 /* nobody is more than one entry ahead */
#else
#define MODULUS 8
#endif
#define NEXT(n) (((n) + 1) % MODULUS)

#ifndef MODEL_CELLS
#define MODEL_CELLS 0
#endif
#define MORE_CELLS (WORKER_CELLS + MODEL_CELLS)

#include "attn.pml"

byte taken[NB_RINGS]; /* the worker's: entries read */
#if PLAIN > 0
byte received[PLAIN]; /* the worker's: packets received */
bool fired[PLAIN];    /* the eventfd of the interrupt, in the worker's epoll set */
#endif

/* ---- visiting ---- */

/* source_visit(); visit_handshake() of rounds.c */
inline visit_ring(w, device, nr)
{
	atomic {
		load(w, WRITE(RING(w, device, nr)), n);
		if
		:: n == taken[RING(w, device, nr)] -> n = 0
		:: n != taken[RING(w, device, nr)] ->
			found = true;
			READ_ENTRIES(w, taken[RING(w, device, nr)], n);
			taken[RING(w, device, nr)] = n;
			n = 0
#ifndef WHOLE_DRAIN
		:: n != taken[RING(w, device, nr)] ->
			found = true;
			READ_ENTRIES(w, taken[RING(w, device, nr)], NEXT(taken[RING(w, device, nr)]));
			taken[RING(w, device, nr)] = NEXT(taken[RING(w, device, nr)]);
			n = 1
#endif
		fi
	}
	AFTER_DRAIN(w);
	if
	:: n == 1 ->
#ifndef NO_OWN_MARK
		attn_mark_own(w, w, device, nr);
#endif
#ifdef UNBOUNDED_DRAIN
		/* it goes on with this ring instead */
		do
		:: mem[WRITE(RING(w, device, nr))] != taken[RING(w, device, nr)] ->
			taken[RING(w, device, nr)] = NEXT(taken[RING(w, device, nr)])
		:: else -> break
		od;
#endif
		n = 0
	:: else
	fi
}

#if PLAIN > 0
inline visit_plain(w, p)
{
	atomic {
		load(w, FILLED(p), n);
		if
		:: n == received[p] || !MAY_READ
		:: n != received[p] && MAY_READ ->
			found = true;
			received[p] = n;
			READ
#ifndef READ_AT_ONCE
		:: n != received[p] && MAY_READ ->
			found = true;
			received[p] = NEXT(received[p])
#endif
		fi;
		n = 0
	}
}
#endif

/* visit_list(w, &w->plain) */
inline visit_plain_list(w)
{
#if PLAIN > 0
	visit_plain(w, 0);
#endif
#if PLAIN > 1
	visit_plain(w, 1);
#endif
	skip
}

#define BIT_AT(i) ((i) % RINGS)
#define DEVICE_AT(i) ((i) / RINGS)

/* the list of all handshake sources */
inline visit_all_rings(w)
{
	visit_ring(w, 0, 0);
#if RINGS > 1
	visit_ring(w, 0, 1);
#endif
#if DEVICES > 1
	visit_ring(w, 1, 0);
#if RINGS > 1
	visit_ring(w, 1, 1);
#endif
#endif
}

inline visit_bits(w, device)
{
	if
	:: bits & 1 -> visit_ring(w, device, 0)
	:: else
	fi;
#if RINGS > 1
	if
	:: bits & 2 -> visit_ring(w, device, 1)
	:: else
	fi;
#endif
	bits = 0
}

inline visit_device(w, device)
{
	if
	:: word & (1 << BIT(device)) ->
#ifdef RING_READ_FIRST
		/* its rings, before the detail word is taken */
		bits = mem[DETAIL(w, device)];
		visit_bits(w, device);
		attn_take_detail(w, w, device, bits);
		bits = 0
#else
		attn_take_detail(w, w, device, bits);
		visit_bits(w, device)
#endif
	:: else
	fi
}

inline visit_marked(w)
{
#ifdef DETAIL_TAKEN_FIRST
	attn_take_detail(w, w, 0, bits);
	attn_take(w, w, word);
	if
	:: word & 1 -> visit_bits(w, 0)
	:: else ->
		if
		:: bits != 0 -> fetch_or(w, DETAIL(w, 0), bits); bits = 0
		:: else
		fi
	fi;
#else
	attn_take(w, w, word);
	visit_device(w, 0);
#endif
#if DEVICES > 1 && !defined(ONE_DETAIL_WORD)
	visit_device(w, 1);
#endif
	word = 0
}

/* ---- rounds ---- */

/* worker_enter_attend() */
inline enter_attend(w)
{
#ifdef ROUND_BEFORE_ATTEND
	visit_all_rings(w);
	attn_attend(w, w);
#else
	attn_attend(w, w);
#ifndef NO_FULL_ROUND
	visit_all_rings(w);
#endif
#endif
	visit_plain_list(w);
	found = false
}

/* worker_attend() */
inline attend(w)
{
#ifdef MARKED_UNTIL_QUIET
	do
	:: mem[WORD(w)] != 0 -> visit_marked(w)
	:: else -> break
	od;
#else
	visit_marked(w);
#endif
#ifndef DRY_AFTER_SLEEP
	VISIT_DRY;
#endif
#if defined(PLAIN_WHEN_QUIET)
	if
	:: !found -> visit_plain_list(w)
	:: else
	fi
#else
	visit_plain_list(w)
#endif
}

/* ---- going to sleep ---- */

#ifdef ARM
inline arm(w, p)
{
	ARM(w, p)
}
#elif defined(ARM_MAY_FAIL)
bool arm_failed; /* the worker's */

inline arm(w, p)
{
	if
	:: store(w, ARMED(p), 1)
	:: arm_failed = true
	fi
}
#else
inline arm(w, p)
{
#ifndef NEVER_ARMED
	store(w, ARMED(p), 1)
#else
	skip
#endif
}
#endif

inline arm_all(w)
{
#if PLAIN > 0
	arm(w, 0);
#endif
#if PLAIN > 1
	arm(w, 1);
#endif
	skip
}

inline disarm_all(w)
{
#if PLAIN > 0
	store(w, ARMED(0), 0);
#endif
#if PLAIN > 1
	store(w, ARMED(1), 0);
#endif
	skip
}

inline look_at_plain(w)
{
#ifndef NO_PLAIN_LOOK
	visit_plain_list(w)
#else
	skip
#endif
}

/* worker_park(), up to the block. found or word: do not */
inline park_and_look(w)
{
#if defined(LOOK_BEFORE_PARK)
	attn_look(w, w, word);
	look_at_plain(w);
	attn_park(w, w);
	arm_all(w);
	fence(w)
#elif defined(LOOK_BEFORE_ARM)
	attn_park(w, w);
	attn_look(w, w, word);
	look_at_plain(w);
	arm_all(w);
	fence(w)
#else
	attn_park(w, w);
	arm_all(w);
	attn_look(w, w, word);
	if
	:: word == 0 -> look_at_plain(w)
	:: else
	fi
#endif
}

#if PLAIN == 0
#define FIRED	  false
#define FIRED_OFF
#elif PLAIN == 1
#ifdef FD_READY
#define FIRED	  FD_READY
#define FIRED_OFF FD_TAKEN
#else
#define FIRED	  fired[0]
#define FIRED_OFF fired[0] = false
#endif
#else
#define FIRED	  (fired[0] || fired[1])
#define FIRED_OFF fired[0] = false; fired[1] = false
#endif

#ifdef AUDITED
byte word_seen; /* the worker's */

/* audit() and rouse_attn_marked_rings(): an entry whose handshake is over, in a ring that is not
 * marked, is a rescue. There must be none. */
inline audit_ring(w, device, nr)
{
#ifdef OWED_READ_LAST
	load(w, WORD(w), word_seen);
	load(w, DETAIL(w, device), bits);
	load(w, SETTLED(RING(w, device, nr)), n);
#else
	load(w, SETTLED(RING(w, device, nr)), n);
	load(w, WORD(w), word_seen);
	load(w, DETAIL(w, device), bits);
#endif
	atomic {
		/* more handshakes have ended than entries were taken */
		assert((n + 2 * MODULUS - 1 - taken[RING(w, device, nr)]) % MODULUS >= MODULUS / 2 ||
		       ((word_seen >> device) & (bits >> nr) & 1));
		n = 0;
		word_seen = 0;
		bits = 0
	}
}
#endif
