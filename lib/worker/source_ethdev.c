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
#include <rte_malloc.h>

#include "worker.h"

/* Ports have one control thread at a time, whichever worker it is about. */
static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct source_ops handshake_ops, interrupt_ops, readable_ops, timed_ops;

static bool
is_ethdev(const struct source *s)
{
	return s->ops == &handshake_ops || s->ops == &interrupt_ops || s->ops == &readable_ops ||
	       s->ops == &timed_ops;
}

static uint32_t
ethdev_drain(struct rouse_worker *w, struct source *s)
{
	uint16_t n = rte_eth_rx_burst(s->ethdev.port_id, s->ethdev.queue, w->pkts, w->burst);

	if (n == 0)
		return 0;
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
	pthread_mutex_lock(&ports_lock);
	s->ethdev.port.ops->unbind(s->ethdev.port.ctx, s->ethdev.queue);
	pthread_mutex_unlock(&ports_lock);
}

static const struct source_ops handshake_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
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
plain_attach(struct rouse_worker *w, struct source *s)
{
	remember_pool(w, s->ethdev.pool);
	return 0;
}

static void
plain_detach(struct rouse_worker *w, struct source *s)
{
	w->nb_pools = 0;
	for (uint32_t i = 0; i < w->plain.nb; i++)
		if (w->plain.at[i] != s && is_ethdev(w->plain.at[i]))
			remember_pool(w, w->plain.at[i]->ethdev.pool);
}

static int
interrupt_attach(struct rouse_worker *w, struct source *s)
{
	/* An interrupt is an edge. A readable fd is watched as such: rx_burst may find nothing yet
	 * though there is something (net_tap waits for a signal), and would not be told again. */
	uint32_t edge = s->ops == &interrupt_ops ? EPOLLET : 0;
	struct epoll_event event = { .events = EPOLLIN | edge, .data.ptr = s };

	/* EEXIST: two queues share an interrupt; every plain source is visited after a wake */
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, s->ethdev.fd, &event) < 0 && errno != EEXIST)
		return -errno;
	return plain_attach(w, s);
}

/* A queue that shares the interrupt is watched from here on. */
static void
interrupt_detach(struct rouse_worker *w, struct source *s)
{
	plain_detach(w, s);
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->ethdev.fd, NULL);
	for (uint32_t i = 0; i < w->plain.nb; i++) {
		struct source *other = w->plain.at[i];

		if (other != s && other->ops == s->ops && other->ethdev.fd == s->ethdev.fd)
			interrupt_attach(w, other);
	}
}

static const struct source_ops interrupt_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
	.drain = ethdev_drain,
	.arm = interrupt_arm,
	.disarm = interrupt_disarm,
	.attach = interrupt_attach,
	.detach = interrupt_detach,
};

/* An fd that says that there are packets, and no interrupt to arm. */
static const struct source_ops readable_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
	.drain = ethdev_drain,
	.attach = interrupt_attach,
	.detach = interrupt_detach,
};

static const struct source_ops timed_ops = {
	.type = ROUSE_SOURCE_TYPE_RXQ,
	.drain = ethdev_drain,
	.attach = plain_attach,
	.detach = plain_detach,
};

/* ---- adding ---- */

static int
bind_queue(struct rouse_worker *w, struct source *s)
{
	const struct rouse_attn_port *port = &s->ethdev.port;
	struct rouse_attn_owner owner = { .attn = &w->attn };
	uint64_t rings = 0;
	int ret;

	ret = source_take_device(w, s, s->ethdev.port_id);
	if (ret != 0)
		return ret;
	owner.device = s->target.device;
	pthread_mutex_lock(&ports_lock);
	ret = port->ops->bind(port->ctx, s->ethdev.queue, &owner, &rings);
	pthread_mutex_unlock(&ports_lock);
	if (ret != 0)
		return ret;
	ret = source_set_rings(w, s, rings);
	if (ret != 0)
		handshake_remove(w, s);
	return ret;
}

static int
add_handshake(struct rouse_worker *w, struct source *model)
{
	struct source *s;
	int ret;

	model->ops = &handshake_ops;
	model->kind = ROUSE_SOURCE_HANDSHAKE;
	s = source_create(w, model);
	if (s == NULL)
		return -ENOMEM;
	ret = bind_queue(w, s);
	if (ret == 0) {
		ret = source_insert(w, s);
		if (ret == 0)
			return 0;
		handshake_remove(w, s);
	}
	source_destroy(w, s);
	return ret;
}

/* How the worker can learn of the queue's packets, and by which fd; -1: not at all. */
static const struct source_ops *
probe(uint16_t port, uint16_t queue, int *fd)
{
	int ret = rte_eth_dev_rx_intr_enable(port, queue);

	if (ret == 0)
		rte_eth_dev_rx_intr_disable(port, queue);
	*fd = ret == 0 || ret == -ENOTSUP ? rte_eth_dev_rx_intr_ctl_q_get_fd(port, queue) : -1;
	if (*fd < 0)
		return &timed_ops;
	return ret == 0 ? &interrupt_ops : &readable_ops;
}

