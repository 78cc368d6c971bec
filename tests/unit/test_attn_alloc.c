/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Who gets which bit by each policy, and keeps it, or moves; what is refused, with nothing changed.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_rig.h"

/* ---- policies ---- */

static void
the_least_loaded_processor_is_chosen(void **state)
{
	rig_add_processors(3);
	for (uint64_t key = 0; key < 4; key++)
		assert_true(rig_add(ROUSE_ATTN_PINNED, 0, key) >= 0);
	assert_true(rig_add(ROUSE_ATTN_PINNED, 2, 50) >= 0);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, 60)).processor, 1);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, 61)).processor, 1);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, 62)).processor, 2);
}

static void
a_mask_names_the_processors_that_may_be_chosen(void **state)
{
	const uint64_t mask[2] = { 0x6, UINT64_C(1) << 36 }, nobody[1] = { UINT64_C(1) << 5 };

	rig_add_processors(3);
	assert_int_equal(rouse_attn_alloc_processor_add(rig.alloc, 100, 0, rig.attn[5], "far"), 0);
	for (int i = 0; i < 3; i++) {
		static const uint32_t wanted[] = { 1, 2, 100 };

		assert_int_equal(rig_place(rig_add_within(mask, 2, (uint64_t)i)).processor,
				 wanted[i]);
	}
	rig_refused(rig_add_within(nobody, 1, 9), -ENODEV,
		    "no processor that it may be on is online");
	rig_refused(rig_add_within(NULL, 0, 9), -ENODEV,
		    "no processor that it may be on is online");
	rig_refused(rig_add_within(mask, 0, 9), -ENODEV,
		    "no processor that it may be on is online");
}

/* ---- bits that are reserved ---- */

static void
a_reserved_bit_is_no_source_s(void **state)
{
	char name[64];

	rig_add_processors(1);
	assert_int_equal(rouse_attn_alloc_reserve(rig.alloc, 0, 0, "messages"), 0);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_PINNED, 0, 1)).device, 1);
	assert_int_equal(rouse_attn_alloc_name_of(rig.alloc, 0, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "reserved for messages");
	rig_refused(rouse_attn_alloc_reserve(rig.alloc, 0, 0, "me"), -EEXIST, "for messages");
	rig_refused(rouse_attn_alloc_reserve(rig.alloc, 0, 1, "me"), -EBUSY, "sources have it");
	rig_refused(rouse_attn_alloc_reserve(rig.alloc, 0, 64, "me"), -ERANGE, "bits 0 to 63");
	rig_refused(rouse_attn_alloc_reserve(rig.alloc, 8, 1, "me"), -ERANGE, "type 8");
	rig_refused(rouse_attn_alloc_unreserve(rig.alloc, 8, 1), -ERANGE, "type 8");
	rig_refused(rouse_attn_alloc_unreserve(rig.alloc, 0, 64), -ERANGE, "bit 64");
	rig_refused(rouse_attn_alloc_unreserve(rig.alloc, 0, 2), -ENOENT, "not reserved");
	rouse_attn_signal(&(struct rouse_attn_target){ .attn = rig.attn[0] }, 1);
	rig_refused(rouse_attn_alloc_unreserve(rig.alloc, 0, 0), -EBUSY, "an event is pending");
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rouse_attn_alloc_unreserve(rig.alloc, 0, 0), 0);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_PINNED, 0, 2)).device, 0);
}

/* ---- releasing ---- */

static void
a_bit_with_an_event_pending_is_not_released(void **state)
{
	int a, b;

	rig_add_processors(1);
	a = rig_add(ROUSE_ATTN_PINNED, 0, 1);
	b = rig_add(ROUSE_ATTN_PINNED, 0, 2);
	rig_signal(a);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -EBUSY, "an event is pending at bit 0");
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, b), 0);
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, a), 0);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -ENOENT, "source 0");
	assert_int_equal(rig_processor(0).nb_used, 0);
}

