/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A queue goes from one worker to another, and back, while its producer goes on: lib/worker/move.c,
 * with bind and unbind of evnic_bind.c. The control thread posts calls, which each worker makes
 * between two rounds. Shown is that no wake is lost; that two workers never have the queue at once; that
 * no worker finds a bit of a queue that is not its own; and that the audit after a wake raises no false
 * alarm.
 *
 * safe once:  MOVES=1 EVENTS=2 DEPTH=4
 * safe twice: MOVES=2 EVENTS=1 DEPTH=4
 * safe polls: MOVES=1 EVENTS=1 DEPTH=4 POLLS
 *
 * mutant NO_LOOK_AFTER_BIND:     once, look_at_all(): what came meanwhile is not looked at
 * mutant LOOK_BEFORE_BIND:       once, the new owner looks, and then its producer is told
 * mutant NO_PRODUCER_FENCE:      once, P3: between write indicator and target
 * mutant ENTERED_FIRST:          once, the new owner has it before the old one has let go
 * mutant BOUND_BEFORE_ENTERED:   once, the new owner is signalled, and knows no source for it
 * mutant UNBOUND_AFTER_WITHDRAWN: once, the old owner is signalled, and does not have it any more
 * mutant UNBIND_NOT_AWAITED:     once, the producer may still be at work on the old owner
 * mutant MARK_LEFT:              once, withdraw_all(): the bit of what a full burst left stays set
 * mutant AUDITED_WHILE_LEAVING:  once, stop_audit(): what is owed has no bit, and looks lost
 * mutant AUDITED_WHILE_COMING:   once, enter(): the same on the other side
 * mutant NO_LOOK_FENCE:          once, the second look's fence, of the worker that takes calls
 * mutant NO_ATTEND_FENCE:        polls, from POLL to ATTEND
 */

#define ATTNS	2
#define DEVICES 1
#define THREADS 4
#define CONTROL 2
#define WIRE	3

#define INBOX 0 /* ring bits */
#define QUEUE 1

#define WRITE	  ATTN_CELLS	     /* of the queue */
#define SETTLED	  (ATTN_CELLS + 1)
#define TARGET	  (ATTN_CELLS + 2) /* r->target: worker + 1; 0: nobody */
#define POSTED(w) (ATTN_CELLS + 3 + (w)) /* the call in its inbox, 0: none */
#define MORE_CELLS 5

#include "attn.pml"

/* calls */
#define STOP_AUDIT 1
#define WITHDRAW   2
#define ENTER	   3
#define LOOK	   4

byte taken;	      /* entries read: whoever has the queue */
bool known[2];	      /* the queue is in the worker's table */
bool audited[2];      /* and held against its bits */
byte to_make[2];      /* the worker's: a call that it has taken */
bool is_signalling;   /* the wire is between P2 and the end of P6 */
bool is_over;	      /* the control thread is done */

#define NOTHING_WAITS (is_over && mem[WRITE] == taken && mem[POSTED(0)] == 0 && mem[POSTED(1)] == 0)

/* ---- the workers ---- */

/* what rx_burst() takes: everything, or a full burst, which is one entry */
inline visit_queue(w)
{
	atomic {
		assert(known[w] && !known[1 - w]);
		load(w, WRITE, n);
		if
		:: n == taken -> n = 0
		:: n != taken -> found = true; taken = n; n = 0
		:: n != taken -> found = true; taken++; n = 1
		fi
	}
	if
	:: n == 1 -> n = 0; attn_mark_own(w, w, 0, QUEUE)
	:: else
	fi
}

inline visit_inbox(w)
{
	atomic {
		load(w, POSTED(w), n);
		if
		:: n != 0 && to_make[w] == 0 -> to_make[w] = n; found = true
		:: else
		fi;
		n = 0
	}
}

inline forget(w)
{
#ifdef MARK_LEFT
	skip
#else
	fetch_and(w, DETAIL(w, 0), ~(1 << QUEUE))
#endif
}

/* worker_make_changes() */
inline make_changes(w)
{
	if
	:: to_make[w] == 0
	:: to_make[w] == STOP_AUDIT -> audited[w] = false; done(w)
	:: to_make[w] == WITHDRAW -> known[w] = false; audited[w] = false; forget(w); done(w)
	:: to_make[w] == ENTER ->
		known[w] = true;
#ifdef AUDITED_WHILE_COMING
		audited[w] = true;
#endif
		attn_mark_own(w, w, 0, QUEUE);
		done(w)
	:: to_make[w] == LOOK ->
#ifndef NO_LOOK_AFTER_BIND
		attn_mark_own(w, w, 0, QUEUE);
#endif
		audited[w] = true;
		done(w)
	fi
}

inline done(w)
{
	to_make[w] = 0;
	store(w, POSTED(w), 0)
}

inline visit_by_bits(w)
{
	attn_take(w, w, word);
	if
	:: word != 0 ->
		word = 0;
		attn_take_detail(w, w, 0, bits);
		if
		:: bits & (1 << INBOX) -> visit_inbox(w)
		:: else
		fi;
		if
		:: bits & (1 << QUEUE) -> visit_queue(w)
		:: else
		fi;
		bits = 0
	:: else
	fi
}

