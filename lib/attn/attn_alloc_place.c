/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Places: devices on processors, and the sources that have a part in each. A place comes with its
 * first source and goes with its last one.
 */

#include <errno.h>
#include <stdlib.h>

#include "attn_alloc.h"

/* What is marked in a detail word. */
uint64_t
attn_marked(const struct processor *p, uint32_t device)
{
	/* pairs with the first fetch_or in rouse_attn_mark() */
	return p->attn == NULL
		       ? 0
		       : atomic_load_explicit(&p->attn->detail[device], memory_order_acquire);
}

/* ---- the places of all processors, to be found by what they are ---- */

#define FIRST_BUCKETS 64

static uint32_t
hash(uint32_t processor, uint64_t key, uint32_t instance)
{
	uint64_t mixed = (key + ((uint64_t)processor << 32 | instance)) *
			 UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(mixed >> 32);
}

static struct place **
bucket_of(const struct rouse_attn_alloc *a, uint32_t processor, uint64_t key, uint32_t instance)
{
	return &a->buckets[hash(processor, key, instance) & (a->nb_buckets - 1)];
}

int
attn_places_init(struct rouse_attn_alloc *a)
{
	a->nb_buckets = FIRST_BUCKETS;
	a->buckets = calloc(a->nb_buckets, sizeof(struct place *));
	return a->buckets == NULL ? -ENOMEM : 0;
}

static void
enter_bucket(struct rouse_attn_alloc *a, struct place *place)
{
	struct place **bucket = bucket_of(a, place->processor->number, place->key, place->instance);

	place->next = *bucket;
	*bucket = place;
}

static void
leave_bucket(struct rouse_attn_alloc *a, const struct place *place)
{
	struct place **at = bucket_of(a, place->processor->number, place->key, place->instance);

	while (*at != place)
		at = &(*at)->next;
	*at = place->next;
}

/* As many buckets as places, or so; without memory for more the chains are longer. */
static void
grow_buckets(struct rouse_attn_alloc *a)
{
	struct place **old = a->buckets;
	uint32_t nb_old = a->nb_buckets;
	struct place **buckets = calloc(nb_old * 2, sizeof(struct place *));

	if (buckets == NULL)
		return;
	a->buckets = buckets;
	a->nb_buckets = nb_old * 2;
	for (uint32_t i = 0; i < nb_old; i++) {
		while (old[i] != NULL) {
			struct place *place = old[i];

			old[i] = place->next;
			enter_bucket(a, place);
		}
	}
	free(old);
}

static struct place *
find_place(const struct rouse_attn_alloc *a, const struct processor *p, uint64_t key,
	   uint32_t instance)
{
	struct place *place = *bucket_of(a, p->number, key, instance);

	while (place != NULL &&
	       (place->processor != p || place->key != key || place->instance != instance))
		place = place->next;
	return place;
}

/* ---- a place for a source ---- */

/* The instance of the source's device that it would be of, and its place on the processor, NULL:
 * there is none yet. */
static struct place *
find_room(const struct rouse_attn_alloc *a, const struct processor *p, const struct source *s,
	  uint32_t *instance)
{
	struct place *place;

	*instance = 0;
	for (;;) {
		place = find_place(a, p, s->key, *instance);
		if (place == NULL || !s->wants_ring || place->taken != UINT64_MAX)
			return place;
		++*instance;
	}
}

/* Could the source be there, and would that take a bit? */
bool
attn_has_room(const struct rouse_attn_alloc *a, const struct processor *p, const struct source *s,
	      bool *needs_bit)
{
	uint32_t instance;

	*needs_bit = find_room(a, p, s, &instance) == NULL;
	return !*needs_bit || attn_layout_has_room(a, p, s->key, instance);
}

static int
reserve_places(struct processor *p)
{
	uint32_t room = p->room == 0 ? 4 : p->room * 2;
	struct place **places;

	if (p->nb_places < p->room)
		return 0;
	places = realloc(p->places, room * sizeof(struct place *));
	if (places == NULL)
		return -ENOMEM;
	p->places = places;
	p->room = room;
	return 0;
}

static int
add_place(struct rouse_attn_alloc *a, struct processor *p, uint64_t key, uint32_t instance,
	  struct place **out)
{
	struct place *place = calloc(1, sizeof(*place));
	int device = place == NULL ? -ENOMEM : reserve_places(p);

	if (device == 0)
		device = attn_layout_take(a, p, key, instance);
	if (device < 0) {
		free(place);
		return device;
	}
	place->processor = p;
	place->key = key;
	place->instance = instance;
	place->device = (uint16_t)device;
	p->places[p->nb_places++] = place;
	if (++a->nb_places > a->nb_buckets)
		grow_buckets(a);
	enter_bucket(a, place);
	*out = place;
	return 0;
}

static void
remove_place(struct rouse_attn_alloc *a, struct place *place)
{
	struct processor *p = place->processor;
	uint32_t i = 0;

	attn_layout_give_back(a, place);
	leave_bucket(a, place);
	a->nb_places--;
	while (p->places[i] != place)
		i++;
	p->places[i] = p->places[--p->nb_places];
	free(place);
}

/* The source has, or will have, a part in its device on the processor. 0; -ENOSPC, -ENOMEM */
int
attn_hold(struct rouse_attn_alloc *a, struct processor *p, struct source *s, struct holding *h)
{
	uint32_t instance;
	struct place *place = find_room(a, p, s, &instance);
	int ret = place != NULL ? 0 : add_place(a, p, s->key, instance, &place);

	if (ret != 0)
		return ret;
	h->place = place;
	h->source = s;
	h->rings = 0;
	if (s->wants_ring) {
		h->rings = ~place->taken & (place->taken + 1);
		place->taken |= h->rings;
	}
	h->next = place->holdings;
	place->holdings = h;
	p->nb_sources += !s->stays;
	p->nb_staying += s->stays;
	return 0;
}

/* What is marked that no other source of the place would be visited for. */
uint64_t
attn_pending(const struct holding *h)
{
	uint64_t marked = attn_marked(h->place->processor, h->place->device);

	for (const struct holding *other = h->place->holdings; other != NULL; other = other->next) {
		if (other == h)
			continue;
		/* one that has not said may be named by any; the place itself stays */
		marked &= h->rings & ~(other->rings == 0 ? UINT64_MAX : other->rings);
	}
	return marked;
}

void
attn_let_go(struct rouse_attn_alloc *a, struct holding *h)
{
	struct place *place = h->place;
	struct holding **at = &place->holdings;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	if (h->source->wants_ring)
		place->taken &= ~h->rings;
	place->processor->nb_sources -= !h->source->stays;
	place->processor->nb_staying -= h->source->stays;
	h->place = NULL;
	if (place->holdings == NULL)
		remove_place(a, place);
}

void
attn_fill_place(const struct holding *h, struct rouse_attn_place *place)
{
	*place = (struct rouse_attn_place){ .processor = ROUSE_ATTN_NONE };
	if (h->place == NULL)
		return;
	place->processor = h->place->processor->number;
	place->attn = h->place->processor->attn;
	place->device = h->place->device;
	place->rings = h->rings;
}
