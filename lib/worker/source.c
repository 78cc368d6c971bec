/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A worker's sources: visiting one, adding and removing, and the table from attention bits back to
 * sources. Handshake sources get the pair (device bit, ring bit): the queues of one port share
 * a device bit as long as its 64 ring bits last, and so do all sources that are no port's.
 */

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "worker.h"

uint32_t
source_visit(struct rouse_worker *w, struct source *s)
{
	uint32_t n = s->ops->drain(w, s);

	rouse_counter_add(&w->stats.polls, 1);
	if (n == 0)
		rouse_counter_add(&w->stats.empty_polls, 1);
	ROUSE_WINDOW(C_DRAINED);
	return n;
}

struct source *
source_of_bits(const struct rouse_worker *w, unsigned int device, unsigned int ring)
{
	return w->devices[device] == NULL ? NULL : w->devices[device]->rings[ring];
}

/* ---- lists ---- */

static int
list_append(struct source_list *l, struct source *s)
{
	if (l->nb == l->room) {
		uint32_t room = l->room == 0 ? 16 : l->room * 2;
		struct source **at = rte_realloc(l->at, room * sizeof(*at), 0);

		if (at == NULL)
			return -ENOMEM;
		l->at = at;
		l->room = room;
	}
	l->at[l->nb++] = s;
	return 0;
}

static void
list_remove(struct source_list *l, const struct source *s)
{
	for (uint32_t i = 0; i < l->nb; i++) {
		if (l->at[i] != s)
			continue;
		memmove(&l->at[i], &l->at[i + 1], (l->nb - i - 1) * sizeof(*l->at));
		l->nb--;
		return;
	}
}

/* ---- bits ---- */

/* A device of the group with a ring bit left, or a new one; -ENOSPC: no bit is left, -ENOMEM. */
static int
find_device(struct rouse_worker *w, uint32_t group)
{
	struct device *d;

	for (uint32_t i = 0; i < w->nb_devices; i++)
		if (w->devices[i]->group == group && w->devices[i]->nb_rings < ROUSE_ATTN_BITS)
			return (int)i;
	if (w->nb_devices == ROUSE_ATTN_BITS)
		return -ENOSPC;
	d = rte_zmalloc_socket("worker_device", sizeof(*d), RTE_CACHE_LINE_SIZE, w->conf.socket_id);
	if (d == NULL)
		return -ENOMEM;
	d->group = group;
	w->devices[w->nb_devices] = d;
	return (int)w->nb_devices++;
}

static int
take_bits(struct rouse_worker *w, struct source *s, uint32_t group)
{
	int device = find_device(w, group);
	uint8_t ring = 0;

	if (device < 0)
		return device;
	while (w->devices[device]->rings[ring] != NULL)
		ring++;
	w->devices[device]->rings[ring] = s;
	w->devices[device]->nb_rings++;
	s->target = (struct rouse_attn_target){
		.attn = &w->attn,
		.device = (uint8_t)device,
		.ring = ring,
	};
	return 0;
}

static void
give_bits(struct rouse_worker *w, const struct source *s)
{
	struct device *d = w->devices[s->target.device];

	d->rings[s->target.ring] = NULL;
	d->nb_rings--;
	atomic_fetch_and_explicit(&w->attn.detail[s->target.device],
				  ~(UINT64_C(1) << s->target.ring), memory_order_relaxed);
}

/* ---- adding and removing: control thread, the worker does not run ---- */

int
source_add(struct rouse_worker *w, const struct source *model, uint32_t group,
	   struct source **added)
{
	bool is_handshake = model->kind == ROUSE_SOURCE_HANDSHAKE;
	struct source *s;
	int ret;

	if (atomic_load_explicit(&w->running, memory_order_acquire))
		return -EBUSY;
	s = rte_malloc_socket("worker_source", sizeof(*s), RTE_CACHE_LINE_SIZE, w->conf.socket_id);
	if (s == NULL)
		return -ENOMEM;
	*s = *model;
	if (is_handshake) {
		ret = take_bits(w, s, group);
		if (ret != 0)
			goto free_source;
	}
	ret = list_append(&w->sources, s);
	if (ret != 0)
		goto give_bits;
	ret = list_append(is_handshake ? &w->handshake : &w->plain, s);
	if (ret != 0)
		goto unlist;
	if (s->kind == ROUSE_SOURCE_TIMED)
		w->nb_timed++;
	*added = s;
	return 0;

unlist:
	list_remove(&w->sources, s);
give_bits:
	if (is_handshake)
		give_bits(w, s);
free_source:
	rte_free(s);
	return ret;
}

/* Forget a source whose producer does not know it, or does not any more. */
void
source_drop(struct rouse_worker *w, struct source *s)
{
	list_remove(&w->sources, s);
	list_remove(&w->handshake, s);
	list_remove(&w->plain, s);
	if (s->kind == ROUSE_SOURCE_HANDSHAKE)
		give_bits(w, s);
	if (s->kind == ROUSE_SOURCE_TIMED)
		w->nb_timed--;
	if (s->is_dry)
		w->nb_dry--;
	rte_free(s);
}

void
source_remove_all(struct rouse_worker *w)
{
	while (w->sources.nb > 0) {
		struct source *s = w->sources.at[w->sources.nb - 1];

		s->ops->remove(w, s);
		source_drop(w, s);
	}
	for (uint32_t i = 0; i < w->nb_devices; i++)
		rte_free(w->devices[i]);
	w->nb_devices = 0;
	rte_free(w->sources.at);
	rte_free(w->handshake.at);
	rte_free(w->plain.at);
}
