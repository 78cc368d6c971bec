/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A port that changes by itself: its eventfd is another one, and what was armed is forgotten. Who
 * sees that asks for a renewal, and waits for nobody; two threads may, at the same time. The worker
 * renews its queue between two rounds, unless a control thread has the lock: then it tries again,
 * and does not sleep for long (worker_ask_renewal(), worker_take_renewal() and make_renewals() of
 * control.c; renew() of source_ethdev.c).
 *
 * safe renewed: PLAIN=1 DEPTH=4 EVENTS=1 CHANGES=1 POLLS
 * safe raced:   PLAIN=1 DEPTH=4 EVENTS=1 CHANGES=2
 * live busy:    PLAIN=1 DEPTH=4 EVENTS=1 CHANGES=1
 *
 * mutant NOT_SIGNALLED:     renewed, worker_ask_renewal(): it does not signal
 * mutant PORT_SET_LATE:     raced, worker_ask_renewal(): the port is named after it was asked for
 * mutant PORTS_TAKEN_FIRST: raced, make_renewals(): they are taken before the request is
 * mutant LOCKED_FORGOTTEN:  renewed, make_renewals(): the lock is not had, and it is done with
 * mutant LOCKED_UNTIMED:    renewed, sleep_limit_us(): it sleeps without a timeout over one that is due
 * mutant NO_LOOK:           renewed, ATTEND to PARK: the look at the word
 * mutant ASKED_WHEN_IDLE:   busy, ATTEND: requests are taken only in a round without packets
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define RINGS	1
#define DEVICE	1
#define FIRST_CHANGER 2
#define THREADS (FIRST_CHANGER + CHANGES)
#define WHOLE_DRAIN

#define MODEL_CELLS 2
#define PORTS (ATTN_CELLS + WORKER_CELLS)     /* w->ports_to_renew */
#define ASKED (ATTN_CELLS + WORKER_CELLS + 1) /* w->is_renewal_asked */

#define IS_RENEWED    (watched == current)
#define NOTHING_WAITS (mem[FILLED(0)] == received[0] && IS_RENEWED)

byte current;  /* the eventfd that the device signals */
byte watched;  /* that of the worker's epoll set */
byte signalled; /* those that were, a bit each; taken out when they wake */
bool due;      /* w->is_renewal_due; the worker's */
bool locked;   /* w->control */

#include "worker.pml"

inline take_ports(w)
{
	exchange(w, PORTS, 0, n);
	if
	:: n != 0 -> watched = current
	:: else
	fi;
	n = 0
}

/* worker_make_changes() */
inline make_changes(w)
{
	if
	:: due ->
		atomic {
			if
			:: locked ->
#ifdef LOCKED_FORGOTTEN
				due = false;
#endif
				n = 0
			:: else -> due = false; n = 1
			fi
		}
#ifdef PORTS_TAKEN_FIRST
		n = 0
#else
		if
		:: n == 1 -> take_ports(w)
		:: else
		fi
#endif
	:: else
	fi
}

/* worker_take_renewal() of inbox_drain() */
inline take_request(w)
{
	load(w, ASKED, n);
	if
	:: n != 0 ->
#ifdef PORTS_TAKEN_FIRST
		take_ports(w);
#endif
		exchange(w, ASKED, 0, n);
		if
		:: n != 0 -> due = true; found = true
		:: else
		fi
	:: else
	fi;
	n = 0
}

inline visit_by_bits(w)
{
	attn_take(w, w, word);
	if
	:: word != 0 ->
		word = 0;
		attn_take_detail(w, w, 0, bits);
		bits = 0;
		take_request(w)
	:: else
	fi
}

inline wake_up(w)
{
	attn_unpark(w, w, n);
	disarm_all(w);
	word = 0;
	found = false
}

#ifdef LOCKED_UNTIMED
#define TIMED false
#else
#define TIMED due
#endif

proctype worker(byte w)
{
	byte word, bits, n; /* 0 when not in use */
	bool found;

from_poll:
	attn_attend(w, w);
	take_request(w);
	visit_plain(w, 0);
	found = false;
attending:
	make_changes(w);
#ifdef ASKED_WHEN_IDLE
	visit_plain(w, 0);
	if
	:: !found -> visit_by_bits(w)
	:: else
	fi;
#else
	visit_by_bits(w);
	visit_plain(w, 0);
#endif
	if
	:: found = false; goto attending
#ifdef POLLS
	:: found = false; goto polling
#endif
	:: !found -> goto parking
	fi;
#ifdef POLLS
polling:
	attn_poll(w, w);
poll_round:
	make_changes(w);
	take_request(w);
	visit_plain(w, 0);
	found = false;
	if
	:: goto poll_round
	:: goto from_poll
	fi;
#endif
parking:
	attn_park(w, w);
	arm_all(w);
	attn_look(w, w, word);
	if
	:: word == 0 -> visit_plain(w, 0)
	:: else
	fi;
	if
	:: found || word != 0 -> wake_up(w); goto attending
	:: else
	fi;
	if
	:: atomic {
		bell[w] || (signalled & (1 << watched)) || TIMED ->
		bell[w] = false;
		signalled = signalled & ~(1 << watched)
	}
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	wake_up(w);
	goto attending;
end_asleep:
	false
}

/* The driver, and on_event() of ethdev_port.c */
proctype changer(byte t)
{
	byte was, seen, tmp;

	atomic {
		current++;
		mem[ARMED(0)] = 0
	}
#ifndef PORT_SET_LATE
	fetch_or(t, PORTS, 1);
#endif
	exchange(t, ASKED, 1, was);
#ifdef PORT_SET_LATE
	fetch_or(t, PORTS, 1);
#endif
#ifndef NOT_SIGNALLED
	if
	:: was == 0 -> attn_signal(t, 0, 0, 0, seen, tmp)
	:: else
	fi;
#endif
	was = 0;
end_changed:
	false
}

/* Whoever adds or removes something meanwhile */
proctype control()
{
	locked = true;
	locked = false;
end_control:
	false
}

proctype device()
{
	byte made, armed;

end_made:
	do
#ifdef LIVE
	:: atomic {
		made == received[0] ->
#else
	:: atomic {
		made < EVENTS ->
#endif
		made = NEXT(made);
		store(DEVICE, FILLED(0), made)
	}
		fence(DEVICE);
		atomic {
			load(DEVICE, ARMED(0), armed);
			if
			:: armed -> signalled = signalled | (1 << current)
			:: else
			fi;
			armed = 0
		}
	od
}

#ifdef LIVE
ltl served { <> [] IS_RENEWED }
#endif

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		run memory(0);
		run memory(DEVICE);
		run worker(0);
		run control();
		run device();
#if CHANGES > 1
		run changer(FIRST_CHANGER + 1);
#endif
		run changer(FIRST_CHANGER)
	}
}
