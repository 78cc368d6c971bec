/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Workers that go offline while packets come, and come back. First each queue has a place on
 * another worker, or nothing happens; then they move (move.c), one after the other; then the worker
 * ends, and the default worker looks after what cannot move (host.c). RETA and maps name queues,
 * and so does a port's default processor: all of them go where their queues go.
 */

#include <errno.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "worker.h"

#define WAIT_US 50 /* between two looks whether a worker has ended */

/* ---- who has how much ---- */

static uint32_t
nb_queues(const struct rouse_worker *w)
{
	uint32_t nb = 0;

	for (uint32_t i = 0; i < w->sources.nb; i++)
		nb += source_is_ethdev(w->sources.at[i]);
	return nb;
}

/* Of one whose control nobody here has. */
static uint32_t
count_queues(struct rouse_worker *w)
{
	uint32_t nb;

	pthread_mutex_lock(&w->control);
	nb = nb_queues(w);
	pthread_mutex_unlock(&w->control);
	return nb;
}

static struct rouse_worker *
least_loaded(const struct rouse_worker *except, uint32_t *nb_least)
{
	struct rouse_worker *least = NULL;

	for (struct rouse_worker *w = workers_first(); w != NULL; w = w->next) {
		uint32_t nb;

		if (w == except || !worker_bits_are_online(w))
			continue;
		nb = count_queues(w);
		if (least != NULL && nb >= *nb_least)
			continue;
		least = w;
		*nb_least = nb;
	}
	return least;
}

static struct rouse_worker *
default_worker(void)
{
	for (struct rouse_worker *w = workers_first(); w != NULL; w = w->next)
		if (worker_bits_are_default(w))
			return w;
	return NULL;
}

static struct rouse_worker *
worker_of(uint32_t processor)
{
	struct rouse_worker *w = workers_first();

	while (w != NULL && w->processor != processor)
		w = w->next;
	return w;
}

/* ---- offline ---- */

static struct source *
last_queue(const struct rouse_worker *w)
{
	for (uint32_t i = w->sources.nb; i-- > 0;)
		if (source_is_ethdev(w->sources.at[i]) && !w->sources.at[i]->is_watched)
			return w->sources.at[i];
	return NULL;
}

/* A queue that moves. */
struct move {
	uint16_t port, queue;
	struct rouse_worker *to; /* where its bits are reserved; NULL: nowhere */
};

/* The last queue of those that the worker has; false: it has none. */
static bool
find_next(struct rouse_worker *w, struct move *m)
{
	const struct source *s;
	uint32_t processor;
	uint16_t device;

	pthread_mutex_lock(&w->control);
	s = last_queue(w);
	if (s != NULL) {
		m->port = s->ethdev.port_id;
		m->queue = s->ethdev.queue;
		m->to = s->bits >= 0 && source_find_move(s, &processor, &device)
				? worker_of(processor)
				: NULL;
	}
	pthread_mutex_unlock(&w->control);
	return s != NULL;
}

/* To where its bits were reserved, or, if it has none, wherever there are least. */
static int
move_one(struct rouse_worker *w, struct move *m)
{
	bool is_planned = m->to != NULL;
	uint32_t nb = 0;

	if (!is_planned)
		m->to = least_loaded(w, &nb);
	return m->to == NULL ? -ENOSPC : worker_move_queue(w, m->to, m->port, m->queue, is_planned);
}

/* What had moved comes back. */
static void
bring_back(struct rouse_worker *w, const struct move *moved, uint32_t nb)
{
	while (nb-- > 0)
		if (worker_move_queue(moved[nb].to, w, moved[nb].port, moved[nb].queue, false) < 0)
			WORKER_LOG(ERR, "%s: queue %u of port %u stays with %s", w->name,
				   moved[nb].queue, moved[nb].port, moved[nb].to->name);
}

/* None comes meanwhile, as the worker is leaving. */
static int
move_all(struct rouse_worker *w)
{
	uint32_t nb = 0, room = count_queues(w);
	struct move *moved, m;
	int ret = 0;

	if (room == 0)
		return 0;
	moved = rte_malloc("worker_moved", room * sizeof(*moved), 0);
	if (moved == NULL) {
		worker_bits_stay(w);
		return -ENOMEM;
	}
	while (ret >= 0 && find_next(w, &m)) {
		ret = move_one(w, &m);
		if (ret > 0)
			moved[nb++] = m;
		else if (ret == -ENOENT)
			ret = 0; /* it was removed */
	}
	if (ret < 0) {
		worker_bits_stay(w);
		bring_back(w, moved, nb);
	}
	rte_free(moved);
	return RTE_MIN(ret, 0);
}

/* The thread that runs it leaves; nobody begins anew, as the caller has w->control. */
static void
end(struct rouse_worker *w)
{
	if (!atomic_load_explicit(&w->running, memory_order_acquire))
		return;
	rouse_worker_stop(w);
	/* pairs with the release in worker_end() */
	while (atomic_load_explicit(&w->running, memory_order_acquire))
		usleep(WAIT_US);
	/* it had ended by itself, perhaps */
	atomic_store_explicit(&w->stop_wanted, false, memory_order_relaxed);
}

static int
check(const struct rouse_worker *w)
{
	if (w->watched.nb == 0)
		return 0;
	WORKER_LOG(
		ERR,
		"%s cannot go offline: the application polls %u queues of it itself; remove them "
		"first",
		w->name, w->watched.nb);
	return -EBUSY;
}

