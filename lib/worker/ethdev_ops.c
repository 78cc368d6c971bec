/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What the worker does with an Rx queue, by how it learns of packets: a handshake producer sets
 * bits; else the driver has a per-queue interrupt, or a file descriptor that is readable, or
 * nothing, and then the worker's sleeps are timed.
 */

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "worker.h"

/* Sleeps that a readable fd may end in succession without a packet: it may be read only after a
 * signal was delivered. */
#define MAX_BARREN 64

/* The worker looks whether the pool of a plain queue is empty before it sleeps; a handshake queue
 * tells by itself (has_buffers). */
static void
remember_pool(struct rouse_worker *w, struct rte_mempool *pool)
{
	for (uint32_t i = 0; i < w->nb_pools; i++)
		if (w->pools[i] == pool)
			return;
	if (pool != NULL && w->nb_pools < WORKER_MAX_POOLS)
		w->pools[w->nb_pools++] = pool;
}

static uint32_t
ethdev_drain(struct rouse_worker *w, struct source *s)
{
	uint16_t n = rte_eth_rx_burst(s->ethdev.port_id, s->ethdev.queue, w->pkts, w->burst);

	if (n == 0)
		return 0;
	/* not every driver says where it takes its mbufs from */
	if (unlikely(s->ethdev.pool == NULL) && s->kind != ROUSE_SOURCE_HANDSHAKE) {
		s->ethdev.pool = w->pkts[0]->pool;
		remember_pool(w, s->ethdev.pool);
	}
	s->ethdev.handler(s->arg, s->ethdev.port_id, s->ethdev.queue, w->pkts, n);
	return n;
}

static void
set_dry(struct rouse_worker *w, struct source *s, bool is_dry)
{
	if (likely(is_dry == s->is_dry))
		return;
	s->is_dry = is_dry;
	w->nb_dry += is_dry ? 1 : UINT32_MAX;
}

/* Without a buffer the device is silent. */
void
source_look_for_buffers(struct rouse_worker *w, struct source *s)
{
	set_dry(w, s, !s->ethdev.port.ops->has_buffers(s->ethdev.port.ctx, s->ethdev.queue));
}

static uint32_t
handshake_drain(struct rouse_worker *w, struct source *s)
{
	uint32_t n = ethdev_drain(w, s);

	/* in state POLL it is visited anyhow; the round on the way out of it looks */
	if (w->state == ROUSE_ATTN_POLL)
		return n;
	/* after the handler: it may have freed the very buffers that were missing */
	if (n < w->burst)
		source_look_for_buffers(w, s);
	else
		set_dry(w, s, false);
	return n;
}

static uint64_t
handshake_owed(const struct source *s)
{
	return s->ethdev.port.ops->owed(s->ethdev.port.ctx, s->ethdev.queue);
}

static void
handshake_remove(struct rouse_worker *w __rte_unused, struct source *s)
{
	ethdev_unbind(s);
}

static void
release(struct source *s)
{
	ethdev_release(s->ethdev.port_id, s->ethdev.queue);
}

const struct source_ops ethdev_handshake_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
	.drain = handshake_drain,
	.owed = handshake_owed,
	.remove = handshake_remove,
	.destroy = release,
};

/* The sleep is timed, then; said once. */
static int
cannot_arm(struct source *s, int error)
{
	const struct rouse_worker *w = s->ethdev.worker;

	if (!s->ethdev.has_failed)
		WORKER_LOG(
			ERR,
			"%s: queue %u of port %u cannot be waited for: %s; it is looked at every "
			"%u us until it can",
			w->name, s->ethdev.queue, s->ethdev.port_id, rte_strerror(-error),
			w->conf.timed_us);
	s->ethdev.has_failed = true;
	return error;
}

/* Another queue of the list that has the source's interrupt, in the set or not; NULL: none. */
static struct source *
find_sharer(const struct source_list *list, const struct source *s, bool is_in_set)
{
	for (uint32_t i = 0; i < list->nb; i++) {
		struct source *other = list->at[i];

		if (other != s && other->ops == s->ops && other->ethdev.fd == s->ethdev.fd &&
		    other->is_in_set == is_in_set)
			return other;
	}
	return NULL;
}

static bool
is_shared(const struct rouse_worker *w, const struct source *s)
{
	return find_sharer(&w->plain, s, true) != NULL || find_sharer(&w->watched, s, true) != NULL;
}

/* Whoever stops a port pauses it first. Who forgot that finds its queues renewed when it has
 * started again and the worker next goes to sleep. 0; -EAGAIN, -ENETDOWN: the sleep is timed */
static int
check_started(struct source *s)
{
	if (!ethdev_is_started(s->ethdev.port_id)) {
		s->ethdev.was_stopped = true;
		return cannot_arm(s, -ENETDOWN);
	}
	/* or its fd was closed, and the number is another file's now */
	if (!s->ethdev.was_stopped && (s->is_in_set || is_shared(s->ethdev.worker, s)))
		return 0;
	s->ethdev.was_stopped = false;
	worker_want_renewal(s->ethdev.worker, s->ethdev.port_id);
	return -EAGAIN;
}

static int
interrupt_arm(struct source *s)
{
	int ret = check_started(s);

	if (ret != 0)
		return ret;
	ret = ethdev_vector_arm(s);
	return ret == 0 ? 0 : cannot_arm(s, ret);
}

