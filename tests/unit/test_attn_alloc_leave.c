/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Processors that go offline, come back, come and go; what is refused, with nothing changed. */

#include <errno.h>
#include <stdlib.h>

#include "alloc_rig.h"

/* ---- offline and online ---- */

static void
end_moves_of(uint32_t number)
{
	struct rouse_attn_source_info info;

	for (int i = 0; i < 1000; i++)
		if (rouse_attn_alloc_source_get(rig.alloc, i, &info) == 0 &&
		    info.at.processor == number && info.to.processor != ROUSE_ATTN_NONE)
			assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, i, NULL), 0);
}

static void
the_sources_of_a_processor_that_leaves_go_where_there_is_room(void **state)
{
	rig_add_processors(3);
	for (uint64_t key = 0; key < 10; key++)
		assert_true(rig_add(ROUSE_ATTN_AT, 2, key) >= 0);
	assert_true(rig_add(ROUSE_ATTN_AT, 0, 50) >= 0);
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 2), 0);
	assert_int_equal(rig_processor(2).presence, ROUSE_ATTN_LEAVING);
	assert_int_equal(rig_processor(0).nb_sources, 1 + 5);
	assert_int_equal(rig_processor(1).nb_sources, 5);
	rig_refused(rig_add(ROUSE_ATTN_AT, 2, 60), -ENETDOWN, "not online");
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -EALREADY, "going offline already");
	rig_refused(rouse_attn_alloc_online(rig.alloc, 2), -EALREADY, "going offline");
	rig_refused(rouse_attn_alloc_left(rig.alloc, 2), -EBUSY, "10 sources left");
	rig_refused(rouse_attn_alloc_default_set(rig.alloc, 2), -ENETDOWN, "not online");
	end_moves_of(2);
	assert_int_equal(rouse_attn_alloc_left(rig.alloc, 2), 0);
	assert_int_equal(rig_processor(2).presence, ROUSE_ATTN_OFFLINE);
	assert_int_equal(rig_processor(2).nb_used, 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -EALREADY, "offline already");
	rig_refused(rouse_attn_alloc_left(rig.alloc, 2), -ENETDOWN, "was not going offline");
	rig_refused(rouse_attn_alloc_stay(rig.alloc, 2), -ENETDOWN, "was not going offline");
	/* and nothing comes by itself when it is back */
	assert_int_equal(rouse_attn_alloc_online(rig.alloc, 2), 0);
	rig_refused(rouse_attn_alloc_online(rig.alloc, 2), -EALREADY, "online already");
	assert_int_equal(rig_processor(2).nb_sources, 0);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, 70)).processor, 2);
}

static void
whoever_stays_has_what_it_had(void **state)
{
	char *before, *after;

	rig_add_processors(3);
	for (uint64_t key = 0; key < 10; key++)
		assert_true(rig_add(ROUSE_ATTN_AT, 2, key) >= 0);
	before = rig_dump();
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 2), 0);
	assert_int_equal(rouse_attn_alloc_stay(rig.alloc, 2), 0);
	after = rig_dump();
	assert_string_equal(before, after);
	free(before);
	free(after);
	/* not if one was signalled where it should have been */
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 2), 0);
	rouse_attn_signal(&(struct rouse_attn_target){ .attn = rig.attn[1], .device = 2 }, 1);
	rig_refused(rouse_attn_alloc_stay(rig.alloc, 2), -EBUSY, "pending at bit 2 of processor 1");
	rig_wake(1);
	assert_int_equal(rouse_attn_alloc_stay(rig.alloc, 2), 0);
}

/* A place that was given to nobody's producer, or that its own has left: what is marked there came
 * from somebody who should not. What another source would be visited for stays. */
