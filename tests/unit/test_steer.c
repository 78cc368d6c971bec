/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Steering tables: their defaults, what each update changes, and that a refusal changes nothing. */

#include <errno.h>
#include <string.h>

#include <rouse_steer.h>

#include "unit.h"

static struct rouse_steer steer, before;

static void
make(uint16_t reta_size, uint16_t nb_queues)
{
	assert_int_equal(rouse_steer_init(&steer, reta_size, nb_queues), 0);
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
			assert_path(rouse_steer_default(&steer), 0, 0, 0);
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
init_refuses_numbers_out_of_range_and_touches_nothing(void **state)
{
	static const uint16_t wrong_sizes[] = { 0, 3, 96, 127, 513, 1024, 0x8000, 0xffff };
	static const uint16_t wrong_queues[] = { 0, 65, 128, 0xffff };

	memset(&steer, 0xa5, sizeof(steer));
	before = steer;
	for (size_t i = 0; i < UNIT_DIM(wrong_sizes); i++)
		assert_int_equal(rouse_steer_init(&steer, wrong_sizes[i], 4), -EINVAL);
	for (size_t i = 0; i < UNIT_DIM(wrong_queues); i++)
		assert_int_equal(rouse_steer_init(&steer, 128, wrong_queues[i]), -EINVAL);
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
	make(128, 8);
	before = steer;
	assert_int_equal(rouse_steer_ring_set(&steer, 8, 0), -ERANGE);
	assert_int_equal(rouse_steer_ring_set(&steer, 0, 8), -ERANGE);
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
	make(128, 8);
	before = steer;
	assert_int_equal(rouse_steer_vector_set(&steer, 8, 0), -ERANGE);
	assert_int_equal(rouse_steer_vector_set(&steer, 0, 8), -ERANGE);
	assert_int_equal(rouse_steer_vector_set(&steer, 0xffff, 0xffff), -ERANGE);
	assert_unchanged();
}

static void
unhashed_frames_go_to_the_default_queue(void **state)
{
	make(4, 4);
	assert_int_equal(rouse_steer_default_queue_set(&steer, 3), 0);
	assert_path(rouse_steer_default(&steer), 3, 3, 3);
	assert_int_equal(rouse_steer_ring_set(&steer, 3, 1), 0);
	assert_int_equal(rouse_steer_vector_set(&steer, 1, 2), 0);
	assert_path(rouse_steer_default(&steer), 3, 1, 2);
	/* hashed frames do not care */
	assert_path(rouse_steer_hash(&steer, 0), 0, 0, 0);
}

static void
a_default_queue_out_of_range_changes_nothing(void **state)
{
	make(4, 4);
	before = steer;
	assert_int_equal(rouse_steer_default_queue_set(&steer, 4), -ERANGE);
	assert_int_equal(rouse_steer_default_queue_set(&steer, 0xffff), -ERANGE);
	assert_unchanged();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default_reta_entry_i_names_queue_i_modulo_queues),
		cmocka_unit_test(the_low_bits_of_the_hash_choose_the_reta_entry),
		cmocka_unit_test(init_refuses_numbers_out_of_range_and_touches_nothing),
		cmocka_unit_test(a_reta_update_changes_that_entry_alone),
		cmocka_unit_test(a_reta_update_out_of_range_changes_nothing),
		cmocka_unit_test(a_ring_update_moves_every_reta_entry_of_its_queue),
		cmocka_unit_test(a_reta_entry_written_later_has_the_ring_of_its_queue),
		cmocka_unit_test(a_ring_update_out_of_range_changes_nothing),
		cmocka_unit_test(two_rings_may_share_a_vector),
		cmocka_unit_test(a_vector_update_out_of_range_changes_nothing),
		cmocka_unit_test(unhashed_frames_go_to_the_default_queue),
		cmocka_unit_test(a_default_queue_out_of_range_changes_nothing),
	};

	return UNIT_RUN(tests);
}
