/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Changes while the worker runs, sleeps, ends, or begins again: a control thread adds a source,
 * removes it, and adds it again, while its producer goes on; or it pauses a port whose queue has an
 * interrupt, stops and starts it, and resumes. It asks for a call, by the inbox's bit, and waits; the
 * worker makes the change between two rounds, or has ended, and then the control thread takes the
 * call back and makes it (control.c; insert() and withdraw() of source.c; bind and unbind of
 * evnic_bind.c).
 *
 * safe source: RINGS=2 PLAIN=0 DEPTH=4 EVENTS=2 CHANGES=3 STOPS=0 POLLS
 * safe ending: RINGS=2 PLAIN=0 DEPTH=4 EVENTS=1 CHANGES=2 STOPS=1
 * safe port:   RINGS=1 PLAIN=1 DEPTH=5 EVENTS=2 CHANGES=3 STOPS=0 POLLS
 *
 * mutant NO_MARK_ON_INSERT:     source, insert(): what is there already is not looked at
 * mutant MARKED_BY_CONTROL:     source, it is marked before the worker knows it
 * mutant BOUND_AFTER_INSERT:    source, the producer is told after the worker looked
 * mutant NO_PRODUCER_FENCE:     source, P3: the fence between write indicator and target
 * mutant CALLS_AFTER_SLEEP:     source, loop(): changes are made only after a sleep
 * mutant UNBIND_NOT_AWAITED:    source, unbind: the producer may still be at work on the attention
 * mutant ENDS_WITHOUT_CHANGES:  ending, end(): it leaves calls that it has taken
 * mutant CALL_LEFT:             ending, take_back(): the call stays where the worker takes it
 * mutant TAKEN_BACK_UNCOUNTED:  ending, take_back(): the inbox looks as if something were there
 * mutant BEGINS_UNLOCKED:       ending, claim(): it begins though a change is under way
 * mutant FDS_NOT_RENEWED:       port, resume: the fd of the new start is not watched
 * mutant PAUSE_NOT_AWAITED:     port, pause returns before the worker has let go
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define THREADS 3
#define CONTROL 1
#define DEVICE	2
#define WHOLE_DRAIN

#define INBOX  0 /* ring bits */
#define SOURCE 1

#define MODEL_CELLS 4
#define BOUND	    (ATTN_CELLS + WORKER_CELLS) /* r->target */
#define RUNNING	    (ATTN_CELLS + WORKER_CELLS + 1)
#define ASKED	    (ATTN_CELLS + WORKER_CELLS + 2) /* w->call_asked */
#define DONE	    (ATTN_CELLS + WORKER_CELLS + 3) /* its c->is_done */

#if PLAIN > 0
#define SOURCE_WAITS (mem[FILLED(0)] != received[0])
#else
#define SOURCE_WAITS (mem[WRITE(SOURCE)] != taken[SOURCE])
#endif
#define NOTHING_WAITS (is_over && mem[ASKED] == 0 && mem[SETTLED(INBOX)] == taken[INBOX] && !(known && SOURCE_WAITS))

bool called;	    /* w->call; the worker's */
bool is_adding;	    /* what the change is; the control thread's */
bool known;	    /* the source is in the worker's lists and table */
bool in_set;	    /* its fd is in the worker's epoll set */
bool is_up;	    /* the port */
bool is_signalling; /* the producer knows the attention */
bool is_bound;	    /* the attention is valid for the producer */
bool is_over;	    /* the control thread has made all its changes */
bool locked;	    /* w->control */

#include "worker.pml"

/* insert(), withdraw(); t: who does it */
inline make_change(t)
{
	assert(known != is_adding); /* nobody else has made it */
	if
	:: !is_adding -> known = false; in_set = false
	:: is_adding ->
		known = true;
#ifndef FDS_NOT_RENEWED
		in_set = true;
#endif
#if PLAIN == 0 && !defined(NO_MARK_ON_INSERT) && !defined(MARKED_BY_CONTROL)
		attn_mark_own(t, 0, 0, SOURCE)
#endif
	fi
}