static void
interrupt_remove(struct rouse_worker *w __rte_unused, struct source *s)
{
	ethdev_vector_leave(s);
}

/*
 * Has the driver asked for mbufs since the last call, and got none? One that refills its ring at
 * once or not at all (virtio) is silent for want of buffers though there are some, and knows that
 * by its count. Asked are only drivers that do not say what their queues are made of: those of NICs
 * do, and theirs would cost reads of registers.
 */
bool
source_lacks_mbufs(struct source *s)
{
	struct rte_eth_stats stats;
	uint64_t before = s->ethdev.nb_without;

	if (!source_is_ethdev(s) || s->ops == &ethdev_timed_ops ||
	    s->kind == ROUSE_SOURCE_HANDSHAKE || s->ethdev.is_pool_told ||
	    !ethdev_is_started(s->ethdev.port_id) ||
	    rte_eth_stats_get(s->ethdev.port_id, &stats) != 0)
		return false;
	s->ethdev.nb_without = stats.rx_nombuf;
	return stats.rx_nombuf != before;
}

static int
plain_attach(struct rouse_worker *w, struct source *s)
{
	remember_pool(w, s->ethdev.pool);
	return 0;
}

static void
remember_pools(struct rouse_worker *w, const struct source_list *list, const struct source *but)
{
	for (uint32_t i = 0; i < list->nb; i++)
		if (list->at[i] != but && source_is_ethdev(list->at[i]) &&
		    list->at[i]->kind != ROUSE_SOURCE_HANDSHAKE)
			remember_pool(w, list->at[i]->ethdev.pool);
}

static void
plain_detach(struct rouse_worker *w, struct source *s)
{
	w->nb_pools = 0;
	remember_pools(w, &w->plain, s);
	remember_pools(w, &w->watched, s);
}

/* An interrupt is an edge. A readable fd is watched as such: rx_burst may find nothing yet though
 * there is something (net_tap waits for a signal), and would not be told again. */
static uint32_t
events_of(const struct source *s)
{
	return s->ops == &ethdev_interrupt_ops ? EPOLLIN | EPOLLET : EPOLLIN;
}

static int
interrupt_attach(struct rouse_worker *w, struct source *s)
{
	int ret = fdset_add(w, s, s->ethdev.fd, events_of(s));

	/* two queues share an interrupt: every plain source is visited after a wake */
	if (ret != 0 && (ret != -EEXIST || !is_shared(w, s)))
		return ret;
	return plain_attach(w, s);
}

static void
interrupt_detach(struct rouse_worker *w, struct source *s)
{
	struct source *heir;

	plain_detach(w, s);
	if (!s->is_in_set)
		return;
	fdset_remove(w, s);
	heir = find_sharer(&w->plain, s, false);
	if (heir == NULL)
		heir = find_sharer(&w->watched, s, false);
	if (heir != NULL)
		fdset_add(w, heir, heir->ethdev.fd, events_of(heir));
}

/* Is it waited for by the fd that it has now? */
bool
source_is_waited_for(struct rouse_worker *w, struct source *s)
{
	if (s->ops == &ethdev_timed_ops ||
	    ethdev_find_fd(s->ethdev.port_id, s->ethdev.queue) != s->ethdev.fd)
		return false;
	return s->is_in_set ? fdset_change(w, s, events_of(s)) == 0 : is_shared(w, s);
}

const struct source_ops ethdev_interrupt_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
	.drain = ethdev_drain,
	.arm = interrupt_arm,
	.disarm = ethdev_vector_disarm,
	.attach = interrupt_attach,
	.detach = interrupt_detach,
	.remove = interrupt_remove,
	.destroy = release,
};

/*
 * An fd that says that there are packets, and no interrupt to arm. It may stay readable while
 * nothing can be read (net_tap reads after a signal, which another thread may be late to take, or
 * which does not come, as there was no mbuf): then it is not waited for, as that would be a spin.
 */
static int
readable_arm(struct source *s)
{
	struct pollfd now = { .fd = s->ethdev.fd, .events = POLLIN };
	uint32_t events = 0;
	int ret = check_started(s), error;

	s->ethdev.nb_barren = poll(&now, 1, 0) > 0 ? s->ethdev.nb_barren + 1 : 0;
	if (ret == 0 && s->ethdev.nb_barren <= MAX_BARREN) {
		events = EPOLLIN;
	} else if (ret == 0) {
		ethdev_send_missed_signal(s->ethdev.fd);
		ret = -EAGAIN;
	}
	error = fdset_change(s->ethdev.worker, s, events);
	return error != 0 && ret == 0 ? cannot_arm(s, error) : ret;
}

static int
readable_disarm(struct source *s __rte_unused)
{
	return 0;
}

/* Something was read: what was left unread before does not count. */
static uint32_t
readable_drain(struct rouse_worker *w, struct source *s)
{
	uint32_t n = ethdev_drain(w, s);

	if (n != 0)
		s->ethdev.nb_barren = 0;
	return n;
}

const struct source_ops ethdev_readable_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
	.drain = readable_drain,
	.arm = readable_arm,
	.disarm = readable_disarm,
	.attach = interrupt_attach,
	.detach = interrupt_detach,
	.destroy = release,
};

const struct source_ops ethdev_timed_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
	.drain = ethdev_drain,
	.attach = plain_attach,
	.detach = plain_detach,
	.destroy = release,
};
