/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Event rings that another thread of the application produces into. */

#include <string.h>

#include "worker.h"

static uint32_t
evring_drain(struct rouse_worker *w, struct source *s)
{
	struct rouse_evring *ring = s->evring.ring;
	uint32_t n = rouse_evring_peek(ring, w->burst);

	if (n > w->burst)
		n = w->burst;
	for (uint32_t i = 0; i < n; i++)
		s->evring.handler(s->arg, rouse_evring_entry(ring, i));
	if (n == 0)
		return 0;
	rouse_evring_advance(ring, n);
	rouse_counter_add(&s->packets, n);
	rouse_counter_add(&w->stats.events, n);
	return n;
}

static uint64_t
evring_owed(const struct source *s)
{
	return rouse_evring_owed(s->evring.ring) != 0 ? s->rings : 0;
}

static void
evring_remove(struct rouse_worker *w __rte_unused, struct source *s __rte_unused)
{
}

static const struct source_ops evring_ops = {
	.drain = evring_drain,
	.owed = evring_owed,
	.remove = evring_remove,
};

int
rouse_worker_evring_add(struct rouse_worker *w, struct rouse_evring *ring,
			rouse_worker_event_t handler, void *arg, struct rouse_attn_target *target)
{
	struct source model, *s;
	int ret;

	memset(&model, 0, sizeof(model));
	model.ops = &evring_ops;
	model.kind = ROUSE_SOURCE_HANDSHAKE;
	model.arg = arg;
	model.evring.handler = handler;
	model.evring.ring = ring;
	ret = source_add(w, &model, GROUP_SOFTWARE, &s);
	if (ret != 0)
		return ret;
	/* what is in the ring already was signalled to nobody: look once */
	rouse_attn_mark_own(&s->target);
	*target = s->target;
	return 0;
}
