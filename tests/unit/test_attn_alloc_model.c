/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Random allocations, moves, and processors that come, go offline and come back, against a model
 * that keeps nothing but a list of sources and searches it for every answer. Whatever is asked, the
 * errno, the place and the counts are those of the model; a refusal changes nothing; every event
 * that was signalled is found once, at the source that it was for, or it was late and was forwarded
 * once. ROUSE_SEED=N in the environment plays another sequence.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rouse_attn_alloc.h>

#include "unit.h"

#define OPERATIONS UNIT_TIMES(100000)
#define PROCESSORS 4  /* that exist at a time */
#define NUMBERS	   40 /* of processors: sparse */
#define TYPES	   2
#define SOURCES	   700 /* at a time, with places for late signals */
#define DETAILS	   128
#define COMPARE_AT 16 /* operations */
#define KEYS	   300
#define RING_KEYS  3	/* the last of these: devices whose sources want a ring bit each */
#define MOOD	   2000 /* operations that one lasts */

#define NO_PROCESSOR -1

/* ---- the model ---- */

enum where { AT, TO };

struct m_place {
	int processor; /* NO_PROCESSOR: it is nowhere */
	unsigned int key, instance;
	uint64_t rings;
	unsigned int device; /* as the allocator said */
};

struct m_source {
	bool exists, wants_ring, is_pinned, has_mask, is_late;
	int late_of; /* whose signals are late here */
	unsigned int group;
	uint64_t mask;
	struct m_place place[2];
};

struct m_event {
	int source, processor;
	unsigned int device, ring;
};

static struct {
	enum rouse_attn_mode mode;
	struct {
		bool exists;
		unsigned int type;
		enum rouse_attn_presence presence;
		struct rouse_attn *attn;
	} processors[NUMBERS];
	uint64_t reserved[TYPES];
	int default_processor;
	struct m_source sources[SOURCES];
	struct m_event events[4096];
	unsigned int nb_events;
	uint64_t nb_signalled, nb_found, nb_forwarded, nb_discarded;
	uint64_t nb_left, nb_without_room, nb_stayed, nb_full; /* what the sequence came by */
} m;

static struct rouse_attn_alloc *alloc;
static unsigned int nb_lines;
static uint64_t dice;

static bool
is_online(int p)
{
	return m.processors[p].exists && m.processors[p].presence == ROUSE_ATTN_ONLINE;
}

static unsigned int
nb_online(void)
{
	unsigned int nb = 0;

	for (int p = 0; p < NUMBERS; p++)
		nb += is_online(p);
	return nb;
}

/* Is there a part of that device on the processor, and which ring bits are taken of it? */
static bool
find_device(int p, unsigned int key, unsigned int instance, uint64_t *taken)
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
static unsigned int
count_devices(int p, int type)
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

static unsigned int
capacity(int p)
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
		    find_device(q, key, instance, &taken))
			return true;
	return false;
}

/* Which instance of its device the source would be of, whether it is there, and whether there is
 * room for it. */
static bool
has_room(int p, unsigned int key, bool wants_ring, unsigned int *instance, uint64_t *taken)
{
	for (*instance = 0; find_device(p, key, *instance, taken); ++*instance)
		if (!wants_ring || *taken != UINT64_MAX)
			return true;
	if (m.mode == ROUSE_ATTN_PER_PROCESSOR)
		return count_devices(p, -1) < capacity(p);
	return is_of_layout(p, key, *instance) ||
	       count_devices(NO_PROCESSOR, (int)m.processors[p].type) < capacity(p);
}

/* Sources on the processor and on their way to it; places for late signals. */
static unsigned int
load(int p, bool late)
{
	unsigned int nb = 0;

	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++)
			nb += m.sources[i].exists && m.sources[i].is_late == late &&
			      m.sources[i].place[w].processor == p;
	return nb;
}

static bool
is_allowed(const struct m_source *s, int p)
{
	return !s->has_mask || (s->mask >> p & 1) != 0;
}

static int
choose(const struct m_source *s, unsigned int key, bool wants_ring, uint64_t mask, int except,
       int *chosen)
{
	unsigned int instance, best = 0;
	int ret = -ENODEV;
	uint64_t taken;

	for (int p = 0; p < NUMBERS; p++) {
		if (!is_online(p) || p == except || (mask >> p & 1) == 0 || !is_allowed(s, p))
			continue;
		if (ret == -ENODEV)
			ret = -ENOSPC;
		if (!has_room(p, key, wants_ring, &instance, &taken) ||
		    (ret == 0 && load(p, false) >= best))
			continue;
		best = load(p, false);
		*chosen = p;
		ret = 0;
	}
	return ret;
}

