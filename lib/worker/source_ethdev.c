/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Rx queues of ethdev ports: adding, removing, and those of a port that stops for a while. A port
 * that is in the registry (rouse_attn.h) is a handshake producer; for any other it is found out how
 * the worker can learn of packets.
 */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "rouse_worker_signal.h"
#include "worker.h"

/* ---- the ports of its plain queues: what may change in them concerns the worker ---- */

static void
tell_port(struct rouse_worker *w, uint16_t port)
{
	atomic_fetch_or_explicit(&w->plain_ports[port / 64], WORKER_PORT_BIT(port),
				 memory_order_release);
}

/* Any thread. */
bool
source_port_is_plain(const struct rouse_worker *w, uint16_t port)
{
	return (atomic_load_explicit(&w->plain_ports[port / 64], memory_order_acquire) &
		WORKER_PORT_BIT(port)) != 0;
}

/* A queue of it has gone; it may have been the last. */
void
source_port_forget(struct rouse_worker *w, uint16_t port)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (source_is_of_port(w->sources.at[i], port))
			return;
	atomic_fetch_and_explicit(&w->plain_ports[port / 64], ~WORKER_PORT_BIT(port),
				  memory_order_release);
}

/* ---- adding ---- */

static void
set_wake(struct source *s, enum ethdev_wake wake)
{
	static const struct source_ops *const ops[] = {
		[ETHDEV_WAKE_INTERRUPT] = &ethdev_interrupt_ops,
		[ETHDEV_WAKE_READABLE] = &ethdev_readable_ops,
		[ETHDEV_WAKE_TIMED] = &ethdev_timed_ops,
	};
	static const enum rouse_source_kind kinds[] = {
		[ETHDEV_WAKE_INTERRUPT] = ROUSE_SOURCE_INTERRUPT,
		[ETHDEV_WAKE_READABLE] = ROUSE_SOURCE_FD,
		[ETHDEV_WAKE_TIMED] = ROUSE_SOURCE_TIMED,
	};

	s->ops = ops[wake];
	s->kind = kinds[wake];
}

/* How the worker learns of the packets of a queue that is no handshake producer. 0, -ENOMEM */
static int
find_wake(struct source *s)
{
	enum ethdev_wake wake;
	int ret = 0;

	/* before it is asked: what changes from here on is told */
	tell_port(s->ethdev.worker, s->ethdev.port_id);
	ethdev_watch_link(s->ethdev.port_id);
	wake = s->ethdev.is_unsignalled
		       ? ETHDEV_WAKE_TIMED
		       : ethdev_probe(s->ethdev.port_id, s->ethdev.queue, &s->ethdev.fd);
	if (wake == ETHDEV_WAKE_INTERRUPT)
		ret = ethdev_vector_join(s);
	set_wake(s, ret == 0 ? wake : ETHDEV_WAKE_TIMED);
	return ret == -ENXIO ? 0 : ret;
}

/* What was said of the queue's port stays true: a change is said again, there and back. */
static void
say_wake(const struct rouse_worker *w, struct source *s)
{
	enum ethdev_wake wake = ETHDEV_WAKE_TIMED;

	if (s->ops == &ethdev_handshake_ops)
		wake = ETHDEV_WAKE_HANDSHAKE;
	else if (s->ops == &ethdev_interrupt_ops)
		wake = ETHDEV_WAKE_INTERRUPT;
	else if (s->ops == &ethdev_readable_ops)
		wake = ETHDEV_WAKE_READABLE;
	if (s->ethdev.is_said && s->ethdev.said == (int)wake)
		return;
	if (s->ethdev.is_said)
		ethdev_unsay(s->ethdev.port_id, (enum ethdev_wake)s->ethdev.said);
	s->ethdev.is_said = true;
	s->ethdev.said = (int)wake;
	ethdev_say(s->ethdev.port_id, wake, w->conf.timed_us);
}

static int
bind_queue(struct rouse_worker *w, struct source *s)
{
	struct rouse_attn_owner owner = { .attn = &w->attn };
	uint64_t rings = 0;
	int ret;

	ret = source_take_bits(w, s);
	if (ret != 0)
		return ret;
	owner.device = s->target.device;
	ret = ethdev_bind(s, &owner, &rings);
	if (ret != 0)
		return ret;
	ret = source_set_rings(w, s, rings);
	if (ret != 0) {
		ethdev_unbind(s);
		return ret;
	}
	source_describe_bits(w, s);
	return 0;
}

/* The driver lets the queue's interrupt come to this worker, and to no other if it can; unless it
 * has none. */
