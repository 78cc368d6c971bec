/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A worker ends, is looked after by another one, its host, and begins again, while a producer goes on
 * signalling its attention: lib/worker/host.c, and worker_begin() and worker_end() of worker.c. The
 * host has the worker's epoll set in its own. That the host makes what it is called for between two
 * rounds of its own is shown by changes.pml: here it is one process, which is told. Shown is that no
 * wake is lost, and that there is one consumer at a time.
 *
 * safe host:  EVENTS=3 TURNS=1 DEPTH=4
 * safe turns: EVENTS=2 TURNS=2 DEPTH=4 POLLS
 *
 * mutant NO_FULL_ROUND_OF_HOST: turns, host_attach(): what came before has no bit
 * mutant NO_LOOK_OF_HOST:       host, park(): bits that came before PARK are not looked for
 * mutant NO_RING_OF_HOST:       host, park(): the look finds a bit, and nobody is told
 * mutant NO_LOOK_FENCE:         host, park(): the fence before the look
 * mutant HOST_LOOKS_ONCE:       host, serve(): it does not park again
 * mutant HOST_BEGINS_EARLY:     host, end(): the worker has not ended when its host begins
 * mutant HOST_ENDS_LATE:        host, the worker begins before its host has let go
 * mutant NO_FULL_ROUND:         turns, worker_begin(): what came in state POLL is not looked at
 */

#define ATTNS	1
#define DEVICES 1
#define THREADS 3
#define HOST	1
#define PRODUCER 2

#define WRITE	   ATTN_CELLS
#define RUNNING	   (ATTN_CELLS + 1)
#define MORE_CELLS 2

#include "attn.pml"

byte taken;
bool stop_wanted;
bool is_hosted;	  /* what the control thread wants */
bool hosts;	  /* what the host does */
bool is_consuming[2];
bool is_over;

#define NOTHING_WAITS (is_over && mem[WRITE] == taken)

inline visit(t)
{
	atomic {
		assert(!is_consuming[1 - t]);
		load(t, WRITE, n);
		if
		:: n != taken -> taken = n
		:: n != taken -> taken++; n = 255
		:: else
		fi
	}
	if
	:: n == 255 -> attn_mark_own(t, 0, 0, 0)
	:: else
	fi;
	n = 0
}

inline visit_by_bits(t)
{
	attn_take(t, 0, word);
	if
	:: word != 0 ->
		word = 0;
		attn_take_detail(t, 0, 0, bits);
		if
		:: bits != 0 -> bits = 0; visit(t)
		:: else
		fi
	:: else
	fi
}

/* ---- the worker ---- */

proctype worker(byte w)
{
	byte word, bits, n, turns;

begin:
	is_consuming[w] = true;
from_poll:
	attn_attend(w, 0);
#ifdef NO_FULL_ROUND
	visit_by_bits(w);
#else
	visit(w);
#endif
attending:
	visit_by_bits(w);
	if
	:: stop_wanted -> goto ending
	:: goto attending
#ifdef POLLS
	:: goto polling
#endif
	:: goto parking
	fi;
#ifdef POLLS
polling:
	attn_poll(w, 0);
poll_round:
	visit(w);
	if
	:: stop_wanted -> goto ending
	:: goto poll_round
	:: goto from_poll
	fi;
#endif
parking:
	attn_park(w, 0);
	attn_look(w, 0, word);
	if
	:: word != 0 -> word = 0; attn_unpark(w, 0, n); goto attending
	:: else
	fi;
	if
	:: atomic { bell[0] -> bell[0] = false }
	/* rouse_worker_stop() signals the inbox; that this wakes is shown by inbox.pml */
	:: stop_wanted
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	attn_unpark(w, 0, n);
	goto attending;
ending:
	/* worker_end() */
	is_consuming[w] = false;
	attn_attend(w, 0);
	store(w, RUNNING, 0);
	/* run anew, perhaps: claim() */
end_offline:
#ifdef HOST_ENDS_LATE
	mem[RUNNING] == 2;
#else
	mem[RUNNING] == 2 && !hosts;
#endif
	store_seq_cst(w, RUNNING, 1);
	goto begin;
end_asleep:
	false
}

/* ---- the host ---- */

inline park()
{
	attn_park(HOST, 0);
#ifndef NO_LOOK_OF_HOST
	attn_look(HOST, 0, word);
	if
	:: word != 0 ->
		word = 0;
#ifndef NO_RING_OF_HOST
		bell[0] = true
#endif
	:: else
	fi
#endif
}

proctype host()
{
	byte word, bits, n, was;

end_idle:
	do
	:: is_hosted && !hosts -> /* host_attach() */
		hosts = true;
		is_consuming[HOST] = true;
		attn_attend(HOST, 0);
#ifndef NO_FULL_ROUND_OF_HOST
		visit(HOST);
#endif
		park()
	:: !is_hosted && hosts -> /* host_detach() */
		attn_unpark(HOST, 0, was);
		is_consuming[HOST] = false;
		hosts = false
	:: atomic { hosts && is_hosted && bell[0] -> bell[0] = false }
		attn_unpark(HOST, 0, was);
		visit_by_bits(HOST);
#ifndef HOST_LOOKS_ONCE
		park()
#endif
	:: hosts && is_hosted && timeout -> assert(mem[WRITE] == taken); goto end_asleep
	od;
end_asleep:
	false
}

/* ---- who takes it offline, and back ---- */

proctype control()
{
	byte turns;

	do
	:: turns < TURNS ->
		stop_wanted = true;
#ifndef HOST_BEGINS_EARLY
		mem[RUNNING] == 0;
#endif
		is_hosted = true;
		hosts;
#ifdef HOST_BEGINS_EARLY
		mem[RUNNING] == 0;
#endif
		stop_wanted = false;
		if
		:: turns == TURNS - 1 -> goto over /* it stays so */
		:: true
		fi;
		is_hosted = false;
#ifndef HOST_ENDS_LATE
		!hosts;
#endif
		mem[RUNNING] = 2; /* run */
		mem[RUNNING] == 1;
		turns++
	:: else -> break
	od;
over:
	is_over = true;
end_control:
	false
}

proctype producer()
{
	byte made, seen, tmp;

end_made:
	do
	:: atomic {
		made < EVENTS ->
		made++;
		store(PRODUCER, WRITE, made)
	}
		attn_signal(PRODUCER, 0, 0, 0, seen, tmp)
	od
}

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		mem[RUNNING] = 1;
		run memory(0);
		run memory(HOST);
		run memory(PRODUCER);
		run worker(0);
		run host();
		run control();
		run producer()
	}
}