static int
choose_given(uint32_t number, unsigned int key, bool wants_ring, int *chosen)
{
	unsigned int instance;
	uint64_t taken;

	if (number >= NUMBERS)
		return -ERANGE;
	*chosen = (int)number;
	if (!m.processors[number].exists)
		return -ENODEV;
	if (!is_online((int)number))
		return -ENETDOWN;
	return has_room((int)number, key, wants_ring, &instance, &taken) ? 0 : -ENOSPC;
}

/* Is the event at the place, and no other source there would be visited for it? */
static bool
is_for_it_alone(const struct m_source *s, const struct m_place *at, const struct m_event *event)
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

static bool
is_pending(const struct m_source *s, const struct m_place *at)
{
	for (unsigned int e = 0; e < m.nb_events; e++)
		if (is_for_it_alone(s, at, &m.events[e]))
			return true;
	return false;
}

/* ---- places that the allocator gave ---- */

/* A new part is where the model wants it, and the device is one that it can be. */
static void
take_place(struct m_source *s, enum where w, int processor, unsigned int key,
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

/* ---- dice ---- */

/* What the sequence tends to for a while, so that it comes by full processors and empty ones. */
static struct {
	bool is_filling;
	bool is_plain; /* sources may be anywhere, alone */
	uint32_t nb_keys;
	uint32_t rings; /* of 16 new sources so many want one */
} mood;

static uint32_t
below(uint32_t limit)
{
	return unit_random_below(&dice, limit);
}

static uint32_t
any_processor(void)
{
	return below(NUMBERS + 1) == 0 ? NUMBERS + below(3) : below(NUMBERS);
}

/* One that exists, mostly. */
static uint32_t
likely_processor(void)
{
	uint32_t p = below(NUMBERS);

	if (below(16) == 0)
		return any_processor();
	for (unsigned int i = 0; i < NUMBERS && !m.processors[p].exists; i++)
		p = (p + 1) % NUMBERS;
	return p;
}

static int
likely_source(void)
{
	int s = (int)below(SOURCES);

	if (below(32) == 0)
		return s - 3;
	for (int i = 0; i < SOURCES && !m.sources[s].exists; i++)
		s = (s + 1) % SOURCES;
	return s;
}

static bool
exists(int s)
{
	return s >= 0 && m.sources[s].exists;
}

static enum rouse_attn_policy
random_policy(void)
{
	static const enum rouse_attn_policy plain[] = { ROUSE_ATTN_LEAST_LOADED, ROUSE_ATTN_AT };

	if (below(32) == 0)
		return (enum rouse_attn_policy)5; /* which is none */
	if (mood.is_plain)
		return plain[below(2)];
	return below(20) == 0
		       ? ROUSE_ATTN_PINNED
		       : (enum rouse_attn_policy[]){ ROUSE_ATTN_LEAST_LOADED, ROUSE_ATTN_WITHIN,
						     ROUSE_ATTN_AT }[below(3)];
}

static struct rouse_attn_wish
random_wish(uint64_t *mask)
{
	*mask = unit_random(&dice) & (unit_random(&dice) | unit_random(&dice));
	return (struct rouse_attn_wish){
		.policy = random_policy(),
		.processor = likely_processor(),
		.mask = mask,
		.mask_words = 1,
	};
}

/* ---- operations: what the allocator says, and what the model wants ---- */

static int
want_choice(const struct m_source *s, const struct rouse_attn_wish *wish, unsigned int key,
	    int except, int *chosen)
{
	switch (wish->policy) {
	case ROUSE_ATTN_LEAST_LOADED:
		return choose(s, key, s->wants_ring, UINT64_MAX, except, chosen);
	case ROUSE_ATTN_WITHIN:
		return choose(s, key, s->wants_ring, *wish->mask, except, chosen);
	case ROUSE_ATTN_PINNED:
	case ROUSE_ATTN_AT:
	case ROUSE_ATTN_OWN:
		return choose_given(wish->processor, key, s->wants_ring, chosen);
	}
	return -EINVAL;
}

static unsigned int
nb_sources(void)
{
	unsigned int nb = 0;

	for (int i = 0; i < SOURCES; i++)
		nb += m.sources[i].exists;
	return nb;
}

static void
add_source(void)
{
	struct rouse_attn_place got;
	uint64_t mask;
	struct rouse_attn_wish wish = random_wish(&mask);
	struct m_source s = { .exists = true, .late_of = -1 };
	unsigned int key = below(mood.nb_keys);
	int want, ret, chosen = NO_PROCESSOR;

	if (nb_sources() + 100 > SOURCES)
		return;
	if (below(16) < mood.rings)
		key = KEYS - 1 - below(RING_KEYS);
	wish.wants_ring = s.wants_ring = key >= KEYS - RING_KEYS;
	wish.key = key;
	want = want_choice(&s, &wish, key, NO_PROCESSOR, &chosen);
	ret = rouse_attn_alloc_add(alloc, &wish, &got);
	m.nb_full += want == -ENOSPC;
	if (want != 0) {
		assert_int_equal(ret, want);
		return;
	}
	assert_true(ret >= 0 && ret < SOURCES && !m.sources[ret].exists);
	s.is_pinned = wish.policy == ROUSE_ATTN_PINNED;
	s.has_mask = wish.policy == ROUSE_ATTN_WITHIN;
	s.mask = mask;
	s.place[TO].processor = NO_PROCESSOR;
	take_place(&s, AT, chosen, key, &got);
	m.sources[ret] = s;
}

static void
describe_source(void)
{
	int s = likely_source();
	uint64_t rings = unit_random(&dice) & unit_random(&dice) & unit_random(&dice);
	unsigned int group = !mood.is_plain && below(4) == 0 ? 1 + below(6) : 0;
	int ret = rouse_attn_alloc_describe(alloc, s, rings, group);

	assert_int_equal(ret, exists(s) ? 0 : -ENOENT);
	if (ret != 0)
		return;
	if (!m.sources[s].wants_ring)
		m.sources[s].place[AT].rings = m.sources[s].place[TO].rings = rings;
	m.sources[s].group = group;
}

static void
remove_source(void)
{
	int s = likely_source(), want = 0;

	if (!exists(s))
		want = -ENOENT;
	else if (m.sources[s].place[TO].processor != NO_PROCESSOR ||
		 is_pending(&m.sources[s], &m.sources[s].place[AT]))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_remove(alloc, s), want);
	if (want == 0)
		m.sources[s].exists = false;
}