static void
what_is_nobody_s_is_discarded_at_one_place_of_two(void **state)
{
	const struct rouse_attn_wish to = { .policy = ROUSE_ATTN_AT, .processor = 1 };
	const struct rouse_attn_wish back = { .policy = ROUSE_ATTN_AT, .processor = 0 };
	struct rouse_attn_target at_old, at_new, at_other;
	struct rouse_attn_place old, new, others;
	int s, late;

	rig_add_processors(3);
	s = rig_add(ROUSE_ATTN_AT, 0, 7);
	old = rig_place(s);
	others = rig_place(rig_add(ROUSE_ATTN_AT, 1, 8));
	at_old = rig_target(&old);
	at_other = rig_target(&others);
	assert_int_equal(rouse_attn_alloc_move_begin(rig.alloc, s, &to, &new), 0);
	at_new = rig_target(&new);
	rouse_attn_signal(&at_old, 1);
	rouse_attn_signal(&at_new, 1);
	rouse_attn_signal(&at_other, 1);
	rig_refused(rouse_attn_alloc_move_cancel(rig.alloc, s), -EBUSY, "of processor 1");
	rig_refused(rouse_attn_alloc_discard(rig.alloc, s, 2), -ENOENT, "no place on processor 2");
	rig_refused(rouse_attn_alloc_discard(rig.alloc, 99, 1), -ENOENT, "source 99");
	assert_int_equal(rouse_attn_alloc_discard(rig.alloc, s, 1), 0);
	assert_int_equal(rouse_attn_alloc_move_cancel(rig.alloc, s), 0);
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rig_wake(1).events, 1); /* the other's */

	assert_int_equal(rouse_attn_alloc_move_begin(rig.alloc, s, &to, &new), 0);
	at_new = rig_target(&new);
	rouse_attn_signal(&at_old, 1);
	rouse_attn_signal(&at_new, 1);
	rig_refused(rouse_attn_alloc_move_end(rig.alloc, s, NULL), -EBUSY, "of processor 0");
	assert_int_equal(rouse_attn_alloc_discard(rig.alloc, s, 0), 0);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, s, NULL), 0);
	assert_int_equal(rig_wake(0).events, 0);
	assert_int_equal(rig_wake(1).events, 1);

	/* of two that a bit may name neither is alone */
	assert_int_equal(rouse_attn_alloc_move_begin(rig.alloc, s, &back, &old), 0);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, s, &late), 0);
	assert_int_equal(rig_add(ROUSE_ATTN_AT, 1, 7), late + 1);
	rouse_attn_signal(&at_new, 1);
	assert_int_equal(rouse_attn_alloc_discard(rig.alloc, late, 1), 0);
	assert_int_equal(rig_wake(1).events, 1);
}

static void
a_processor_without_its_attention_can_be_removed(void **state)
{
	int s;

	rig_add_processors(2);
	s = rig_add(ROUSE_ATTN_AT, 1, 7);
	rig_signal(s);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, s), -EBUSY, "pending");
	rig_refused(rouse_attn_alloc_detach(rig.alloc, 2), -ENODEV, "processor 2");
	rig_refused(rouse_attn_alloc_detach(rig.alloc, 1024), -ERANGE, "below 1024");
	assert_int_equal(rouse_attn_alloc_detach(rig.alloc, 1), 0);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, s), 0);
	assert_int_equal(rouse_attn_alloc_processor_remove(rig.alloc, 1), 0);
	assert_int_equal(rig_wake(1).events, 1); /* it is where it was */
}

static void
where_none_was_online_who_comes_is_the_default_processor(void **state)
{
	rig_add_processors(4);
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 1), 0);
	assert_int_equal(rouse_attn_alloc_left(rig.alloc, 1), 0);
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 2), 0);
	assert_int_equal(rouse_attn_alloc_processor_remove(rig.alloc, 3), 0);
	assert_int_equal(rouse_attn_alloc_processor_remove(rig.alloc, 0), 0);
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), ROUSE_ATTN_NONE);
	assert_int_equal(rouse_attn_alloc_stay(rig.alloc, 2), 0);
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), 2);
	assert_int_equal(rouse_attn_alloc_processor_remove(rig.alloc, 2), 0);
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), ROUSE_ATTN_NONE);
	assert_int_equal(rouse_attn_alloc_online(rig.alloc, 1), 0);
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), 1);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 1), -EBUSY, "the last one online");
}

static void
the_last_and_the_default_processor_stay(void **state)
{
	rig_add_processors(2);
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 0), -EBUSY, "it is the default one");
	assert_int_equal(rouse_attn_alloc_default_set(rig.alloc, 1), 0);
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 0), 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 1), -EBUSY, "it is the last one online");
	assert_int_equal(rouse_attn_alloc_left(rig.alloc, 0), 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 1), -EBUSY, "it is the last one online");
	rig_refused(rouse_attn_alloc_default_set(rig.alloc, 0), -ENETDOWN, "not online");
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 7), -ENODEV, "processor 7");
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 1024), -ERANGE, "below 1024");
	rig_refused(rouse_attn_alloc_left(rig.alloc, 7), -ENODEV, "processor 7");
	rig_refused(rouse_attn_alloc_stay(rig.alloc, 1024), -ERANGE, "below 1024");
	rig_refused(rouse_attn_alloc_online(rig.alloc, 7), -ENODEV, "processor 7");
	rig_refused(rouse_attn_alloc_default_set(rig.alloc, 7), -ENODEV, "processor 7");
}

