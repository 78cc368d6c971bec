/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Steering tables: their defaults, what each update changes, and that a refusal changes nothing. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rouse_steer.h>

#include "unit.h"

static struct rouse_steer steer, before;

/* Different limits, so that a value held against the wrong one shows. */
#define QUEUES	8
#define RINGS	5
#define VECTORS 3

static void
make_of(uint16_t reta_size, uint16_t nb_queues, uint16_t nb_rings, uint16_t nb_vectors)
{
	const struct rouse_steer_conf conf = {
		.reta_size = reta_size,
		.nb_queues = nb_queues,
		.nb_rings = nb_rings,
		.nb_vectors = nb_vectors,
	};

	assert_int_equal(rouse_steer_init(&steer, &conf), 0);
}

static void
make(uint16_t reta_size, uint16_t nb_queues)
{
	make_of(reta_size, nb_queues, nb_queues, nb_queues);
}

static void
make_uneven(void)
{
	make_of(128, QUEUES, RINGS, VECTORS);
	before = steer;
}

static void
assert_path(struct rouse_steer_path path, uint16_t queue, uint16_t ring, uint16_t vector)
{
	assert_int_equal(path.queue, queue);
	assert_int_equal(path.ring, ring);
	assert_int_equal(path.vector, vector);
}

static void
assert_unchanged(void)
{
	assert_memory_equal(&steer, &before, sizeof(steer));
}

static void
by_default_reta_entry_i_names_queue_i_modulo_queues(void **state)
{
	for (uint16_t size = 1; size <= ROUSE_STEER_MAX_RETA; size *= 2) {
		for (uint16_t queues = 1; queues <= ROUSE_STEER_MAX_QUEUES; queues++) {
			memset(&steer, 0xff, sizeof(steer));
			make(size, queues);
			for (uint16_t i = 0; i < size; i++) {
				uint16_t q = i % queues;

				assert_int_equal(rouse_steer_reta_get(&steer, i), q);
				assert_path(rouse_steer_hash(&steer, i), q, q, q);
			}
			assert_path(rouse_steer_unhashed(&steer), 0, 0, 0);
			assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_LINK), 0, 0, 0);
		}
	}
}

static void
the_low_bits_of_the_hash_choose_the_reta_entry(void **state)
{
	make(128, 64);
	for (uint16_t i = 0; i < 128; i++)
		assert_int_equal(rouse_steer_reta_set(&steer, i, (uint16_t)(i * 5 % 64)), 0);
	/* 0x51ccc178 % 128 is 0x78 */
	assert_int_equal(rouse_steer_hash(&steer, 0x51ccc178).queue, 0x78 * 5 % 64);
	assert_int_equal(rouse_steer_hash(&steer, 0xffffffff).queue, 127 * 5 % 64);
	assert_int_equal(rouse_steer_hash(&steer, 0x80000000).queue, 0);
	make(1, 3);
	assert_int_equal(rouse_steer_reta_set(&steer, 0, 2), 0);
	assert_int_equal(rouse_steer_hash(&steer, 0xffffffff).queue, 2);
}

static void
by_default_rings_and_vectors_are_dealt_out_in_turn(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_map_get(&steer), ROUSE_STEER_MAP_B);
	for (uint16_t q = 0; q < QUEUES; q++) {
		assert_int_equal(rouse_steer_ring(&steer, q), q % RINGS);
		for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++)
			assert_path(rouse_steer_event(&steer, q, code), q, q % RINGS,
				    q % RINGS % VECTORS);
	}
	assert_int_equal(rouse_steer_map_set(&steer, ROUSE_STEER_MAP_A), 0);
	for (uint16_t q = 0; q < QUEUES; q++) {
		for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
			uint16_t ring = (uint16_t)((q + code * QUEUES) % RINGS);

			assert_path(rouse_steer_event(&steer, q, code), q, ring, ring % VECTORS);
		}
	}
	assert_int_equal(rouse_steer_rss_default_queue_get(&steer), 0);
	assert_int_equal(rouse_steer_default_processor_get(&steer), 0);
}

