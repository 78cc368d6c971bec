/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * lib/attn/rouse_attn.h: both halves of the handshake, step by step. An inline here is the function
 * there whose name it has (without rouse_); a step is one access to memory, or one wait for the
 * store buffer.
 *
 * The model says, before it includes this: ATTNS, DEVICES (of an attention), and for tso.pml
 * THREADS and MORE_CELLS. Variables that are handed in are 0 when they are not in use.
 *
 * A macro NO_... or ..._FIRST is a mutant: it leaves out a step, or turns two around.
 */

#define POLL   1
#define ATTEND 2
#define PARK   3

#define STATE(a)     ((a) * (2 + DEVICES))
#define WORD(a)      ((a) * (2 + DEVICES) + 1)
#define DETAIL(a, d) ((a) * (2 + DEVICES) + 2 + (d))
#define ATTN_CELLS   (ATTNS * (2 + DEVICES))
#define CELLS	     (ATTN_CELLS + MORE_CELLS)

/* rouse_attn.h, struct rouse_attn_target: the bit of a device; SHARED_BIT: both devices have one */
#ifdef SHARED_BIT
#define BIT(device) 0
#else
#define BIT(device) (device)
#endif

#include "tso.pml"

/* The eventfd in its owner's epoll set, edge-triggered: whether the next epoll_wait() returns. */
bool bell[ATTNS];

/* ---- the producer's half ---- */

/* P3 */
inline attn_fence(t)
{
#ifdef NO_PRODUCER_FENCE
	skip
#else
	fence(t)
#endif
}

#ifdef MARK_NOT_ATOMIC
#define SET_BIT(t, a, nr, tmp) \
	load(t, a, tmp); \
	store_seq_cst(t, a, tmp | (1 << (nr))); \
	tmp = 0
#else
#define SET_BIT(t, a, nr, tmp) fetch_or(t, a, 1 << (nr))
#endif

/* P4, P5. seen: the state that was found, POLL: nothing more is owed. */
inline attn_mark(t, a, device, ring, seen, tmp)
{
	load(t, STATE(a), seen);
	if
	:: seen == POLL
	:: else ->
#ifdef WORD_SET_FIRST
		SET_BIT(t, WORD(a), BIT(device), tmp);
		SET_BIT(t, DETAIL(a, device), ring, tmp)
#else
		SET_BIT(t, DETAIL(a, device), ring, tmp);
		SET_BIT(t, WORD(a), BIT(device), tmp)
#endif
	fi
}

/* P6. seen: what P4 found before, anything after. */
inline attn_wake(t, a, seen)
{
#ifndef NO_STATE_AFTER_BITS
	load(t, STATE(a), seen);
#endif
	if
	:: seen == PARK ->
#ifdef BELL_FIRST
		bell[a] = true;
		compare_exchange(t, STATE(a), PARK, ATTEND, seen)
#else
		compare_exchange(t, STATE(a), PARK, ATTEND, seen);
		if
		:: seen == PARK -> bell[a] = true
		:: else
		fi
#endif
	:: else
	fi
}

/* P3 to P6 */
inline attn_signal(t, a, device, ring, seen, tmp)
{
	attn_fence(t);
	attn_mark(t, a, device, ring, seen, tmp);
	if
	:: seen != POLL -> attn_wake(t, a, seen)
	:: else
	fi;
	seen = 0
}

/* ---- the consumer's half ---- */

inline attn_poll(t, a)
{
	store(t, STATE(a), POLL)
}

inline attn_attend(t, a)
{
	store(t, STATE(a), ATTEND);
#ifndef NO_ATTEND_FENCE
	fence(t)
#endif
}

inline attn_take(t, a, word)
{
	load(t, WORD(a), word);
	if
	:: word != 0 ->
#ifdef TAKE_NOT_ATOMIC
		store_seq_cst(t, WORD(a), 0)
#else
		exchange(t, WORD(a), 0, word)
#endif
	:: else
	fi
}

inline attn_take_detail(t, a, device, bits)
{
	exchange(t, DETAIL(a, device), 0, bits)
}

inline attn_mark_own(t, a, device, ring)
{
	fetch_or(t, DETAIL(a, device), 1 << (ring));
	fetch_or(t, WORD(a), 1 << BIT(device))
}

inline attn_park(t, a)
{
	store(t, STATE(a), PARK)
}

/* word: not 0: do not block */
inline attn_look(t, a, word)
{
#ifndef NO_LOOK_FENCE
	fence(t);
#endif
#ifdef NO_LOOK
	skip
#else
	load(t, WORD(a), word)
#endif
}

inline attn_unpark(t, a, was)
{
	exchange(t, STATE(a), ATTEND, was);
	was = 0
}
