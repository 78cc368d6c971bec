/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>

#include "alloc_model.h"

/* ---- operations: what the allocator says, and what the model wants ---- */

static int
want_choice(const struct m_source *s, const struct rouse_attn_wish *wish, unsigned int key,
	    int except, int *chosen)
{
	switch (wish->policy) {
	case ROUSE_ATTN_LEAST_LOADED:
		return m_choose(s, key, s->wants_ring, UINT64_MAX, except, chosen);
	case ROUSE_ATTN_WITHIN:
		return m_choose(s, key, s->wants_ring, *wish->mask, except, chosen);
	case ROUSE_ATTN_PINNED:
	case ROUSE_ATTN_AT:
	case ROUSE_ATTN_OWN:
		return m_choose_given(wish->processor, key, s->wants_ring, chosen);
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

void
m_add_source(void)
{
	struct rouse_attn_place got;
	uint64_t mask;
	struct rouse_attn_wish wish = m_random_wish(&mask);
	struct m_source s = { .exists = true, .late_of = -1 };
	unsigned int key = m_below(m_mood.nb_keys);
	int want, ret, chosen = NO_PROCESSOR;

	if (nb_sources() + 100 > SOURCES)
		return;
	if (m_below(16) < m_mood.rings)
		key = KEYS - 1 - m_below(RING_KEYS);
	wish.wants_ring = s.wants_ring = key >= KEYS - RING_KEYS;
	wish.key = key;
	want = want_choice(&s, &wish, key, NO_PROCESSOR, &chosen);
	ret = rouse_attn_alloc_add(m_alloc, &wish, &got);
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
	m_take_place(&s, AT, chosen, key, &got);
	m.sources[ret] = s;
}

void
m_describe_source(void)
{
	int s = m_likely_source();
	uint64_t rings = unit_random(&m_dice) & unit_random(&m_dice) & unit_random(&m_dice);
	unsigned int group = !m_mood.is_plain && m_below(4) == 0 ? 1 + m_below(6) : 0;
	int ret = rouse_attn_alloc_describe(m_alloc, s, rings, group);

	assert_int_equal(ret, m_exists(s) ? 0 : -ENOENT);
	if (ret != 0)
		return;
	if (!m.sources[s].wants_ring)
		m.sources[s].place[AT].rings = m.sources[s].place[TO].rings = rings;
	m.sources[s].group = group;
}

void
m_remove_source(void)
{
	int s = m_likely_source(), want = 0;

	if (!m_exists(s))
		want = -ENOENT;
	else if (m.sources[s].place[TO].processor != NO_PROCESSOR ||
		 m_is_pending(&m.sources[s], &m.sources[s].place[AT]))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_remove(m_alloc, s), want);
	if (want == 0)
		m.sources[s].exists = false;
}

void
m_begin_move(void)
{
	struct rouse_attn_place got;
	uint64_t mask;
	const struct rouse_attn_wish wish = m_random_wish(&mask);
	int i = m_likely_source(), want, chosen = NO_PROCESSOR, from;
	struct m_source *s = &m.sources[i < 0 ? 0 : i];

	if (!m_exists(i)) {
		assert_int_equal(rouse_attn_alloc_move_begin(m_alloc, i, &wish, &got), -ENOENT);
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
	if (want == 0 && !m_is_allowed(s, chosen))
		want = -EPERM;
	assert_int_equal(rouse_attn_alloc_move_begin(m_alloc, i, &wish, &got), want);
	if (want == 0)
		m_take_place(s, TO, chosen, s->place[AT].key, &got);
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

void
m_end_move(int i)
{
	struct m_source *s = &m.sources[i < 0 ? 0 : i];
	bool keep = m_below(4) == 0 && nb_sources() < SOURCES;
	int late = -1, want = 0;

	if (!m_exists(i) || s->place[TO].processor == NO_PROCESSOR)
		want = -ENOENT;
	else if (!keep && m_is_pending(s, &s->place[AT]))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_move_end(m_alloc, i, keep ? &late : NULL), want);
	if (want != 0)
		return;
	if (keep)
		assert_true(late >= 0 && late < SOURCES && !m.sources[late].exists);
	move_over(i, late);
}

void
m_cancel_move(void)
{
	int i = m_likely_source(), want = 0;
	struct m_source *s = &m.sources[i < 0 ? 0 : i];

	if (!m_exists(i) || s->place[TO].processor == NO_PROCESSOR)
		want = -ENOENT;
	else if (m_is_pending(s, &s->place[TO]))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_move_cancel(m_alloc, i), want);
	if (want == 0)
		s->place[TO].processor = NO_PROCESSOR;
}

/* What is marked for a source alone is nobody's. */
void
m_discard(void)
{
	int i = m_likely_source(), want = -ENOENT;
	struct m_source *s = &m.sources[i < 0 ? 0 : i];
	uint32_t p = m_below(8) == 0 ? m_any_processor() : (uint32_t)s->place[m_below(2)].processor;

	for (int w = TO; w >= AT && want != 0 && m_exists(i); w--) {
		if (s->place[w].processor < 0 || s->place[w].processor != (int)p)
			continue;
		want = 0;
		for (unsigned int e = m.nb_events; e-- > 0;) {
			if (!m_is_for_it_alone(s, &s->place[w], &m.events[e]))
				continue;
			m.events[e] = m.events[--m.nb_events];
			m.nb_discarded++;
		}
	}
	assert_int_equal(rouse_attn_alloc_discard(m_alloc, i, p), want);
	if (want == 0)
		assert_false((s->place[AT].processor == (int)p && m_is_pending(s, &s->place[AT])) ||
			     (s->place[TO].processor == (int)p && m_is_pending(s, &s->place[TO])));
}