static void
without_room_a_processor_stays_with_all_that_it_has(void **state)
{
	rig_add_processors(2);
	for (uint64_t key = 0; key < 60; key++)
		assert_true(rig_add(ROUSE_ATTN_AT, 0, key) >= 0);
	for (uint64_t key = 100; key < 105; key++)
		assert_true(rig_add(ROUSE_ATTN_AT, 1, key) >= 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 1), -ENOSPC, "the others have no bits");
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 60), 0);
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 1), 0);
}

/* Spread over the others, the five sources of one device would take a bit on each. */
static void
sources_of_a_device_stay_together_where_bits_are_scarce(void **state)
{
	rig_add_processors(4);
	for (uint32_t p = 0; p < 3; p++)
		for (uint64_t key = 0; key < (p == 1 ? 63 : 64); key++)
			assert_true(rig_add(ROUSE_ATTN_AT, p, 1000 * p + key) >= 0);
	for (int i = 0; i < 5; i++)
		assert_true(rig_add(ROUSE_ATTN_AT, 3, 9999) >= 0);
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 3), 0);
	end_moves_of(3);
	assert_int_equal(rig_processor(1).nb_used, 64);
	assert_int_equal(rig_processor(1).nb_sources, 63 + 5);
}

static void
sources_of_a_group_go_together(void **state)
{
	uint32_t where[2] = { ROUSE_ATTN_NONE, ROUSE_ATTN_NONE };

	rig_add_processors(4);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(rig_add(ROUSE_ATTN_AT, 3, 5), i);
		assert_int_equal(rouse_attn_alloc_describe(rig.alloc, i, 1, 1 + (uint64_t)i % 2),
				 0);
	}
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 3), 0);
	end_moves_of(3);
	for (int i = 0; i < 12; i++) {
		uint32_t at = rig_place(i).processor;

		assert_true(where[i % 2] == ROUSE_ATTN_NONE || where[i % 2] == at);
		where[i % 2] = at;
	}
	assert_int_not_equal(where[0], where[1]);
}

static void
a_processor_whose_sources_may_be_nowhere_else_stays(void **state)
{
	const uint64_t mask = 0x4;
	int a;

	rig_add_processors(3);
	assert_int_equal(rig_add(ROUSE_ATTN_PINNED, 1, 1), 0);
	assert_int_equal(rig_add_within(&mask, 1, 2), 1);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 1), -EBUSY, "device 1 is pinned to it");
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -ENODEV, "may be on no other");
	a = rig_add(ROUSE_ATTN_AT, 0, 3);
	assert_int_equal(rig_begin_move(a, 2), 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -EBUSY, "device 3 is being moved");
}

static void
what_is_a_processor_s_own_stays(void **state)
{
	int own;

	rig_add_processors(2);
	own = rig_add(ROUSE_ATTN_OWN, 1, 1);
	assert_int_equal(rig_processor(1).nb_sources, 0);
	assert_int_equal(rig_processor(1).nb_staying, 1);
	assert_int_equal(rig_processor(1).nb_used, 1);
	rig_refused(rig_begin_move(own, 0), -EPERM, "for nobody but processor 1");
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 1), 0);
	assert_int_equal(rouse_attn_alloc_left(rig.alloc, 1), 0);
	assert_int_equal(rig_place(own).processor, 1);
	/* also when it comes later */
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, own), 0);
	rig_refused(rig_add(ROUSE_ATTN_AT, 1, 1), -ENETDOWN, "not online");
	own = rig_add(ROUSE_ATTN_OWN, 1, 1);
	assert_int_equal(rig_place(own).processor, 1);
	rig_refused(rouse_attn_alloc_processor_remove(rig.alloc, 1), -EBUSY, "1 that stay");
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, own), 0);
	assert_int_equal(rouse_attn_alloc_processor_remove(rig.alloc, 1), 0);
}

/* ---- processors ---- */