static void
begin_move(void)
{
	struct rouse_attn_place got;
	uint64_t mask;
	const struct rouse_attn_wish wish = random_wish(&mask);
	int i = likely_source(), want, chosen = NO_PROCESSOR, from;
	struct m_source *s = &m.sources[i < 0 ? 0 : i];

	if (!exists(i)) {
		assert_int_equal(rouse_attn_alloc_move_begin(alloc, i, &wish, &got), -ENOENT);
		return;
	}
	from = s->place[AT].processor;
	if (s->place[TO].processor != NO_PROCESSOR)
		want = -EBUSY;
	else if (s->is_pinned || s->is_late)
		want = -EPERM;
	else
		want = want_choice(s, &wish, s->place[AT].key, from, &chosen);
	if (want == 0 && chosen == from)
		want = -EEXIST;
	if (want == 0 && !is_allowed(s, chosen))
		want = -EPERM;
	assert_int_equal(rouse_attn_alloc_move_begin(alloc, i, &wish, &got), want);
	if (want == 0)
		take_place(s, TO, chosen, s->place[AT].key, &got);
}

static void
move_over(int i, int late)
{
	struct m_source *s = &m.sources[i];

	if (late >= 0) {
		m.sources[late] = *s;
		m.sources[late].is_late = true;
		m.sources[late].late_of = i;
		m.sources[late].is_pinned = m.sources[late].has_mask = false;
		m.sources[late].group = 0;
		m.sources[late].place[TO].processor = NO_PROCESSOR;
	}
	s->place[AT] = s->place[TO];
	s->place[TO].processor = NO_PROCESSOR;
}

static void
end_move(int i)
{
	struct m_source *s = &m.sources[i < 0 ? 0 : i];
	bool keep = below(4) == 0 && nb_sources() < SOURCES;
	int late = -1, want = 0;

	if (!exists(i) || s->place[TO].processor == NO_PROCESSOR)
		want = -ENOENT;
	else if (!keep && is_pending(s, &s->place[AT]))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_move_end(alloc, i, keep ? &late : NULL), want);
	if (want != 0)
		return;
	if (keep)
		assert_true(late >= 0 && late < SOURCES && !m.sources[late].exists);
	move_over(i, late);
}

static void
cancel_move(void)
{
	int i = likely_source(), want = 0;
	struct m_source *s = &m.sources[i < 0 ? 0 : i];

	if (!exists(i) || s->place[TO].processor == NO_PROCESSOR)
		want = -ENOENT;
	else if (is_pending(s, &s->place[TO]))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_move_cancel(alloc, i), want);
	if (want == 0)
		s->place[TO].processor = NO_PROCESSOR;
}

