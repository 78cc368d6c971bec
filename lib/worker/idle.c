/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The idle form: the loop is the application's, which polls its Rx queues itself and calls in once
 * a round. Its rounds are then steps of the park protocol: the round after POLL -> ATTEND is the
 * full round, and the one after arming is the second look at queues with an interrupt. So the call
 * that goes to ATTEND never parks, nor does one that took the bits of a queue which the application
 * polls: it is polled first.
 */

#include <errno.h>

#include <rte_errno.h>

#include "worker.h"

static bool
enter(struct rouse_worker *w)
{
	int ret = worker_begin(w, true);

	if (ret != 0)
		WORKER_LOG(ERR,
			   "%s: rouse_worker_idle(): another thread runs it, or this one another",
			   w->name);
	return ret == 0;
}

static void
close_wake(struct rouse_worker *w, bool found)
{
	if (w->is_wake_open && !found)
		rouse_counter_add(&w->stats.spurious_wakes, 1);
	w->is_wake_open = false;
}

/* Is it called from within a round: by a handler, or a hook? */
static bool
is_within(const struct rouse_worker *w, const char *function)
{
	if (likely(!w->is_within_round))
		return false;
	WORKER_LOG(ERR, "%s: %s(): call it from the application's loop, not from a handler",
		   w->name, function);
	return true;
}

static bool
serve(struct rouse_worker *w, uint32_t nb_rx)
{
	if (nb_rx != 0)
		rouse_counter_add(&w->stats.app_found, nb_rx);
	close_wake(w, nb_rx != 0);
	if (unlikely(worker_shall_stop(w)))
		return false;
	if (unlikely(w->is_parking))
		worker_look_again(w, nb_rx != 0);
	else
		worker_step(w, nb_rx);
	return true;
}

bool
rouse_worker_idle(struct rouse_worker *w, uint32_t nb_rx)
{
	bool goes_on;

	if (unlikely(!worker_is_mine(w))) {
		if (!enter(w))
			return false;
	} else if (is_within(w, "rouse_worker_idle")) {
		return false;
	}
	w->is_within_round = true;
	goes_on = serve(w, nb_rx);
	w->is_within_round = false;
	return goes_on;
}

void
rouse_worker_leave(struct rouse_worker *w)
{
	if (!worker_is_mine(w) || is_within(w, "rouse_worker_leave"))
		return;
	if (w->is_parking)
		worker_give_up_parking(w);
	worker_end(w);
}
