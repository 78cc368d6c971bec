/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A redirection table that changes while packets come. Flows go from a queue to another; what was
 * sent before to the old one is to be handled before what is sent to the new one:
 *
 *     1. the new queue is held back: nobody visits it, and its producer signals nobody
 *     2. the table is written; when the driver returns, the device goes by it
 *     3. who has an old queue takes what is in it, in a round of its own: all that came before 2
 *     4. the new queue is taken up: what came meanwhile is looked for once
 *
 * One new queue after the other: so none is held back of which the old packets are awaited.
 */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "worker.h"

#define MAX_ENTRIES RTE_ETH_RSS_RETA_SIZE_512
#define NB_GROUPS   (MAX_ENTRIES / RTE_ETH_RETA_GROUP_SIZE)

/* The queue of each entry. */
struct table {
	uint16_t port, size;
	uint16_t is[MAX_ENTRIES], shall_be[MAX_ENTRIES];
};

/* ---- who has a queue ---- */

/* The worker that has it, with its control; NULL: none has. */
static struct rouse_worker *
lock_owner(uint16_t port, uint16_t queue, struct source **s)
{
	for (struct rouse_worker *w = workers_first(); w != NULL; w = w->next) {
		pthread_mutex_lock(&w->control);
		*s = source_find_queue(w, port, queue);
		if (*s != NULL)
			return w;
		pthread_mutex_unlock(&w->control);
	}
	return NULL;
}

/* ---- old queues ---- */

struct emptying {
	struct source *source;
	uint32_t left; /* packets that may have been in the queue */
};

/* Those that were there when it began, or until none is. */
static void
empty(struct rouse_worker *w, void *arg)
{
	bool is_within_round = w->is_within_round;
	struct emptying *e = arg;
	uint32_t n;

	/* it has just ended: whoever runs it next finds them, and handlers are no control thread's
	 */
	if (!worker_is_mine(w))
		return;
	w->is_within_round = true;
	do {
		n = source_visit(w, e->source);
		e->left -= RTE_MIN(n, e->left);
	} while (n != 0 && e->left != 0);
	w->is_within_round = is_within_round;
}

static void
empty_queue(uint16_t port, uint16_t queue)
{
	struct emptying e = { .left = UINT16_MAX };
	struct rouse_worker *w = lock_owner(port, queue, &e.source);
	struct rte_eth_rxq_info info;

	if (w == NULL)
		return;
	if (rte_eth_rx_queue_info_get(port, queue, &info) == 0 && info.nb_desc != 0)
		e.left = info.nb_desc;
	if (!e.source->is_paused)
		worker_change(w, empty, &e);
	pthread_mutex_unlock(&w->control);
}

static bool
is_moving(const struct table *t, uint16_t i, uint16_t to)
{
	return t->shall_be[i] == to && t->is[i] != to;
}

/* Each one of those whose flows go to the queue. */
static void
empty_old_queues(const struct table *t, uint16_t to)
{
	for (uint16_t i = 0; i < t->size; i++) {
		bool is_first = is_moving(t, i, to);

		for (uint16_t j = 0; j < i && is_first; j++)
			is_first = !is_moving(t, j, to) || t->is[j] != t->is[i];
		if (is_first)
			empty_queue(t->port, t->is[i]);
	}
}

/* ---- the new queue ---- */

/* 0, or -errno; *is_held: it is to be taken up. */
static int
hold(uint16_t port, uint16_t queue, bool *is_held)
{
	struct source *s;
	struct rouse_worker *w = lock_owner(port, queue, &s);
	int ret = 0;

	*is_held = false;
	if (w == NULL)
		return 0;
	if (!s->is_paused) {
		ret = source_queue_pause(w, s);
		*is_held = ret == 0;
	}
	pthread_mutex_unlock(&w->control);
	return ret;
}

/* It may have been removed. What cannot be taken up stays paused, which is said. */
static int
take_up(uint16_t port, uint16_t queue)
{
	struct source *s;
	struct rouse_worker *w = lock_owner(port, queue, &s);
	int ret;

	if (w == NULL)
		return 0;
	ret = source_queue_resume(w, s);
	pthread_mutex_unlock(&w->control);
	return ret;
}

/* ---- the table ---- */

