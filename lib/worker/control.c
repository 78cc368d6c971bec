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
#include <unistd.h>

#include "worker.h"

#define WAIT_US 20 /* between two looks whether the worker has made the change */

/* On the stack of the control thread, which waits until it is done. */
struct worker_call {
	worker_change_t fn;
	void *arg;
	_Atomic bool is_done;
};

/* ---- the worker's side ---- */

/* Is a change asked for? It is due, then: after the round, as it may not happen within one. 1, or
 * 0 */
uint32_t
worker_take_call(struct rouse_worker *w)
{
	if (atomic_load_explicit(&w->call_asked, memory_order_relaxed) == NULL)
		return 0;
	/* pairs with the store in worker_change(): what the call points at is complete */
	w->call = atomic_exchange_explicit(&w->call_asked, NULL, memory_order_acquire);
	return 1;
}

static void
make_call(struct rouse_worker *w)
{
	struct worker_call *c = w->call;

	if (c == NULL)
		return;
	w->call = NULL;
	c->fn(w, c->arg);
	/* pairs with the acquire in wait_for(): the change is complete; c is its caller's */
	atomic_store_explicit(&c->is_done, true, memory_order_release);
}

/* Was a renewal asked for? It is due, then. 1, or 0 */
uint32_t
worker_take_renewal(struct rouse_worker *w)
{
	/* pairs with the exchange in worker_ask_renewal(): whoever asks after this asks anew */
	if (!atomic_load_explicit(&w->is_renewal_asked, memory_order_relaxed) ||
	    !atomic_exchange_explicit(&w->is_renewal_asked, false, memory_order_acq_rel))
		return 0;
	w->is_renewal_due = true;
	return 1;
}

/*
 * A renewal is nobody's call: no control thread waits, so that one may be changing the very queues.
 * It has w->control then, for which the worker does not wait: the renewal stays due, and limits
 * sleeps.
 */
static void
make_renewals(struct rouse_worker *w)
{
	if (!w->is_renewal_due || pthread_mutex_trylock(&w->control) != 0)
		return;
	w->is_renewal_due = false;
	for (unsigned int i = 0; i < WORKER_PORT_WORDS; i++) {
		uint64_t bits =
			atomic_exchange_explicit(&w->ports_to_renew[i], 0, memory_order_acquire);

		for (; bits != 0; bits &= bits - 1)
			source_renew_port(w, (uint16_t)(i * 64 + (unsigned)__builtin_ctzll(bits)));
	}
	pthread_mutex_unlock(&w->control);
}

/* Between two rounds. */
void
worker_make_changes(struct rouse_worker *w)
{
	make_call(w);
	make_renewals(w);
}

/* The worker itself finds, before it sleeps, that a port is to be renewed. */
void
worker_want_renewal(struct rouse_worker *w, uint16_t port)
{
	atomic_fetch_or_explicit(&w->ports_to_renew[port / 64], WORKER_PORT_BIT(port),
				 memory_order_relaxed);
	w->is_renewal_due = true;
}

/* ---- any thread ---- */

/* Let the worker renew its queues of a port. */
void
worker_ask_renewal(struct rouse_worker *w, uint16_t port)
{
	/* pairs with the exchange in make_renewals() */
	atomic_fetch_or_explicit(&w->ports_to_renew[port / 64], WORKER_PORT_BIT(port),
				 memory_order_release);
	/* pairs with the exchange in worker_take_renewal(): who finds that it was asked for is
	 * seen by the one that takes it */
	if (atomic_exchange_explicit(&w->is_renewal_asked, true, memory_order_acq_rel))
		return;
	worker_inbox_begin(w);
	worker_inbox_signal(w);
}

/* ---- the control thread's side ---- */

/* A worker that has ended and did not take the call never will: it counts as taken from here on. */
static bool
take_back(struct rouse_worker *w)
{
	if (atomic_exchange_explicit(&w->call_asked, NULL, memory_order_relaxed) == NULL)
		return false;
	rouse_counter_add(&w->inbox_taken, 1);
	return true;
}

/* The worker makes the change, or has ended before it did: false. */
static bool
wait_for(struct rouse_worker *w, struct worker_call *c)
{
	while (!atomic_load_explicit(&c->is_done, memory_order_acquire)) {
		/* pairs with the release in worker_end(): what it has not taken it never takes */
		if (!atomic_load_explicit(&w->running, memory_order_acquire) && take_back(w))
			return false;
		usleep(WAIT_US);
	}
	return true;
}

struct hosted_change {
	struct rouse_worker *w;
	worker_change_t fn;
	void *arg;
};

/* On the host's thread, whose worker this is for a while. */
static void
change_hosted(struct rouse_worker *host __rte_unused, void *arg)
{
	struct hosted_change *c = arg;

	c->fn(c->w, c->arg);
	worker_set_timer(c->w);
}

static void
change_by_host(struct rouse_worker *w, worker_change_t fn, void *arg)
{
	struct hosted_change c = { .w = w, .fn = fn, .arg = arg };

	pthread_mutex_lock(&w->host->control);
	worker_change(w->host, change_hosted, &c);
	pthread_mutex_unlock(&w->host->control);
}

/*
 * Let fn(w, arg) change what the worker reads. The caller holds w->control, so that the worker does
 * not begin to run meanwhile, and nobody else asks. A call has a place of its own beside the ring
 * of messages, which may be full.
 */
void
worker_change(struct rouse_worker *w, worker_change_t fn, void *arg)
{
	struct worker_call c = { .fn = fn, .arg = arg };

	if (w->host != NULL) {
		change_by_host(w, fn, arg);
		return;
	}
	if (!atomic_load_explicit(&w->running, memory_order_acquire)) {
		fn(w, arg);
		return;
	}
	worker_inbox_begin(w);
	atomic_store_explicit(&w->call_asked, &c, memory_order_release);
	worker_inbox_signal(w);
	if (!wait_for(w, &c))
		fn(w, arg);
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