static void
one_of_several_goes_if_the_others_are_visited_for_what_is_pending(void **state)
{
	int a, b;

	rig_add_processors(1);
	a = rig_add(ROUSE_ATTN_PINNED, 0, 1);
	b = rig_add(ROUSE_ATTN_PINNED, 0, 1);
	assert_int_equal(rouse_attn_alloc_describe(rig.alloc, a, 0x3, 0), 0);
	assert_int_equal(rouse_attn_alloc_describe(rig.alloc, b, 0x6, 0), 0);
	/* ring 0 names nobody but a; ring 1 both */
	rig_signal(a);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -EBUSY, "an event is pending");
	assert_int_equal(rig_wake(0).events, 1);
	rig_signal(b);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, a), 0);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, b), -EBUSY, "an event is pending");
}

/* ---- moving ---- */

static const struct rouse_attn_wish anywhere = { .policy = ROUSE_ATTN_LEAST_LOADED };

static void
a_source_that_moves_has_both_bits_until_it_has_moved(void **state)
{
	struct rouse_attn_source_info info;
	struct rouse_attn_place to;
	int a;

	rig_add_processors(2);
	a = rig_add(ROUSE_ATTN_AT, 0, 1);
	assert_int_equal(rouse_attn_alloc_move_begin(rig.alloc, a, &anywhere, &to), 0);
	assert_int_equal(to.processor, 1);
	assert_ptr_equal(to.attn, rig.attn[1]);
	assert_int_equal(rig_processor(0).nb_used, 1);
	assert_int_equal(rig_processor(1).nb_used, 1);
	assert_int_equal(rouse_attn_alloc_source_get(rig.alloc, a, &info), 0);
	assert_int_equal(info.at.processor, 0);
	assert_int_equal(info.to.processor, 1);
	rig_refused(rig_begin_move(a, 1), -EBUSY, "being moved to processor 1 already");
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -EBUSY, "being moved");
	/* what was signalled at the old place is taken first */
	rig_signal(a);
	rig_refused(rouse_attn_alloc_move_end(rig.alloc, a, NULL), -EBUSY, "an event is pending");
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, a, NULL), 0);
	assert_int_equal(rig_processor(0).nb_used, 0);
	assert_int_equal(rig_place(a).processor, 1);
	rig_refused(rouse_attn_alloc_move_end(rig.alloc, a, NULL), -ENOENT, "not being moved");
	rig_refused(rig_begin_move(a, 1), -EEXIST, "is on processor 1 (lcore1) already");
}

static void
a_move_that_is_cancelled_leaves_the_source_where_it_was(void **state)
{
	char *before, *after;
	int a;

	rig_add_processors(2);
	a = rig_add(ROUSE_ATTN_AT, 0, 1);
	before = rig_dump();
	assert_int_equal(rig_begin_move(a, 1), 0);
	assert_int_equal(rouse_attn_alloc_move_cancel(rig.alloc, a), 0);
	after = rig_dump();
	assert_string_equal(before, after);
	free(before);
	free(after);
	rig_refused(rouse_attn_alloc_move_cancel(rig.alloc, a), -ENOENT, "not being moved");
	/* whoever was told of the new place has signalled there */
	assert_int_equal(rig_begin_move(a, 1), 0);
	rouse_attn_signal(&(struct rouse_attn_target){ .attn = rig.attn[1] }, 1);
	rig_refused(rouse_attn_alloc_move_cancel(rig.alloc, a), -EBUSY, "pending at bit 0");
	rig_wake(1);
	assert_int_equal(rouse_attn_alloc_move_cancel(rig.alloc, a), 0);
}

