/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Processors that go offline, and come back. A place is reserved for every source before any of
 * them moves, or nothing happens at all.
 */

#include <errno.h>

#include "attn_alloc.h"

/* ---- the plan ---- */

/* Where a source goes that must be with the others of its group; NULL: none of these has a place
 * yet. */
static struct processor *
place_of_group(const struct rouse_attn_alloc *a, const struct processor *leaving,
	       const struct source *s)
{
	if (s->group == 0)
		return NULL;
	for (uint32_t i = 0; i < a->nb_sources; i++) {
		const struct source *other = a->sources[i];

		if (other != NULL && other->group == s->group && other->to.place != NULL &&
		    other->at.place->processor == leaving)
			return other->to.place->processor;
	}
	return NULL;
}

static int
plan_source(struct rouse_attn_alloc *a, const struct processor *leaving, struct source *s,
	    enum choice choice)
{
	struct processor *to = place_of_group(a, leaving, s);
	bool needs_bit;
	int ret = 0;

	if (to == NULL)
		ret = attn_choose(a, s, leaving, NULL, choice, &to);
	else if (!attn_has_room(a, to, s, &needs_bit))
		ret = -ENOSPC;
	return ret != 0 ? ret : attn_move_begin(a, s, to);
}

static bool
is_leaving_it(const struct source *s, const struct processor *p)
{
	return s != NULL && !s->stays && s->at.place->processor == p;
}

/* Of all its sources, or of none. */
static int
plan(struct rouse_attn_alloc *a, const struct processor *p, enum choice choice)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < a->nb_sources && ret == 0; i++)
		if (is_leaving_it(a->sources[i], p))
			ret = plan_source(a, p, a->sources[i], choice);
	if (ret == 0)
		return 0;
	/* nobody was told of these places: nothing is pending there */
	while (i-- > 0)
		if (is_leaving_it(a->sources[i], p) && a->sources[i]->to.place != NULL)
			attn_let_go(a, &a->sources[i]->to);
	return ret;
}

/* ---- leaving ---- */

static int
check_sources(struct rouse_attn_alloc *a, const struct processor *p)
{
	for (uint32_t i = 0; i < a->nb_sources; i++) {
		const struct source *s = a->sources[i];

		if (s == NULL || s->stays)
			continue;
		if (s->at.place->processor == p && s->is_pinned)
			return attn_refuse(
				a, -EBUSY,
				"processor %u (%s) cannot go offline: %s is pinned to it; "
				"remove that first",
				p->number, p->name, s->name);
		if (s->to.place != NULL &&
		    (s->at.place->processor == p || s->to.place->processor == p))
			return attn_refuse(
				a, -EBUSY,
				"processor %u (%s) cannot go offline: %s is being moved; "
				"try again",
				p->number, p->name, s->name);
	}
	return 0;
}

static int
check_leave(struct rouse_attn_alloc *a, const struct processor *p)
{
	if (p->presence != ROUSE_ATTN_ONLINE)
		return attn_refuse(a, -EALREADY, "processor %u (%s) is %s already", p->number,
				   p->name,
				   p->presence == ROUSE_ATTN_OFFLINE ? "offline" : "going offline");
	if (a->nb_online == 1)
		return attn_refuse(
			a, -EBUSY,
			"processor %u (%s) cannot go offline: it is the last one online; "
			"bring another one online first",
			p->number, p->name);
	if (a->default_processor == p->number)
		return attn_refuse(a, -EBUSY,
				   "processor %u (%s) cannot go offline: it is the default one; "
				   "make another one that first",
				   p->number, p->name);
	return check_sources(a, p);
}

static int
leave(struct rouse_attn_alloc *a, struct processor *p)
{
	int ret = check_leave(a, p);

	if (ret != 0)
		return ret;
	ret = plan(a, p, CHOOSE_LEAST_LOADED);
	if (ret == -ENOSPC)
		ret = plan(a, p, CHOOSE_SPARING);
	if (ret == -ENOSPC)
		return attn_refuse(a, ret,
				   "processor %u (%s) cannot go offline: the others have no bits "
				   "for its %u sources (mode %s); remove some, or add a processor",
				   p->number, p->name, p->nb_sources,
				   rouse_attn_mode_name(a->conf.mode));
	if (ret == -ENODEV)
		return attn_refuse(
			a, ret,
			"processor %u (%s) cannot go offline: a source of it may be on no "
			"other that is online; bring one of its mask online first",
			p->number, p->name);
	if (ret != 0)
		return ret;
	p->presence = ROUSE_ATTN_LEAVING;
	a->nb_online--;
	return 0;
}

int
rouse_attn_alloc_leave(struct rouse_attn_alloc *a, uint32_t processor)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0)
		ret = leave(a, p);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

static int
check_leaving(struct rouse_attn_alloc *a, const struct processor *p)
{
	return p->presence == ROUSE_ATTN_LEAVING
		       ? 0
		       : attn_refuse(a, -ENETDOWN, "processor %u (%s) was not going offline",
				     p->number, p->name);
}

static int
stay(struct rouse_attn_alloc *a, struct processor *p)
{
	int ret = check_leaving(a, p);

	/* all that can be cancelled, or none */
	for (uint32_t i = 0; i < a->nb_sources && ret == 0; i++)
		if (is_leaving_it(a->sources[i], p) && a->sources[i]->to.place != NULL &&
		    attn_pending(&a->sources[i]->to) != 0)
			ret = attn_move_cancel(a, a->sources[i]);
	if (ret != 0)
		return ret;
	for (uint32_t i = 0; i < a->nb_sources; i++)
		if (is_leaving_it(a->sources[i], p) && a->sources[i]->to.place != NULL)
			attn_let_go(a, &a->sources[i]->to);
	attn_come_online(a, p);
	return 0;
}

int
rouse_attn_alloc_stay(struct rouse_attn_alloc *a, uint32_t processor)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0)
		ret = stay(a, p);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

int
rouse_attn_alloc_left(struct rouse_attn_alloc *a, uint32_t processor)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0)
		ret = check_leaving(a, p);
	if (ret == 0 && p->nb_sources != 0)
		ret = attn_refuse(a, -EBUSY, "processor %u (%s) has %u sources left", p->number,
				  p->name, p->nb_sources);
	if (ret == 0) {
		p->presence = ROUSE_ATTN_OFFLINE;
		attn_remember_presence(a, p, false);
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

int
rouse_attn_alloc_online(struct rouse_attn_alloc *a, uint32_t processor)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0 && p->presence != ROUSE_ATTN_OFFLINE)
		ret = attn_refuse(a, -EALREADY, "processor %u (%s) is %s", p->number, p->name,
				  p->presence == ROUSE_ATTN_ONLINE ? "online already"
								   : "going offline");
	if (ret == 0) {
		attn_come_online(a, p);
		attn_remember_presence(a, p, true);
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}
