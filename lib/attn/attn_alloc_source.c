/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Sources: where each may be, is, and will be. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "attn_alloc.h"

/* ---- which processor ---- */

static bool
is_in(const uint64_t *mask, uint32_t mask_words, uint32_t processor)
{
	uint32_t word = processor / 64;

	return mask == NULL || (word < mask_words && (mask[word] >> processor % 64 & 1) != 0);
}

static bool
is_better(const struct processor *p, bool needs_bit, uint32_t used, const struct processor *than,
	  bool than_needs_bit, uint32_t than_used, enum choice choice)
{
	if (than == NULL)
		return true;
	if (choice == CHOOSE_LEAST_LOADED)
		return p->nb_sources < than->nb_sources;
	return needs_bit != than_needs_bit ? !needs_bit : used < than_used;
}

/* A processor for the source; `within`: NULL, or its mask goes beside the source's own. 0; -ENODEV:
 * none that it may be on is online, -ENOSPC: none of these has room */
int
attn_choose(struct rouse_attn_alloc *a, const struct source *s, const struct processor *except,
	    const struct rouse_attn_wish *within, enum choice choice, struct processor **out)
{
	struct processor *best = NULL;
	uint32_t best_used = 0, used = 0;
	bool best_needs_bit = false, needs_bit;
	int ret = -ENODEV;

	for (uint32_t i = 0; i < a->conf.max_processors; i++) {
		struct processor *p = a->processors[i];

		if (p == NULL || p == except || p->presence != ROUSE_ATTN_ONLINE ||
		    !is_in(s->mask, s->mask_words, i) ||
		    (within != NULL && !is_in(within->mask, within->mask_words, i)))
			continue;
		if (ret == -ENODEV)
			ret = -ENOSPC;
		/* the load first: the search for room is the longer way */
		if (choice == CHOOSE_LEAST_LOADED && best != NULL &&
		    p->nb_sources >= best->nb_sources)
			continue;
		if (!attn_has_room(a, p, s, &needs_bit))
			continue;
		if (choice == CHOOSE_SPARING)
			used = (uint32_t)__builtin_popcountll(attn_layout_used(a, p));
		if (!is_better(p, needs_bit, used, best, best_needs_bit, best_used, choice))
			continue;
		best = p;
		best_used = used;
		best_needs_bit = needs_bit;
		ret = 0;
	}
	*out = best;
	return ret;
}

static int
refuse_choice(struct rouse_attn_alloc *a, const struct source *s, int error)
{
	if (error == -ENODEV)
		return attn_refuse(
			a, error,
			"%s: no processor that it may be on is online; bring one online, "
			"or name others",
			s->name);
	if (error == -ENOSPC)
		return attn_refuse(a, error,
				   "%s: no bit is left (mode %s); remove a source, or add a "
				   "processor",
				   s->name, rouse_attn_mode_name(a->conf.mode));
	return error;
}

static int
choose_given(struct rouse_attn_alloc *a, const struct source *s, uint32_t number,
	     struct processor **out)
{
	bool needs_bit;
	int ret = attn_find_processor(a, number, out);

	if (ret != 0)
		return ret;
	if ((*out)->presence != ROUSE_ATTN_ONLINE && !s->stays)
		return attn_refuse(a, -ENETDOWN,
				   "%s: processor %u (%s) is not online; bring it online first",
				   s->name, number, (*out)->name);
	if (!attn_has_room(a, *out, s, &needs_bit))
		return attn_refuse(
			a, -ENOSPC,
			"%s: processor %u (%s) has no bit left (mode %s); choose another", s->name,
			number, (*out)->name, rouse_attn_mode_name(a->conf.mode));
	return 0;
}

