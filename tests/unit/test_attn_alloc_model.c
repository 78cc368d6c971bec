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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_model.h"

#define OPERATIONS UNIT_TIMES(100000)
#define COMPARE_AT 16	/* operations */
#define MOOD	   2000 /* operations that one lasts */

static unsigned int nb_lines;

/* ---- the run ---- */

static void
count_line(void *arg, const char *line)
{
	nb_lines++;
}

static void
end_a_move(void)
{
	m_end_move(m_likely_source());
}

static void
operate(void)
{
	static void (*const operations[])(void) = {
		/* as often as they stand here; the first is one of the next two, by the m_mood */
		NULL,
		NULL,
		NULL,
		NULL,
		NULL,
		NULL,
		NULL,
		m_add_source,
		m_remove_source,
		m_begin_move,
		m_begin_move,
		end_a_move,
		end_a_move,
		m_cancel_move,
		m_discard,
		m_signal_source,
		m_signal_source,
		m_signal_source,
		m_wake_one,
		m_wake_one,
		m_wake_one,
		m_leave,
		m_left,
		m_left,
		m_bring_online,
		m_bring_online,
		m_stay,
		m_add_processor,
		m_set_default,
		m_remove_processor,
		m_reserve,
		m_unreserve,
		m_describe_source,
		m_describe_source,
	};
	unsigned int which = m_below(UNIT_DIM(operations));

	if (operations[which] != NULL)
		operations[which]();
	else if (m_mood.is_filling)
		m_add_source();
	else
		m_remove_source();
}

static void
change_mood(void)
{
	static const uint32_t nb_keys[] = { 5, 50, KEYS };

	m_mood.is_filling = m_below(3) != 0;
	m_mood.is_plain = m_below(2) == 0;
	m_mood.nb_keys = nb_keys[m_below(UNIT_DIM(nb_keys))];
	m_mood.rings = m_below(3) == 0 ? 8 : 0;
	if (m_mood.is_plain && m_mood.nb_keys == KEYS)
		m_mood.nb_keys -= RING_KEYS;
	if (!m_mood.is_filling || !m_mood.is_plain)
		return;
	/* from the beginning, with what may be anywhere */
	for (int i = 0; i < SOURCES; i++) {
		struct m_source *s = &m.sources[i];

		if (s->exists && (s->has_mask || s->is_pinned || s->wants_ring) &&
		    s->place[TO].processor == NO_PROCESSOR && !m_is_pending(s, &s->place[AT])) {
			assert_int_equal(rouse_attn_alloc_remove(m_alloc, i), 0);
			s->exists = false;
		} else if (s->exists && s->group != 0) {
			assert_int_equal(
				rouse_attn_alloc_describe(m_alloc, i, s->place[AT].rings, 0), 0);
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
	uint64_t seed = m_dice = seed_of(usual_seed);

	printf("# %s: seed %llu\n", rouse_attn_mode_name(mode), (unsigned long long)seed);
	memset(&m, 0, sizeof(m));
	m.mode = mode;
	m.default_processor = NO_PROCESSOR;
	nb_lines = 0;
	m_alloc = rouse_attn_alloc_create(&conf);
	assert_non_null(m_alloc);
	for (unsigned int i = 0; i < OPERATIONS; i++) {
		unit_deadline();
		if (i % MOOD == 0)
			change_mood();
		operate();
		if (i % COMPARE_AT == 0)
			m_compare_all();
	}
	m_compare_all();
	for (int p = 0; p < NUMBERS; p++)
		if (m.processors[p].exists)
			m_wake(p);
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
	rouse_attn_alloc_destroy(m_alloc);
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
