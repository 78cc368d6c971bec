/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The wire thread as control threads know it: made, started, stopped, asked for something. */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include "evnic.h"

static int
watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int
evnic_wire_init(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	int ret = rouse_attn_init(&w->attn);

	if (ret != 0)
		return ret;
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->timer < 0 || w->epoll < 0)
		ret = -errno;
	if (ret == 0)
		ret = watch(w->epoll, w->timer);
	if (ret == 0)
		ret = watch(w->epoll, w->attn.doorbell);
	if (ret != 0) {
		EVNIC_LOG(ERR, "%s: no file descriptors for its wire thread: %s; raise ulimit -n",
			  p->data->name, strerror(-ret));
		evnic_wire_fini(p);
	}
	return ret;
}

void
evnic_wire_fini(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;

	if (w->epoll >= 0)
		close(w->epoll);
	if (w->timer >= 0)
		close(w->timer);
	rouse_attn_fini(&w->attn);
}

int
evnic_wire_start(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	char name[RTE_MAX_THREAD_NAME_LEN];
	int ret;

	atomic_store_explicit(&w->stop, false, memory_order_relaxed);
	atomic_store_explicit(&w->stats.ended, 0, memory_order_relaxed);
	w->carrier = true;
	w->touched = w->held = 0;
	w->delivered = w->unhashed = 0;
	w->first_txq = 0;
	w->is_sink_full = false;
	w->source = p->data->nb_rx_queues == 0 ? NULL : evnic_ends_source(p);
	w->sink = evnic_ends_sink(p);
	w->trace = p->trace;
	w->awaits_driver = evnic_is_bound(p);
	if (w->source != NULL && w->source->fd >= 0) {
		ret = watch(w->epoll, w->source->fd);
		if (ret != 0)
			return ret;
	}
	rouse_attn_poll(&w->attn);
	atomic_store_explicit(&w->alive, true, memory_order_release);
	snprintf(name, sizeof(name), "wire-%u", p->data->port_id);
	ret = rte_ctrl_thread_create(&w->thread, name, NULL, evnic_wire_main, p);
	if (ret != 0) {
		atomic_store_explicit(&w->alive, false, memory_order_relaxed);
		EVNIC_LOG(ERR, "port %u: no wire thread: %s", p->data->port_id, strerror(-ret));
		return ret;
	}
	w->running = true;
	ret = evnic_numa_pin(w->thread, p->data->numa_node, p->args.wire_cpu);
	if (ret != 0)
		EVNIC_LOG(WARNING, "port %u: the wire thread stays where it is: %s",
			  p->data->port_id, strerror(-ret));
	return 0;
}

static void
request(struct evnic_wire *w)
{
	const struct rouse_attn_target t = { .attn = &w->attn, .device = EVNIC_WIRE_CONTROL };

	rouse_attn_signal(&t, rte_rdtsc());
}

/* Let the wire thread look soon at what may be asked of it; any thread. */
void
evnic_wire_request(struct evnic_port *p)
{
	atomic_fetch_add_explicit(&p->wire.sync_wanted, 1, memory_order_release);
	request(&p->wire);
}

void
evnic_wire_stop(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;

	if (!w->running)
		return;
	atomic_store_explicit(&w->stop, true, memory_order_release);
	request(w);
	pthread_join(w->thread, NULL);
	w->running = false;
}

/*
 * Returns when the wire thread has begun a new round, or ended, and so uses nothing that was
 * changed before: a target, the RSS key, the other end of a cable.
 */
void
evnic_wire_sync(struct evnic_port *p)
{
	struct evnic_wire *w = &p->wire;
	uint32_t wanted = atomic_fetch_add_explicit(&w->sync_wanted, 1, memory_order_release) + 1;

	request(w);
	/* pairs with the releases in honour_requests() and at the end of evnic_wire_main() */
	while (atomic_load_explicit(&w->alive, memory_order_acquire) &&
	       (int32_t)(atomic_load_explicit(&w->sync_done, memory_order_acquire) - wanted) < 0)
		usleep(EVNIC_CONTROL_WAIT_US);
}
