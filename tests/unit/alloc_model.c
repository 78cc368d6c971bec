/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stdlib.h>

#include "alloc_model.h"

struct model m;
struct mood m_mood;
struct rouse_attn_alloc *m_alloc;
uint64_t m_dice;

/* ---- what it says ---- */

bool
m_is_online(int p)
{
	return m.processors[p].exists && m.processors[p].presence == ROUSE_ATTN_ONLINE;
}

unsigned int
m_nb_online(void)
{
	unsigned int nb = 0;

	for (int p = 0; p < NUMBERS; p++)
		nb += m_is_online(p);
	return nb;
}

/* Is there a part of that device on the processor, and which ring bits are taken of it? */
bool
m_find_device(int p, unsigned int key, unsigned int instance, uint64_t *taken)
{
	bool found = false;

	*taken = 0;
	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++) {
			const struct m_place *pl = &m.sources[i].place[w];

			if (!m.sources[i].exists || pl->processor != p || pl->key != key ||
			    pl->instance != instance)
				continue;
			found = true;
			*taken |= m.sources[i].wants_ring ? pl->rings : 0;
		}
	return found;
}

/* Different devices on a processor, or of a type's processors. */
unsigned int
m_count_devices(int p, int type)
{
	struct {
		unsigned int key, instance;
	} seen[SOURCES * 2];
	unsigned int nb = 0, j;

	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++) {
			const struct m_place *pl = &m.sources[i].place[w];

			if (!m.sources[i].exists || pl->processor == NO_PROCESSOR ||
			    (p != NO_PROCESSOR && pl->processor != p) ||
			    (type >= 0 && (int)m.processors[pl->processor].type != type))
				continue;
			for (j = 0; j < nb; j++)
				if (seen[j].key == pl->key && seen[j].instance == pl->instance)
					break;
			if (j < nb)
				continue;
			seen[nb].key = pl->key;
			seen[nb++].instance = pl->instance;
		}
	return nb;
}

unsigned int
m_capacity(int p)
{
	unsigned int bits = ROUSE_ATTN_BITS -
			    (unsigned int)__builtin_popcountll(m.reserved[m.processors[p].type]);

	return m.mode == ROUSE_ATTN_SHARED ? bits * (DETAILS / ROUSE_ATTN_BITS) : bits;
}

static bool
is_of_layout(int p, unsigned int key, unsigned int instance)
{
	uint64_t taken;

	for (int q = 0; q < NUMBERS; q++)
		if (m.processors[q].exists && m.processors[q].type == m.processors[p].type &&
		    m_find_device(q, key, instance, &taken))
			return true;
	return false;
}

/* Which instance of its device the source would be of, whether it is there, and whether there is
 * room for it. */
static bool
has_room(int p, unsigned int key, bool wants_ring, unsigned int *instance, uint64_t *taken)
{
	for (*instance = 0; m_find_device(p, key, *instance, taken); ++*instance)
		if (!wants_ring || *taken != UINT64_MAX)
			return true;
	if (m.mode == ROUSE_ATTN_PER_PROCESSOR)
		return m_count_devices(p, -1) < m_capacity(p);
	return is_of_layout(p, key, *instance) ||
	       m_count_devices(NO_PROCESSOR, (int)m.processors[p].type) < m_capacity(p);
}

/* Sources on the processor and on their way to it; places for late signals. */
unsigned int
m_load(int p, bool late)
{
	unsigned int nb = 0;

	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++)
			nb += m.sources[i].exists && m.sources[i].is_late == late &&
			      m.sources[i].place[w].processor == p;
	return nb;
}

bool
m_is_allowed(const struct m_source *s, int p)
{
	return !s->has_mask || (s->mask >> p & 1) != 0;
}

int
m_choose(const struct m_source *s, unsigned int key, bool wants_ring, uint64_t mask, int except,
	 int *chosen)
{
	unsigned int instance, best = 0;
	int ret = -ENODEV;
	uint64_t taken;

	for (int p = 0; p < NUMBERS; p++) {
		if (!m_is_online(p) || p == except || (mask >> p & 1) == 0 || !m_is_allowed(s, p))
			continue;
		if (ret == -ENODEV)
			ret = -ENOSPC;
		if (!has_room(p, key, wants_ring, &instance, &taken) ||
		    (ret == 0 && m_load(p, false) >= best))
			continue;
		best = m_load(p, false);
		*chosen = p;
		ret = 0;
	}
	return ret;
}

int
m_choose_given(uint32_t number, unsigned int key, bool wants_ring, int *chosen)
{
	unsigned int instance;
	uint64_t taken;

	if (number >= NUMBERS)
		return -ERANGE;
	*chosen = (int)number;
	if (!m.processors[number].exists)
		return -ENODEV;
	if (!m_is_online((int)number))
		return -ENETDOWN;
	return has_room((int)number, key, wants_ring, &instance, &taken) ? 0 : -ENOSPC;
}