/* What is marked for a source alone is nobody's. */
static void
discard(void)
{
	int i = likely_source(), want = -ENOENT;
	struct m_source *s = &m.sources[i < 0 ? 0 : i];
	uint32_t p = below(8) == 0 ? any_processor() : (uint32_t)s->place[below(2)].processor;

	for (int w = TO; w >= AT && want != 0 && exists(i); w--) {
		if (s->place[w].processor < 0 || s->place[w].processor != (int)p)
			continue;
		want = 0;
		for (unsigned int e = m.nb_events; e-- > 0;) {
			if (!is_for_it_alone(s, &s->place[w], &m.events[e]))
				continue;
			m.events[e] = m.events[--m.nb_events];
			m.nb_discarded++;
		}
	}
	assert_int_equal(rouse_attn_alloc_discard(alloc, i, p), want);
	if (want == 0)
		assert_false((s->place[AT].processor == (int)p && is_pending(s, &s->place[AT])) ||
			     (s->place[TO].processor == (int)p && is_pending(s, &s->place[TO])));
}

/* ---- processors ---- */

/* Where none was online it is the default one. */
static void
come_online(uint32_t p)
{
	if (nb_online() == 0)
		m.default_processor = (int)p;
	m.processors[p].presence = ROUSE_ATTN_ONLINE;
}

static void
add_processor(void)
{
	static const char *const names[] = { "little", "big" };
	uint32_t p = any_processor();
	unsigned int type = below(TYPES * 8 + 1), nb = 0;
	struct rouse_attn *attn;
	int want = 0;

	for (int i = 0; i < NUMBERS; i++)
		nb += m.processors[i].exists;
	if (nb == PROCESSORS)
		return;
	type = type == TYPES * 8 ? ROUSE_ATTN_MAX_TYPES : type % TYPES;
	attn = aligned_alloc(ROUSE_CACHE_LINE, rouse_attn_memsize(DETAILS));
	assert_non_null(attn);
	memset(attn, 0, rouse_attn_memsize(DETAILS));
	rouse_attn_init_with(attn, -1);
	if (type >= TYPES || p >= NUMBERS)
		want = -ERANGE;
	else if (m.processors[p].exists)
		want = -EEXIST;
	assert_int_equal(rouse_attn_alloc_processor_add(alloc, p, type, attn, names[type % 2]),
			 want);
	if (want != 0) {
		free(attn);
		return;
	}
	come_online(p);
	m.processors[p].exists = true;
	m.processors[p].type = type;
	m.processors[p].attn = attn;
}

static int
first_online(void)
{
	for (int p = 0; p < NUMBERS; p++)
		if (is_online(p))
			return p;
	return NO_PROCESSOR;
}

static int
want_processor(uint32_t p)
{
	if (p >= NUMBERS)
		return -ERANGE;
	return m.processors[p].exists ? 0 : -ENODEV;
}

static void
remove_processor(void)
{
	uint32_t p = likely_processor();
	int want = want_processor(p);

	if (want == 0 && (load((int)p, false) != 0 || load((int)p, true) != 0))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_processor_remove(alloc, p), want);
	if (want != 0)
		return;
	m.processors[p].exists = false;
	free(m.processors[p].attn);
	if (m.default_processor == (int)p)
		m.default_processor = first_online();
}

static void
set_default(void)
{
	uint32_t p = likely_processor();
	int want = want_processor(p);

	if (want == 0 && !is_online((int)p))
		want = -ENETDOWN;
	assert_int_equal(rouse_attn_alloc_default_set(alloc, p), want);
	if (want == 0)
		m.default_processor = (int)p;
}

/* Does what the processor has fit on the others, if it stays together where it can? Only for what
 * may be anywhere, alone. */
static bool
fits(int leaving, bool *is_sure)
{
	unsigned int need = 0, room = 0;
	bool seen[KEYS] = { false };

	*is_sure = m.mode == ROUSE_ATTN_PER_PROCESSOR;
	for (int i = 0; i < SOURCES; i++) {
		const struct m_source *s = &m.sources[i];
		unsigned int key = s->place[AT].key;
		bool is_elsewhere = false;

		if (!s->exists || s->is_late || s->place[AT].processor != leaving)
			continue;
		*is_sure &= !s->has_mask && s->group == 0 && !s->wants_ring;
		for (int p = 0; p < NUMBERS; p++) {
			uint64_t taken;

			is_elsewhere |= is_online(p) && p != leaving &&
					find_device(p, key, 0, &taken);
		}
		need += !is_elsewhere && !seen[key];
		seen[key] = true;
	}
	for (int p = 0; p < NUMBERS; p++)
		if (is_online(p) && p != leaving)
			room += capacity(p) - count_devices(p, -1);
	return need <= room;
}

