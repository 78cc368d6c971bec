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

/* A readable fd that gives nothing is looked at again after so long, then twice that, ... */
#define FIRST_RETRY_US 20u
#define MOST_RETRIES   8 /* after which it is taken for granted that no signal comes */

static uint32_t
ethdev_drain(struct rouse_worker *w, struct source *s)
{
	uint16_t n = rte_eth_rx_burst(s->ethdev.port_id, s->ethdev.queue, w->pkts, w->burst);

	if (n == 0)
		return 0;
	/* not every driver says where it takes its mbufs from */
	if (unlikely(s->ethdev.pool == NULL))
		s->ethdev.pool = w->pkts[0]->pool;
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
	/* one that moves is not bound, and its driver is not asked: rx_burst has posted buffers */
	if (unlikely(s->is_in_transit))
		return;
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

/* The queue of a list that the epoll set names for the source's interrupt; NULL: none. */
static struct source *
find_first_of(const struct source_list *list, const struct source *s)
{
	for (uint32_t i = 0; i < list->nb; i++) {
		struct source *other = list->at[i];

		if (other != s && other->ops == s->ops && other->ethdev.fd == s->ethdev.fd &&
		    other->is_in_set)
			return other;
	}
	return NULL;
}

static struct source *
find_first(const struct rouse_worker *w, const struct source *s)
{
	struct source *first = find_first_of(&w->plain, s);

	return first != NULL ? first : find_first_of(&w->watched, s);
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
	if (!s->ethdev.was_stopped &&
	    (s->is_in_set || s->ethdev.fd < 0 || find_first(s->ethdev.worker, s) != NULL))
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
	ethdev_unassign(s);
}

/* An interrupt is an edge. A readable fd wakes once each time that it is armed: rx_burst may find
 * nothing yet though there is something, and would not be told again; and it may have an error,
 * which is told whether it is asked for or not, for ever. */
static uint32_t
events_of(const struct source *s)
{
	return EPOLLIN | (s->ops == &ethdev_interrupt_ops ? EPOLLET : EPOLLONESHOT);
}

/* Let the epoll set name the queue, or hang it on the one that it names for the same interrupt. 0
 * or -errno */
static int
watch_fd(struct rouse_worker *w, struct source *s)
{
	int ret = fdset_add(w, s, s->ethdev.fd, events_of(s));
	struct source *first;

	s->ethdev.next_of_fd = NULL;
	s->ethdev.may_be_stale = false;
	if (ret != -EEXIST)
		return ret;
	first = find_first(w, s);
	if (first == NULL)
		return ret;
	s->ethdev.next_of_fd = first->ethdev.next_of_fd;
	first->ethdev.next_of_fd = s;
	return 0;
}

static int
interrupt_attach(struct rouse_worker *w, struct source *s)
{
	int ret = 0;

	if (s->ethdev.fd >= 0)
		ret = watch_fd(w, s);
	else
		w->nb_ringing++;
	return ret;
}

/* Those that share the interrupt of one that leaves are watched anew. */
static void
watch_others(struct rouse_worker *w, const struct source_list *list, const struct source *s)
{
	for (uint32_t i = 0; i < list->nb; i++) {
		struct source *other = list->at[i];

		if (other == s || other->ops != s->ops || other->ethdev.fd != s->ethdev.fd)
			continue;
		watch_fd(w, other);
		/* what it is told next may be about the one that has left */
		other->ethdev.may_be_stale = true;
	}
}

/* One that hangs on another for their interrupt leaves it. */
static void
unhang(struct source *first, const struct source *s)
{
	struct source *before = first;

	while (before->ethdev.next_of_fd != NULL && before->ethdev.next_of_fd != s)
		before = before->ethdev.next_of_fd;
	if (before->ethdev.next_of_fd == s)
		before->ethdev.next_of_fd = s->ethdev.next_of_fd;
	first->ethdev.may_be_stale = true;
}

static void
interrupt_detach(struct rouse_worker *w, struct source *s)
{
	struct source *first;

	if (s->ethdev.fd < 0) {
		w->may_be_stale = --w->nb_ringing != 0;
	} else if (s->is_in_set) {
		fdset_remove(w, s);
		watch_others(w, &w->plain, s);
		watch_others(w, &w->watched, s);
	} else {
		first = find_first(w, s);
		if (first != NULL)
			unhang(first, s);
	}
}

/* Is it waited for by the fd that it has now? */
bool
source_is_waited_for(struct rouse_worker *w, struct source *s)
{
	if (s->ops == &ethdev_timed_ops || s->ethdev.is_assigned ||
	    ethdev_find_fd(s->ethdev.port_id, s->ethdev.queue, false) != s->ethdev.fd)
		return false;
	return s->is_in_set ? fdset_change(w, s, events_of(s)) == 0 : find_first(w, s) != NULL;
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

/* It is readable, and nothing could be read: net_tap reads after a signal, which another thread may
 * be late to take, or which does not come, as there was no mbuf. To wait for the fd would be a
 * spin. */
static int
retry_later(struct source *s)
{
	uint32_t nb = s->ethdev.nb_barren++;

	if (nb >= MOST_RETRIES)
		ethdev_send_missed_signal(s->ethdev.fd);
	s->retry_us = RTE_MIN(FIRST_RETRY_US << RTE_MIN(nb, 16u), s->ethdev.worker->conf.timed_us);
	return -EAGAIN;
}

/* An fd that says that there are packets, and no interrupt to arm. */
static int
readable_arm(struct source *s)
{
	struct pollfd now = { .fd = s->ethdev.fd, .events = POLLIN };
	int ret = check_started(s);

	if (ret != 0)
		return ret;
	if (poll(&now, 1, 0) <= 0) {
		s->ethdev.nb_barren = 0;
		ret = fdset_change(s->ethdev.worker, s, events_of(s));
		return ret == 0 ? 0 : cannot_arm(s, ret);
	}
	/* what it is an fd of has gone: net_tap's interface was deleted */
	if ((now.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		return cannot_arm(s, -EIO);
	return retry_later(s);
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
	.destroy = release,
};