static int
add_plain(struct rouse_worker *w, struct source *model)
{
	struct source *s;
	int ret;

	model->ops = probe(model->ethdev.port_id, model->ethdev.queue, &model->ethdev.fd);
	model->kind = model->ops == &timed_ops ? ROUSE_SOURCE_TIMED : ROUSE_SOURCE_INTERRUPT;
	s = source_create(w, model);
	if (s == NULL)
		return -ENOMEM;
	ret = source_insert(w, s);
	if (ret != 0)
		source_destroy(w, s);
	return ret;
}

/* ---- a port that stops for a while ---- */

bool
source_is_of_port(const struct source *s, uint16_t port)
{
	return is_ethdev(s) && s->ethdev.port_id == port;
}

static void
let_go(struct rouse_worker *w, struct source *s)
{
	if (s->ops->remove != NULL)
		s->ops->remove(w, s);
	rte_free(s->links);
	s->links = NULL;
	s->rings = 0;
}

/* When it returns 0 the worker neither polls the queue nor waits for it. */
int
source_queue_pause(struct rouse_worker *w, struct source *s)
{
	int ret;

	if (s->is_paused)
		return 0;
	if (s->is_watched && s->ethdev.may_poll == NULL &&
	    atomic_load_explicit(&w->running, memory_order_acquire)) {
		WORKER_LOG(ERR,
			   "%s: queue %u of port %u cannot be paused: the application polls it; "
			   "give may_poll to rouse_worker_ethdev_watch()",
			   w->name, s->ethdev.queue, s->ethdev.port_id);
		return -EBUSY;
	}
	ret = source_leave(w, s);
	if (ret != 0)
		return ret;
	s->is_paused = true;
	source_tell_state(s, ROUSE_SOURCE_PAUSED);
	let_go(w, s);
	return 0;
}

/* The port has started again: how the worker learns of packets is found out anew. */
int
source_queue_resume(struct rouse_worker *w, struct source *s)
{
	int ret = 0;

	if (!s->is_paused)
		return 0;
	if (s->ops == &handshake_ops) {
		ret = bind_queue(w, s);
	} else {
		s->ops = probe(s->ethdev.port_id, s->ethdev.queue, &s->ethdev.fd);
		s->kind = s->ops == &timed_ops ? ROUSE_SOURCE_TIMED : ROUSE_SOURCE_INTERRUPT;
	}
	if (ret == 0) {
		ret = source_enter(w, s);
		if (ret != 0)
			let_go(w, s);
	}
	if (ret == 0)
		s->is_paused = false;
	else
		WORKER_LOG(ERR, "%s: queue %u of port %u stays paused: %s", w->name,
			   s->ethdev.queue, s->ethdev.port_id, rte_strerror(-ret));
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

static int
add(struct rouse_worker *w, struct source *model)
{
	uint16_t port = model->ethdev.port_id, queue = model->ethdev.queue;
	struct rte_eth_rxq_info info;
	int ret = check_queue(w, port, queue);

	if (ret != 0)
		return ret;
	if (rte_eth_rx_queue_info_get(port, queue, &info) == 0)
		model->ethdev.pool = info.mp;
	if (rouse_attn_registry_find(port, &model->ethdev.port))
		ret = add_handshake(w, model);
	else
		ret = add_plain(w, model);
	if (ret != 0)
		WORKER_LOG(ERR, "%s: queue %u of port %u cannot be added: %s", w->name, queue, port,
			   rte_strerror(-ret));
	return ret;
}

int
rouse_worker_ethdev_add(struct rouse_worker *w, uint16_t port, uint16_t queue,
			rouse_worker_rx_t handler, void *arg)
{
	struct source model;
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	memset(&model, 0, sizeof(model));
	model.arg = arg;
	model.ethdev.handler = handler;
	model.ethdev.port_id = port;
	model.ethdev.queue = queue;
	ret = add(w, &model);
	worker_unlock(w);
	return ret;
}

int
rouse_worker_ethdev_watch(struct rouse_worker *w, uint16_t port, uint16_t queue, bool *may_poll)
{
	struct source model;
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	memset(&model, 0, sizeof(model));
	model.is_watched = true;
	model.ethdev.may_poll = may_poll;
	model.ethdev.port_id = port;
	model.ethdev.queue = queue;
	if (atomic_load_explicit(&w->running, memory_order_acquire) && !w->is_idle_form)
		ret = -EINVAL;
	else
		ret = add(w, &model);
	worker_unlock(w);
	return ret;
}

int
rouse_worker_ethdev_remove(struct rouse_worker *w, uint16_t port, uint16_t queue)
{
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	ret = -ENOENT;
	for (uint32_t i = 0; i < w->sources.nb && ret == -ENOENT; i++) {
		struct source *s = w->sources.at[i];

		if (is_ethdev(s) && s->ethdev.port_id == port && s->ethdev.queue == queue)
			ret = source_remove(w, s);
	}
	worker_unlock(w);
	return ret;
}