static int
want_leave(uint32_t p)
{
	int want = want_processor(p);

	if (want != 0)
		return want;
	if (!is_online((int)p))
		return -EALREADY;
	if (nb_online() == 1 || m.default_processor == (int)p)
		return -EBUSY;
	for (int i = 0; i < SOURCES; i++) {
		const struct m_source *s = &m.sources[i];

		if (!s->exists || s->is_late)
			continue;
		if (s->place[AT].processor == (int)p && s->is_pinned)
			return -EBUSY;
		if (s->place[TO].processor != NO_PROCESSOR &&
		    (s->place[AT].processor == (int)p || s->place[TO].processor == (int)p))
			return -EBUSY;
	}
	return 0;
}

/* Each source has a place where it may be, with those of its group. */
static void
take_plan(int p)
{
	int where_of_group[8];

	memset(where_of_group, 0xff, sizeof(where_of_group));
	for (int i = 0; i < SOURCES; i++) {
		struct m_source *s = &m.sources[i];
		struct rouse_attn_source_info info;
		int to;

		if (!s->exists || s->is_late || s->place[AT].processor != p)
			continue;
		assert_int_equal(rouse_attn_alloc_source_get(alloc, i, &info), 0);
		to = (int)info.to.processor;
		assert_true(to >= 0 && to < NUMBERS && to != p && is_online(to));
		assert_true(is_allowed(s, to));
		if (s->group != 0) {
			assert_true(where_of_group[s->group] < 0 || where_of_group[s->group] == to);
			where_of_group[s->group] = to;
		}
		take_place(s, TO, to, s->place[AT].key, &info.to);
	}
}

/* Mostly nothing is in the way: no move that is not over, nothing pinned. */
static void
clear_the_way(uint32_t p)
{
	for (int i = 0; i < SOURCES; i++) {
		struct m_source *s = &m.sources[i];

		if (!s->exists || s->is_late)
			continue;
		if (s->place[TO].processor != NO_PROCESSOR &&
		    (s->place[AT].processor == (int)p || s->place[TO].processor == (int)p))
			end_move(i);
		if (s->is_pinned && s->place[AT].processor == (int)p &&
		    rouse_attn_alloc_remove(alloc, i) == 0)
			s->exists = false;
	}
}

static void
leave(void)
{
	uint32_t p = likely_processor();
	bool does_fit, is_sure = false;
	int want, ret;

	if (p < NUMBERS && is_online((int)p) && below(8) != 0)
		clear_the_way(p);
	want = want_leave(p);
	does_fit = want == 0;
	if (want == 0)
		does_fit = fits((int)p, &is_sure);
	ret = rouse_attn_alloc_leave(alloc, p);
	if (want != 0) {
		assert_int_equal(ret, want);
		return;
	}
	if (is_sure)
		assert_int_equal(ret, does_fit ? 0 : -ENOSPC);
	m.nb_left += ret == 0;
	m.nb_without_room += ret == -ENOSPC;
	if (ret != 0) {
		assert_true(ret == -ENOSPC || ret == -ENODEV);
		return;
	}
	take_plan((int)p);
	m.processors[p].presence = ROUSE_ATTN_LEAVING;
}

static void
stay(void)
{
	uint32_t p = likely_processor();
	int want = want_processor(p);

	if (want == 0 && m.processors[p].presence != ROUSE_ATTN_LEAVING)
		want = -ENETDOWN;
	for (int i = 0; i < SOURCES && want == 0; i++) {
		const struct m_source *s = &m.sources[i];

		if (s->exists && s->place[AT].processor == (int)p &&
		    s->place[TO].processor != NO_PROCESSOR && is_pending(s, &s->place[TO]))
			want = -EBUSY;
	}
	assert_int_equal(rouse_attn_alloc_stay(alloc, p), want);
	if (want != 0)
		return;
	for (int i = 0; i < SOURCES; i++)
		if (m.sources[i].exists && m.sources[i].place[AT].processor == (int)p)
			m.sources[i].place[TO].processor = NO_PROCESSOR;
	come_online(p);
	m.nb_stayed++;
}

static void
left(void)
{
	uint32_t p = likely_processor();
	int want = want_processor(p);

	if (want == 0 && m.processors[p].presence == ROUSE_ATTN_LEAVING && below(4) != 0)
		for (int i = 0; i < SOURCES; i++)
			if (m.sources[i].exists && m.sources[i].place[AT].processor == (int)p &&
			    m.sources[i].place[TO].processor != NO_PROCESSOR)
				end_move(i);
	if (want == 0 && m.processors[p].presence != ROUSE_ATTN_LEAVING)
		want = -ENETDOWN;
	if (want == 0 && load((int)p, false) != 0)
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_left(alloc, p), want);
	if (want == 0)
		m.processors[p].presence = ROUSE_ATTN_OFFLINE;
}