/* From here on it gets no queue. */
static int
begin_to_leave(struct rouse_worker *w)
{
	int ret;

	pthread_mutex_lock(&w->control);
	ret = check(w);
	if (ret == 0) {
		ret = worker_bits_go(w);
		if (ret != 0)
			WORKER_LOG(ERR, "%s cannot go offline: %s", w->name, worker_bits_refusal());
	}
	pthread_mutex_unlock(&w->control);
	return ret;
}

static void
leave(struct rouse_worker *w)
{
	pthread_mutex_lock(&w->control);
	worker_bits_gone(w);
	end(w);
	w->is_offline = true;
	if (worker_host_begin(w, default_worker()) != 0)
		WORKER_LOG(ERR, "%s is offline, and its messages wait until it is online", w->name);
	pthread_mutex_unlock(&w->control);
}

static int
go_offline(struct rouse_worker *w)
{
	int ret = begin_to_leave(w);

	if (ret != 0)
		return ret;
	ret = move_all(w);
	if (ret != 0)
		WORKER_LOG(ERR, "%s cannot go offline: a queue of it cannot be moved: %s", w->name,
			   source_strerror(w, ret));
	else
		leave(w);
	return ret;
}

int
rouse_worker_offline(struct rouse_worker *w)
{
	int ret = workers_lock(false);

	if (ret != 0)
		return ret;
	ret = go_offline(w);
	workers_unlock();
	return ret;
}

/* ---- online ---- */

static int
come_online(struct rouse_worker *w)
{
	int ret = worker_bits_come(w);

	if (ret != 0)
		return ret;
	worker_host_end(w);
	w->is_offline = false;
	return 0;
}

int
rouse_worker_online(struct rouse_worker *w)
{
	int ret = workers_lock(false);

	if (ret != 0)
		return ret;
	pthread_mutex_lock(&w->control);
	ret = come_online(w);
	if (ret != 0)
		WORKER_LOG(ERR, "%s: %s", w->name,
			   ret == -EALREADY ? "it is online already" : rte_strerror(-ret));
	pthread_mutex_unlock(&w->control);
	workers_unlock();
	return ret;
}

bool
rouse_worker_is_online(const struct rouse_worker *w)
{
	return worker_bits_are_online(w);
}

/* ---- the default worker ---- */

/* Of all that are offline: another one looks after them. */
static int
change_host(const struct rouse_worker *from, struct rouse_worker *to)
{
	int ret = 0;

	for (struct rouse_worker *w = workers_first(); w != NULL; w = w->next) {
		int error;

		if (w->host != from || w == to)
			continue;
		pthread_mutex_lock(&w->control);
		worker_host_end(w);
		error = to == NULL ? 0 : worker_host_begin(w, to);
		pthread_mutex_unlock(&w->control);
		if (ret == 0)
			ret = error;
	}
	return ret;
}

int
rouse_worker_default_set(struct rouse_worker *w)
{
	int ret = workers_lock(false);
	struct rouse_worker *before;

	if (ret != 0)
		return ret;
	before = default_worker();
	ret = worker_bits_set_default(w);
	if (ret != 0)
		WORKER_LOG(ERR, "%s: %s", w->name, worker_bits_refusal());
	else if (before != w)
		ret = change_host(before, w);
	workers_unlock();
	return ret;
}

struct rouse_worker *
rouse_worker_default(void)
{
	struct rouse_worker *w;

	if (workers_lock(true) != 0)
		return NULL;
	w = default_worker();
	workers_unlock();
	return w;
}

/* The worker, which is about to be destroyed, looks after nobody, and nobody after it. */
void
worker_forget_hosts(struct rouse_worker *w)
{
	if (workers_lock(true) != 0)
		return;
	pthread_mutex_lock(&w->control);
	worker_host_end(w);
	pthread_mutex_unlock(&w->control);
	change_host(w, NULL);
	workers_unlock();
}

/* One that looked after others was destroyed. */
void
worker_find_hosts(void)
{
	struct rouse_worker *host;

	if (workers_lock(true) != 0)
		return;
	host = default_worker();
	for (struct rouse_worker *w = workers_first(); w != NULL && host != NULL; w = w->next) {
		pthread_mutex_lock(&w->control);
		if (w->is_offline && w->host == NULL)
			worker_host_begin(w, host);
		pthread_mutex_unlock(&w->control);
	}
	workers_unlock();
}

/* ---- rebalancing ---- */

static struct rouse_worker *
most_loaded(uint32_t *nb_most)
{
	struct rouse_worker *most = NULL;

	for (struct rouse_worker *w = workers_first(); w != NULL; w = w->next) {
		uint32_t nb = worker_bits_are_online(w) ? count_queues(w) : 0;

		if (nb == 0 || (most != NULL && nb <= *nb_most))
			continue;
		most = w;
		*nb_most = nb;
	}
	return most;
}

/* A queue from who has most to who has least. How many moved, 0: it is even, or -errno */
static int
rebalance_one(void)
{
	uint32_t nb_most = 0, nb_least = 0;
	struct rouse_worker *most = most_loaded(&nb_most), *least = least_loaded(most, &nb_least);
	struct move m;

	if (most == NULL || least == NULL || nb_most < nb_least + 2 || !find_next(most, &m))
		return 0;
	return worker_move_queue(most, least, m.port, m.queue, false);
}

int
rouse_worker_rebalance(void)
{
	int ret = workers_lock(false), moved;
	uint32_t total = 0;

	if (ret != 0)
		return ret;
	do {
		moved = rebalance_one();
		total += moved > 0 ? (uint32_t)moved : 0;
		/* those that share rings go together, and may be too many to make it even */
	} while (moved == 1);
	workers_unlock();
	return moved < 0 ? moved : (int)total;
}
