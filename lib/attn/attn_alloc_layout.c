/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Which device numbers are taken: on a processor, where its layout is its own; of a type, where all
 * its processors have the same. The lowest number that is free is the next one, so that a bit is
 * shared by one device more only when every bit is by as many.
 */

#include <errno.h>
#include <stdlib.h>

#include "attn_alloc.h"

uint32_t
attn_layout_limit(const struct rouse_attn_alloc *a)
{
	return a->conf.mode == ROUSE_ATTN_SHARED ? a->conf.max_details : ROUSE_ATTN_BITS;
}

static uint64_t
reserved_of(const struct rouse_attn_alloc *a, const struct processor *p)
{
	return a->types[p->type].reserved;
}

/* ---- a type's layout ---- */

static uint32_t
bucket_of(uint64_t key, uint32_t instance)
{
	uint64_t mixed = (key + instance) * UINT64_C(0x9e3779b97f4a7c15);

	return mixed >> 32 & (LAYOUT_BUCKETS - 1);
}

/* The device; negative: there is none. */
static int
find_entry(const struct type *t, uint64_t key, uint32_t instance)
{
	uint32_t at = t->buckets[bucket_of(key, instance)];

	for (; at != 0; at = t->entries[at - 1].next)
		if (t->entries[at - 1].key == key && t->entries[at - 1].instance == instance)
			return (int)at - 1;
	return -1;
}

static uint32_t
capacity_of(const struct rouse_attn_alloc *a, const struct type *t)
{
	uint32_t bits = ROUSE_ATTN_BITS - (uint32_t)__builtin_popcountll(t->reserved);

	return attn_layout_limit(a) / ROUSE_ATTN_BITS * bits;
}

/* Room for the device. */
static int
reserve_entries(struct type *t, uint32_t device)
{
	uint32_t room = t->room == 0 ? ROUSE_ATTN_BITS : t->room;
	struct entry *entries;

	while (room <= device)
		room *= 2;
	if (room == t->room)
		return 0;
	entries = realloc(t->entries, room * sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	for (uint32_t i = t->room; i < room; i++)
		entries[i] = (struct entry){ .nb_places = 0 };
	t->entries = entries;
	t->room = room;
	return 0;
}

/* The lowest number that is free, of which there is one. */
static uint32_t
free_number(const struct type *t)
{
	uint32_t n = t->first_free;

	while ((t->reserved >> n % ROUSE_ATTN_BITS & 1) != 0 ||
	       (n < t->nb_details && t->entries[n].nb_places != 0))
		n++;
	return n;
}

/* The consumers of the type look at so many detail words. */
static void
tell_all(const struct rouse_attn_alloc *a, const struct type *t)
{
	for (uint32_t i = 0; i < a->conf.max_processors; i++)
		if (a->processors[i] != NULL && &a->types[a->processors[i]->type] == t)
			attn_layout_tell(a, a->processors[i]);
}

static int
add_entry(struct rouse_attn_alloc *a, struct type *t, uint64_t key, uint32_t instance)
{
	uint32_t *bucket = &t->buckets[bucket_of(key, instance)], n;
	int ret;

	if (t->nb_entries >= capacity_of(a, t))
		return -ENOSPC;
	n = free_number(t);
	ret = reserve_entries(t, n);
	if (ret != 0)
		return ret;
	t->entries[n] = (struct entry){ .key = key, .instance = instance, .next = *bucket };
	*bucket = n + 1;
	t->nb_entries++;
	t->nb_of_bit[n % ROUSE_ATTN_BITS]++;
	t->first_free = n + 1;
	if (n >= t->nb_details) {
		t->nb_details = n + 1;
		tell_all(a, t);
	}
	return (int)n;
}

static void
remove_entry(struct rouse_attn_alloc *a, struct type *t, uint32_t n)
{
	uint32_t *at = &t->buckets[bucket_of(t->entries[n].key, t->entries[n].instance)];
	uint32_t before = t->nb_details;

	while (*at != n + 1)
		at = &t->entries[*at - 1].next;
	*at = t->entries[n].next;
	t->nb_entries--;
	t->nb_of_bit[n % ROUSE_ATTN_BITS]--;
	if (n < t->first_free)
		t->first_free = n;
	while (t->nb_details > 0 && t->entries[t->nb_details - 1].nb_places == 0)
		t->nb_details--;
	if (t->nb_details != before)
		tell_all(a, t);
}

/* ---- both ---- */

/* Can the device be on the processor, where it is not yet? */
bool
attn_layout_has_room(const struct rouse_attn_alloc *a, const struct processor *p, uint64_t key,
		     uint32_t instance)
{
	const struct type *t = &a->types[p->type];

	if (a->conf.mode == ROUSE_ATTN_PER_PROCESSOR)
		return (p->used | t->reserved) != UINT64_MAX;
	return t->nb_entries < capacity_of(a, t) || find_entry(t, key, instance) >= 0;
}

/* A number for a device on a processor where it is not yet; -ENOSPC, -ENOMEM */
int
attn_layout_take(struct rouse_attn_alloc *a, struct processor *p, uint64_t key, uint32_t instance)
{
	struct type *t = &a->types[p->type];
	uint64_t free_bits = ~(p->used | t->reserved);
	int device;

	if (a->conf.mode == ROUSE_ATTN_PER_PROCESSOR) {
		if (free_bits == 0)
			return -ENOSPC;
		p->used |= free_bits & -free_bits;
		return __builtin_ctzll(free_bits);
	}
	device = find_entry(t, key, instance);
	if (device < 0)
		device = add_entry(a, t, key, instance);
	if (device >= 0)
		t->entries[device].nb_places++;
	return device;
}

void
attn_layout_give_back(struct rouse_attn_alloc *a, const struct place *place)
{
	struct type *t = &a->types[place->processor->type];

	if (a->conf.mode == ROUSE_ATTN_PER_PROCESSOR)
		place->processor->used &= ~(UINT64_C(1) << place->device);
	else if (--t->entries[place->device].nb_places == 0)
		remove_entry(a, t, place->device);
}

/* The bits that the processor's layout gives a meaning. */
uint64_t
attn_layout_used(const struct rouse_attn_alloc *a, const struct processor *p)
{
	const struct type *t = &a->types[p->type];
	uint64_t used = 0;

	if (a->conf.mode == ROUSE_ATTN_PER_PROCESSOR)
		return p->used;
	for (unsigned int bit = 0; bit < ROUSE_ATTN_BITS; bit++)
		if (t->nb_of_bit[bit] != 0)
			used |= UINT64_C(1) << bit;
	return used;
}

/* The devices of the layout: detail words that whoever finds all bits set looks at, less those of
 * reserved bits. */
uint32_t
attn_layout_nb_details(const struct rouse_attn_alloc *a, const struct processor *p)
{
	if (a->conf.mode == ROUSE_ATTN_PER_PROCESSOR)
		return (uint32_t)__builtin_popcountll(p->used & ~reserved_of(a, p));
	return a->types[p->type].nb_entries;
}

/* Before anybody learns of a device, the consumer looks at its detail word. */
void
attn_layout_tell(const struct rouse_attn_alloc *a, const struct processor *p)
{
	uint32_t nb = a->types[p->type].nb_details;

	if (a->conf.mode != ROUSE_ATTN_SHARED || p->attn == NULL)
		return;
	/* pairs, by way of the bits, with the load in rouse_attn_nb_details() */
	atomic_store_explicit(&p->attn->nb_details, nb < ROUSE_ATTN_BITS ? ROUSE_ATTN_BITS : nb,
			      memory_order_release);
}