/* inbox_drain(), worker_take_call() */
inline visit_inbox(w)
{
	load(w, ASKED, n);
	if
	:: n != 0 ->
		exchange(w, ASKED, 0, n);
		assert(n != 0);
		called = true;
		found = true;
		taken[INBOX] = NEXT(taken[INBOX]);
		n = 0
	:: else
	fi
}

/* worker_make_changes(): c->fn(), then c is its caller's */
inline make_changes(w)
{
	if
	:: called ->
		called = false;
		make_change(w);
		store(w, DONE, 1)
	:: else
	fi
}

inline visit_source(w)
{
#if PLAIN > 0
	if
	:: known -> assert(is_up); visit_plain(w, 0)
	:: else
	fi
#else
	if
	:: known -> visit_ring(w, 0, SOURCE)
	:: else /* stale */
	fi
#endif
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
#if PLAIN == 0
		if
		:: bits & (1 << SOURCE) -> visit_source(w)
		:: else
		fi;
#endif
		bits = 0
	:: else
	fi;
#if PLAIN > 0
	visit_source(w)
#endif
}

inline arm_source(w)
{
#if PLAIN > 0
	if
	:: known -> assert(is_up); store(w, ARMED(0), 1)
	:: else
	fi
#else
	skip
#endif
}

inline wake_up(w)
{
	attn_unpark(w, w, n);
#if PLAIN > 0
	if
	:: known -> store(w, ARMED(0), 0)
	:: else
	fi;
#endif
	word = 0;
	found = false
}

#if PLAIN > 0
#define INTERRUPTED (in_set && fired[0])
#define INTERRUPT_OFF fired[0] = false
#else
#define INTERRUPTED false
#define INTERRUPT_OFF
#endif

/* rouse_worker_run(), again and again */
proctype worker(byte w)
{
	byte word, bits, n, stops; /* 0 when not in use */
	bool found;

from_poll:
	attn_attend(w, w);
	visit_inbox(w);
	visit_source(w);
	found = false;
attending:
#ifndef CALLS_AFTER_SLEEP
	make_changes(w);
#endif
	visit_by_bits(w);
	if
	:: found = false; goto attending
#ifdef POLLS
	:: found = false; goto polling
#endif
#if STOPS > 0
	:: stops < STOPS -> found = false; goto ending
#endif
	:: !found -> goto parking
	fi;
#ifdef POLLS
polling:
	attn_poll(w, w);
poll_round:
	make_changes(w);
	visit_inbox(w);
	visit_source(w);
	found = false;
	if
	:: goto poll_round
	:: goto from_poll
	fi;
#endif
#if STOPS > 0
ending:
	stops++;
#ifndef ENDS_WITHOUT_CHANGES
	make_changes(w);
#endif
	attn_attend(w, w);
	store(w, RUNNING, 0);
	/* claim() */
#ifdef BEGINS_UNLOCKED
	fence(w);
#else
	atomic { sb[w].n == 0 && !locked -> locked = true }
#endif
	store_seq_cst(w, RUNNING, 1);
#ifndef BEGINS_UNLOCKED
	locked = false;
#endif
	goto from_poll;
#endif
parking:
	attn_park(w, w);
	arm_source(w);
	attn_look(w, w, word);
#if PLAIN > 0
	if
	:: word == 0 -> visit_source(w)
	:: else
	fi;
#endif
	if
	:: found || word != 0 -> wake_up(w); goto attending
	:: else
	fi;
	if
	:: atomic {
		bell[w] || INTERRUPTED ->
		bell[w] = false;
		INTERRUPT_OFF
	}
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	wake_up(w);
#ifdef CALLS_AFTER_SLEEP
	make_changes(w);
#endif
	goto attending;
end_asleep:
	false
}

/* ---- the control thread ---- */

