/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What comes by no ring: file descriptors of the application, level-triggered, whose handler may
 * leave something unread; and timers, which end a sleep by the timerfd. While it is awake the worker
 * looks at both after a round, when it is time (loop() of worker.c, worker_look_at_fds()). One at its
 * end, whose other side is gone, is edge-triggered until there is something new (ENDS). Beside
 * them a handshake source, as the inbox is one. Nothing is lost; and each is served though the
 * others are busy without an end.
 *
 * safe all:         EVENTS=2 POLLS
 * safe ends:        EVENTS=1 ENDS WRITES=3
 * live late_fd:      POLLS WAITS=FD_WAITS
 * live late_timer:   POLLS WAITS=TIMER_WAITS
 * live late_message: POLLS WAITS=MESSAGE_WAITS
 *
 * mutant EDGE_TRIGGERED:     all, fd_attach(): an fd is watched edge-triggered
 * mutant DROPPED_AT_END:     ends, source_fd_visit(): an fd at its end is watched no longer
 * mutant EDGE_FOR_EVER:      ends, source_fd_visit(): it is not asked for level-triggered again
 * mutant NO_TIMER_LIMIT:     all, sleep_limit_us(): it does not ask when a timer is due
 * mutant NO_LOOK:            all, ATTEND to PARK: the second look
 * mutant FDS_ONLY_ASLEEP:    late_fd, loop(): file descriptors are looked at in sleeps alone
 * mutant TIMERS_ONLY_ASLEEP: late_timer, loop(): timers are run after sleeps alone
 * mutant FDS_UNTIL_QUIET:    late_message, worker_look_at_fds(): until none is ready
 * mutant TIMERS_UNTIL_QUIET: late_message, worker_run_timers(): until none is due
 */

#define WORKERS 1
#define ATTNS	1
#define DEVICES 1
#define RINGS	1
#define THREADS 2
#define DEPTH	3

#ifndef WRITES
#define WRITES EVENTS /* to the fd */
#endif

#define MESSAGE_WAITS (mem[WRITE(0)] != taken[0])
#define FD_WAITS      (unread > 0)
#define TIMER_WAITS   (due)
#define NOTHING_WAITS (!MESSAGE_WAITS && !FD_WAITS && !TIMER_WAITS)

#include "worker.pml"
#include "device.pml"

byte unread;   /* of the fd */
bool edge;     /* it became readable since the last epoll_wait() */
bool due;      /* the time of a timer has come */
bool time_set; /* the timerfd is set to that time */
bool look_due; /* w->next_look_tsc has come */

#ifdef ENDS
bool hup;	  /* the other side is gone */
bool is_at_end;	  /* the worker's: it is edge-triggered */
bool is_dropped;  /* likewise: it is not watched */
bool is_changing; /* likewise: it was at its end, and is about to be asked for so */
#endif

#ifdef EDGE_TRIGGERED
#define FD_FIRES edge
#elif defined(ENDS)
#define FD_FIRES (!is_dropped && (is_at_end -> edge : unread > 0 || hup))
#else
#define FD_FIRES (unread > 0)
#endif
#define TIMER_FIRES (time_set && due)

/* fd_drain(): the handler reads all, or not */
inline read_fd()
{
	if
	:: unread > 0 -> unread = 0; found = true
#ifndef LIVE
	:: unread > 0 -> unread--; found = true
#endif
	:: unread == 0
	fi
}

#ifdef ENDS
/* source_fd_visit(), up to the last look whether it is at its end */
inline visit_fd()
{
	if
	:: is_at_end && hup && unread == 0
	:: else ->
#ifndef EDGE_FOR_EVER
		is_at_end = false;
#endif
		read_fd();
		is_changing = hup && unread == 0
	fi
}

/* wait_for_something_new(): the kernel looks whether it is ready now */
inline change_fd()
{
	d_step {
		if
		:: is_changing ->
			is_changing = false;
#ifdef DROPPED_AT_END
			is_dropped = true
#else
			is_at_end = true;
			edge = unread > 0 || hup
#endif
		:: else
		fi
	}
}
#else
inline visit_fd()
{
	read_fd()
}

inline change_fd()
{
	skip
}
#endif

inline look_at_fds()
{
	atomic {
		look_due = false;
		bell[0] = false; /* epoll_wait() returns the doorbell, too */
		if
		:: FD_FIRES -> edge = false; visit_fd()
		:: else
		fi
	}
#ifdef FDS_UNTIL_QUIET
	do
	:: atomic { FD_FIRES -> edge = false; visit_fd() }
	:: else -> break
	od;
#endif
	change_fd()
}

inline run_timers()
{
#ifdef TIMERS_UNTIL_QUIET
	do
	:: due -> due = false; found = true
	:: else -> break
	od
#else
	if
	:: due -> due = false; found = true
	:: else
	fi
#endif
}

/* loop(), after a round */
inline do_chores()
{
#ifdef TIMERS_ONLY_ASLEEP
	if
	:: has_slept -> run_timers()
	:: else
	fi;
#else
	run_timers();
#endif
	has_slept = false;
#ifndef FDS_ONLY_ASLEEP
	if
	:: look_due -> look_at_fds()
	:: else
	fi
#endif
}

proctype worker(byte w)
{
	byte word, bits, n; /* 0 when not in use */
	bool found, has_slept;

from_poll:
	enter_attend(w);
attending:
	attend(w);
	do_chores();
	if
	:: found = false; goto attending
	:: found = false; goto polling
	:: !found -> goto parking
	fi;
polling:
	attn_poll(w, w);
poll_round:
	visit_all_rings(w);
	do_chores();
	found = false;
	if
	:: goto poll_round
	:: goto from_poll
	fi;
parking:
	park_and_look(w);
	if
	:: word != 0 -> word = 0; attn_unpark(w, w, n); goto attending
	:: else
	fi;
	/* sleep_limit_us(): the time of the first timer, whether it has come or not */
#ifndef NO_TIMER_LIMIT
	time_set = true;
#endif
	if
	:: atomic {
		bell[w] || FD_FIRES || TIMER_FIRES ->
		bell[w] = false;
		time_set = false;
		/* visit_fired() */
		if
		:: FD_FIRES -> edge = false; visit_fd()
		:: else
		fi
	}
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	change_fd();
	found = false;
	has_slept = true;
	attn_unpark(w, w, n);
	goto attending;
end_asleep:
	false
}

/* Whoever writes to the fd; the time. */
proctype world()
{
	byte writes, times;

end_world:
	do
#ifdef LIVE
	:: d_step { unread == 0 -> unread++; edge = true }
	:: d_step { !due -> due = true }
#else
#ifdef ENDS
	:: d_step { !hup && writes > 0 && writes < WRITES -> hup = true; edge = true }
	:: d_step { hup -> hup = false; writes++; unread++; edge = true }
#endif
	:: d_step { writes < WRITES -> writes++; unread++; edge = true }
	:: d_step { times < EVENTS && !due -> times++; due = true }
#endif
	od
}

proctype clock()
{
end_clock:
	do
	:: !look_due -> look_due = true
	od
}

#ifdef LIVE
ltl served { [] (WAITS -> <> !WAITS) }
#endif

init {
	atomic {
		mem[STATE(0)] = ATTEND;
		run memory(0);
		run memory(1);
		run worker(0);
		run producer(1, 0, 0);
		run world();
		run clock()
	}
}
