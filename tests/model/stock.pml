/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A stock program on the NIC: it polls a queue until there is nothing, asks for the interrupt
 * (evnic_rxq_intr_enable(): refill, arm, fence, look, fire), waits for it, disables it and polls
 * again. The queue's own attention has the states of its interrupt: POLL disabled, PARK enabled,
 * ATTEND fired. The wire waits for a buffer when there is none (overrun=wait); the mbufs that the
 * program holds are freed by somebody else, who tells nobody. Transmit completions come by the
 * event ring, too, and are counted apart from frames: such an event is settled after its message.
 *
 * safe frames:   THREADS=2 FRAMES=4 BUFFERS=2
 * safe events:   THREADS=2 FRAMES=1 TX_EVENTS=2 BUFFERS=2
 * safe masked:   THREADS=3 FRAMES=2 BUFFERS=2 MASKINGS=2
 *
 * mutant NO_PRODUCER_FENCE: frames, P3: the fence between write indicator and state
 * mutant NO_LOOK_FENCE:     frames, rx_queue_intr_enable(): the fence between arming and the look
 * mutant NO_LOOK_AT_QUEUE:  frames, rx_queue_intr_enable(): the look
 * mutant LOOK_BEFORE_ARM:   frames, rx_queue_intr_enable(): the look is made before arming
 * mutant NO_REFILL:         frames, rx_queue_intr_enable(): it arms a queue without buffers
 * mutant LOOK_AT_SETTLED:   events, rx_queue_intr_enable(): it looks at what is settled only
 * mutant NO_MASK_RECHECK:   masked, fire() of evnic_intr.c: the mask may go before it is latched
 * mutant HOLD_LATE:         masked, fire() of evnic_intr.c: it latches after the second look
 * mutant NO_DELIVERY:       masked, honour_requests(): it does not look at what is held
 */

#define ATTNS	1
#define DEVICES 1
#define DEPTH	4
#ifndef TX_EVENTS
#define TX_EVENTS 0
#endif
#ifndef MASKINGS
#define MASKINGS 0
#endif

/* nothing is in the queue, and the wire does not wait for a buffer */
#define NOTHING_WAITS \
	(mem[FILLED] == consumed && filling == FRAMES && mem[EVENTS] == handled)

#define PROGRAM 0
#define WIRE	1
#define CONTROL 2

#define FILLED	    (ATTN_CELLS)     /* frames that the wire has published: q->filled */
#define EVENTS	    (ATTN_CELLS + 1) /* events without a frame that it has */
#define SETTLED	    (ATTN_CELLS + 2) /* those whose message was sent */
#define POSTED	    (ATTN_CELLS + 3) /* buffers: q->posted */
#define MASKED	    (ATTN_CELLS + 4)
#define SYNC_WANTED (ATTN_CELLS + 5)
#define SYNC_DONE   (ATTN_CELLS + 6)
#define MORE_CELLS  7

#include "attn.pml"

byte consumed, handled;	  /* the program's: frames, events without one */
byte filling;		  /* the wire's: frames that it has copied */
byte in_use, pool;	  /* mbufs: with the program's peers, free */
byte pending;		  /* v->pending, changed by read-modify-writes only */

/* ---- the program ---- */

/* refill(): as many as the pool has */
inline refill()
{
	atomic {
		if
		:: pool > 0 ->
			posted = posted + pool;
			pool = 0;
			store(PROGRAM, POSTED, posted)
		:: else
		fi
	}
}

/* evnic_rx_burst() until there is nothing */
inline receive_all()
{
	do
	:: atomic {
		load(PROGRAM, FILLED, n);
		if
		:: n != consumed ->
			in_use = in_use + n - consumed;
			consumed = n;
			n = 0
		:: else ->
			load(PROGRAM, EVENTS, n);
			handled = n;
			n = 0;
			break
		fi
	}
		refill()
	od
}