inline make_change_oneself()
{
	assert(mem[RUNNING] == 0);
	make_change(CONTROL);
	fence(CONTROL);
	assert(mem[RUNNING] == 0)
}

/* worker_change() */
inline change()
{
	atomic { !locked -> locked = true }
	load(CONTROL, RUNNING, tmp);
	if
	:: tmp == 0 -> make_change_oneself()
	:: else ->
		tmp = 0;
		store(CONTROL, DONE, 0);
		store(CONTROL, ASKED, 1);
		attn_signal(CONTROL, 0, 0, INBOX, seen, tmp);
		store(CONTROL, SETTLED(INBOX), NEXT(mem[SETTLED(INBOX)]));
		/* wait_for() */
		if
		:: mem[DONE] == 1
#ifdef PAUSE_NOT_AWAITED
		:: known
#endif
		:: mem[RUNNING] == 0 ->
#ifdef CALL_LEFT
			load(CONTROL, ASKED, tmp);
#else
			exchange(CONTROL, ASKED, 0, tmp);
#endif
			if
			:: tmp != 0 ->
#ifndef TAKEN_BACK_UNCOUNTED
				taken[INBOX] = NEXT(taken[INBOX]);
#endif
				make_change_oneself()
			:: else -> mem[DONE] == 1
			fi
		fi
	fi;
	tmp = 0;
	locked = false
}

/* rouse_worker_..._add(), or a start of the port and rouse_worker_port_resume() */
inline add()
{
#if PLAIN > 0
	fired[0] = false; /* a new fd */
	is_up = true;
	change();
#else
	is_bound = true;
#ifdef MARKED_BY_CONTROL
	store_seq_cst(CONTROL, BOUND, 1);
	attn_mark_own(CONTROL, 0, 0, SOURCE);
	change()
#elif defined(BOUND_AFTER_INSERT)
	change();
	store_seq_cst(CONTROL, BOUND, 1)
#else
	store(CONTROL, BOUND, 1);
	change()
#endif
#endif
}

/* rouse_worker_..._remove(), or rouse_worker_port_pause() and a stop of the port */
inline remove()
{
	change();
#if PLAIN > 0
	is_up = false
#else
	store_seq_cst(CONTROL, BOUND, 0);
#ifndef UNBIND_NOT_AWAITED
	!is_signalling; /* evnic_wire_sync() */
#endif
	is_bound = false
#endif
}

proctype control()
{
	byte made, seen, tmp;

	do
	:: made < CHANGES ->
		is_adding = made % 2 == 0;
		if
		:: is_adding -> add()
		:: else -> remove()
		fi;
		made++
	:: else -> break
	od;
	atomic { sb[CONTROL].n == 0 -> is_over = true }
end_control:
	false
}

/* ---- the producer, or the port's device ---- */

proctype device()
{
	byte made, seen, tmp;

end_made:
	do
#if PLAIN > 0
	:: atomic {
		is_up && made < EVENTS ->
		made++;
		store(DEVICE, FILLED(0), made)
	}
		fence(DEVICE);
		load(DEVICE, ARMED(0), seen);
		if
		:: seen && is_up -> fired[0] = true
		:: else
		fi;
		seen = 0
#else
	:: atomic {
		made < EVENTS ->
		made++;
		is_signalling = true;
		store(DEVICE, WRITE(SOURCE), made)
	}
		attn_fence(DEVICE);
		load(DEVICE, BOUND, tmp);
		if
		:: tmp != 0 ->
			tmp = 0;
			attn_mark(DEVICE, 0, 0, SOURCE, seen, tmp);
			assert(is_bound);
			if
			:: seen != POLL -> attn_wake(DEVICE, 0, seen); assert(is_bound)
			:: else
			fi
		:: else
		fi;
		tmp = 0;
		seen = 0;
		is_signalling = false
#endif
	od
}

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		mem[RUNNING] = 1;
		run memory(0);
		run memory(CONTROL);
		run memory(DEVICE);
		run worker(0);
		run control();
		run device()
	}
}