/* By a wish. */
static int
choose(struct rouse_attn_alloc *a, const struct source *s, const struct rouse_attn_wish *wish,
       const struct processor *except, struct processor **out)
{
	int ret;

	switch (wish->policy) {
	case ROUSE_ATTN_PINNED:
	case ROUSE_ATTN_AT:
	case ROUSE_ATTN_OWN:
		return choose_given(a, s, wish->processor, out);
	case ROUSE_ATTN_LEAST_LOADED:
		return refuse_choice(a, s,
				     attn_choose(a, s, except, NULL, CHOOSE_LEAST_LOADED, out));
	case ROUSE_ATTN_WITHIN:
		ret = wish->mask == NULL
			      ? -ENODEV
			      : attn_choose(a, s, except, wish, CHOOSE_LEAST_LOADED, out);
		return refuse_choice(a, s, ret);
	}
	return attn_refuse(a, -EINVAL, "%s: policy %d: give one of enum rouse_attn_policy", s->name,
			   (int)wish->policy);
}

/* ---- their numbers ---- */

static int
find_source(const struct rouse_attn_alloc *a, int number, struct source **s)
{
	*s = number < 0 || (uint32_t)number >= a->nb_sources ? NULL : a->sources[number];
	return *s == NULL ? -ENOENT : 0;
}

static int
check_source(struct rouse_attn_alloc *a, int number, struct source **s)
{
	return find_source(a, number, s) == 0
		       ? 0
		       : attn_refuse(a, -ENOENT, "source %d: there is none of that number", number);
}

/* Room for one more. */
static int
reserve_number(struct rouse_attn_alloc *a)
{
	uint32_t room = a->room == 0 ? 64 : a->room * 2;
	struct source **sources;

	while (a->first_free < a->nb_sources && a->sources[a->first_free] != NULL)
		a->first_free++;
	if (a->first_free < a->room)
		return 0;
	if (room > INT_MAX)
		return -ENOSPC;
	sources = realloc(a->sources, room * sizeof(struct source *));
	if (sources == NULL)
		return -ENOMEM;
	a->sources = sources;
	a->room = room;
	return 0;
}

/* A source that has its number, and no place. */
static int
create(struct rouse_attn_alloc *a, const struct source *model, struct source **out)
{
	size_t mask_size = model->mask_words * sizeof(*model->mask);
	struct source *s = malloc(sizeof(*s));
	int ret = s == NULL ? -ENOMEM : reserve_number(a);

	if (ret == 0) {
		*s = *model;
		s->mask = model->mask == NULL ? NULL : malloc(mask_size);
		if (model->mask != NULL && s->mask == NULL)
			ret = -ENOMEM;
	}
	if (ret != 0) {
		free(s);
		return ret;
	}
	if (s->mask != NULL)
		memcpy(s->mask, model->mask, mask_size);
	s->number = (int)a->first_free;
	a->sources[a->first_free] = s;
	if (a->first_free == a->nb_sources)
		a->nb_sources++;
	*out = s;
	return 0;
}

static void
destroy(struct rouse_attn_alloc *a, struct source *s)
{
	a->sources[s->number] = NULL;
	if ((uint32_t)s->number < a->first_free)
		a->first_free = (uint32_t)s->number;
	free(s->mask);
	free(s);
}

/* ---- adding and removing ---- */

static int
add(struct rouse_attn_alloc *a, const struct rouse_attn_wish *wish, struct source **out)
{
	bool has_mask = wish->policy == ROUSE_ATTN_WITHIN;
	struct source model = {
		.key = wish->key,
		.wants_ring = wish->wants_ring,
		.is_pinned = wish->policy == ROUSE_ATTN_PINNED,
		.stays = wish->policy == ROUSE_ATTN_OWN,
		.mask = has_mask ? (uint64_t *)(uintptr_t)wish->mask : NULL,
		.mask_words = has_mask ? wish->mask_words : 0,
	};
	struct processor *p;
	int ret;

	attn_set_name(model.name, wish->name);
	ret = choose(a, &model, wish, NULL, &p);
	if (ret == 0)
		ret = create(a, &model, out);
	if (ret != 0)
		return ret;
	ret = attn_hold(a, p, *out, &(*out)->at);
	if (ret != 0)
		destroy(a, *out);
	return ret;
}