static void
bring_online(void)
{
	uint32_t p = likely_processor();
	int want = want_processor(p);

	if (want == 0 && m.processors[p].presence != ROUSE_ATTN_OFFLINE)
		want = -EALREADY;
	assert_int_equal(rouse_attn_alloc_online(alloc, p), want);
	if (want == 0)
		come_online(p);
}

/* ---- reserved bits ---- */

static bool
is_bit_used(unsigned int type, unsigned int bit)
{
	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++) {
			const struct m_place *pl = &m.sources[i].place[w];

			if (m.sources[i].exists && pl->processor != NO_PROCESSOR &&
			    m.processors[pl->processor].type == type && pl->device % 64 == bit)
				return true;
		}
	return false;
}

static void
reserve(void)
{
	unsigned int type = below(TYPES), bit = below(66);
	int want = 0;

	if (bit >= 64)
		want = -ERANGE;
	else if ((m.reserved[type] >> bit & 1) != 0)
		want = -EEXIST;
	else if (is_bit_used(type, bit))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_reserve(alloc, type, bit, "itself"), want);
	if (want == 0)
		m.reserved[type] |= UINT64_C(1) << bit;
}

static void
unreserve(void)
{
	unsigned int type = below(TYPES), bit = below(66);
	int want = 0;

	if (bit >= 64)
		want = -ERANGE;
	else if ((m.reserved[type] >> bit & 1) == 0)
		want = -ENOENT;
	assert_int_equal(rouse_attn_alloc_unreserve(alloc, type, bit), want);
	if (want == 0)
		m.reserved[type] &= ~(UINT64_C(1) << bit);
}

/* ---- events ---- */

static bool
is_marked(int processor, unsigned int device, unsigned int ring)
{
	for (unsigned int e = 0; e < m.nb_events; e++)
		if (m.events[e].processor == processor && m.events[e].device == device &&
		    m.events[e].ring == ring)
			return true;
	return false;
}

/* Where the source is, or, as a signal that is late, where it was. */
static void
signal_source(void)
{
	int i = likely_source();
	const struct m_place *at = &m.sources[i < 0 ? 0 : i].place[AT];
	struct rouse_attn_target target;

	if (!exists(i) || at->rings == 0 || m.nb_events == UNIT_DIM(m.events))
		return;
	target = (struct rouse_attn_target){
		.attn = m.processors[at->processor].attn,
		.device = (uint16_t)at->device,
		.ring = (uint8_t)__builtin_ctzll(at->rings),
	};
	if (is_marked(at->processor, at->device, target.ring))
		return; /* two of a bit are one */
	rouse_attn_signal(&target, 1);
	m.events[m.nb_events++] = (struct m_event){
		.source = i,
		.processor = at->processor,
		.device = at->device,
		.ring = target.ring,
	};
	m.nb_signalled++;
}

/* Does that bit name the source? */
static bool
is_named(int i, int processor, unsigned int device, unsigned int ring)
{
	const struct m_place *at = &m.sources[i].place[AT];

	return m.sources[i].exists && at->processor == processor && at->device == device &&
	       (at->rings >> ring & 1) != 0;
}

static void
find_event(int processor, unsigned int device, unsigned int ring)
{
	for (unsigned int e = 0; e < m.nb_events; e++) {
		const struct m_event *event = &m.events[e];

		if (event->processor != processor || event->device != device || event->ring != ring)
			continue;
		/* whoever it was for is still named, or another that shares the bit with it */
		m.nb_forwarded += m.sources[event->source].is_late;
		m.nb_found++;
		if (!is_named(event->source, processor, device, ring)) {
			bool is_anyone = false;

			for (int i = 0; i < SOURCES; i++)
				is_anyone |= is_named(i, processor, device, ring) ||
					     (m.sources[i].exists &&
					      m.sources[i].place[TO].processor == processor) ||
					     m.sources[i].place[AT].rings == 0;
			assert_true(is_anyone);
		}
		m.events[e] = m.events[--m.nb_events];
		return;
	}
	fail_msg("processor %d has bit %u of detail word %u, which nobody set", processor, ring,
		 device);
}

/* A wake: what is found is what was signalled, and how much was looked at follows from the mode. */
static void
wake(int processor)
{
	struct rouse_attn *a = m.processors[processor].attn;
	unsigned int nb_bits = 0, nb_words = 0, nb_before = m.nb_events, nb_here = 0;
	unsigned int nb = rouse_attn_nb_details(a);

	for (unsigned int e = 0; e < m.nb_events; e++)
		nb_here += m.events[e].processor == processor;
	for (uint64_t word = rouse_attn_take(a); word != 0; word &= word - 1) {
		unsigned int device = (unsigned int)__builtin_ctzll(word);

		nb_bits++;
		for (; device < nb; device += ROUSE_ATTN_BITS) {
			uint64_t bits = rouse_attn_take_detail(a, device);

			nb_words++;
			for (; bits != 0; bits &= bits - 1)
				find_event(processor, device, (unsigned int)__builtin_ctzll(bits));
		}
	}
	assert_int_equal(nb_before - m.nb_events, nb_here);
	if (m.mode != ROUSE_ATTN_SHARED)
		assert_int_equal(nb_words, nb_bits);
	else
		assert_in_range(nb_words, nb_bits, nb_bits * (DETAILS / ROUSE_ATTN_BITS));
}