/* fire() of evnic_intr.c */
inline fire_own()
{
	load(PROGRAM, MASKED, n);
	if
	:: n == 0 -> attn_wake(PROGRAM, 0, n)
	:: else ->
#if !defined(HOLD_LATE)
		d_step { sb[PROGRAM].n == 0 -> pending = 1 }
#endif
#if !defined(NO_MASK_RECHECK)
		load(PROGRAM, MASKED, n);
		if
		:: n == 0 -> attn_wake(PROGRAM, 0, n)
		:: else
		fi;
#endif
#if defined(HOLD_LATE)
		d_step { sb[PROGRAM].n == 0 -> pending = 1 }
#endif
	fi;
	n = 0
}

/* Is there anything in the queue? */
inline look_at_queue()
{
	load(PROGRAM, FILLED, n);
	waits = n != consumed;
	n = 0;
#if TX_EVENTS > 0
#ifdef LOOK_AT_SETTLED
	load(PROGRAM, SETTLED, n);
#else
	load(PROGRAM, EVENTS, n);
#endif
	waits = waits || n != handled;
	n = 0
#endif
}

proctype program()
{
	byte n, posted = BUFFERS;
	bool waits;

receiving:
	receive_all();
	if
	:: goto receiving
	:: skip
	fi;
	/* evnic_rxq_intr_enable() */
#ifndef NO_REFILL
	refill();
	if
	:: posted == consumed -> goto receiving /* -ENOBUFS */
	:: else
	fi;
#endif
#if defined(LOOK_BEFORE_ARM)
	look_at_queue();
	attn_park(PROGRAM, 0);
	attn_look(PROGRAM, 0, n);
#else
	attn_park(PROGRAM, 0);
	attn_look(PROGRAM, 0, n); /* for its fence */
	n = 0;
#ifndef NO_LOOK_AT_QUEUE
	look_at_queue();
#endif
#endif
	if
	:: waits -> waits = false; fire_own()
	:: else
	fi;
	/* rte_epoll_wait(), and evnic_rxq_intr_disable() */
	if
	:: bell[0] -> bell[0] = false
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	attn_poll(PROGRAM, 0);
	goto receiving;
end_asleep:
	false
}

/* Whoever has the received mbufs gives them back. */
proctype peer()
{
end_peer:
	do
	:: d_step { in_use > 0 -> in_use--; pool++ }
	od
}

/* ---- the device ---- */

/* evnic_vector_signal(): bits, message */
inline signal_queue()
{
	attn_fence(WIRE);
	attn_mark(WIRE, 0, 0, 0, seen, n);
	if
	:: seen == POLL
	:: else ->
		load(WIRE, MASKED, n);
		if
		:: n != 0 -> d_step { sb[WIRE].n == 0 -> pending = 1 }
		:: else -> attn_wake(WIRE, 0, seen)
		fi;
		n = 0
	fi;
	seen = 0
}

proctype wire()
{
	byte seen, n, events;

end_wire:
	do
	:: atomic {
		filling < FRAMES && filling != mem[POSTED] ->
		filling++;
		store(WIRE, FILLED, filling)
	}
		signal_queue()
#if TX_EVENTS > 0
	:: atomic {
		events < TX_EVENTS ->
		events++;
		store(WIRE, EVENTS, events)
	}
		signal_queue();
		store(WIRE, SETTLED, events)
#endif
#if MASKINGS > 0
	/* honour_requests() */
	:: mem[SYNC_WANTED] != mem[SYNC_DONE] ->
#ifndef NO_DELIVERY
		if
		:: pending != 0 ->
			load(WIRE, MASKED, n);
			if
			:: n == 0 ->
				d_step { sb[WIRE].n == 0 -> pending = 0 }
				attn_wake(WIRE, 0, seen);
				seen = 0
			:: else
			fi;
			n = 0
		:: else
		fi;
#endif
		load(WIRE, SYNC_WANTED, n);
		store(WIRE, SYNC_DONE, n);
		fence(WIRE);
		n = 0
#endif
	od
}

#if MASKINGS > 0
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
#endif

init {
	atomic {
		mem[STATE(0)] = POLL;
		mem[POSTED] = BUFFERS;
		run memory(PROGRAM);
		run memory(WIRE);
		run program();
		run wire();
		run peer();
#if MASKINGS > 0
		run control()
#else
		skip
#endif
	}
}
