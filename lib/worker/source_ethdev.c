/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Rx queues of ethdev ports. A port that is in the registry (rouse_attn.h) is a handshake producer;
 * for any other, what its driver can do decides: a per-queue interrupt with an eventfd, or
 * nothing, and then the worker's sleeps are timed.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "worker.h"

/* Sleeps that a readable fd may end in succession without a packet: it may be read only after a
 * signal was delivered. */
#define MAX_BARREN 64

/* Ports have one control thread at a time, whichever worker it is about. */
static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct source_ops handshake_ops, interrupt_ops, readable_ops, timed_ops;

static bool
is_ethdev(const struct source *s)
{
	return s->ops == &handshake_ops || s->ops == &interrupt_ops || s->ops == &readable_ops ||
	       s->ops == &timed_ops;
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
	pthread_mutex_lock(&ports_lock);
	s->ethdev.port.ops->unbind(s->ethdev.port.ctx, s->ethdev.queue);
	pthread_mutex_unlock(&ports_lock);
}

static void
release(struct source *s)
{
	ethdev_release(s->ethdev.port_id, s->ethdev.queue);
}

static const struct source_ops handshake_ops = {
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

/* Whoever stops a port pauses it first. Who forgot that finds its queues renewed when it has
 * started again and the worker next goes to sleep. 0; -EAGAIN, -ENETDOWN: the sleep is timed */
static int
check_started(struct source *s)
{
	if (!ethdev_is_started(s->ethdev.port_id)) {
		s->ethdev.was_stopped = true;
		return cannot_arm(s, -ENETDOWN);
	}
	if (!s->ethdev.was_stopped)
		return 0;
	s->ethdev.was_stopped = false;
	ethdev_renew_later(s->ethdev.port_id);
	return -EAGAIN;
}

static int
interrupt_arm(struct source *s)
{
	int ret = check_started(s);

	if (ret != 0)
		return ret;
	ret = rte_eth_dev_rx_intr_enable(s->ethdev.port_id, s->ethdev.queue);
	return ret == 0 ? 0 : cannot_arm(s, ret);
}

static int
interrupt_disarm(struct source *s)
{
	return rte_eth_dev_rx_intr_disable(s->ethdev.port_id, s->ethdev.queue);
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

	if (!is_ethdev(s) || s->ops == &timed_ops || s->ethdev.is_pool_told ||
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
	 * though there is something (net_tap waits for a signal), and would not be told again.
	 */
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
	.drain = ethdev_drain,
	.arm = interrupt_arm,
	.disarm = interrupt_disarm,
	.attach = interrupt_attach,
	.detach = interrupt_detach,
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
	struct epoll_event event = { .data.ptr = s };
	int ret = check_started(s);

	s->ethdev.nb_barren = poll(&now, 1, 0) > 0 ? s->ethdev.nb_barren + 1 : 0;
	if (ret == 0 && s->ethdev.nb_barren <= MAX_BARREN) {
		event.events = EPOLLIN;
	} else if (ret == 0) {
		ethdev_send_missed_signal(s->ethdev.fd);
		ret = -EAGAIN;
	}
	/* one that was closed is not in the set any more, even if there is one of its number */
	if (epoll_ctl(s->ethdev.worker->epoll, EPOLL_CTL_MOD, s->ethdev.fd, &event) < 0 && ret == 0)
		return cannot_arm(s, -errno);
	return ret;
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

static const struct source_ops readable_ops = {
	.drain = readable_drain,
	.arm = readable_arm,
	.disarm = readable_disarm,
	.attach = interrupt_attach,
	.detach = interrupt_detach,
	.destroy = release,
};

static const struct source_ops timed_ops = {
	.drain = ethdev_drain,
	.attach = plain_attach,
	.detach = plain_detach,
	.destroy = release,
};

/* ---- adding ---- */

/* How the worker learns of the packets of a queue that is no handshake producer. */
static void
find_wake(struct source *s)
{
	static const struct source_ops *const ops[] = {
		[ETHDEV_WAKE_INTERRUPT] = &interrupt_ops,
		[ETHDEV_WAKE_READABLE] = &readable_ops,
		[ETHDEV_WAKE_TIMED] = &timed_ops,
	};
	static const enum rouse_source_kind kinds[] = {
		[ETHDEV_WAKE_INTERRUPT] = ROUSE_SOURCE_INTERRUPT,
		[ETHDEV_WAKE_READABLE] = ROUSE_SOURCE_FD,
		[ETHDEV_WAKE_TIMED] = ROUSE_SOURCE_TIMED,
	};
	enum ethdev_wake wake;

	/* before it is asked: what changes from here on is told */
	ethdev_watch_link(s->ethdev.port_id);
	wake = ethdev_probe(s->ethdev.port_id, s->ethdev.queue, &s->ethdev.fd);
	s->ops = ops[wake];
	s->kind = kinds[wake];
	s->ethdev.nb_barren = 0;
	s->ethdev.was_stopped = s->ethdev.has_failed = false;
}

static void
say_wake(const struct rouse_worker *w, const struct source *s)
{
	enum ethdev_wake wake = ETHDEV_WAKE_TIMED;

	if (s->ops == &handshake_ops)
		wake = ETHDEV_WAKE_HANDSHAKE;
	else if (s->ops == &interrupt_ops)
		wake = ETHDEV_WAKE_INTERRUPT;
	else if (s->ops == &readable_ops)
		wake = ETHDEV_WAKE_READABLE;
	ethdev_say(s->ethdev.port_id, wake, w->conf.timed_us);
}

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

/* A source of the queue, which no other worker has. NULL with *ret */
static struct source *
make_source(struct rouse_worker *w, const struct source *model, int *ret)
{
	struct source *s = source_create(w, model);

	*ret = s == NULL ? -ENOMEM : ethdev_hold(s->ethdev.port_id, s->ethdev.queue);
	if (*ret == 0)
		return s;
	rte_free(s);
	return NULL;
}

static int
add_handshake(struct rouse_worker *w, struct source *model)
{
	struct source *s;
	int ret;

	model->ops = &handshake_ops;
	model->kind = ROUSE_SOURCE_HANDSHAKE;
	s = make_source(w, model, &ret);
	if (s == NULL)
		return ret;
	ret = bind_queue(w, s);
	if (ret == 0) {
		ret = source_insert(w, s);
		if (ret == 0) {
			say_wake(w, s);
			return 0;
		}
		handshake_remove(w, s);
	}
	source_destroy(w, s);
	return ret;
}

static int
add_plain(struct rouse_worker *w, const struct source *model)
{
	struct source *s;
	int ret;

	s = make_source(w, model, &ret);
	if (s == NULL)
		return ret;
	find_wake(s);
	ret = source_insert(w, s);
	if (ret == 0)
		say_wake(w, s);
	else
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
	int ret = s->is_paused ? 0 : source_leave(w, s);

	if (ret != 0 || s->is_paused)
		return ret;
	s->is_paused = true;
	let_go(w, s);
	return 0;
}

static int
take_up(struct rouse_worker *w, struct source *s)
{
	int ret = 0;

	if (!ethdev_is_started(s->ethdev.port_id))
		return -ENETDOWN;
	if (s->ops == &handshake_ops)
		ret = bind_queue(w, s);
	else
		find_wake(s);
	if (ret != 0)
		return ret;
	ret = source_enter(w, s);
	if (ret != 0)
		let_go(w, s);
	return ret;
}

/* The port has started again: how the worker learns of packets is found out anew. So it is if
 * nobody paused it: its eventfds are others all the same. */
int
source_queue_resume(struct rouse_worker *w, struct source *s)
{
	int ret = 0;

	if (!s->is_paused && s->ops == &handshake_ops)
		return 0;
	if (!s->is_paused)
		ret = source_queue_pause(w, s);
	if (ret == 0)
		ret = take_up(w, s);
	if (ret != 0) {
		WORKER_LOG(ERR, "%s: queue %u of port %u stays paused: %s", w->name,
			   s->ethdev.queue, s->ethdev.port_id, source_strerror(w, ret));
		return ret;
	}
	s->is_paused = false;
	say_wake(w, s);
	return 0;
}

/* Its eventfds may be others, and what was armed may be forgotten. */
int
source_queue_renew(struct rouse_worker *w, struct source *s)
{
	/* a port that is paused, or stopped, is taken up when it has started */
	if (s->is_paused || !ethdev_is_started(s->ethdev.port_id))
		return 0;
	return source_queue_resume(w, s);
}

static int
add(struct rouse_worker *w, struct source *model)
{
	uint16_t port = model->ethdev.port_id, queue = model->ethdev.queue;
	struct rte_eth_rxq_info info;
	int ret = ethdev_check_queue(w, port, queue);

	if (ret != 0)
		return ret;
	if (rte_eth_rx_queue_info_get(port, queue, &info) == 0) {
		model->ethdev.pool = info.mp;
		model->ethdev.is_pool_told = true;
	}
	if (rouse_attn_registry_find(port, &model->ethdev.port))
		ret = add_handshake(w, model);
	else
		ret = add_plain(w, model);
	if (ret != 0)
		WORKER_LOG(ERR, "%s: queue %u of port %u cannot be added: %s", w->name, queue, port,
			   source_strerror(w, ret));
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
	model.ethdev.worker = w;
	model.ethdev.port_id = port;
	model.ethdev.queue = queue;
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

static const struct source *
find_index(const struct rouse_worker *w, unsigned int index)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (is_ethdev(w->sources.at[i]) && index-- == 0)
			return w->sources.at[i];
	return NULL;
}

bool
rouse_worker_queue_stats_get(struct rouse_worker *w, unsigned int index,
			     struct rouse_worker_queue_stats *stats)
{
	const struct source *s;

	/* not from within a handler: the worker may be waited for */
	pthread_mutex_lock(&w->control);
	s = find_index(w, index);
	if (s != NULL)
		*stats = (struct rouse_worker_queue_stats){
			.port = s->ethdev.port_id,
			.queue = s->ethdev.queue,
			.kind = s->kind,
			.packets = rouse_counter_get(&s->packets),
		};
	pthread_mutex_unlock(&w->control);
	return s != NULL;
}
