/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>

#include "alloc_model.h"

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
void
m_signal_source(void)
{
	int i = m_likely_source();
	const struct m_place *at = &m.sources[i < 0 ? 0 : i].place[AT];
	struct rouse_attn_target target;

	if (!m_exists(i) || at->rings == 0 || m.nb_events == UNIT_DIM(m.events))
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
void
m_wake(int processor)
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

void
m_wake_one(void)
{
	uint32_t p = m_likely_processor();

	if (p < NUMBERS && m.processors[p].exists)
		m_wake((int)p);
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
		int ret = rouse_attn_alloc_source_get(m_alloc, i, &info);

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
	unsigned int bit = m_below(64);
	int got[SOURCES * 2], nb = 0;
	int ret = rouse_attn_alloc_sources_of(m_alloc, (uint32_t)p, bit, got, UNIT_DIM(got));

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

void
m_compare_all(void)
{
	compare_sources();
	assert_int_equal((int)rouse_attn_alloc_default(m_alloc), m.default_processor);
	for (int p = 0; p < NUMBERS; p++) {
		struct rouse_attn_processor_info info;
		int ret = rouse_attn_alloc_processor_get(m_alloc, (uint32_t)p, &info);
		unsigned int used, reserved;

		assert_int_equal(ret, m.processors[p].exists ? 0 : -ENODEV);
		if (ret != 0)
			continue;
		used = (unsigned int)__builtin_popcountll(used_bits(p));
		reserved = (unsigned int)__builtin_popcountll(m.reserved[m.processors[p].type]);
		assert_int_equal(info.presence, m.processors[p].presence);
		assert_int_equal(info.type, m.processors[p].type);
		assert_int_equal(info.nb_sources, m_load(p, false));
		assert_int_equal(info.nb_staying, m_load(p, true));
		assert_int_equal(info.nb_used, used);
		assert_int_equal(info.nb_reserved, reserved);
		assert_int_equal(info.nb_free, 64 - used - reserved);
		assert_int_equal(info.nb_details,
				 m.mode == ROUSE_ATTN_PER_PROCESSOR
					 ? m_count_devices(p, -1)
					 : m_count_devices(NO_PROCESSOR, (int)info.type));
		compare_reverse(p);
	}
}