static void
init_refuses_numbers_out_of_range_and_touches_nothing(void **state)
{
	static const uint16_t wrong_sizes[] = { 0, 3, 96, 127, 513, 1024, 0x8000, 0xffff };
	static const uint16_t wrong[] = { 0, 65, 128, 0xffff };
	const struct rouse_steer_conf right = { 128, 4, 4, 4 };

	memset(&steer, 0xa5, sizeof(steer));
	before = steer;
	for (size_t i = 0; i < UNIT_DIM(wrong_sizes); i++) {
		struct rouse_steer_conf conf = right;

		conf.reta_size = wrong_sizes[i];
		assert_int_equal(rouse_steer_init(&steer, &conf), -EINVAL);
	}
	for (size_t i = 0; i < UNIT_DIM(wrong); i++) {
		struct rouse_steer_conf queues = right, rings = right, vectors = right;

		queues.nb_queues = rings.nb_rings = vectors.nb_vectors = wrong[i];
		assert_int_equal(rouse_steer_init(&steer, &queues), -EINVAL);
		assert_int_equal(rouse_steer_init(&steer, &rings), -EINVAL);
		assert_int_equal(rouse_steer_init(&steer, &vectors), -EINVAL);
	}
	assert_unchanged();
}

static void
a_reta_update_changes_that_entry_alone(void **state)
{
	make(128, 8);
	assert_int_equal(rouse_steer_reta_set(&steer, 77, 2), 0);
	for (uint16_t i = 0; i < 128; i++) {
		uint16_t q = i == 77 ? 2 : i % 8;

		assert_int_equal(rouse_steer_reta_get(&steer, i), q);
		assert_path(rouse_steer_hash(&steer, 0xabcdef80u + i), q, q, q);
	}
}

static void
a_reta_update_out_of_range_changes_nothing(void **state)
{
	make(128, 8);
	before = steer;
	assert_int_equal(rouse_steer_reta_set(&steer, 128, 0), -ERANGE);
	assert_int_equal(rouse_steer_reta_set(&steer, 0xffff, 0), -ERANGE);
	assert_int_equal(rouse_steer_reta_set(&steer, 0, 8), -ERANGE);
	assert_int_equal(rouse_steer_reta_set(&steer, 0, 0xffff), -ERANGE);
	assert_int_equal(rouse_steer_reta_get(&steer, 128), -ERANGE);
	assert_int_equal(rouse_steer_reta_get(&steer, 0xffff), -ERANGE);
	assert_unchanged();
}

static void
a_ring_update_moves_every_reta_entry_of_its_queue(void **state)
{
	make(128, 8);
	assert_int_equal(rouse_steer_reta_set(&steer, 3, 5), 0);
	assert_int_equal(rouse_steer_ring_set(&steer, 5, 1), 0);
	for (uint16_t i = 0; i < 128; i++) {
		uint16_t q = i == 3 ? 5 : i % 8;
		uint16_t ring = q == 5 ? 1 : q;

		assert_int_equal(rouse_steer_reta_get(&steer, i), q);
		assert_path(rouse_steer_hash(&steer, i), q, ring, ring);
	}
	for (uint16_t q = 0; q < 8; q++)
		assert_int_equal(rouse_steer_ring(&steer, q), q == 5 ? 1 : q);
}

static void
a_reta_entry_written_later_has_the_ring_of_its_queue(void **state)
{
	make(4, 4);
	assert_int_equal(rouse_steer_ring_set(&steer, 3, 2), 0);
	assert_int_equal(rouse_steer_reta_set(&steer, 0, 3), 0);
	assert_path(rouse_steer_hash(&steer, 0), 3, 2, 2);
	assert_int_equal(rouse_steer_ring_set(&steer, 3, 3), 0);
	assert_path(rouse_steer_hash(&steer, 0), 3, 3, 3);
}

static void
a_ring_update_out_of_range_changes_nothing(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_ring_set(&steer, QUEUES, 0), -ERANGE);
	assert_int_equal(rouse_steer_ring_set(&steer, 0, RINGS), -ERANGE);
	assert_int_equal(rouse_steer_ring_set(&steer, 0xffff, 0xffff), -ERANGE);
	assert_unchanged();
}

static void
two_rings_may_share_a_vector(void **state)
{
	make(4, 4);
	assert_int_equal(rouse_steer_vector_set(&steer, 1, 3), 0);
	assert_path(rouse_steer_hash(&steer, 0), 0, 0, 0);
	assert_path(rouse_steer_hash(&steer, 1), 1, 1, 3);
	assert_path(rouse_steer_hash(&steer, 3), 3, 3, 3);
	assert_int_equal(rouse_steer_vector(&steer, 1), 3);
	/* the vector is the ring's, not the queue's */
	assert_int_equal(rouse_steer_ring_set(&steer, 2, 1), 0);
	assert_path(rouse_steer_hash(&steer, 2), 2, 1, 3);
}

static void
a_vector_update_out_of_range_changes_nothing(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_vector_set(&steer, RINGS, 0), -ERANGE);
	assert_int_equal(rouse_steer_vector_set(&steer, 0, VECTORS), -ERANGE);
	assert_int_equal(rouse_steer_vector_set(&steer, 0xffff, 0xffff), -ERANGE);
	assert_unchanged();
}

