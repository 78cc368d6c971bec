/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A worker's thread: worker_step() of worker.c, worker_park() and sleep_until_woken() of park.c. It comes
 * after worker.pml and what the model adds to a worker's steps.
 */

/* rouse_worker_run() */
proctype worker(byte w)
{
	byte word, bits, n; /* 0 when not in use */
	bool found;	    /* in this round */

from_poll:
	enter_attend(w);
attending:
	if
	:: SHALL_STOP -> goto end_stopped
	:: else
	fi;
	attend(w);
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
	if
	:: SHALL_STOP -> goto end_stopped
	:: else
	fi;
	visit_all_rings(w);
	visit_plain_list(w);
	found = false;
	if
	:: goto poll_round
	:: goto from_poll
	fi;
#endif
parking:
	park_and_look(w);
	if
	:: found || word != 0 || STOP_SEEN ->
		found = false;
		word = 0;
		attn_unpark(w, w, n);
		disarm_all(w);
		goto attending
	:: else
	fi;
	PREPARE_TIMER;
	/* sleep_until_woken(): epoll_wait() */
	if
	:: atomic {
		bell[w] || FIRED || TIMER_RANG ->
		bell[w] = false;
		FIRED_OFF;
		TIMER_OFF
	}
	:: timeout -> assert(NOTHING_WAITS); goto end_asleep
	fi;
	attn_unpark(w, w, n);
	disarm_all(w);
	AUDIT(w);
	/* the fired are visited first, and again in the round: all plain ones are */
#ifdef DRY_AFTER_SLEEP
	VISIT_DRY;
#endif
	CANCEL_TIMER;
	goto attending;
end_asleep:
	false;
end_stopped:
	false
}
