/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What sources did. The counters of a source stand in a table that only grows: they are there when
 * the source is gone, and are its again when it comes back, so that sums never go backwards and
 * readers need no lock. A place is known by the identity of its source, a word:
 *
 *     63..60  59..56  55..52  51..48   47..32               31..0
 *     0       state   kind    type     queue, or ring bit   port, device bit, file descriptor
 */

#include <errno.h>

#include <rte_malloc.h>

#include "worker.h"

#define TYPE_SHIFT  48
#define KIND_SHIFT  52
#define STATE_SHIFT 56
#define NAME_MASK   ((UINT64_C(1) << KIND_SHIFT) - 1) /* type and numbers: what never changes */

static uint64_t
name_of(const struct source *s)
{
	uint64_t name = (uint64_t)s->ops->type << TYPE_SHIFT;

	switch (s->ops->type) {
	case ROUSE_SOURCE_TYPE_RXQ:
		return name | (uint64_t)s->ethdev.queue << 32 | s->ethdev.port_id;
	case ROUSE_SOURCE_TYPE_EVRING:
		return name | (uint64_t)s->target.ring << 32 | s->target.device;
	case ROUSE_SOURCE_TYPE_FD:
		return name | (uint32_t)s->fd.fd;
	case ROUSE_SOURCE_TYPE_INBOX:
	case ROUSE_SOURCE_TYPE_TIMERS:
		break;
	}
	return name;
}

static struct source_counters *
at(const struct rouse_worker *w, uint32_t index)
{
	return &w->counters[index / COUNTERS_OF_CHUNK][index % COUNTERS_OF_CHUNK];
}

/* ---- control threads, which hold w->control ---- */

/* Give the source its counters. 0; -ENOSPC, -ENOMEM */
int
source_take_counters(struct rouse_worker *w, struct source *s)
{
	uint32_t nb = atomic_load_explicit(&w->nb_counters, memory_order_relaxed);
	struct source_counters **chunk = &w->counters[nb / COUNTERS_OF_CHUNK];
	uint64_t name = name_of(s);

	for (uint32_t i = 0; i < nb; i++) {
		s->counters = at(w, i);
		if ((atomic_load_explicit(&s->counters->identity, memory_order_relaxed) &
		     NAME_MASK) == name)
			return 0;
	}
	if (nb == COUNTERS_OF_CHUNK * MAX_CHUNKS)
		return -ENOSPC;
	if (nb % COUNTERS_OF_CHUNK == 0)
		*chunk = rte_zmalloc_socket("worker_counters", COUNTERS_OF_CHUNK * sizeof(**chunk),
					    RTE_CACHE_LINE_SIZE, w->conf.socket_id);
	if (*chunk == NULL)
		return -ENOMEM;
	s->counters = at(w, nb);
	atomic_store_explicit(&s->counters->identity,
			      name | (uint64_t)ROUSE_SOURCE_REMOVED << STATE_SHIFT,
			      memory_order_relaxed);
	/* pairs with the acquire in rouse_worker_source_stats_get(): the place is there */
	atomic_store_explicit(&w->nb_counters, nb + 1, memory_order_release);
	return 0;
}

void
source_tell_state(const struct source *s, enum rouse_source_state state)
{
	atomic_store_explicit(&s->counters->identity,
			      name_of(s) | (uint64_t)s->kind << KIND_SHIFT |
				      (uint64_t)state << STATE_SHIFT,
			      memory_order_relaxed);
}

void
worker_counters_destroy(struct rouse_worker *w)
{
	for (uint32_t i = 0; i < MAX_CHUNKS; i++)
		rte_free(w->counters[i]);
}

/* ---- any thread ---- */

bool
rouse_worker_source_stats_get(const struct rouse_worker *w, unsigned int index,
			      struct rouse_worker_source_stats *stats)
{
	const struct source_counters *c;
	uint64_t identity, full, bursts = 0;
	uint16_t second;
	uint32_t first;

	/* pairs with the release in source_take_counters() */
	if (index >= atomic_load_explicit(&w->nb_counters, memory_order_acquire))
		return false;
	c = at(w, index);
	identity = atomic_load_explicit(&c->identity, memory_order_relaxed);
	first = (uint32_t)identity;
	second = (uint16_t)(identity >> 32);
	*stats = (struct rouse_worker_source_stats){
		.type = (enum rouse_source_type)(identity >> TYPE_SHIFT & 15),
		.kind = (enum rouse_source_kind)(identity >> KIND_SHIFT & 15),
		.state = (enum rouse_source_state)(identity >> STATE_SHIFT & 15),
	};
	if (stats->type == ROUSE_SOURCE_TYPE_RXQ) {
		stats->port = (uint16_t)first;
		stats->queue = second;
	} else if (stats->type == ROUSE_SOURCE_TYPE_EVRING) {
		stats->device = (uint16_t)first;
		stats->ring = (uint8_t)second;
	} else if (stats->type == ROUSE_SOURCE_TYPE_FD) {
		stats->fd = (int)first;
	}
	for (unsigned int i = 0; i < ROUSE_WORKER_BURST_SIZES; i++) {
		stats->burst_sizes[i] = rouse_counter_get(&c->burst_sizes[i]);
		bursts += stats->burst_sizes[i];
	}
	full = rouse_counter_get(&c->full_bursts);
	stats->burst_sizes[31 - __builtin_clz(w->burst)] += full;
	bursts += full;
	stats->packets = rouse_counter_get(&c->packets) + full * w->burst;
	stats->empty_polls = rouse_counter_get(&c->empty_polls);
	stats->polls = stats->empty_polls + bursts;
	stats->arms = rouse_counter_get(&c->arms);
	stats->arm_errors = rouse_counter_get(&c->arm_errors);
	stats->wakes = rouse_counter_get(&c->wakes);
	return true;
}