static void
wake_one(void)
{
	uint32_t p = likely_processor();

	if (p < NUMBERS && m.processors[p].exists)
		wake((int)p);
}

/* ---- the comparison ---- */

static void
assert_place(const struct m_place *want, const struct rouse_attn_place *got)
{
	if (want->processor == NO_PROCESSOR) {
		assert_int_equal(got->processor, ROUSE_ATTN_NONE);
		return;
	}
	assert_int_equal(got->processor, want->processor);
	assert_int_equal(got->device, want->device);
	assert_true(got->rings == want->rings);
}

static void
compare_sources(void)
{
	for (int i = 0; i < SOURCES; i++) {
		struct rouse_attn_source_info info;
		int ret = rouse_attn_alloc_source_get(alloc, i, &info);

		assert_int_equal(ret, m.sources[i].exists ? 0 : -ENOENT);
		if (ret != 0)
			continue;
		assert_int_equal(info.is_late, m.sources[i].is_late);
		assert_place(&m.sources[i].place[AT], &info.at);
		assert_place(&m.sources[i].place[TO], &info.to);
	}
}

/* The bits of its layout. */
static uint64_t
used_bits(int p)
{
	uint64_t used = 0;

	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++) {
			const struct m_place *pl = &m.sources[i].place[w];

			if (!m.sources[i].exists || pl->processor == NO_PROCESSOR)
				continue;
			if (m.mode == ROUSE_ATTN_PER_PROCESSOR
				    ? pl->processor == p
				    : m.processors[pl->processor].type == m.processors[p].type)
				used |= UINT64_C(1) << pl->device % 64;
		}
	return used;
}

static void
compare_reverse(int p)
{
	unsigned int bit = below(64);
	int got[SOURCES * 2], nb = 0;
	int ret = rouse_attn_alloc_sources_of(alloc, (uint32_t)p, bit, got, UNIT_DIM(got));

	for (int i = 0; i < SOURCES; i++)
		for (int w = AT; w <= TO; w++) {
			const struct m_place *pl = &m.sources[i].place[w];
			bool is_listed = false;

			if (!m.sources[i].exists || pl->processor != p || pl->device % 64 != bit)
				continue;
			nb++;
			for (int j = 0; j < ret; j++)
				is_listed |= got[j] == i;
			assert_true(is_listed);
		}
	assert_int_equal(ret, nb);
}

static void
compare_all(void)
{
	compare_sources();
	assert_int_equal((int)rouse_attn_alloc_default(alloc), m.default_processor);
	for (int p = 0; p < NUMBERS; p++) {
		struct rouse_attn_processor_info info;
		int ret = rouse_attn_alloc_processor_get(alloc, (uint32_t)p, &info);
		unsigned int used, reserved;

		assert_int_equal(ret, m.processors[p].exists ? 0 : -ENODEV);
		if (ret != 0)
			continue;
		used = (unsigned int)__builtin_popcountll(used_bits(p));
		reserved = (unsigned int)__builtin_popcountll(m.reserved[m.processors[p].type]);
		assert_int_equal(info.presence, m.processors[p].presence);
		assert_int_equal(info.type, m.processors[p].type);
		assert_int_equal(info.nb_sources, load(p, false));
		assert_int_equal(info.nb_staying, load(p, true));
		assert_int_equal(info.nb_used, used);
		assert_int_equal(info.nb_reserved, reserved);
		assert_int_equal(info.nb_free, 64 - used - reserved);
		assert_int_equal(info.nb_details,
				 m.mode == ROUSE_ATTN_PER_PROCESSOR
					 ? count_devices(p, -1)
					 : count_devices(NO_PROCESSOR, (int)info.type));
		compare_reverse(p);
	}
}

/* ---- the run ---- */

static void
count_line(void *arg, const char *line)
{
	nb_lines++;
}

static void
end_a_move(void)
{
	end_move(likely_source());
}

