/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_model.h"

/* ---- processors ---- */

/* Where none was online it is the default one. */
static void
come_online(uint32_t p)
{
	if (m_nb_online() == 0)
		m.default_processor = (int)p;
	m.processors[p].presence = ROUSE_ATTN_ONLINE;
}

void
m_add_processor(void)
{
	static const char *const names[] = { "little", "big" };
	uint32_t p = m_any_processor();
	unsigned int type = m_below(TYPES * 8 + 1), nb = 0;
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
	assert_int_equal(rouse_attn_alloc_processor_add(m_alloc, p, type, attn, names[type % 2]),
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
		if (m_is_online(p))
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

void
m_remove_processor(void)
{
	uint32_t p = m_likely_processor();
	int want = want_processor(p);

	if (want == 0 && (m_load((int)p, false) != 0 || m_load((int)p, true) != 0))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_processor_remove(m_alloc, p), want);
	if (want != 0)
		return;
	m.processors[p].exists = false;
	free(m.processors[p].attn);
	if (m.default_processor == (int)p)
		m.default_processor = first_online();
}

void
m_set_default(void)
{
	uint32_t p = m_likely_processor();
	int want = want_processor(p);

	if (want == 0 && !m_is_online((int)p))
		want = -ENETDOWN;
	assert_int_equal(rouse_attn_alloc_default_set(m_alloc, p), want);
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

			is_elsewhere |= m_is_online(p) && p != leaving &&
					m_find_device(p, key, 0, &taken);
		}
		need += !is_elsewhere && !seen[key];
		seen[key] = true;
	}
	for (int p = 0; p < NUMBERS; p++)
		if (m_is_online(p) && p != leaving)
			room += m_capacity(p) - m_count_devices(p, -1);
	return need <= room;
}

static int
want_leave(uint32_t p)
{
	int want = want_processor(p);

	if (want != 0)
		return want;
	if (!m_is_online((int)p))
		return -EALREADY;
	if (m_nb_online() == 1 || m.default_processor == (int)p)
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
		assert_int_equal(rouse_attn_alloc_source_get(m_alloc, i, &info), 0);
		to = (int)info.to.processor;
		assert_true(to >= 0 && to < NUMBERS && to != p && m_is_online(to));
		assert_true(m_is_allowed(s, to));
		if (s->group != 0) {
			assert_true(where_of_group[s->group] < 0 || where_of_group[s->group] == to);
			where_of_group[s->group] = to;
		}
		m_take_place(s, TO, to, s->place[AT].key, &info.to);
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
			m_end_move(i);
		if (s->is_pinned && s->place[AT].processor == (int)p &&
		    rouse_attn_alloc_remove(m_alloc, i) == 0)
			s->exists = false;
	}
}

void
m_leave(void)
{
	uint32_t p = m_likely_processor();
	bool does_fit, is_sure = false;
	int want, ret;

	if (p < NUMBERS && m_is_online((int)p) && m_below(8) != 0)
		clear_the_way(p);
	want = want_leave(p);
	does_fit = want == 0;
	if (want == 0)
		does_fit = fits((int)p, &is_sure);
	ret = rouse_attn_alloc_leave(m_alloc, p);
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

void
m_stay(void)
{
	uint32_t p = m_likely_processor();
	int want = want_processor(p);

	if (want == 0 && m.processors[p].presence != ROUSE_ATTN_LEAVING)
		want = -ENETDOWN;
	for (int i = 0; i < SOURCES && want == 0; i++) {
		const struct m_source *s = &m.sources[i];

		if (s->exists && s->place[AT].processor == (int)p &&
		    s->place[TO].processor != NO_PROCESSOR && m_is_pending(s, &s->place[TO]))
			want = -EBUSY;
	}
	assert_int_equal(rouse_attn_alloc_stay(m_alloc, p), want);
	if (want != 0)
		return;
	for (int i = 0; i < SOURCES; i++)
		if (m.sources[i].exists && m.sources[i].place[AT].processor == (int)p)
			m.sources[i].place[TO].processor = NO_PROCESSOR;
	come_online(p);
	m.nb_stayed++;
}

void
m_left(void)
{
	uint32_t p = m_likely_processor();
	int want = want_processor(p);

	if (want == 0 && m.processors[p].presence == ROUSE_ATTN_LEAVING && m_below(4) != 0)
		for (int i = 0; i < SOURCES; i++)
			if (m.sources[i].exists && m.sources[i].place[AT].processor == (int)p &&
			    m.sources[i].place[TO].processor != NO_PROCESSOR)
				m_end_move(i);
	if (want == 0 && m.processors[p].presence != ROUSE_ATTN_LEAVING)
		want = -ENETDOWN;
	if (want == 0 && m_load((int)p, false) != 0)
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_left(m_alloc, p), want);
	if (want == 0)
		m.processors[p].presence = ROUSE_ATTN_OFFLINE;
}

void
m_bring_online(void)
{
	uint32_t p = m_likely_processor();
	int want = want_processor(p);

	if (want == 0 && m.processors[p].presence != ROUSE_ATTN_OFFLINE)
		want = -EALREADY;
	assert_int_equal(rouse_attn_alloc_online(m_alloc, p), want);
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

void
m_reserve(void)
{
	unsigned int type = m_below(TYPES), bit = m_below(66);
	int want = 0;

	if (bit >= 64)
		want = -ERANGE;
	else if ((m.reserved[type] >> bit & 1) != 0)
		want = -EEXIST;
	else if (is_bit_used(type, bit))
		want = -EBUSY;
	assert_int_equal(rouse_attn_alloc_reserve(m_alloc, type, bit, "itself"), want);
	if (want == 0)
		m.reserved[type] |= UINT64_C(1) << bit;
}

void
m_unreserve(void)
{
	unsigned int type = m_below(TYPES), bit = m_below(66);
	int want = 0;

	if (bit >= 64)
		want = -ERANGE;
	else if ((m.reserved[type] >> bit & 1) == 0)
		want = -ENOENT;
	assert_int_equal(rouse_attn_alloc_unreserve(m_alloc, type, bit), want);
	if (want == 0)
		m.reserved[type] &= ~(UINT64_C(1) << bit);
}