static void
each_map_takes_ring_and_vector_from_where_it_says(void **state)
{
	static const struct {
		enum rouse_steer_map map;
		uint16_t ring, vector;
	} expected[] = {
		{ ROUSE_STEER_MAP_B, 1, 2 },	    /* column, of ring 1 */
		{ ROUSE_STEER_MAP_A, 4, 0 },	    /* map, map */
		{ ROUSE_STEER_MAP_A_RING, 4, 1 },   /* map, of ring 4 */
		{ ROUSE_STEER_MAP_A_VECTOR, 1, 0 }, /* column, map */
	};

	make_uneven();
	assert_int_equal(rouse_steer_ring_set(&steer, 6, 1), 0);
	assert_int_equal(rouse_steer_vector_set(&steer, 1, 2), 0);
	assert_int_equal(rouse_steer_vector_set(&steer, 4, 1), 0);
	for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++)
		assert_int_equal(rouse_steer_event_set(&steer, 6, code, 4, 0), 0);
	assert_int_equal(rouse_steer_rss_default_queue_set(&steer, 6), 0);
	assert_int_equal(rouse_steer_default_processor_set(&steer, 6), 0);

	for (size_t i = 0; i < UNIT_DIM(expected); i++) {
		uint16_t ring = expected[i].ring, vector = expected[i].vector;

		assert_int_equal(rouse_steer_map_set(&steer, expected[i].map), 0);
		assert_int_equal(rouse_steer_map_get(&steer), expected[i].map);
		assert_path(rouse_steer_hash(&steer, 6), 6, ring, vector);
		assert_path(rouse_steer_unhashed(&steer), 6, ring, vector);
		for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
			assert_path(rouse_steer_event(&steer, 6, code), 6, ring, vector);
			assert_path(rouse_steer_no_data(&steer, code), 6, ring, vector);
		}
	}
}

static void
a_map_that_does_not_exist_changes_nothing(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_map_set(&steer, ROUSE_NB_STEER_MAPS), -EINVAL);
	assert_int_equal(rouse_steer_map_set(&steer, (enum rouse_steer_map) - 1), -EINVAL);
	assert_unchanged();
}

static void
every_map_has_a_name_that_finds_it_and_nothing_else_does(void **state)
{
	static const char *const names[] = { "B", "A", "A-ring", "A-vector" };
	static const char *const wrong[] = { "", "b", "C", "A-", "A-rings", "A ring", "B " };
	enum rouse_steer_map map;

	for (unsigned int i = 0; i < ROUSE_NB_STEER_MAPS; i++) {
		assert_string_equal(rouse_steer_map_name(i), names[i]);
		map = ROUSE_NB_STEER_MAPS;
		assert_int_equal(rouse_steer_map_parse(names[i], &map), 0);
		assert_int_equal(map, i);
	}
	assert_null(rouse_steer_map_name(ROUSE_NB_STEER_MAPS));
	assert_null(rouse_steer_map_name((enum rouse_steer_map) - 1));
	map = ROUSE_STEER_MAP_A;
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_int_equal(rouse_steer_map_parse(wrong[i], &map), -EINVAL);
	assert_int_equal(map, ROUSE_STEER_MAP_A);
}

static void
an_event_map_update_changes_that_queue_and_code_alone(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_map_set(&steer, ROUSE_STEER_MAP_A), 0);
	assert_int_equal(rouse_steer_event_set(&steer, 2, ROUSE_EVENT_TX, 4, 2), 0);
	for (uint16_t q = 0; q < QUEUES; q++) {
		for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
			bool is_it = q == 2 && code == ROUSE_EVENT_TX;
			uint16_t ring = is_it ? 4 : (uint16_t)((q + code * QUEUES) % RINGS);

			assert_path(rouse_steer_event(&steer, q, code), q, ring,
				    is_it ? 2 : ring % VECTORS);
		}
	}
}

static void
an_event_map_update_out_of_range_changes_nothing(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_event_set(&steer, QUEUES, 0, 0, 0), -ERANGE);
	assert_int_equal(rouse_steer_event_set(&steer, 0, ROUSE_NB_EVENT_CODES, 0, 0), -ERANGE);
	assert_int_equal(rouse_steer_event_set(&steer, 0, (enum rouse_event_code) - 1, 0, 0),
			 -ERANGE);
	assert_int_equal(rouse_steer_event_set(&steer, 0, 0, RINGS, 0), -ERANGE);
	assert_int_equal(rouse_steer_event_set(&steer, 0, 0, 0, VECTORS), -ERANGE);
	assert_int_equal(rouse_steer_event_set(&steer, 0xffff, 0, 0xffff, 0xffff), -ERANGE);
	assert_unchanged();
	assert_int_equal(rouse_steer_event_set(&steer, QUEUES - 1, ROUSE_EVENT_ERROR, RINGS - 1,
					       VECTORS - 1),
			 0);
}

