/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Changes to a worker by control threads, whether it runs or not. What a change needs is made
 * ready by the control thread; what the worker reads is changed by the worker itself, between two
 * rounds, while the control thread waits. So the worker takes no lock and allocates nothing, and
 * nobody else's worker is stopped.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker.h"

#define WAIT_US 20 /* between two looks whether the worker has made the change */

enum call_state {
	CALL_WAITING,
	CALL_DONE,
	CALL_CANCELLED, /* the control thread has made the change itself, and left */
};

struct worker_call {
	struct worker_call *next;
	worker_change_t fn;
	void *arg;
	_Atomic int state; /* worker and control thread: who is first */
};

/* ---- the worker's side ---- */

/* A message: the change itself comes after the round, as it may not happen within one. */
static void
take_call(struct rouse_worker *w, void *arg)
{
	struct worker_call *c = arg;

	if (atomic_load_explicit(&c->state, memory_order_acquire) == CALL_CANCELLED) {
		free(c);
		return;
	}
	c->next = w->calls;
	w->calls = c;
}

/* Between two rounds. */
void
worker_make_changes(struct rouse_worker *w)
{
	while (w->calls != NULL) {
		struct worker_call *c = w->calls;

		w->calls = c->next;
		c->fn(w, c->arg);
		/* pairs with the acquire in wait_for(): the change is complete; c is its caller's
		 */
		atomic_store_explicit(&c->state, CALL_DONE, memory_order_release);
	}
}

/* Nobody runs messages any more: the memory of those that are calls. */
void
worker_forget_call(rouse_worker_msg_t fn, void *arg)
{
	if (fn == take_call)
		free(arg);
}

/* ---- the control thread's side ---- */

/* The worker makes the change, or has ended before it did: false. */
static bool
wait_for(struct rouse_worker *w, struct worker_call *c)
{
	int waiting = CALL_WAITING;

	while (atomic_load_explicit(&c->state, memory_order_acquire) != CALL_DONE) {
		/* pairs with the release in worker_end(): what it made is complete */
		if (!atomic_load_explicit(&w->running, memory_order_acquire) &&
		    atomic_compare_exchange_strong_explicit(&c->state, &waiting, CALL_CANCELLED,
							    memory_order_acq_rel,
							    memory_order_acquire))
			return false;
		usleep(WAIT_US);
	}
	free(c);
	return true;
}

/*
 * Let fn(w, arg) change what the worker reads. The caller holds w->control, so that the worker does
 * not begin to run meanwhile. 0; -EDEADLK: the caller is the worker, -ENOMEM, -ENOBUFS: too many
 * messages wait.
 */
int
worker_change(struct rouse_worker *w, worker_change_t fn, void *arg)
{
	struct worker_call *c;
	int ret;

	if (!atomic_load_explicit(&w->running, memory_order_acquire)) {
		fn(w, arg);
		return 0;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->fn = fn;
	c->arg = arg;
	ret = rouse_worker_post(w, take_call, c);
	if (ret != 0)
		free(c);
	else if (!wait_for(w, c))
		fn(w, arg);
	return ret;
}

/* Is there a function to call? 0; -EINVAL, after one line */
int
worker_check_handler(const struct rouse_worker *w, bool is_given)
{
	if (is_given)
		return 0;
	WORKER_LOG(ERR, "%s: give a function to call, not NULL", w->name);
	return -EINVAL;
}

/* A worker waits neither for itself nor for another, which may wait for it. 0; -EDEADLK, after one
 * line */
int
worker_check_thread(const char *what)
{
	if (worker_is_mine(NULL))
		return 0;
	WORKER_LOG(ERR,
		   "%s: asked for by a thread that runs a worker, as handlers do, which waits for "
		   "none; ask on another thread",
		   what);
	return -EDEADLK;
}

/* Begin a change: one at a time a worker. 0, -EDEADLK */
int
worker_lock(struct rouse_worker *w)
{
	int ret = worker_check_thread(w->name);

	if (ret == 0)
		pthread_mutex_lock(&w->control);
	return ret;
}

void
worker_unlock(struct rouse_worker *w)
{
	pthread_mutex_unlock(&w->control);
}