int
rouse_attn_alloc_add(struct rouse_attn_alloc *a, const struct rouse_attn_wish *wish,
		     struct rouse_attn_place *place)
{
	struct source *s = NULL;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = add(a, wish, &s);
	if (ret == 0) {
		attn_fill_place(&s->at, place);
		ret = s->number;
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

int
rouse_attn_alloc_describe(struct rouse_attn_alloc *a, int source, uint64_t rings, uint64_t group)
{
	struct source *s;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_source(a, source, &s);
	if (ret == 0) {
		if (!s->wants_ring)
			s->at.rings = s->to.rings = rings;
		s->group = group;
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

static int
refuse_pending(struct rouse_attn_alloc *a, const struct source *s, const struct holding *h)
{
	return attn_refuse(a, -EBUSY,
			   "%s: an event is pending at bit %u of processor %u (%s); let it be "
			   "taken first",
			   s->name, h->place->device % ROUSE_ATTN_BITS, h->place->processor->number,
			   h->place->processor->name);
}

static int
remove_source(struct rouse_attn_alloc *a, struct source *s)
{
	if (s->to.place != NULL)
		return attn_refuse(a, -EBUSY, "%s: it is being moved; wait until it has moved",
				   s->name);
	if (attn_pending(&s->at) != 0)
		return refuse_pending(a, s, &s->at);
	attn_let_go(a, &s->at);
	destroy(a, s);
	return 0;
}

int
rouse_attn_alloc_remove(struct rouse_attn_alloc *a, int source)
{
	struct source *s;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_source(a, source, &s);
	if (ret == 0)
		ret = remove_source(a, s);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

/* The source's place on the processor, old or new; NULL: it has none there. */
static struct holding *
holding_on(struct source *s, uint32_t processor)
{
	if (s->to.place != NULL && s->to.place->processor->number == processor)
		return &s->to;
	return s->at.place->processor->number == processor ? &s->at : NULL;
}

static int
discard(struct rouse_attn_alloc *a, struct source *s, uint32_t processor)
{
	const struct holding *h = holding_on(s, processor);
	uint64_t pending;

	if (h == NULL)
		return attn_refuse(a, -ENOENT, "%s: it has no place on processor %u", s->name,
				   processor);
	pending = attn_pending(h);
	if (pending != 0)
		rouse_attn_unmark(h->place->processor->attn, h->place->device, pending);
	return 0;
}

int
rouse_attn_alloc_discard(struct rouse_attn_alloc *a, int source, uint32_t processor)
{
	struct source *s;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_source(a, source, &s);
	if (ret == 0)
		ret = discard(a, s, processor);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

/* ---- moving ---- */

static int
check_movable(struct rouse_attn_alloc *a, const struct source *s)
{
	if (s->to.place != NULL)
		return attn_refuse(a, -EBUSY, "%s: it is being moved to processor %u already",
				   s->name, s->to.place->processor->number);
	if (s->is_pinned || s->stays)
		return attn_refuse(a, -EPERM, "%s: it is %s processor %u (%s)", s->name,
				   s->is_pinned ? "pinned to"
				   : s->is_late ? "for late signals of"
						: "for nobody but",
				   s->at.place->processor->number, s->at.place->processor->name);
	return 0;
}

int
attn_move_begin(struct rouse_attn_alloc *a, struct source *s, struct processor *to)
{
	int ret = attn_hold(a, to, s, &s->to);

	if (ret == 0 && !s->wants_ring)
		s->to.rings = s->at.rings;
	return ret;
}

static int
begin(struct rouse_attn_alloc *a, struct source *s, const struct rouse_attn_wish *wish)
{
	struct processor *from = s->at.place->processor, *to;
	int ret = check_movable(a, s);

	if (ret == 0)
		ret = choose(a, s, wish, from, &to);
	if (ret != 0)
		return ret;
	if (to == from)
		return attn_refuse(a, -EEXIST, "%s: it is on processor %u (%s) already", s->name,
				   to->number, to->name);
	if (!is_in(s->mask, s->mask_words, to->number))
		return attn_refuse(
			a, -EPERM,
			"%s: processor %u (%s) is not in the mask that it was added with", s->name,
			to->number, to->name);
	return attn_move_begin(a, s, to);
}

int
rouse_attn_alloc_move_begin(struct rouse_attn_alloc *a, int source,
			    const struct rouse_attn_wish *to, struct rouse_attn_place *place)
{
	struct source *s;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_source(a, source, &s);
	if (ret == 0)
		ret = begin(a, s, to);
	if (ret == 0)
		attn_fill_place(&s->to, place);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

static int
check_moving(struct rouse_attn_alloc *a, const struct source *s)
{
	return s->to.place != NULL ? 0
				   : attn_refuse(a, -ENOENT, "%s: it is not being moved", s->name);
}

/* The holding is another's from here on: the same part of the same place. */
static void
hand_over(struct holding *from, struct holding *to, struct source *s)
{
	struct holding **at = &from->place->holdings;

	while (*at != from)
		at = &(*at)->next;
	*to = *from;
	to->source = s;
	*at = to;
	from->place = NULL;
}

/* What keeps the place that the source leaves. */
static int
keep_place(struct rouse_attn_alloc *a, struct source *s, int *late)
{
	struct source model = {
		.key = s->key,
		.wants_ring = s->wants_ring,
		.stays = true,
		.is_late = true,
	}, *keeper;
	int ret;

	attn_set_name(model.name, s->name);
	ret = create(a, &model, &keeper);
	if (ret != 0)
		return ret;
	s->at.place->processor->nb_sources--;
	s->at.place->processor->nb_staying++;
	hand_over(&s->at, &keeper->at, keeper);
	*late = keeper->number;
	return 0;
}

static int
end(struct rouse_attn_alloc *a, struct source *s, int *late)
{
	struct place from = *s->at.place;
	int ret = 0;

	if (late == NULL && attn_pending(&s->at) != 0)
		return refuse_pending(a, s, &s->at);
	if (late == NULL)
		attn_let_go(a, &s->at);
	else
		ret = keep_place(a, s, late);
	if (ret != 0)
		return ret;
	attn_remember(a, s->name, &from, s->to.place);
	hand_over(&s->to, &s->at, s);
	return 0;
}

int
rouse_attn_alloc_move_end(struct rouse_attn_alloc *a, int source, int *late)
{
	struct source *s;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_source(a, source, &s);
	if (ret == 0)
		ret = check_moving(a, s);
	if (ret == 0)
		ret = end(a, s, late);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

/* The event where it should have been is nobody's then: its producer knew of that place. */
int
attn_move_cancel(struct rouse_attn_alloc *a, struct source *s)
{
	if (attn_pending(&s->to) != 0)
		return refuse_pending(a, s, &s->to);
	attn_let_go(a, &s->to);
	return 0;
}

int
rouse_attn_alloc_move_cancel(struct rouse_attn_alloc *a, int source)
{
	struct source *s;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_source(a, source, &s);
	if (ret == 0)
		ret = check_moving(a, s);
	if (ret == 0)
		ret = attn_move_cancel(a, s);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

/* ---- looking ---- */

int
rouse_attn_alloc_source_get(struct rouse_attn_alloc *a, int source,
			    struct rouse_attn_source_info *info)
{
	struct source *s;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = find_source(a, source, &s);
	if (ret == 0) {
		attn_set_name(info->name, s->name);
		info->key = s->key;
		info->group = s->group;
		info->is_late = s->is_late;
		attn_fill_place(&s->at, &info->at);
		attn_fill_place(&s->to, &info->to);
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}