static void
operate(void)
{
	static void (*const operations[])(void) = {
		/* as often as they stand here; the first is one of the next two, by the mood */
		NULL,
		NULL,
		NULL,
		NULL,
		NULL,
		NULL,
		NULL,
		add_source,
		remove_source,
		begin_move,
		begin_move,
		end_a_move,
		end_a_move,
		cancel_move,
		discard,
		signal_source,
		signal_source,
		signal_source,
		wake_one,
		wake_one,
		wake_one,
		leave,
		left,
		left,
		bring_online,
		bring_online,
		stay,
		add_processor,
		set_default,
		remove_processor,
		reserve,
		unreserve,
		describe_source,
		describe_source,
	};
	unsigned int which = below(UNIT_DIM(operations));

	if (operations[which] != NULL)
		operations[which]();
	else if (mood.is_filling)
		add_source();
	else
		remove_source();
}

static void
change_mood(void)
{
	static const uint32_t nb_keys[] = { 5, 50, KEYS };

	mood.is_filling = below(3) != 0;
	mood.is_plain = below(2) == 0;
	mood.nb_keys = nb_keys[below(UNIT_DIM(nb_keys))];
	mood.rings = below(3) == 0 ? 8 : 0;
	if (mood.is_plain && mood.nb_keys == KEYS)
		mood.nb_keys -= RING_KEYS;
	if (!mood.is_filling || !mood.is_plain)
		return;
	/* from the beginning, with what may be anywhere */
	for (int i = 0; i < SOURCES; i++) {
		struct m_source *s = &m.sources[i];

		if (s->exists && (s->has_mask || s->is_pinned || s->wants_ring) &&
		    s->place[TO].processor == NO_PROCESSOR && !is_pending(s, &s->place[AT])) {
			assert_int_equal(rouse_attn_alloc_remove(alloc, i), 0);
			s->exists = false;
		} else if (s->exists && s->group != 0) {
			assert_int_equal(rouse_attn_alloc_describe(alloc, i, s->place[AT].rings, 0),
					 0);
			s->group = 0;
		}
	}
}

static uint64_t
seed_of(uint64_t usual)
{
	const char *given = getenv("ROUSE_SEED");

	return given == NULL ? usual : strtoull(given, NULL, 0);
}

static void
play(enum rouse_attn_mode mode, uint64_t usual_seed)
{
	const struct rouse_attn_alloc_conf conf = {
		.mode = mode,
		.max_processors = NUMBERS,
		.max_details = DETAILS,
		.log = count_line,
	};
	uint64_t seed = dice = seed_of(usual_seed);

	printf("# %s: seed %llu\n", rouse_attn_mode_name(mode), (unsigned long long)seed);
	memset(&m, 0, sizeof(m));
	m.mode = mode;
	m.default_processor = NO_PROCESSOR;
	nb_lines = 0;
	alloc = rouse_attn_alloc_create(&conf);
	assert_non_null(alloc);
	for (unsigned int i = 0; i < OPERATIONS; i++) {
		unit_deadline();
		if (i % MOOD == 0)
			change_mood();
		operate();
		if (i % COMPARE_AT == 0)
			compare_all();
	}
	compare_all();
	for (int p = 0; p < NUMBERS; p++)
		if (m.processors[p].exists)
			wake(p);
	assert_int_equal(m.nb_events, 0);
	assert_true(m.nb_signalled == m.nb_found + m.nb_discarded);
	printf("# %llu events, %llu of them late, %llu discarded; processors left %llu times, stayed "
	       "%llu, found no room %llu; no bit for a source %llu times; %u lines\n",
	       (unsigned long long)m.nb_signalled, (unsigned long long)m.nb_forwarded,
	       (unsigned long long)m.nb_discarded, (unsigned long long)m.nb_left,
	       (unsigned long long)m.nb_stayed, (unsigned long long)m.nb_without_room,
	       (unsigned long long)m.nb_full, nb_lines);
	if (getenv("ROUSE_SEED") == NULL) {
		assert_true(m.nb_signalled > OPERATIONS / 40);
		assert_true(m.nb_discarded > 10 && m.nb_forwarded > 10 && m.nb_left > 10 &&
			    m.nb_stayed > 10);
		assert_true(m.nb_full > 10);
	}
	rouse_attn_alloc_destroy(alloc);
	for (int p = 0; p < NUMBERS; p++)
		if (m.processors[p].exists)
			free(m.processors[p].attn);
}

static void
random_operations_per_processor_keep_to_the_model(void **state)
{
	play(ROUSE_ATTN_PER_PROCESSOR, 1);
}

static void
random_operations_uniform_keep_to_the_model(void **state)
{
	play(ROUSE_ATTN_UNIFORM, 2);
}

static void
random_operations_shared_keep_to_the_model(void **state)
{
	play(ROUSE_ATTN_SHARED, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_per_processor_keep_to_the_model),
		cmocka_unit_test(random_operations_uniform_keep_to_the_model),
		cmocka_unit_test(random_operations_shared_keep_to_the_model),
	};

	return UNIT_RUN(tests);
}