static void
a_place_is_kept_for_signals_that_are_late(void **state)
{
	char name[64];
	int a, late;

	rig_add_processors(2);
	a = rig_add(ROUSE_ATTN_AT, 0, 1);
	assert_int_equal(rig_begin_move(a, 1), 0);
	rig_signal(a);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, a, &late), 0);
	assert_int_equal(rig_place(a).processor, 1);
	assert_int_equal(rig_place(late).processor, 0);
	assert_int_equal(rig_processor(0).nb_sources, 0);
	assert_int_equal(rig_processor(0).nb_staying, 1);
	assert_int_equal(rouse_attn_alloc_name_of(rig.alloc, 0, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "late signals of device 1");
	/* nobody else gets the bit, and it does not move */
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_AT, 0, 2)).device, 1);
	rig_refused(rig_begin_move(late, 1), -EPERM, "late signals");
	rig_refused(rouse_attn_alloc_remove(rig.alloc, late), -EBUSY, "an event is pending");
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, late), 0);
	assert_int_equal(rig_processor(0).nb_staying, 0);
}

static void
what_a_source_asked_for_holds_when_it_is_moved(void **state)
{
	const uint64_t mask = 0x3;
	struct rouse_attn_place to;
	int pinned, masked;

	rig_add_processors(3);
	pinned = rig_add(ROUSE_ATTN_PINNED, 0, 1);
	masked = rig_add_within(&mask, 1, 2);
	rig_refused(rig_begin_move(pinned, 1), -EPERM, "pinned to processor 0");
	assert_int_equal(rig_place(masked).processor, 1);
	rig_refused(rig_begin_move(masked, 2), -EPERM, "not in the mask");
	rig_refused(rig_begin_move(masked, 3), -ENODEV, "processor 3");
	rig_refused(rig_begin_move(masked, 5000), -ERANGE, "below 1024");
	rig_refused(rig_begin_move(77, 1), -ENOENT, "source 77");
	rig_refused(rig_begin_move(-1, 1), -ENOENT, "source -1");
	assert_int_equal(rouse_attn_alloc_move_begin(rig.alloc, masked, &anywhere, &to), 0);
	assert_int_equal(to.processor, 0);
}

/* ---- bad input, and for people ---- */

static void
bad_input_is_refused_by_name(void **state)
{
	struct rouse_attn_processor_info info;
	struct rouse_attn_source_info source;
	enum rouse_attn_mode mode = ROUSE_ATTN_SHARED;
	struct rouse_attn_alloc_conf conf = { .mode = ROUSE_NB_ATTN_MODES };
	char name[16];

	rig_add_processors(1);
	rig_refused(rig_add((enum rouse_attn_policy)9, 0, 1), -EINVAL, "policy 9");
	rig_refused(rig_add(ROUSE_ATTN_OWN, 5, 1), -ENODEV, "processor 5");
	rig_refused(rouse_attn_alloc_describe(rig.alloc, 5, 1, 0), -ENOENT, "source 5");
	rig_refused(rouse_attn_alloc_move_end(rig.alloc, 5, NULL), -ENOENT, "source 5");
	rig_refused(rouse_attn_alloc_move_cancel(rig.alloc, -7), -ENOENT, "source -7");
	rig_refused(rouse_attn_alloc_processor_get(rig.alloc, 3, &info), -ENODEV, "processor 3");
	rig_refused(rouse_attn_alloc_sources_of(rig.alloc, 0, 64, NULL, 0), -ERANGE, "bit 64");
	rig_refused(rouse_attn_alloc_sources_of(rig.alloc, 3, 0, NULL, 0), -ENODEV, "processor 3");
	rig_refused(rouse_attn_alloc_name_of(rig.alloc, 0, 99, name, 16), -ERANGE, "bit 99");
	assert_int_equal(rouse_attn_alloc_source_get(rig.alloc, 5, &source), -ENOENT);

	assert_null(rouse_attn_alloc_create(&conf));
	assert_int_equal(errno, EINVAL);
	conf = (struct rouse_attn_alloc_conf){ .max_processors = ROUSE_ATTN_MAX_PROCESSORS + 1 };
	assert_null(rouse_attn_alloc_create(&conf));
	assert_int_equal(errno, EINVAL);
	conf = (struct rouse_attn_alloc_conf){ .max_details = 100 };
	assert_null(rouse_attn_alloc_create(&conf));
	assert_int_equal(errno, EINVAL);
	rouse_attn_alloc_destroy(NULL);

	assert_int_equal(rouse_attn_mode_parse("uniform", &mode), 0);
	assert_int_equal(mode, ROUSE_ATTN_UNIFORM);
	assert_int_equal(rouse_attn_mode_parse("Uniform", &mode), -EINVAL);
	assert_int_equal(mode, ROUSE_ATTN_UNIFORM);
	assert_string_equal(rouse_attn_mode_name(ROUSE_ATTN_PER_PROCESSOR), "per-processor");
	assert_null(rouse_attn_mode_name(ROUSE_NB_ATTN_MODES));
}

