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
	const char *why;	 /* it does not */
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
	if (m->to == NULL) { /* the last other one was destroyed: its turn was before this one */
		m->why = "no other worker is online";
		return -ENOSPC;
	}
	return worker_move_queue(w, m->to, m->port, m->queue, is_planned, &m->why);
}

static void
refuse(const struct rouse_worker *w, const struct move *m)
{
	WORKER_LOG(ERR, "%s cannot go offline: queue %u of port %u cannot be moved to %s: %s",
		   w->name, m->queue, m->port, m->to == NULL ? "another" : m->to->name, m->why);
}

/* What had moved comes back. Who adds a device meanwhile may have taken the last bit that it had.
 */
static void
bring_back(struct rouse_worker *w, struct move *moved, uint32_t nb)
{
	while (nb-- > 0) {
		struct move *m = &moved[nb];

		if (worker_move_queue(m->to, w, m->port, m->queue, false, &m->why) < 0)
			WORKER_LOG(ERR, "%s: queue %u of port %u stays with %s: %s", w->name,
				   m->queue, m->port, m->to->name, m->why);
	}
}

/* It is online, with what it had. */
static void
come_back(struct rouse_worker *w, struct move *moved, uint32_t nb)
{
	int ret;

	pthread_mutex_lock(&w->control);
	ret = worker_bits_stay(w);
	pthread_mutex_unlock(&w->control);
	if (ret == 0)
		bring_back(w, moved, nb);
	else
		WORKER_LOG(ERR,
			   "%s gets no queues: %s; stop whoever signals it, then call "
			   "rouse_worker_online()",
			   w->name, worker_bits_refusal());
}