static int
assign_queue(struct rouse_worker *w, struct source *s)
{
	struct rouse_attn_owner owner = { .attn = &w->attn };
	int ret = ethdev_assign(s, &owner);

	if (ret == -ENOTSUP)
		return find_wake(s);
	if (ret != 0)
		return ret;
	set_wake(s, ETHDEV_WAKE_INTERRUPT);
	ret = ethdev_vector_join(s);
	if (ret != 0)
		ethdev_unassign(s);
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

static void
find_pool(struct source *s)
{
	struct rte_eth_rxq_info info;

	s->ethdev.is_pool_told =
		rte_eth_rx_queue_info_get(s->ethdev.port_id, s->ethdev.queue, &info) == 0;
	s->ethdev.pool = s->ethdev.is_pool_told ? info.mp : NULL;
}

/* Find out how the worker learns of packets, and from which pool they come: after the port was set
 * up anew it may be otherwise. 0 or -errno */
static int
learn(struct rouse_worker *w, struct source *s)
{
	find_pool(s);
	s->ethdev.nb_barren = 0;
	s->ethdev.was_stopped = s->ethdev.has_failed = false;
	s->ethdev.was_low = true; /* until it is looked into */
	if (s->ethdev.is_unsignalled ||
	    !rouse_attn_registry_find(s->ethdev.port_id, &s->ethdev.port))
		return find_wake(s);
	if (s->ethdev.port.ops->bind == NULL)
		return assign_queue(w, s);
	s->ops = &ethdev_handshake_ops;
	s->kind = ROUSE_SOURCE_HANDSHAKE;
	return bind_queue(w, s);
}

/* ---- a port that stops for a while ---- */

bool
source_is_of_port(const struct source *s, uint16_t port)
{
	return source_is_ethdev(s) && s->ethdev.port_id == port;
}

/* NULL: it has no such queue. */
struct source *
source_find_queue(const struct rouse_worker *w, uint16_t port, uint16_t queue)
{
	for (uint32_t i = 0; i < w->sources.nb; i++) {
		struct source *s = w->sources.at[i];

		if (source_is_of_port(s, port) && s->ethdev.queue == queue)
			return s;
	}
	return NULL;
}

/* Neither the worker nor its producer knows it any more. */
void
source_queue_let_go(struct rouse_worker *w, struct source *s)
{
	if (s->ops->remove != NULL)
		s->ops->remove(w, s);
	if (s->rings != 0)
		source_forget_rings(w, s);
	rte_free(s->links);
	s->links = NULL;
	s->rings = 0;
}

/* The application polls it, and did not say where it looks whether it may. */
static bool
is_polled_unasked(const struct rouse_worker *w, const struct source *s)
{
	return s->is_watched && s->ethdev.may_poll == NULL &&
	       atomic_load_explicit(&w->running, memory_order_acquire);
}

/* When it returns 0 the worker neither polls the queue nor waits for it. */
int
source_queue_pause(struct rouse_worker *w, struct source *s)
{
	if (s->is_paused)
		return 0;
	if (is_polled_unasked(w, s)) {
		WORKER_LOG(ERR,
			   "%s: queue %u of port %u cannot be paused: the application polls it; "
			   "give may_poll to rouse_worker_ethdev_watch()",
			   w->name, s->ethdev.queue, s->ethdev.port_id);
		return -EBUSY;
	}
	source_leave(w, s);
	s->is_paused = true;
	source_tell_state(s, ROUSE_SOURCE_PAUSED);
	source_queue_let_go(w, s);
	return 0;
}

/* The worker learns of its packets, and visits it, from here on. 0 or -errno, and nothing changed.
 */
int
source_queue_take_up(struct rouse_worker *w, struct source *s)
{
	int ret = learn(w, s);

	if (ret != 0)
		return ret;
	ret = source_enter(w, s);
	if (ret != 0)
		source_queue_let_go(w, s);
	return ret;
}

/* The application may be waiting for this very call, so nobody waits for it: its queue is taken up
 * when it calls in. */
static int
take_up_unasked(struct rouse_worker *w, const struct source *s)
{
	if (!ethdev_is_started(s->ethdev.port_id)) {
		WORKER_LOG(ERR, "%s: queue %u of port %u is not taken up: %s", w->name,
			   s->ethdev.queue, s->ethdev.port_id, rte_strerror(ENETDOWN));
		return -ENETDOWN;
	}
	worker_ask_renewal(w, s->ethdev.port_id);
	return 0;
}

/* The port has started again: how the worker learns of packets is found out anew. So it is if
 * nobody paused it: its eventfds are others all the same. */
int
source_queue_resume(struct rouse_worker *w, struct source *s)
{
	int ret = 0;

	if (!s->is_paused && s->ops == &ethdev_handshake_ops)
		return 0;
	if (!s->is_paused && is_polled_unasked(w, s))
		return take_up_unasked(w, s);
	if (!s->is_paused)
		ret = source_queue_pause(w, s);
	if (ret == 0 && rte_eth_dev_is_valid_port(s->ethdev.port_id) &&
	    !ethdev_is_started(s->ethdev.port_id))
		ret = -ENETDOWN;
	else if (ret == 0)
		ret = ethdev_check_queue(w, s->ethdev.port_id, s->ethdev.queue);
	if (ret == -ENODEV || ret == -EINVAL)
		return ret; /* which was said */
	if (ret == 0)
		ret = source_queue_take_up(w, s);
	if (ret != 0) {
		WORKER_LOG(ERR, "%s: queue %u of port %u stays paused: %s", w->name,
			   s->ethdev.queue, s->ethdev.port_id, source_strerror(w, ret));
		return ret;
	}
	s->is_paused = false;
	say_wake(w, s);
	return 0;
}

/* ---- a port that changed; the worker's, which has w->control ---- */

static void
renew(struct rouse_worker *w, struct source *s)
{
	int ret;

	source_end_to_wait(w, s);
	source_queue_let_go(w, s);
	find_pool(s);
	ret = find_wake(s);
	if (ret == 0) {
		ret = source_begin_to_wait(w, s);
		if (ret != 0)
			source_queue_let_go(w, s);
	}
	if (ret != 0) {
		WORKER_LOG(
			ERR,
			"%s: queue %u of port %u cannot be waited for: %s; it is looked at every "
			"%u us",
			w->name, s->ethdev.queue, s->ethdev.port_id, rte_strerror(-ret),
			w->conf.timed_us);
		s->ops = &ethdev_timed_ops;
		s->kind = ROUSE_SOURCE_TIMED;
		source_begin_to_wait(w, s);
	}
	source_tell_state(s, ROUSE_SOURCE_ACTIVE);
	say_wake(w, s);
}

/* The port is about to be removed, with its queues. 0; -EBUSY: one is still polled, after one line
 */
int
source_queue_forget(struct rouse_worker *w, struct source *s)
{
	uint16_t port = s->ethdev.port_id, queue = s->ethdev.queue;

	if (!s->is_paused && is_polled_unasked(w, s)) {
		WORKER_LOG(ERR,
			   "%s: port %u is removed, and the application polls queue %u of it; "
			   "remove the queue from its worker before that",
			   w->name, port, queue);
		return -EBUSY;
	}
	source_remove(w, s);
	source_port_forget(w, port);
	WORKER_LOG(NOTICE, "%s: queue %u of port %u was removed with its port", w->name, queue,
		   port);
	return 0;
}

static bool
is_plain_of_port(const struct source *s, uint16_t port)
{
	return source_is_of_port(s, port) && s->kind != ROUSE_SOURCE_HANDSHAKE;
}

static bool
is_list_as_it_was(struct rouse_worker *w, const struct source_list *list, uint16_t port)
{
	for (uint32_t i = 0; i < list->nb; i++)
		if (is_plain_of_port(list->at[i], port) && !source_is_waited_for(w, list->at[i]))
			return false;
	return true;
}

static void
renew_list(struct rouse_worker *w, const struct source_list *list, uint16_t port)
{
	for (uint32_t i = 0; i < list->nb; i++)
		if (is_plain_of_port(list->at[i], port))
			renew(w, list->at[i]);
}

/*
 * Its eventfds may be others, and what was armed may be forgotten. It is all done between two
 * rounds, so that nobody polls a queue meanwhile, and nothing sleeps over it. What is armed before
 * the next sleep anyhow needs no renewal if the eventfds are the same.
 */
void
source_renew_port(struct rouse_worker *w, uint16_t port)
{
	/* one that is stopped is taken up when it has started */
	if (!ethdev_is_started(port) ||
	    (is_list_as_it_was(w, &w->plain, port) && is_list_as_it_was(w, &w->watched, port)))
		return;
	renew_list(w, &w->plain, port);
	renew_list(w, &w->watched, port);
}

/* ---- what programs call ---- */

static int
add(struct rouse_worker *w, const struct source *model)
{
	uint16_t port = model->ethdev.port_id, queue = model->ethdev.queue;
	struct source *s;
	int ret = ethdev_check_queue(w, port, queue);

	if (ret != 0)
		return ret;
	if (!worker_bits_are_online(w)) {
		WORKER_LOG(
			ERR,
			"%s: queue %u of port %u cannot be added: the worker is offline; bring it "
			"online, or give the queue to another",
			w->name, queue, port);
		return -ENETDOWN;
	}
	ethdev_watch_end(port);
	s = make_source(w, model, &ret);
	if (s != NULL) {
		ret = learn(w, s);
		if (ret == 0) {
			ret = source_insert(w, s);
			if (ret == 0) {
				say_wake(w, s);
				return 0;
			}
			source_queue_let_go(w, s);
		}
		source_destroy(w, s);
	}
	WORKER_LOG(ERR, "%s: queue %u of port %u cannot be added: %s", w->name, queue, port,
		   source_strerror(w, ret));
	return ret;
}

int
rouse_worker_ethdev_add(struct rouse_worker *w, uint16_t port, uint16_t queue,
			rouse_worker_rx_t handler, void *arg)
{
	struct source model;
	int ret = worker_check_handler(w, handler != NULL);

	if (ret == 0)
		ret = worker_lock(w);
	if (ret != 0)
		return ret;
	memset(&model, 0, sizeof(model));
	model.ops = &ethdev_timed_ops; /* until it is known */
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
rouse_worker_ethdev_watch(struct rouse_worker *w, uint16_t port, uint16_t queue, bool *may_poll)
{
	struct source model;
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	memset(&model, 0, sizeof(model));
	model.ops = &ethdev_timed_ops; /* until it is known */
	model.is_watched = true;
	model.ethdev.may_poll = may_poll;
	model.ethdev.worker = w;
	model.ethdev.port_id = port;
	model.ethdev.queue = queue;
	if (atomic_load_explicit(&w->running, memory_order_acquire) && !w->is_idle_form) {
		WORKER_LOG(
			ERR,
			"%s: queue %u of port %u cannot be watched while rouse_worker_run() runs; "
			"give it to rouse_worker_ethdev_add()",
			w->name, queue, port);
		ret = -EINVAL;
	} else {
		ret = add(w, &model);
	}
	worker_unlock(w);
	return ret;
}

/* ---- with its signals or without ---- */

static bool
shares_rings(const struct rouse_worker *w, const struct source *s)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (w->sources.at[i] != s &&
		    source_is_of_port(w->sources.at[i], s->ethdev.port_id) &&
		    (w->sources.at[i]->rings & s->rings) != 0)
			return true;
	return false;
}

/* 0 or -errno, and it is as it was; if it cannot even be that, it is paused. */
static int
switch_signals(struct rouse_worker *w, struct source *s, bool is_unsignalled)
{
	int ret = source_queue_pause(w, s);

	if (ret != 0)
		return ret;
	s->ethdev.is_unsignalled = is_unsignalled;
	ret = source_queue_take_up(w, s);
	if (ret != 0) {
		s->ethdev.is_unsignalled = !is_unsignalled;
		if (source_queue_take_up(w, s) != 0)
			return ret;
	}
	s->is_paused = false;
	say_wake(w, s);
	return ret;
}

static int
set_signals(struct rouse_worker *w, struct source *s, bool on)
{
	if (s->is_watched)
		return -EPERM;
	if (s->ethdev.is_unsignalled == !on)
		return 0;
	/* which rings it has is not known now */
	if (s->is_paused)
		return -EAGAIN;
	if (!on && shares_rings(w, s))
		return -EBUSY;
	return switch_signals(w, s, !on);
}

int
rouse_worker_ethdev_signal_set(struct rouse_worker *w, uint16_t port, uint16_t queue, bool on)
{
	struct source *s;
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	s = source_find_queue(w, port, queue);
	ret = s == NULL ? -ENOENT : set_signals(w, s, on);
	if (ret != 0)
		WORKER_LOG(ERR, "%s: queue %u of port %u cannot be %s: %s", w->name, queue, port,
			   on ? "waited for" : "looked at by the time alone",
			   ret == -ENOENT   ? "it is not this worker's"
			   : ret == -EPERM  ? "the application polls it"
			   : ret == -EBUSY  ? "others share its event rings"
			   : ret == -EAGAIN ? "it is paused; resume its port first"
					    : source_strerror(w, ret));
	worker_unlock(w);
	return ret;
}

int
rouse_worker_ethdev_remove(struct rouse_worker *w, uint16_t port, uint16_t queue)
{
	struct source *s;
	int ret = worker_lock(w);

	if (ret != 0)
		return ret;
	s = source_find_queue(w, port, queue);
	ret = s == NULL ? -ENOENT : 0;
	if (s != NULL) {
		source_remove(w, s);
		source_port_forget(w, port);
	} else {
		WORKER_LOG(ERR,
			   "%s: queue %u of port %u cannot be removed: it is not this worker's",
			   w->name, queue, port);
	}
	worker_unlock(w);
	return ret;
}
