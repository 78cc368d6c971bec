/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Vectors: a device whose one vector is shared by two rings, of one worker or of two. A control
 * thread masks and unmasks it; after a doorbell it may have to rest for an interval. What mask and
 * interval hold back is the wake alone: the bits are set, PARK is left as it is, and the message is
 * latched, once a ring. The steps are those of evnic_vector.c, honour_requests() and post_events()
 * of evnic_wire.c, and rouse_evnic_vector_mask().
 *
 * safe masked_one_owner:  WORKERS=1 RINGS=2 THREADS=3 EVENTS=2 MASKINGS=2
 * safe masked_two_owners: WORKERS=2 RINGS=1 THREADS=4 EVENTS=1 MASKINGS=2
 * safe resting:           WORKERS=2 RINGS=1 THREADS=4 EVENTS=1 MASKINGS=0 RESTS
 * safe resting_longer:    WORKERS=1 RINGS=2 THREADS=3 EVENTS=2 MASKINGS=0 RESTS
 * safe masked_at_rest:    WORKERS=1 RINGS=2 THREADS=3 EVENTS=1 MASKINGS=1 RESTS
 *
 * mutant CLAIM_BEFORE_MASK:   masked_two_owners, P6: PARK is claimed before the mask is looked at
 * mutant MASK_BEFORE_BITS:    masked_two_owners, P5: the mask holds back the bits, too
 * mutant MESSAGE_DROPPED:     masked_two_owners, send_message(): what is masked is not latched
 * mutant PENDING_OVERWRITTEN: masked_two_owners, hold(): a message takes the place of another's
 * mutant NO_DELIVERY:         masked_two_owners, honour_requests(): it does not look at what is held
 * mutant NO_TIMER_AT_REST:    resting, send_message(): nobody remembers what the interval holds
 * mutant REST_FORGOTTEN:      masked_at_rest, evnic_vectors_deliver(): at rest, it is forgotten
 */

#define ATTNS	WORKERS
#define DEVICES 1
#define DEPTH	3
#define WHOLE_DRAIN
#define NOTHING_WAITS (mem[WRITE(0)] == taken[0] && mem[WRITE(1)] == taken[1])

#define WIRE	    (THREADS - 2)
#define CONTROL	    (THREADS - 1)
#define MODEL_CELLS 3
#define MASKED	    (ATTN_CELLS + WORKER_CELLS)
#define SYNC_WANTED (ATTN_CELLS + WORKER_CELLS + 1)
#define SYNC_DONE   (ATTN_CELLS + WORKER_CELLS + 2)

/* ring 0 and ring 1: whose, and which of its bits */
#define OWNER(r) ((r) / RINGS)
#define NR(r)	 ((r) % RINGS)

#include "worker.pml"
#include "worker_run.pml"

byte pending;	/* v->pending, changed by read-modify-writes only */
bool held;	/* w->held: the vector waits for its interval; the wire's */
bool rests;	/* v->next_tsc is yet to come; the wire's and the clock's */

/* fire() */
inline fire(r)
{
#ifdef CLAIM_BEFORE_MASK
	skip
#else
	seen = 0;
	attn_wake(WIRE, OWNER(r), seen);
	if
#ifdef RESTS
	:: seen == PARK -> rests = true
#endif
	:: seen == PARK
	:: else
	fi;
	seen = 0
#endif
}

inline hold(r)
{
#if defined(MESSAGE_DROPPED)
	skip
#elif defined(PENDING_OVERWRITTEN)
	d_step { sb[WIRE].n == 0 -> pending = 1 << (r) }
#else
	d_step { sb[WIRE].n == 0 -> pending = pending | (1 << (r)) }
#endif
}

/* send_message() */
inline send_message(r)
{
	load(WIRE, MASKED, masked);
	if
	:: masked -> hold(r)
	:: !masked && rests ->
		hold(r);
#ifndef NO_TIMER_AT_REST
		held = true
#endif
	:: !masked && !rests -> fire(r)
	fi;
	masked = 0
}

