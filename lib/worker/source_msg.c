/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The inbox: messages from any thread, functions that the worker runs, and what control threads ask
 * for (control.c). Many producers, so the ring is DPDK's; the handshake is ours.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ring_elem.h>

#include "worker.h"

#define INBOX_SIZE 1024

struct msg {
	rouse_worker_msg_t fn;
	void *arg;
};

static uint32_t
inbox_drain(struct rouse_worker *w, struct source *s __rte_unused)
{
	struct msg msgs[WORKER_MAX_BURST];
	uint32_t asked = worker_take_renewal(w) + worker_take_call(w);
	uint32_t n =
		rte_ring_sc_dequeue_burst_elem(w->inbox, msgs, sizeof(msgs[0]), w->burst, NULL);

	rouse_counter_add(&w->inbox_taken, asked + n);
	for (uint32_t i = 0; i < n; i++)
		msgs[i].fn(w, msgs[i].arg);
	return asked + n;
}

/*
 * Messages are taken in the order in which they were put, but their handshakes end in any order:
 * if more have ended than messages were taken, at least one that ended is still there.
 */
static uint64_t
inbox_owed(const struct source *s)
{
	const struct rouse_worker *w = s->arg;
	/* pairs with the release in rouse_worker_post() */
	uint64_t settled = atomic_load_explicit(&w->inbox_settled, memory_order_acquire);

	return settled > rouse_counter_get(&w->inbox_taken) ? s->rings : 0;
}

static const struct source_ops inbox_ops = {
	.type = ROUSE_SOURCE_TYPE_INBOX,
	.drain = inbox_drain,
	.owed = inbox_owed,
};

/* Something will be there: so that a worker in state POLL looks. Before it is. */
void
worker_inbox_begin(struct rouse_worker *w)
{
	atomic_fetch_add_explicit(&w->inbox_begun, 1, memory_order_relaxed);
}

/* It is there. */
void
worker_inbox_signal(struct rouse_worker *w)
{
	rouse_attn_signal(&w->inbox_source->target, rte_rdtsc());
	/* pairs with the acquire in inbox_owed(): the handshake is over */
	atomic_fetch_add_explicit(&w->inbox_settled, 1, memory_order_release);
}

int
rouse_worker_post(struct rouse_worker *w, rouse_worker_msg_t fn, void *arg)
{
	struct msg msg = { .fn = fn, .arg = arg };
	int ret = worker_check_handler(w, fn != NULL);

	if (ret != 0)
		return ret;
	worker_inbox_begin(w);
	ret = rte_ring_mp_enqueue_elem(w->inbox, &msg, sizeof(msg));
	if (ret != 0) {
		atomic_fetch_sub_explicit(&w->inbox_begun, 1, memory_order_relaxed);
		return ret;
	}
	worker_inbox_signal(w);
	return 0;
}

int
worker_inbox_create(struct rouse_worker *w)
{
	struct source model;

	w->inbox = rte_ring_create_elem(w->name, sizeof(struct msg), INBOX_SIZE, w->conf.socket_id,
					RING_F_SC_DEQ);
	if (w->inbox == NULL)
		return -rte_errno;
	memset(&model, 0, sizeof(model));
	model.ops = &inbox_ops;
	model.kind = ROUSE_SOURCE_HANDSHAKE;
	model.arg = w;
	w->inbox_source = source_add_software(w, &model, NULL);
	return w->inbox_source == NULL ? -rte_errno : 0;
}

void
worker_inbox_destroy(struct rouse_worker *w)
{
	rte_ring_free(w->inbox);
}