static void
assert_line(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("\"%s\" is not in:\n%s", line, text);
}

static void
the_dump_says_what_a_bit_means_what_is_pending_and_who_moved(void **state)
{
	char *text;
	int a, late;

	assert_int_equal(rouse_attn_alloc_reserve(rig.alloc, 0, 0, "messages"), 0);
	rig_add_processors(3);
	a = rig_add(ROUSE_ATTN_AT, 1, 41);
	assert_int_equal(rouse_attn_alloc_describe(rig.alloc, a, 0x5, 0), 0);
	assert_int_equal(rig_add(ROUSE_ATTN_AT, 1, 42), 1);
	assert_int_equal(rig_begin_move(1, 2), 0);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, 1, &late), 0);
	assert_int_equal(rig_begin_move(1, 0), 0);
	rig_signal(a);
	rouse_attn_signal(&(struct rouse_attn_target){ .attn = rig.attn[2], .ring = 3 }, 1);
	text = rig_dump();
	assert_line(text, "attention bits, mode per-processor: 3 processors online\n");
	assert_line(text, "processor 0 (lcore0), type 0, online, default: 1 bits used, 62 free, "
			  "1 reserved; 1 sources, 0 that stay, 1 detail words\n"
			  "  bit  0: reserved for messages\n"
			  "  bit  1: device 42 (arriving)\n");
	assert_line(text, "  bit  1: device 41 0x5; pending 0x1\n"
			  "  bit  2: late signals of device 42\n");
	assert_line(text, "  bit  0: reserved for messages; pending 0x8\n"
			  "  bit  1: device 42 (leaving)\n");
	assert_line(text, "UTC lcore2: processor 2 is online\n");
	assert_line(text, "UTC device 42: processor 1 bit 2 -> processor 2 bit 1\n");
	free(text);
	assert_int_equal(rouse_attn_alloc_move_cancel(rig.alloc, 1), 0);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(rig_begin_move(1, i % 2 == 0 ? 0 : 2), 0);
		assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, 1, NULL), 0);
	}
	text = rig_dump();
	assert_line(text, "moves, the last 64 of 104:\n");
	free(text);
}

int
main(void)
{
#define PER(name) cmocka_unit_test_setup_teardown(name, rig_per_processor, rig_destroy)
#define UNI(name) cmocka_unit_test_setup_teardown(name, rig_uniform, rig_destroy)
#define SHR(name) cmocka_unit_test_setup_teardown(name, rig_shared, rig_destroy)
	const struct CMUnitTest tests[] = {
		PER(the_least_loaded_processor_is_chosen),
		PER(a_mask_names_the_processors_that_may_be_chosen),
		PER(a_reserved_bit_is_no_source_s),
		UNI(a_reserved_bit_is_no_source_s),
		SHR(a_reserved_bit_is_no_source_s),
		PER(a_bit_with_an_event_pending_is_not_released),
		SHR(a_bit_with_an_event_pending_is_not_released),
		PER(one_of_several_goes_if_the_others_are_visited_for_what_is_pending),
		PER(a_source_that_moves_has_both_bits_until_it_has_moved),
		PER(a_move_that_is_cancelled_leaves_the_source_where_it_was),
		PER(a_place_is_kept_for_signals_that_are_late),
		PER(what_a_source_asked_for_holds_when_it_is_moved),
		PER(bad_input_is_refused_by_name),
		PER(the_dump_says_what_a_bit_means_what_is_pending_and_who_moved),
	};

	return UNIT_RUN(tests);
}