static void
numbers_of_processors_may_be_sparse(void **state)
{
	static const uint32_t numbers[] = { 3, 17, 900, 1023 };
	int sources[16];

	for (unsigned int i = 0; i < UNIT_DIM(numbers); i++)
		assert_int_equal(rouse_attn_alloc_processor_add(rig.alloc, numbers[i], 0,
								rig.attn[i], "sparse"),
				 0);
	for (unsigned int i = 0; i < UNIT_DIM(sources); i++) {
		sources[i] = rig_add(ROUSE_ATTN_LEAST_LOADED, 0, i);
		assert_int_equal(rig_place(sources[i]).processor, numbers[i % 4]);
	}
	assert_int_equal(rouse_attn_alloc_leave(rig.alloc, 900), 0);
	end_moves_of(900);
	assert_int_equal(rouse_attn_alloc_left(rig.alloc, 900), 0);
	for (unsigned int i = 0; i < UNIT_DIM(sources); i++) {
		struct rig_wake wake;
		unsigned int p = 0;

		while (numbers[p] != rig_place(sources[i]).processor)
			p++;
		assert_int_not_equal(numbers[p], 900);
		rig_signal(sources[i]);
		wake = rig_wake(p);
		assert_int_equal(wake.events, 1);
		assert_int_equal(wake.details, 1);
	}
}

static void
processors_come_and_go(void **state)
{
	rig_refused(rouse_attn_alloc_processor_add(rig.alloc, 1024, 0, NULL, "x"), -ERANGE,
		    "below 1024");
	rig_refused(rouse_attn_alloc_processor_add(rig.alloc, 0, 8, NULL, "x"), -ERANGE, "type 8");
	rig_refused(rouse_attn_alloc_processor_remove(rig.alloc, 0), -ENODEV,
		    "none of that number");
	rig_refused(rouse_attn_alloc_processor_remove(rig.alloc, 9999), -ERANGE, "below 1024");
	rig_refused(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, 1), -ENODEV, "is online");
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), ROUSE_ATTN_NONE);
	rig_add_processors(2);
	rig_refused(rouse_attn_alloc_processor_add(rig.alloc, 1, 0, NULL, "x"), -EEXIST, "lcore1");
	assert_int_equal(rig_add(ROUSE_ATTN_PINNED, 0, 1), 0);
	rig_refused(rouse_attn_alloc_processor_remove(rig.alloc, 0), -EBUSY, "1 sources");
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 0), 0);
	assert_int_equal(rouse_attn_alloc_processor_remove(rig.alloc, 0), 0);
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), 1);
	rig_refused(rig_add(ROUSE_ATTN_PINNED, 0, 1), -ENODEV, "processor 0");
	assert_int_equal(rouse_attn_alloc_processor_remove(rig.alloc, 1), 0);
	assert_int_equal(rouse_attn_alloc_default(rig.alloc), ROUSE_ATTN_NONE);
	/* without an attention nothing is known to be pending */
	assert_int_equal(rouse_attn_alloc_processor_add(rig.alloc, 4, 0, NULL, "x"), 0);
	assert_int_equal(rig_add(ROUSE_ATTN_PINNED, 4, 1), 0);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 0), 0);
}

int
main(void)
{
#define PER(name) cmocka_unit_test_setup_teardown(name, rig_per_processor, rig_destroy)
#define SHR(name) cmocka_unit_test_setup_teardown(name, rig_shared, rig_destroy)
	const struct CMUnitTest tests[] = {
		PER(the_sources_of_a_processor_that_leaves_go_where_there_is_room),
		PER(whoever_stays_has_what_it_had),
		PER(what_is_nobody_s_is_discarded_at_one_place_of_two),
		SHR(what_is_nobody_s_is_discarded_at_one_place_of_two),
		PER(a_processor_without_its_attention_can_be_removed),
		PER(where_none_was_online_who_comes_is_the_default_processor),
		PER(the_last_and_the_default_processor_stay),
		SHR(the_last_and_the_default_processor_stay),
		PER(without_room_a_processor_stays_with_all_that_it_has),
		PER(sources_of_a_device_stay_together_where_bits_are_scarce),
		PER(sources_of_a_group_go_together),
		PER(a_processor_whose_sources_may_be_nowhere_else_stays),
		PER(what_is_a_processor_s_own_stays),
		PER(numbers_of_processors_may_be_sparse),
		SHR(numbers_of_processors_may_be_sparse),
		PER(processors_come_and_go),
		SHR(processors_come_and_go),
	};

	return UNIT_RUN(tests);
}