/* Is the event at the place, and no other source there would be visited for it? */
bool
m_is_for_it_alone(const struct m_source *s, const struct m_place *at, const struct m_event *event)
{
	bool is_others = false, is_alone = true;

	if (event->processor != at->processor || event->device != at->device)
		return false;
	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++) {
			const struct m_place *pl = &m.sources[i].place[w];

			if (!m.sources[i].exists || pl == at || pl->processor != at->processor ||
			    pl->device != at->device)
				continue;
			is_alone = false;
			is_others |= pl->rings == 0 || (pl->rings >> event->ring & 1) != 0;
		}
	return is_alone || (!is_others && (at->rings >> event->ring & 1) != 0);
}

bool
m_is_pending(const struct m_source *s, const struct m_place *at)
{
	for (unsigned int e = 0; e < m.nb_events; e++)
		if (m_is_for_it_alone(s, at, &m.events[e]))
			return true;
	return false;
}

/* ---- places that the allocator gave ---- */

/* A new part is where the model wants it, and the device is one that it can be. */
void
m_take_place(struct m_source *s, enum where w, int processor, unsigned int key,
	     const struct rouse_attn_place *got)
{
	struct m_place *pl = &s->place[w];
	unsigned int instance;
	uint64_t taken;

	assert_int_equal(got->processor, processor);
	assert_ptr_equal(got->attn, m.processors[processor].attn);
	assert_true(has_room(processor, key, s->wants_ring, &instance, &taken));
	assert_true((m.reserved[m.processors[processor].type] >> got->device % 64 & 1) == 0);
	assert_true(got->device < (m.mode == ROUSE_ATTN_SHARED ? DETAILS : 64));
	for (int i = 0; i < SOURCES; i++)
		for (int v = AT; v <= TO; v++) {
			const struct m_place *other = &m.sources[i].place[v];
			bool same_layout, same_device;

			if (!m.sources[i].exists || other->processor == NO_PROCESSOR)
				continue;
			same_layout = m.mode == ROUSE_ATTN_PER_PROCESSOR
					      ? other->processor == processor
					      : m.processors[other->processor].type ==
							m.processors[processor].type;
			same_device = other->key == key && other->instance == instance;
			if (same_layout)
				assert_true(same_device == (other->device == got->device));
		}
	if (s->wants_ring) /* the lowest that is free */
		assert_true(got->rings == (~taken & (taken + 1)));
	*pl = (struct m_place){
		.processor = processor,
		.key = key,
		.instance = instance,
		.rings = s->wants_ring ? got->rings
			 : w == TO     ? s->place[AT].rings
				       : 0,
		.device = got->device,
	};
}

/* ---- m_dice ---- */

uint32_t
m_below(uint32_t limit)
{
	return unit_random_below(&m_dice, limit);
}

uint32_t
m_any_processor(void)
{
	return m_below(NUMBERS + 1) == 0 ? NUMBERS + m_below(3) : m_below(NUMBERS);
}

/* One that exists, mostly. */
uint32_t
m_likely_processor(void)
{
	uint32_t p = m_below(NUMBERS);

	if (m_below(16) == 0)
		return m_any_processor();
	for (unsigned int i = 0; i < NUMBERS && !m.processors[p].exists; i++)
		p = (p + 1) % NUMBERS;
	return p;
}

int
m_likely_source(void)
{
	int s = (int)m_below(SOURCES);

	if (m_below(32) == 0)
		return s - 3;
	for (int i = 0; i < SOURCES && !m.sources[s].exists; i++)
		s = (s + 1) % SOURCES;
	return s;
}

bool
m_exists(int s)
{
	return s >= 0 && m.sources[s].exists;
}

static enum rouse_attn_policy
random_policy(void)
{
	static const enum rouse_attn_policy plain[] = { ROUSE_ATTN_LEAST_LOADED, ROUSE_ATTN_AT };

	if (m_below(32) == 0)
		return (enum rouse_attn_policy)5; /* which is none */
	if (m_mood.is_plain)
		return plain[m_below(2)];
	return m_below(20) == 0
		       ? ROUSE_ATTN_PINNED
		       : (enum rouse_attn_policy[]){ ROUSE_ATTN_LEAST_LOADED, ROUSE_ATTN_WITHIN,
						     ROUSE_ATTN_AT }[m_below(3)];
}

struct rouse_attn_wish
m_random_wish(uint64_t *mask)
{
	*mask = unit_random(&m_dice) & (unit_random(&m_dice) | unit_random(&m_dice));
	return (struct rouse_attn_wish){
		.policy = random_policy(),
		.processor = m_likely_processor(),
		.mask = mask,
		.mask_words = 1,
	};
}
