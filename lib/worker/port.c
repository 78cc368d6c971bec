/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A port that is about to stop: ethdev tells nobody, closes its eventfds, and does not like to be
 * polled. So whoever stops it says so first, and every worker lets go of it. One that is about to
 * go for good takes its queues along: another port may have its number next.
 */

#include <errno.h>
#include <stdio.h>

#include "worker.h"

/* Held while ports are paused and resumed, queues move, and workers go offline and come back, which
 * waits for workers; and while a worker is made or destroyed. */
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;
/* Held for a moment, and taken after the other: who has this waits for nobody. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rouse_worker *all; /* written under both, so that either is enough to read it */

/* What concerns several workers is one at a time. 0; -EDEADLK: the thread runs a worker, which may
 * be waited for by who has the lock; -EBUSY: somebody has it, and the caller does not wait */
int
workers_lock(bool waits)
{
	if (!worker_is_mine(NULL))
		return -EDEADLK;
	if (waits)
		pthread_mutex_lock(&changing);
	else if (pthread_mutex_trylock(&changing) != 0)
		return -EBUSY;
	return 0;
}

/* Likewise, for who tells people what is refused: in one line each. 0; -EDEADLK, -EBUSY */
int
workers_try_lock(const char *what)
{
	int ret = worker_check_thread(what);

	if (ret == 0)
		ret = workers_lock(false);
	if (ret == -EBUSY)
		WORKER_LOG(ERR,
			   "%s: queues move, or a port is paused or resumed, right now; try again",
			   what);
	return ret;
}

void
workers_unlock(void)
{
	pthread_mutex_unlock(&changing);
}

/* With that lock. */
struct rouse_worker *
workers_first(void)
{
	return all;
}

void
worker_enlist(struct rouse_worker *w)
{
	rouse_attn_registry_on_remove(worker_port_forget);
	pthread_mutex_lock(&changing);
	pthread_mutex_lock(&lock);
	w->next = all;
	all = w;
	pthread_mutex_unlock(&lock);
	pthread_mutex_unlock(&changing);
}

/* With that lock. */
void
worker_delist(struct rouse_worker *w)
{
	pthread_mutex_lock(&lock);
	for (struct rouse_worker **at = &all; *at != NULL; at = &(*at)->next) {
		if (*at != w)
			continue;
		*at = w->next;
		break;
	}
	pthread_mutex_unlock(&lock);
}

/* Of one worker: the queues of the port, each that `change` has something to do for; the last one
 * first, as a change may remove it. */
static int
change_queues(struct rouse_worker *w, uint16_t port,
	      int (*change)(struct rouse_worker *w, struct source *s))
{
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	for (uint32_t i = w->sources.nb; i-- > 0;) {
		struct source *s = w->sources.at[i];
		int error = source_is_of_port(s, port) ? change(w, s) : 0;

		if (ret == 0)
			ret = error;
	}
	worker_unlock(w);
	return ret;
}

static int
change_port(uint16_t port, int (*change)(struct rouse_worker *w, struct source *s))
{
	char what[16];
	int ret;

	snprintf(what, sizeof(what), "port %u", port);
	ret = worker_check_thread(what); /* the worker may be waited for by who has the lock */
	if (ret == 0)
		ret = workers_lock(true);
	if (ret != 0)
		return ret;
	for (struct rouse_worker *w = all; w != NULL; w = w->next) {
		int error = change_queues(w, port, change);

		if (ret == 0)
			ret = error;
	}
	workers_unlock();
	return ret;
}

int
rouse_worker_port_pause(uint16_t port)
{
	return change_port(port, source_queue_pause);
}

int
rouse_worker_port_resume(uint16_t port)
{
	return change_port(port, source_queue_resume);
}

/* The port is going for good; until this returns it is there. */
void
worker_port_forget(uint16_t port)
{
	change_port(port, source_queue_forget);
}

/* What the port's interrupts and eventfds are may have changed: each worker that has a queue of it
 * looks, between two rounds. Any thread, which does not wait: it may be EAL's interrupt thread, or
 * one of a driver that holds what a worker waits for. */
void
worker_port_renew(uint16_t port)
{
	pthread_mutex_lock(&lock);
	for (struct rouse_worker *w = all; w != NULL; w = w->next)
		if (source_port_is_plain(w, port))
			worker_ask_renewal(w, port);
	pthread_mutex_unlock(&lock);
}
