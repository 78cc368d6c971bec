/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The handshake reversed: the wire thread is the consumer of posted buffers and of requests, and
 * sleeps like a worker (block() of evnic_wire.c), while a worker sleeps for the wire's frames. The
 * driver signals after a refill if the wire wants room; a control thread signals its requests
 * (evnic_wire_sync()). Neither may sleep while the other waits for it.
 *
 * safe room:     THREADS=2 FRAMES=5 BUFFERS=1 REQUESTS=0
 * safe batches:  THREADS=2 FRAMES=5 BUFFERS=2 REQUESTS=0
 * safe requests: THREADS=3 FRAMES=2 BUFFERS=1 REQUESTS=2
 *
 * mutant NO_ROOM_FENCE:      room, refill(): the fence between the buffer and whether it is wanted
 * mutant ROOM_READ_FIRST:    room, refill(): whether room is wanted is read before it posts
 * mutant NO_WIRE_FENCE:      room, block(): the fence before the second look
 * mutant NO_WIRE_LOOK:       room, block(): the second look, has_work()
 * mutant WANTED_LATE:        room, block(): it says that it wants room after the second look
 * mutant NOT_PUBLISHED:      batches, receive(): it waits for room before it publishes
 * mutant NO_REQUEST_FENCE:   requests, request(): the fence between the request and the state
 * mutant NO_REQUEST_LOOK:    requests, block(): the second look leaves out requests
 */

#define WORKERS 1
#define ATTNS	2 /* the worker's, the wire's */
#define DEVICES 2
#define RINGS	1
#define DEPTH	5
#define WIRE	1
#define CONTROL 2

#define EVNIC_WIRE_ROOM	   0
#define EVNIC_WIRE_CONTROL 1

#define MODEL_CELLS 4
#define POSTED	    (ATTN_CELLS + WORKER_CELLS)
#define ROOM_WANTED (ATTN_CELLS + WORKER_CELLS + 1)
#define SYNC_WANTED (ATTN_CELLS + WORKER_CELLS + 2)
#define SYNC_DONE   (ATTN_CELLS + WORKER_CELLS + 3)

/* every frame was delivered and taken, and nobody waits for the wire */
#define NOTHING_WAITS (taken[0] == FRAMES && mem[SYNC_WANTED] == mem[SYNC_DONE])

#define AFTER_DRAIN(w) refill(w)
#define WHOLE_DRAIN

#include "worker.pml"

byte posted = BUFFERS; /* the driver's: q->next_post */

/* evnic_rx.c, refill(): as many as were taken, or not yet */
inline refill(w)
{
	if
	:: posted != taken[0] + BUFFERS ->
#ifdef ROOM_READ_FIRST
		load(w, ROOM_WANTED, bits);
#endif
		posted = taken[0] + BUFFERS;
		store(w, POSTED, posted);
#ifndef NO_ROOM_FENCE
		fence(w);
#endif
#ifndef ROOM_READ_FIRST
		load(w, ROOM_WANTED, bits);
#endif
		if
		:: bits ->
			bits = 0;
			attn_mark(w, WIRE, EVNIC_WIRE_ROOM, 0, bits, n);
			if
			:: bits != POLL -> attn_wake(w, WIRE, bits)
			:: else
			fi
		:: else
		fi;
		bits = 0
	:: else
	fi
}

#include "worker_run.pml"

/* publish() */
inline publish()
{
	if
	:: pending ->
		pending = false;
		store(WIRE, WRITE(0), filled);
		attn_signal(WIRE, 0, 0, 0, seen, tmp)
	:: else
	fi
}

/* has_work(): work */
inline look_for_work()
{
#ifndef NO_WIRE_LOOK
	load(WIRE, POSTED, tmp);
	work = work || (filled < FRAMES && tmp != filled);
	tmp = 0;
#endif
#if REQUESTS > 0 && !defined(NO_REQUEST_LOOK)
	load(WIRE, SYNC_WANTED, tmp);
	work = work || tmp != done;
	tmp = 0;
#endif
	skip
}

proctype wire()
{
	byte filled, done, seen, tmp;
	bool pending, work;

running:
	/* honour_requests() */
	load(WIRE, SYNC_WANTED, tmp);
	if
	:: tmp != done -> done = tmp; store(WIRE, SYNC_DONE, done)
	:: else
	fi;
	tmp = 0;
	/* receive(): a burst at most */
	do
	:: atomic {
		filled < FRAMES && filled != mem[POSTED] ->
		filled++;
		pending = true
	}
	:: pending -> publish(); goto running
	:: filled == FRAMES || filled == mem[POSTED] -> break
	od;
#ifdef NOT_PUBLISHED
	if
	:: filled == FRAMES -> publish()
	:: else
	fi;
#else
	publish();
#endif
	/* block() */
#ifndef WANTED_LATE
	if
	:: filled < FRAMES -> store(WIRE, ROOM_WANTED, 1)
	:: else
	fi;
#endif
	attn_park(WIRE, WIRE);
#ifdef NO_WIRE_FENCE
	load(WIRE, WORD(WIRE), tmp);
#else
	fence(WIRE);
	load(WIRE, WORD(WIRE), tmp);
#endif
	work = tmp != 0;
	tmp = 0;
	look_for_work();
#ifdef WANTED_LATE
	if
	:: filled < FRAMES -> store(WIRE, ROOM_WANTED, 1)
	:: else
	fi;
#endif
	if
	:: work -> work = false
	:: else ->
end_asleep:
		d_step { bell[WIRE] -> bell[WIRE] = false }
	fi;
	attn_unpark(WIRE, WIRE, tmp);
	attn_poll(WIRE, WIRE);
	attn_take(WIRE, WIRE, tmp);
	if
	:: tmp & (1 << EVNIC_WIRE_ROOM) -> attn_take_detail(WIRE, WIRE, EVNIC_WIRE_ROOM, seen)
	:: else
	fi;
	if
	:: tmp & (1 << EVNIC_WIRE_CONTROL) -> attn_take_detail(WIRE, WIRE, EVNIC_WIRE_CONTROL, seen)
	:: else
	fi;
	tmp = 0;
	seen = 0;
	store(WIRE, ROOM_WANTED, 0);
	goto running
}

#if REQUESTS > 0
/* evnic_wire_sync(); the fetch_add of the code is a fence on x86, though it need not be one */
proctype control()
{
	byte wanted, seen, tmp;

	do
	:: wanted < REQUESTS ->
		wanted++;
		store(CONTROL, SYNC_WANTED, wanted);
#ifdef NO_REQUEST_FENCE
		attn_mark(CONTROL, WIRE, EVNIC_WIRE_CONTROL, 0, seen, tmp);
		if
		:: seen != POLL -> attn_wake(CONTROL, WIRE, seen)
		:: else
		fi;
		seen = 0;
#else
		attn_signal(CONTROL, WIRE, EVNIC_WIRE_CONTROL, 0, seen, tmp);
#endif
end_waiting:
		mem[SYNC_DONE] == wanted
	:: else -> break
	od;
end_control:
	false
}
#endif

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		mem[STATE(WIRE)] = POLL;
		mem[POSTED] = BUFFERS;
		run memory(0);
		run memory(WIRE);
		run worker(0);
		run wire();
#if REQUESTS > 0
		run memory(CONTROL);
		run control()
#else
		skip
#endif
	}
}
