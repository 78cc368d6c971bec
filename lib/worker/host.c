/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Who looks after a worker that is offline. Its queues have moved; but messages, event rings,
 * timers and file descriptors stay with it, as those who signal them have its attention, and keep
 * it. So another worker, the host, is its consumer: it has the epoll set of the worker in its own,
 * and when that is ready it does what the worker would do in a round, and parks it again. A signal
 * wakes the host, once; the handshake is the same. The two take turns by calls: one ends before the
 * other begins (rouse_attn_attend(), and a full round, as from state POLL).
 */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "worker.h"

/* ---- the host's thread ---- */

/* Asleep again, but for what came meanwhile, which is told by the doorbell as by a producer. */
static void
park(struct rouse_worker *w)
{
	worker_set_timer(w);
	rouse_attn_park(&w->attn);
	if (rouse_attn_look(&w->attn))
		rouse_attn_ring_doorbell(w->attn.doorbell);
}

/* A round of the worker that is offline. */
static uint32_t
serve(struct rouse_worker *w)
{
	uint32_t found;
	uint64_t now;

	rouse_attn_unpark(&w->attn);
	w->is_within_round = true;
	now = rte_rdtsc();
	found = worker_look_at_fds(w, now) + worker_attend(w);
	if (now >= w->next_timer_tsc)
		found += worker_run_timers(w, now);
	w->is_within_round = false;
	if (worker_is_change_due(w))
		worker_make_changes(w);
	park(w);
	return found;
}

static uint32_t
host_drain(struct rouse_worker *host, struct source *s)
{
	if (fdset_change(host, s, EPOLLIN | EPOLLONESHOT) != 0)
		return 0;
	return serve(s->arg) != 0;
}

/* What came before has no bit: a full round. */
static int
host_attach(struct rouse_worker *host, struct source *s)
{
	struct rouse_worker *w = s->arg;
	int ret = fdset_add(host, s, s->fd.fd, EPOLLIN | EPOLLONESHOT);

	if (ret != 0)
		return ret;
	host->nb_fds++;
	w->state = ROUSE_ATTN_ATTEND;
	w->is_within_round = true;
	worker_enter_attend(w);
	w->is_within_round = false;
	park(w);
	return 0;
}

/* From here on producers set bits and nobody looks, until somebody begins with a full round. */
static void
host_detach(struct rouse_worker *host, struct source *s)
{
	struct rouse_worker *w = s->arg;

	fdset_remove(host, s);
	if (!s->was_lost)
		host->nb_fds--;
	rouse_attn_unpark(&w->attn);
}

static const struct source_ops host_ops = {
	.type = ROUSE_SOURCE_TYPE_FD,
	.drain = host_drain,
	.attach = host_attach,
	.detach = host_detach,
	.is_on_demand = true,
};

/* ---- control threads, which have the lock of all workers, and w->control: that of one that is
 * offline comes before that of its host, which is online ---- */

/* The worker, which does not run, is looked after from here on. 0; -ENODEV: there is no host, or
 * another -errno, and it is not. */
int
worker_host_begin(struct rouse_worker *w, struct rouse_worker *host)
{
	struct source model = { .ops = &host_ops, .kind = ROUSE_SOURCE_FD, .arg = w };
	struct source *s;
	int ret;

	if (host == NULL)
		return -ENODEV;
	model.fd.fd = w->epoll;
	pthread_mutex_lock(&host->control);
	s = source_create(host, &model);
	ret = s == NULL ? -ENOMEM : source_insert(host, s);
	if (ret == 0) {
		w->host = host;
		w->hosted = s;
	} else if (s != NULL) {
		source_destroy(host, s);
	}
	pthread_mutex_unlock(&host->control);
	return ret;
}

/* It is no longer. */
void
worker_host_end(struct rouse_worker *w)
{
	struct rouse_worker *host = w->host;

	if (host == NULL)
		return;
	pthread_mutex_lock(&host->control);
	source_remove(host, w->hosted);
	pthread_mutex_unlock(&host->control);
	w->host = NULL;
	w->hosted = NULL;
}