inline visit_all(w)
{
	visit_inbox(w);
	if
	:: known[w] -> visit_queue(w)
	:: else
	fi
}

/* park.c, audit_source(): what is owed first, then the bits */
inline audit(w)
{
	if
	:: audited[w] ->
		load(w, SETTLED, n);
		if
		:: n > taken ->
			load(w, DETAIL(w, 0), bits);
			assert(bits & (1 << QUEUE)); /* else a rescue */
			bits = 0
		:: else
		fi;
		n = 0
	:: else
	fi
}

proctype worker(byte w)
{
	byte word, bits, n; /* 0 when not in use */
	bool found;

from_poll:
	attn_attend(w, w);
	visit_all(w);
	found = false;
attending:
	make_changes(w);
	visit_by_bits(w);
	if
	:: found = false; goto attending
#ifdef POLLS
	:: found = false; goto polling
#endif
	:: !found && to_make[w] == 0 -> goto parking
	fi;
#ifdef POLLS
polling:
	attn_poll(w, w);
poll_round:
	make_changes(w);
	visit_all(w);
	found = false;
	if
	:: goto poll_round
	:: goto from_poll
	fi;
#endif
parking:
	attn_park(w, w);
	attn_look(w, w, word);
	if
	:: word != 0 -> word = 0; attn_unpark(w, w, n); goto attending
	:: else
	fi;
	if
	:: atomic { bell[w] -> bell[w] = false }
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	attn_unpark(w, w, n);
	audit(w);
	goto attending;
end_asleep:
	false
}

/* ---- the control thread ---- */

/* worker_change(). That a message wakes its worker is shown by inbox.pml: here it is one step. */
inline change(w, what)
{
	d_step {
		sb[CONTROL].n == 0 ->
		mem[POSTED(w)] = what;
		mem[DETAIL(w, 0)] = mem[DETAIL(w, 0)] | (1 << INBOX);
		mem[WORD(w)] = 1;
		if
		:: mem[STATE(w)] == PARK -> mem[STATE(w)] = ATTEND; bell[w] = true
		:: else
		fi
	}
	mem[POSTED(w)] == 0
}

inline unbind()
{
	store_seq_cst(CONTROL, TARGET, 0);
#ifndef UNBIND_NOT_AWAITED
	!is_signalling /* evnic_wire_sync() */
#endif
}

inline bind(w)
{
	store_seq_cst(CONTROL, TARGET, (w) + 1);
	!is_signalling
}

proctype control()
{
	byte from, moves;

	do
	:: moves < MOVES ->
#ifndef AUDITED_WHILE_LEAVING
		change(from, STOP_AUDIT);
#endif
#ifdef ENTERED_FIRST
		unbind();
		change(1 - from, ENTER);
		change(from, WITHDRAW);
		bind(1 - from);
		change(1 - from, LOOK);
#elif defined(UNBOUND_AFTER_WITHDRAWN)
		change(from, WITHDRAW);
		unbind();
		change(1 - from, ENTER);
		bind(1 - from);
		change(1 - from, LOOK);
#elif defined(BOUND_BEFORE_ENTERED)
		unbind();
		change(from, WITHDRAW);
		bind(1 - from);
		change(1 - from, ENTER);
		change(1 - from, LOOK);
#elif defined(LOOK_BEFORE_BIND)
		unbind();
		change(from, WITHDRAW);
		change(1 - from, ENTER);
		change(1 - from, LOOK);
		bind(1 - from);
#else
		unbind();
		change(from, WITHDRAW);
		change(1 - from, ENTER);
		bind(1 - from);
		change(1 - from, LOOK);
#endif
		from = 1 - from;
		moves++
	:: else -> break
	od;
	atomic { sb[CONTROL].n == 0 -> is_over = true }
end_control:
	false
}

/* ---- the wire ---- */

proctype wire()
{
	byte made, seen, tmp, w;

end_made:
	do
	:: atomic {
		made < EVENTS ->
		made++;
		is_signalling = true;
		store(WIRE, WRITE, made)
	}
		attn_fence(WIRE);
		load(WIRE, TARGET, w);
		if
		:: w != 0 ->
			attn_mark(WIRE, w - 1, 0, QUEUE, seen, tmp);
			if
			:: seen != POLL -> attn_wake(WIRE, w - 1, seen)
			:: else
			fi
		:: else
		fi;
		tmp = 0;
		seen = 0;
		w = 0;
		store(WIRE, SETTLED, made);
		is_signalling = false
	od
}

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		mem[STATE(1)] = ATTEND;
		mem[TARGET] = 1;
		known[0] = true;
		audited[0] = true;
		run memory(0);
		run memory(1);
		run memory(CONTROL);
		run memory(WIRE);
		run worker(0);
		run worker(1);
		run control();
		run wire()
	}
}