/* None comes meanwhile, as the worker is leaving. */
static int
move_all(struct rouse_worker *w, struct move *moved)
{
	struct move m = { .why = NULL };
	uint32_t nb = 0;
	int ret = 0;

	while (ret >= 0 && find_next(w, &m)) {
		ret = move_one(w, &m);
		if (ret > 0)
			moved[nb++] = m;
		else if (ret == -ENOENT)
			ret = 0; /* it was removed */
		else
			refuse(w, &m);
	}
	if (ret >= 0) {
		ret = worker_bits_gone(w);
		if (ret != 0)
			WORKER_LOG(ERR, "%s cannot go offline: %s", w->name, worker_bits_refusal());
	}
	if (ret < 0)
		come_back(w, moved, nb);
	return ret;
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

/* From here on it gets no queue. `moved` has room for all that it has. */
static int
begin_to_leave(struct rouse_worker *w, struct move **moved)
{
	int ret;

	pthread_mutex_lock(&w->control);
	ret = check(w);
	*moved = ret != 0 ? NULL
			  : rte_malloc("worker_moved", (nb_queues(w) + 1) * sizeof(**moved), 0);
	if (ret == 0 && *moved == NULL) {
		WORKER_LOG(ERR, "%s cannot go offline: %s", w->name, rte_strerror(ENOMEM));
		ret = -ENOMEM;
	} else if (ret == 0) {
		ret = worker_bits_go(w);
		if (ret != 0)
			WORKER_LOG(ERR, "%s: %s", w->name,
				   ret == -ENOMEM ? rte_strerror(ENOMEM) : worker_bits_refusal());
	}
	pthread_mutex_unlock(&w->control);
	return ret;
}

/* One that is offline, whose control the caller has. Without a host its messages wait. */
static void
find_host(struct rouse_worker *w)
{
	int ret = worker_host_begin(w, default_worker());

	if (ret != 0)
		WORKER_LOG(ERR,
			   "%s: what it has but queues waits until another default worker is "
			   "chosen, or it is online: %s",
			   w->name, ret == -ENODEV ? "no worker is online" : rte_strerror(-ret));
}

/* Those that are offline, and whom nobody looks after. */
static void
find_hosts(void)
{
	for (struct rouse_worker *w = workers_first(); w != NULL; w = w->next) {
		pthread_mutex_lock(&w->control);
		if (w->is_offline && w->host == NULL)
			find_host(w);
		pthread_mutex_unlock(&w->control);
	}
}

/* All that could be refused was: it has no queues any more. */
static void
leave(struct rouse_worker *w)
{
	pthread_mutex_lock(&w->control);
	end(w);
	w->is_offline = true;
	find_host(w);
	pthread_mutex_unlock(&w->control);
}

static int
go_offline(struct rouse_worker *w)
{
	struct move *moved;
	int ret = begin_to_leave(w, &moved);

	if (ret == 0) {
		ret = move_all(w, moved);
		if (ret == 0)
			leave(w);
	}
	rte_free(moved);
	return ret;
}

int
rouse_worker_offline(struct rouse_worker *w)
{
	int ret = workers_try_lock(w->name);

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
	int ret = workers_try_lock(w->name);

	if (ret != 0)
		return ret;
	pthread_mutex_lock(&w->control);
	ret = come_online(w);
	if (ret != 0)
		WORKER_LOG(ERR, "%s cannot come online: %s", w->name, worker_bits_refusal());
	pthread_mutex_unlock(&w->control);
	if (ret == 0)
		find_hosts(); /* it may be the only one that is online */
	workers_unlock();
	return ret;
}

bool
rouse_worker_is_online(const struct rouse_worker *w)
{
	return worker_bits_are_online(w);
}

/* ---- the default worker ---- */

/* Another one looks after a worker; 0 or -errno, and the one that did goes on to. */
static int
hand_over(struct rouse_worker *w, struct rouse_worker *to)
{
	struct rouse_worker *from = w->host;
	int ret;

	pthread_mutex_lock(&w->control);
	worker_host_end(w);
	ret = worker_host_begin(w, to);
	if (ret != 0 && worker_host_begin(w, from) != 0)
		WORKER_LOG(ERR, "%s: what it has but queues waits until it is online: %s", w->name,
			   rte_strerror(-ret));
	pthread_mutex_unlock(&w->control);
	return ret;
}

/* Of all that are offline: another one looks after them. 0 or -errno, and the one that did goes on
 * to. */
static int
change_host(struct rouse_worker *from, struct rouse_worker *to)
{
	int ret = 0;

	for (struct rouse_worker *w = workers_first(); w != NULL && ret == 0; w = w->next)
		if (w->is_offline && w->host == from)
			ret = hand_over(w, to);
	for (struct rouse_worker *w = workers_first(); w != NULL && ret != 0; w = w->next)
		if (w->is_offline && w->host == to)
			hand_over(w, from);
	return ret;
}

static int
set_default(struct rouse_worker *w)
{
	struct rouse_worker *before = default_worker();
	int ret = worker_bits_set_default(w);

	if (ret != 0) {
		WORKER_LOG(ERR, "%s: %s", w->name, worker_bits_refusal());
		return ret;
	}
	if (before == w)
		return 0;
	ret = change_host(before, w);
	if (ret == 0)
		return 0;
	WORKER_LOG(ERR, "%s cannot look after those that are offline: %s; %s goes on to", w->name,
		   rte_strerror(-ret), before->name);
	worker_bits_set_default(before); /* which is online, as nobody goes meanwhile */
	return ret;
}

int
rouse_worker_default_set(struct rouse_worker *w)
{
	int ret = workers_try_lock(w->name);

	if (ret != 0)
		return ret;
	ret = set_default(w);
	if (ret == 0)
		find_hosts();
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

/* The worker, which is about to be destroyed, looks after nobody, and nobody after it. The caller
 * has the lock of all, and keeps it until nobody finds the worker any more. */
void
worker_forget_hosts(struct rouse_worker *w)
{
	pthread_mutex_lock(&w->control);
	worker_host_end(w);
	pthread_mutex_unlock(&w->control);
	for (struct rouse_worker *other = workers_first(); other != NULL; other = other->next) {
		if (other->host != w)
			continue;
		pthread_mutex_lock(&other->control);
		worker_host_end(other);
		pthread_mutex_unlock(&other->control);
	}
}

/* One that looked after others was destroyed; if none is online, the next one that is will. */
void
worker_find_hosts(void)
{
	if (workers_lock(true) != 0)
		return;
	if (default_worker() != NULL)
		find_hosts();
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
	struct rouse_worker *most, *least;
	struct move m;
	int ret;

	do {
		uint32_t nb_most = 0, nb_least = 0;

		most = most_loaded(&nb_most);
		least = least_loaded(most, &nb_least);
		if (most == NULL || least == NULL || nb_most < nb_least + 2 || !find_next(most, &m))
			return 0;
		ret = worker_move_queue(most, least, m.port, m.queue, false, &m.why);
	} while (ret == -ENOENT); /* it was removed, so that others have most, perhaps */
	if (ret < 0)
		WORKER_LOG(ERR, "%s: queue %u of port %u cannot be moved to %s: %s", most->name,
			   m.queue, m.port, least->name, m.why);
	return ret;
}

int
rouse_worker_rebalance(void)
{
	int ret = workers_try_lock("rebalancing"), moved;
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