static int
write_entries(const struct table *t, uint16_t to)
{
	struct rte_eth_rss_reta_entry64 reta[NB_GROUPS];

	memset(reta, 0, sizeof(reta));
	for (uint16_t i = 0; i < t->size; i++) {
		if (!is_moving(t, i, to))
			continue;
		reta[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							  << i % RTE_ETH_RETA_GROUP_SIZE;
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = to;
	}
	return rte_eth_dev_rss_reta_update(t->port, reta, t->size);
}

static int
move_flows(struct table *t, uint16_t to)
{
	bool is_held;
	int ret = hold(t->port, to, &is_held), error = 0;

	if (ret != 0)
		return ret;
	ret = write_entries(t, to);
	if (ret == 0)
		empty_old_queues(t, to);
	if (is_held)
		error = take_up(t->port, to);
	if (ret != 0)
		return ret;
	for (uint16_t i = 0; i < t->size; i++)
		if (t->shall_be[i] == to)
			t->is[i] = to;
	return error;
}

static int
change(struct table *t)
{
	int ret = 0;

	for (uint16_t i = 0; i < t->size && ret == 0; i++)
		if (t->is[i] != t->shall_be[i])
			ret = move_flows(t, t->shall_be[i]);
	return ret;
}

/* ---- what is asked for ---- */

static int
read_table(struct table *t)
{
	struct rte_eth_rss_reta_entry64 reta[NB_GROUPS];
	int ret;

	memset(reta, 0, sizeof(reta));
	for (unsigned int i = 0; i < NB_GROUPS; i++)
		reta[i].mask = UINT64_MAX;
	ret = rte_eth_dev_rss_reta_query(t->port, reta, t->size);
	for (uint16_t i = 0; i < t->size && ret == 0; i++)
		t->is[i] = reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
	if (ret != 0)
		WORKER_LOG(ERR,
			   "port %u: its redirection table cannot be read: %s; change it with "
			   "rte_eth_dev_rss_reta_update(), by which flows have no order",
			   t->port, rte_strerror(-ret));
	return ret;
}

/* 0; -EINVAL, -EPERM, after one line */
static int
check_entry(const struct table *t, uint16_t i, uint16_t nb_queues)
{
	const uint16_t queues[] = { t->is[i], t->shall_be[i] };
	int ret = 0;

	if (t->shall_be[i] >= nb_queues) {
		WORKER_LOG(ERR,
			   "port %u: entry %u of the redirection table: queue %u exceeds the "
			   "maximum rxq index: %u",
			   t->port, i, t->shall_be[i], nb_queues);
		return -EINVAL;
	}
	for (unsigned int n = 0; n < RTE_DIM(queues) && ret == 0 && queues[0] != queues[1]; n++) {
		struct source *s;
		struct rouse_worker *w = lock_owner(t->port, queues[n], &s);

		if (w == NULL)
			continue;
		if (s->is_watched) {
			WORKER_LOG(ERR,
				   "port %u: flows of queue %u cannot move in their order: the "
				   "application polls it; use rte_eth_dev_rss_reta_update()",
				   t->port, queues[n]);
			ret = -EPERM;
		}
		pthread_mutex_unlock(&w->control);
	}
	return ret;
}

static int
find_table(struct table *t, const struct rte_eth_rss_reta_entry64 *reta)
{
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(t->port, &info);

	if (ret != 0) {
		WORKER_LOG(ERR, "port %u: there is none that can be asked: %s", t->port,
			   rte_strerror(-ret));
		return ret;
	}
	if (reta == NULL || t->size == 0 || t->size != info.reta_size || t->size > MAX_ENTRIES) {
		WORKER_LOG(ERR, "port %u: a redirection table of %u entries: give one of %u",
			   t->port, reta == NULL ? 0 : t->size, info.reta_size);
		return -EINVAL;
	}
	ret = read_table(t);
	for (uint16_t i = 0; i < t->size && ret == 0; i++) {
		const struct rte_eth_rss_reta_entry64 *group = &reta[i / RTE_ETH_RETA_GROUP_SIZE];
		uint16_t shift = i % RTE_ETH_RETA_GROUP_SIZE;

		t->shall_be[i] = (group->mask >> shift & 1) != 0 ? group->reta[shift] : t->is[i];
		ret = check_entry(t, i, info.nb_rx_queues);
	}
	return ret;
}

static int
update(struct table *t, const struct rte_eth_rss_reta_entry64 *reta)
{
	struct table before;
	int ret = find_table(t, reta);

	if (ret != 0)
		return ret;
	before = *t;
	ret = change(t);
	if (ret == 0)
		return 0;
	WORKER_LOG(ERR, "port %u: its redirection table cannot be changed: %s", t->port,
		   rte_strerror(-ret));
	memcpy(t->shall_be, before.is, sizeof(t->shall_be));
	if (change(t) != 0)
		WORKER_LOG(ERR, "port %u: some entries of its redirection table are changed",
			   t->port);
	return ret;
}

int
rouse_worker_reta_update(uint16_t port, const struct rte_eth_rss_reta_entry64 *reta, uint16_t size)
{
	struct table t = { .port = port, .size = size };
	char what[16];
	int ret;

	snprintf(what, sizeof(what), "port %u", port);
	ret = workers_try_lock(what);
	if (ret != 0)
		return ret;
	ret = update(&t, reta);
	workers_unlock();
	return ret;
}