/* signal_owner(), evnic_vector_signal() */
inline signal_ring(r)
{
#if defined(MASK_BEFORE_BITS)
	load(WIRE, MASKED, masked);
	if
	:: masked -> hold(r)
	:: else ->
		attn_mark(WIRE, OWNER(r), 0, NR(r), seen, tmp);
		if
		:: seen != POLL -> send_message(r)
		:: else
		fi
	fi;
	masked = 0;
#elif defined(CLAIM_BEFORE_MASK)
	attn_mark(WIRE, OWNER(r), 0, NR(r), seen, tmp);
	if
	:: seen != POLL ->
		compare_exchange(WIRE, STATE(OWNER(r)), PARK, ATTEND, seen);
		load(WIRE, MASKED, masked);
		if
		:: seen == PARK && !masked -> bell[OWNER(r)] = true
		:: seen == PARK && masked -> hold(r)
		:: else
		fi;
		masked = 0
	:: else
	fi;
#else
	attn_mark(WIRE, OWNER(r), 0, NR(r), seen, tmp);
	if
	:: seen != POLL -> send_message(r)
	:: else
	fi;
#endif
	seen = 0
}

/* evnic_vectors_deliver() */
inline deliver()
{
	held = false;
	load(WIRE, MASKED, masked);
	if
	:: masked
	:: !masked && rests ->
#ifndef REST_FORGOTTEN
		held = true
#else
		skip
#endif
	:: !masked && !rests ->
		d_step { sb[WIRE].n == 0 -> rings = pending; pending = 0 }
		if
		:: rings & 1 ->
			fire(0)
		:: else
		fi;
		if
		:: rings & 2 ->
			fire(1)
		:: else
		fi;
		rings = 0
	fi;
	masked = 0
}

proctype wire()
{
	byte made[2], touched, rings, seen, masked, tmp, wanted;

end_wire:
	do
	/* frames for one ring or for both, then publish() */
	:: atomic {
		made[0] + made[1] < 2 * EVENTS ->
		if
		:: made[0] < EVENTS -> touched = 1
		:: made[1] < EVENTS -> touched = 2
		:: made[0] < EVENTS && made[1] < EVENTS -> touched = 3
		fi;
		if
		:: touched & 1 -> made[0]++; store(WIRE, WRITE(0), made[0])
		:: else
		fi;
		if
		:: touched & 2 -> made[1]++; store(WIRE, WRITE(1), made[1])
		:: else
		fi
	}
		attn_fence(WIRE);
		if
		:: touched & 1 -> signal_ring(0)
		:: else
		fi;
		if
		:: touched & 2 -> signal_ring(1)
		:: else
		fi;
		touched = 0
	/* honour_requests() */
	:: mem[SYNC_WANTED] != mem[SYNC_DONE] ->
		load(WIRE, SYNC_WANTED, wanted);
#ifndef NO_DELIVERY
		if
		:: pending != 0 -> deliver()
		:: else
		fi;
#endif
		store(WIRE, SYNC_DONE, wanted);
		fence(WIRE); /* it is at work for longer than that */
		wanted = 0
	/* post_events(), by the timer of block() */
	:: held && !rests -> deliver()
	od
}

/* The interval is over. */
proctype clock()
{
end_clock:
	do
	:: rests -> rests = false
	od
}

/* rouse_evnic_vector_mask(); evnic_wire_sync(), whose handshake is in room.pml */
inline set_mask(on)
{
	store_seq_cst(CONTROL, MASKED, on);
	d_step { wanted = (mem[SYNC_WANTED] + 1) % 2; mem[SYNC_WANTED] = wanted }
	mem[SYNC_DONE] == wanted;
	wanted = 0
}

proctype control()
{
	byte wanted, maskings;

	do
	:: maskings < MASKINGS ->
		maskings++;
		set_mask(1);
		set_mask(0)
	:: else -> break
	od;
end_control:
	false
}

init {
	atomic {
		mem[STATE(0)] = ATTEND;
#if WORKERS > 1
		mem[STATE(1)] = ATTEND;
		run memory(1);
		run worker(1);
#endif
		run memory(0);
		run memory(WIRE);
		run worker(0);
		run wire();
#ifdef RESTS
		run clock();
#endif
		run control()
	}
}