static void
unhashed_frames_go_to_the_rss_default_queue(void **state)
{
	make(4, 4);
	assert_int_equal(rouse_steer_rss_default_queue_set(&steer, 3), 0);
	assert_int_equal(rouse_steer_rss_default_queue_get(&steer), 3);
	assert_path(rouse_steer_unhashed(&steer), 3, 3, 3);
	assert_int_equal(rouse_steer_ring_set(&steer, 3, 1), 0);
	assert_int_equal(rouse_steer_vector_set(&steer, 1, 2), 0);
	assert_path(rouse_steer_unhashed(&steer), 3, 1, 2);
	/* neither hashed frames nor events without data care */
	assert_path(rouse_steer_hash(&steer, 0), 0, 0, 0);
	assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_LINK), 0, 0, 0);
}

static void
events_without_data_go_to_the_default_processor(void **state)
{
	make(4, 4);
	assert_int_equal(rouse_steer_default_processor_set(&steer, 2), 0);
	assert_int_equal(rouse_steer_default_processor_get(&steer), 2);
	assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_LINK), 2, 2, 2);
	assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_ERROR), 2, 2, 2);
	/* frames do not care, hashed or not */
	assert_path(rouse_steer_unhashed(&steer), 0, 0, 0);
	assert_path(rouse_steer_hash(&steer, 1), 1, 1, 1);
	/* by code, with a map that looks at it */
	assert_int_equal(rouse_steer_map_set(&steer, ROUSE_STEER_MAP_A), 0);
	assert_int_equal(rouse_steer_event_set(&steer, 2, ROUSE_EVENT_LINK, 0, 1), 0);
	assert_int_equal(rouse_steer_event_set(&steer, 2, ROUSE_EVENT_ERROR, 3, 2), 0);
	assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_LINK), 2, 0, 1);
	assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_ERROR), 2, 3, 2);
}

static void
an_rss_default_queue_out_of_range_changes_nothing(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_rss_default_queue_set(&steer, QUEUES), -ERANGE);
	assert_int_equal(rouse_steer_rss_default_queue_set(&steer, 0xffff), -ERANGE);
	assert_unchanged();
}

static void
a_default_processor_cannot_become_invalid(void **state)
{
	make_uneven();
	assert_int_equal(rouse_steer_default_processor_set(&steer, QUEUES - 1), 0);
	before = steer;
	assert_int_equal(rouse_steer_default_processor_set(&steer, QUEUES), -ERANGE);
	assert_int_equal(rouse_steer_default_processor_set(&steer, 0xffff), -ERANGE);
	assert_unchanged();
	/* the tables of fewer queues name one of these */
	make(128, 1);
	assert_int_equal(rouse_steer_default_processor_get(&steer), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default_reta_entry_i_names_queue_i_modulo_queues),
		cmocka_unit_test(the_low_bits_of_the_hash_choose_the_reta_entry),
		cmocka_unit_test(by_default_rings_and_vectors_are_dealt_out_in_turn),
		cmocka_unit_test(init_refuses_numbers_out_of_range_and_touches_nothing),
		cmocka_unit_test(a_reta_update_changes_that_entry_alone),
		cmocka_unit_test(a_reta_update_out_of_range_changes_nothing),
		cmocka_unit_test(a_ring_update_moves_every_reta_entry_of_its_queue),
		cmocka_unit_test(a_reta_entry_written_later_has_the_ring_of_its_queue),
		cmocka_unit_test(a_ring_update_out_of_range_changes_nothing),
		cmocka_unit_test(two_rings_may_share_a_vector),
		cmocka_unit_test(a_vector_update_out_of_range_changes_nothing),
		cmocka_unit_test(each_map_takes_ring_and_vector_from_where_it_says),
		cmocka_unit_test(a_map_that_does_not_exist_changes_nothing),
		cmocka_unit_test(every_map_has_a_name_that_finds_it_and_nothing_else_does),
		cmocka_unit_test(an_event_map_update_changes_that_queue_and_code_alone),
		cmocka_unit_test(an_event_map_update_out_of_range_changes_nothing),
		cmocka_unit_test(unhashed_frames_go_to_the_rss_default_queue),
		cmocka_unit_test(events_without_data_go_to_the_default_processor),
		cmocka_unit_test(an_rss_default_queue_out_of_range_changes_nothing),
		cmocka_unit_test(a_default_processor_cannot_become_invalid),
	};

	return UNIT_RUN(tests);
}
