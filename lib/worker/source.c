/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A worker's sources: visiting one, adding and removing, and the table from attention bits back to
 * sources. A handshake source is named by a device bit and one or more of its ring bits. The queues
 * of a port share a device bit, whose ring bits are the numbers of the port's event rings. Sources
 * that are no port's are given a ring bit each, of a device bit that they share as long as 64 ring
 * bits last.
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

/* The device of a port, or one of the software's with a ring bit left, or a new one; -ENOSPC: no
 * bit is left, -ENOMEM. */
static int
find_device(struct rouse_worker *w, uint32_t group)
{
	struct device *d;

	for (uint32_t i = 0; i < w->nb_devices; i++)
		if (w->devices[i]->group == group &&
		    (group != GROUP_SOFTWARE || w->devices[i]->taken != UINT64_MAX))
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
link_ring(const struct rouse_worker *w, struct device *d, struct source *s, unsigned int ring)
{
	struct source_link *last = &d->rings[ring];

	if (last->source != NULL) {
		struct source_link *link =
			rte_zmalloc_socket("worker_link", sizeof(*link), 0, w->conf.socket_id);

		if (link == NULL)
			return -ENOMEM;
		while (last->next != NULL)
			last = last->next;
		last->next = link;
		last = link;
	}
	last->source = s;
	d->taken |= UINT64_C(1) << ring;
	s->rings |= UINT64_C(1) << ring;
	return 0;
}

static void
unlink_ring(struct device *d, const struct source *s, unsigned int ring)
{
	struct source_link *link = &d->rings[ring], *before = NULL, *next;

	while (link->source != s) {
		before = link;
		link = link->next;
	}
	next = link->next;
	if (before != NULL) {
		before->next = next;
		rte_free(link);
	} else if (next != NULL) {
		*link = *next; /* the second becomes the first, which stands in the table */
		rte_free(next);
	} else {
		link->source = NULL;
		d->taken &= ~(UINT64_C(1) << ring);
	}
}

/* A bit that stays set names another source of the ring, or none, and counts as stale then. */
static void
give_bits(struct rouse_worker *w, struct source *s)
{
	for (; s->rings != 0; s->rings &= s->rings - 1)
		unlink_ring(w->devices[s->target.device], s,
			    (unsigned int)__builtin_ctzll(s->rings));
}

/* Let these ring bits of its device name the source, which none does yet. 0; -EINVAL: there is
 * none, -ENOMEM: some of them may name it, until it is dropped. */
int
source_set_rings(struct rouse_worker *w, struct source *s, uint64_t rings)
{
	if (rings == 0)
		return -EINVAL;
	for (uint64_t bits = rings; bits != 0; bits &= bits - 1) {
		int ret = link_ring(w, w->devices[s->target.device], s,
				    (unsigned int)__builtin_ctzll(bits));

		if (ret != 0)
			return ret;
	}
	s->target.ring = (uint8_t)__builtin_ctzll(rings);
	return 0;
}

static int
take_bits(struct rouse_worker *w, struct source *s, uint32_t group)
{
	int device = find_device(w, group);
	uint64_t taken;

	if (device < 0)
		return device;
	s->target = (struct rouse_attn_target){ .attn = &w->attn, .device = (uint8_t)device };
	if (group != GROUP_SOFTWARE)
		return 0; /* the rings are the driver's to name */
	taken = w->devices[device]->taken;
	return source_set_rings(w, s, ~taken & (taken + 1)); /* the lowest that is left */
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
