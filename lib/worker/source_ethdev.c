/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Rx queues of ethdev ports. A port that is in the registry (rouse_attn.h) is a handshake producer;
 * for any other, what its driver can do decides: a per-queue interrupt with an eventfd, or
 * nothing, and then the worker's sleeps are timed.
 */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include <rte_ethdev.h>

#include "worker.h"

static uint32_t
ethdev_drain(struct rouse_worker *w, struct source *s)
{
	uint16_t n = rte_eth_rx_burst(s->ethdev.port_id, s->ethdev.queue, w->pkts, w->burst);

	if (n == 0)
		return 0;
	rouse_counter_add(&s->packets, n);
	rouse_counter_add(&w->stats.rx_packets, n);
	s->ethdev.handler(s->arg, s->ethdev.port_id, s->ethdev.queue, w->pkts, n);
	return n;
}

static uint32_t
handshake_drain(struct rouse_worker *w, struct source *s)
{
	uint32_t n = ethdev_drain(w, s);
	/* after the handler: it may have freed the very buffers that were missing */
	bool is_dry = n < w->burst &&
		      !s->ethdev.port.ops->has_buffers(s->ethdev.port.ctx, s->ethdev.queue);

	if (unlikely(is_dry != s->is_dry)) {
		s->is_dry = is_dry;
		w->nb_dry += is_dry ? 1 : UINT32_MAX;
	}
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
	s->ethdev.port.ops->unbind(s->ethdev.port.ctx, s->ethdev.queue);
}

static const struct source_ops handshake_ops = {
	.drain = handshake_drain,
	.owed = handshake_owed,
	.remove = handshake_remove,
};

static int
interrupt_arm(struct source *s)
{
	return rte_eth_dev_rx_intr_enable(s->ethdev.port_id, s->ethdev.queue);
}

static int
interrupt_disarm(struct source *s)
{
	return rte_eth_dev_rx_intr_disable(s->ethdev.port_id, s->ethdev.queue);
}

static void
interrupt_remove(struct rouse_worker *w, struct source *s)
{
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->ethdev.fd, NULL);
}

static const struct source_ops interrupt_ops = {
	.drain = ethdev_drain,
	.arm = interrupt_arm,
	.disarm = interrupt_disarm,
	.remove = interrupt_remove,
};

static void
timed_remove(struct rouse_worker *w __rte_unused, struct source *s __rte_unused)
{
}

static const struct source_ops timed_ops = {
	.drain = ethdev_drain,
	.remove = timed_remove,
};

/* ---- adding ---- */

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

static int
add_handshake(struct rouse_worker *w, struct source *model)
{
	const struct rouse_attn_port *port = &model->ethdev.port;
	struct rouse_attn_owner owner = { .attn = &w->attn };
	struct source *s;
	uint64_t rings;
	int ret;

	model->ops = &handshake_ops;
	model->kind = ROUSE_SOURCE_HANDSHAKE;
	ret = source_add(w, model, model->ethdev.port_id, &s);
	if (ret != 0)
		return ret;
	owner.device = s->target.device;
	ret = port->ops->bind(port->ctx, s->ethdev.queue, &owner, &rings);
	if (ret != 0)
		goto drop;
	ret = source_set_rings(w, s, rings);
	if (ret != 0)
		goto unbind;
	/* what is in the rings already was signalled to nobody: look once */
	rouse_attn_mark_own(&s->target);
	return 0;

unbind:
	port->ops->unbind(port->ctx, s->ethdev.queue);
drop:
	source_drop(w, s);
	return ret;
}

/* The fd of the queue's interrupt; -1: it has none that can be armed. */
static int
interrupt_fd(uint16_t port, uint16_t queue)
{
	if (rte_eth_dev_rx_intr_enable(port, queue) != 0)
		return -1;
	rte_eth_dev_rx_intr_disable(port, queue);
	return rte_eth_dev_rx_intr_ctl_q_get_fd(port, queue);
}

static int
add_plain(struct rouse_worker *w, struct source *model)
{
	int fd = interrupt_fd(model->ethdev.port_id, model->ethdev.queue);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct source *s;
	int ret;

	model->ethdev.fd = fd;
	model->ops = fd < 0 ? &timed_ops : &interrupt_ops;
	model->kind = fd < 0 ? ROUSE_SOURCE_TIMED : ROUSE_SOURCE_INTERRUPT;
	ret = source_add(w, model, GROUP_SOFTWARE, &s);
	if (ret != 0 || fd < 0)
		return ret;
	event.data.ptr = s;
	/* EEXIST: two queues share an interrupt; every plain source is visited after a wake */
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) < 0 && errno != EEXIST) {
		ret = -errno;
		source_drop(w, s);
	}
	return ret;
}

static int
check_queue(const struct rouse_worker *w, uint16_t port, uint16_t queue)
{
	struct rte_eth_dev_info info;

	if (!rte_eth_dev_is_valid_port(port) || rte_eth_dev_info_get(port, &info) != 0) {
		WORKER_LOG(ERR, "%s: there is no port %u", w->name, port);
		return -ENODEV;
	}
	if (queue >= info.nb_rx_queues) {
		WORKER_LOG(ERR, "%s: port %u has no Rx queue %u, it has %u", w->name, port, queue,
			   info.nb_rx_queues);
		return -EINVAL;
	}
	return 0;
}

int
rouse_worker_ethdev_add(struct rouse_worker *w, uint16_t port, uint16_t queue,
			rouse_worker_rx_t handler, void *arg)
{
	struct source model;
	struct rte_eth_rxq_info info;
	int ret = check_queue(w, port, queue);

	if (ret != 0)
		return ret;
	memset(&model, 0, sizeof(model));
	model.arg = arg;
	model.ethdev.handler = handler;
	model.ethdev.port_id = port;
	model.ethdev.queue = queue;
	if (rte_eth_rx_queue_info_get(port, queue, &info) == 0)
		model.ethdev.pool = info.mp;
	if (rouse_attn_registry_find(port, &model.ethdev.port))
		ret = add_handshake(w, &model);
	else
		ret = add_plain(w, &model);
	if (ret != 0) {
		WORKER_LOG(ERR, "%s: queue %u of port %u cannot be added: %s", w->name, queue, port,
			   rte_strerror(-ret));
		return ret;
	}
	if (model.kind != ROUSE_SOURCE_HANDSHAKE)
		remember_pool(w, model.ethdev.pool);
	return 0;
}

static bool
is_ethdev(const struct source *s)
{
	return s->ops == &handshake_ops || s->ops == &interrupt_ops || s->ops == &timed_ops;
}

bool
rouse_worker_queue_stats_get(const struct rouse_worker *w, unsigned int index,
			     struct rouse_worker_queue_stats *stats)
{
	for (uint32_t i = 0; i < w->sources.nb; i++) {
		const struct source *s = w->sources.at[i];

		if (!is_ethdev(s) || index-- != 0)
			continue;
		*stats = (struct rouse_worker_queue_stats){
			.port = s->ethdev.port_id,
			.queue = s->ethdev.queue,
			.kind = s->kind,
			.packets = rouse_counter_get(&s->packets),
		};
		return true;
	}
	return false;
}
