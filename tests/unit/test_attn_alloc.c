/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Who gets which bit, in each mode and by each policy; what is refused, with nothing changed. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_rig.h"

static int
make_per_processor(void **state)
{
	rig_init(ROUSE_ATTN_PER_PROCESSOR);
	return 0;
}

static int
make_uniform(void **state)
{
	rig_init(ROUSE_ATTN_UNIFORM);
	return 0;
}

static int
make_shared(void **state)
{
	rig_init(ROUSE_ATTN_SHARED);
	return 0;
}

static int
destroy(void **state)
{
	rig_fini();
	return 0;
}

static struct rouse_attn_processor_info
processor(uint32_t number)
{
	struct rouse_attn_processor_info info;

	assert_int_equal(rouse_attn_alloc_processor_get(rig.alloc, number, &info), 0);
	return info;
}

static void
signal_source(int source)
{
	const struct rouse_attn_place at = rig_place(source);
	const struct rouse_attn_target target = rig_target(&at);

	rouse_attn_signal(&target, 1);
}

/* ---- the modes ---- */

#define NB_65 65

/* 65 devices on two processors, in turn. */
static void
add_65(int sources[NB_65])
{
	rig_add_processors(2);
	for (int i = 0; i < NB_65; i++)
		sources[i] = rig_add(ROUSE_ATTN_LEAST_LOADED, 0, (uint64_t)i);
}

static void
uniform_refuses_the_65th_source(void **state)
{
	int sources[NB_65];

	add_65(sources);
	for (int i = 0; i < NB_65 - 1; i++) {
		assert_int_equal(sources[i], i);
		assert_int_equal(rig_place(i).device, i);
		assert_int_equal(rig_place(i).processor, i % 2);
	}
	assert_int_equal(sources[NB_65 - 1], -ENOSPC);
	rig_refused(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, NB_65), -ENOSPC, "no bit is left");
	rig_refused(rig_add(ROUSE_ATTN_PINNED, 1, NB_65), -ENOSPC, "processor 1 (lcore1)");
	/* the layout is that of both, whoever has the sources */
	assert_int_equal(processor(0).nb_used, 64);
	assert_int_equal(processor(1).nb_used, 64);
	assert_int_equal(processor(1).nb_free, 0);
	for (int i = 0; i < NB_65 - 1; i++) {
		struct rig_wake wake;

		signal_source(i);
		wake = rig_wake((unsigned int)i % 2);
		assert_int_equal(wake.details, 1);
		assert_int_equal(wake.events, 1);
	}
}

static void
uniform_gives_a_device_the_same_bit_on_every_processor(void **state)
{
	int a, b;

	rig_add_processors(3);
	assert_int_equal(rig_add(ROUSE_ATTN_PINNED, 0, 100), 0);
	assert_int_equal(rig_add(ROUSE_ATTN_PINNED, 1, 200), 1);
	a = rig_add(ROUSE_ATTN_PINNED, 0, 200);
	b = rig_add(ROUSE_ATTN_PINNED, 2, 100);
	assert_int_equal(rig_place(a).device, rig_place(1).device);
	assert_int_equal(rig_place(b).device, rig_place(0).device);
	assert_int_equal(processor(0).nb_used, 2);
	/* till the last one is gone */
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 0), 0);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_PINNED, 1, 100)).device, 0);
	assert_int_equal(processor(0).nb_used, 2);
}

static void
shared_looks_at_more_than_one_detail_word_a_wake(void **state)
{
	int sources[NB_65];
	struct rig_wake wake;

	add_65(sources);
	for (int i = 0; i < NB_65; i++) {
		assert_int_equal(sources[i], i);
		assert_int_equal(rig_place(i).device, i);
	}
	/* bit 0 stands for two devices, all others for one */
	for (int i = 0; i < NB_65; i++) {
		signal_source(i);
		wake = rig_wake((unsigned int)i % 2);
		assert_int_equal(wake.details, i % 64 == 0 ? 2 : 1);
		assert_int_equal(wake.events, 1);
		assert_int_equal(wake.device[0], i);
	}
	/* two of a bit at once: both delivered, and not mistaken for each other */
	signal_source(0);
	signal_source(64);
	wake = rig_wake(0);
	assert_int_equal(wake.details, 2);
	assert_int_equal(wake.events, 2);
	assert_int_equal(wake.device[0], 0);
	assert_int_equal(wake.device[1], 64);
	/* the layout is the same on the other one, and so is what it looks at */
	assert_int_equal(processor(1).nb_details, 65);
}

static void
shared_refuses_what_has_no_detail_word(void **state)
{
	rig_add_processors(1);
	for (int i = 0; i < RIG_DETAILS; i++)
		assert_int_equal(rig_place(rig_add(ROUSE_ATTN_PINNED, 0, (uint64_t)i)).device, i);
	rig_refused(rig_add(ROUSE_ATTN_PINNED, 0, RIG_DETAILS), -ENOSPC, "mode shared");
	/* whoever goes makes room, and fewer are looked at when the last ones are gone */
	assert_int_equal(rouse_attn_nb_details(rig.attn[0]), RIG_DETAILS);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 100), 0);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_PINNED, 0, 1000)).device, 100);
	for (int i = 70; i < RIG_DETAILS; i++)
		assert_int_equal(rouse_attn_alloc_remove(rig.alloc, i), 0);
	assert_int_equal(rouse_attn_nb_details(rig.attn[0]), 70);
	for (int i = 0; i < 70; i++)
		assert_int_equal(rouse_attn_alloc_remove(rig.alloc, i), 0);
	assert_int_equal(rouse_attn_nb_details(rig.attn[0]), 64);
}

static void
per_processor_looks_at_exactly_one_detail_word(void **state)
{
	int sources[NB_65];

	add_65(sources);
	for (int i = 0; i < NB_65; i++) {
		struct rig_wake wake;

		assert_int_equal(sources[i], i);
		signal_source(i);
		wake = rig_wake((unsigned int)i % 2);
		assert_int_equal(wake.details, 1);
		assert_int_equal(wake.events, 1);
	}
}

static void
per_processor_is_filled_to_all_bits_that_are_not_reserved(void **state)
{
	const unsigned int nb_reserved = 3;
	int nb = 0;

	for (unsigned int i = 0; i < nb_reserved; i++)
		assert_int_equal(rouse_attn_alloc_reserve(rig.alloc, 0, i * 31, "itself"), 0);
	rig_add_processors(RIG_PROCESSORS);
	while (rig_add(ROUSE_ATTN_LEAST_LOADED, 0, (uint64_t)nb) == nb)
		nb++;
	assert_int_equal(nb, RIG_PROCESSORS * (ROUSE_ATTN_BITS - nb_reserved));
	rig_refused(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, 10000), -ENOSPC, "add a processor");
	for (uint32_t p = 0; p < RIG_PROCESSORS; p++) {
		assert_int_equal(processor(p).nb_used, ROUSE_ATTN_BITS - nb_reserved);
		assert_int_equal(processor(p).nb_free, 0);
		assert_int_equal(processor(p).nb_reserved, nb_reserved);
		for (unsigned int i = 0; i < nb_reserved; i++)
			assert_int_equal(rouse_attn_alloc_sources_of(rig.alloc, p, i * 31, NULL, 0),
					 0);
	}
	/* a device that is there needs no bit */
	assert_int_equal(rig_add(ROUSE_ATTN_LEAST_LOADED, 0, 3), nb);
}

static void
the_same_bit_on_two_processors_names_two_sources_and_both_are_delivered(void **state)
{
	struct rig_wake wake;
	char name[64];
	int a, b;

	rig_add_processors(2);
	a = rig_add(ROUSE_ATTN_PINNED, 0, 7);
	b = rig_add(ROUSE_ATTN_PINNED, 1, 8);
	assert_int_equal(rig_place(a).device, rig_place(b).device);
	assert_int_equal(rouse_attn_alloc_name_of(rig.alloc, 0, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "device 7");
	assert_int_equal(rouse_attn_alloc_name_of(rig.alloc, 1, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "device 8");
	signal_source(a);
	signal_source(b);
	for (unsigned int p = 0; p < 2; p++) {
		wake = rig_wake(p);
		assert_int_equal(wake.events, 1);
		assert_int_equal(wake.device[0], 0);
	}
}

static void
each_type_of_processor_has_a_layout_of_its_own(void **state)
{
	int a;

	assert_int_equal(rouse_attn_alloc_processor_add(rig.alloc, 0, 0, rig.attn[0], "io"), 0);
	assert_int_equal(rouse_attn_alloc_processor_add(rig.alloc, 1, 3, rig.attn[1], "main"), 0);
	assert_int_equal(rouse_attn_alloc_reserve(rig.alloc, 3, 0, "services"), 0);
	for (uint64_t key = 0; key < 64; key++)
		assert_true(rig_add(ROUSE_ATTN_PINNED, 0, key) >= 0);
	rig_refused(rig_add(ROUSE_ATTN_PINNED, 0, 64), -ENOSPC, "no bit left");
	a = rig_add(ROUSE_ATTN_PINNED, 1, 64);
	assert_int_equal(rig_place(a).device, 1);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_PINNED, 1, 0)).device, 2);
	assert_int_equal(processor(1).nb_used, 2);
	assert_int_equal(processor(1).nb_free, 61);
	assert_int_equal(processor(0).nb_reserved, 0);
}

/* ---- rings ---- */

static int
add_ring(uint32_t where, uint64_t key)
{
	const struct rouse_attn_wish wish = {
		.policy = ROUSE_ATTN_AT,
		.processor = where,
		.key = key,
		.wants_ring = true,
		.name = "ring",
	};
	struct rouse_attn_place place;

	return rouse_attn_alloc_add(rig.alloc, &wish, &place);
}

static void
rings_of_a_device_have_a_bit_each_and_every_64_a_detail_word(void **state)
{
	rig_add_processors(1);
	for (int i = 0; i < 130; i++) {
		const struct rouse_attn_place at = rig_place(add_ring(0, 5));

		assert_int_equal(at.device, i / 64);
		assert_true(at.rings == UINT64_C(1) << i % 64);
	}
	assert_int_equal(processor(0).nb_used, 3);
	/* one that goes makes room for the next */
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 70), 0);
	assert_int_equal(add_ring(0, 5), 70);
	assert_int_equal(rig_place(70).device, 1);
	assert_true(rig_place(70).rings == UINT64_C(1) << 6);
	/* the detail word goes with its last one */
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 128), 0);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 129), 0);
	assert_int_equal(processor(0).nb_used, 2);
}

static void
sources_of_a_device_on_one_processor_share_its_detail_word(void **state)
{
	int sources[4], nb;

	rig_add_processors(2);
	assert_int_equal(rig_add(ROUSE_ATTN_AT, 0, 9), 0);
	assert_int_equal(rig_add(ROUSE_ATTN_AT, 0, 9), 1);
	assert_int_equal(rig_add(ROUSE_ATTN_AT, 1, 9), 2);
	assert_int_equal(rouse_attn_alloc_describe(rig.alloc, 0, 0x3, 0), 0);
	assert_int_equal(rouse_attn_alloc_describe(rig.alloc, 1, 0x6, 0), 0);
	assert_int_equal(rig_place(0).device, rig_place(1).device);
	assert_true(rig_place(1).rings == 0x6);
	assert_int_equal(processor(0).nb_used, 1);
	assert_int_equal(processor(0).nb_sources, 2);
	nb = rouse_attn_alloc_sources_of(rig.alloc, 0, 0, sources, UNIT_DIM(sources));
	assert_int_equal(nb, 2);
	assert_int_equal(sources[0] + sources[1], 1);
	assert_int_equal(rouse_attn_alloc_sources_of(rig.alloc, 0, 0, sources, 1), 2);
}

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

static int
add_within(const uint64_t *mask, uint32_t words, uint64_t key)
{
	const struct rouse_attn_wish wish = {
		.policy = ROUSE_ATTN_WITHIN,
		.mask = mask,
		.mask_words = words,
		.key = key,
		.name = "masked",
	};
	struct rouse_attn_place place;

	return rouse_attn_alloc_add(rig.alloc, &wish, &place);
}

static void
a_mask_names_the_processors_that_may_be_chosen(void **state)
{
	const uint64_t mask[2] = { 0x6, UINT64_C(1) << 36 }, nobody[1] = { UINT64_C(1) << 5 };

	rig_add_processors(3);
	assert_int_equal(rouse_attn_alloc_processor_add(rig.alloc, 100, 0, rig.attn[5], "far"), 0);
	for (int i = 0; i < 3; i++) {
		static const uint32_t wanted[] = { 1, 2, 100 };

		assert_int_equal(rig_place(add_within(mask, 2, (uint64_t)i)).processor, wanted[i]);
	}
	rig_refused(add_within(nobody, 1, 9), -ENODEV, "no processor that it may be on is online");
	rig_refused(add_within(NULL, 0, 9), -ENODEV, "no processor that it may be on is online");
	rig_refused(add_within(mask, 0, 9), -ENODEV, "no processor that it may be on is online");
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
	signal_source(a);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -EBUSY, "an event is pending at bit 0");
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, b), 0);
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, a), 0);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -ENOENT, "source 0");
	assert_int_equal(processor(0).nb_used, 0);
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
	signal_source(a);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -EBUSY, "an event is pending");
	assert_int_equal(rig_wake(0).events, 1);
	signal_source(b);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, a), 0);
	rig_refused(rouse_attn_alloc_remove(rig.alloc, b), -EBUSY, "an event is pending");
}

/* ---- moving ---- */

static const struct rouse_attn_wish anywhere = { .policy = ROUSE_ATTN_LEAST_LOADED };

static struct rouse_attn_wish
to_processor(uint32_t number)
{
	return (struct rouse_attn_wish){ .policy = ROUSE_ATTN_AT, .processor = number };
}

static int
begin_move(int source, uint32_t number)
{
	const struct rouse_attn_wish to = to_processor(number);
	struct rouse_attn_place place;

	return rouse_attn_alloc_move_begin(rig.alloc, source, &to, &place);
}

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
	assert_int_equal(processor(0).nb_used, 1);
	assert_int_equal(processor(1).nb_used, 1);
	assert_int_equal(rouse_attn_alloc_source_get(rig.alloc, a, &info), 0);
	assert_int_equal(info.at.processor, 0);
	assert_int_equal(info.to.processor, 1);
	rig_refused(begin_move(a, 1), -EBUSY, "being moved to processor 1 already");
	rig_refused(rouse_attn_alloc_remove(rig.alloc, a), -EBUSY, "being moved");
	/* what was signalled at the old place is taken first */
	signal_source(a);
	rig_refused(rouse_attn_alloc_move_end(rig.alloc, a, NULL), -EBUSY, "an event is pending");
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, a, NULL), 0);
	assert_int_equal(processor(0).nb_used, 0);
	assert_int_equal(rig_place(a).processor, 1);
	rig_refused(rouse_attn_alloc_move_end(rig.alloc, a, NULL), -ENOENT, "not being moved");
	rig_refused(begin_move(a, 1), -EEXIST, "is on processor 1 (lcore1) already");
}

static void
a_move_that_is_cancelled_leaves_the_source_where_it_was(void **state)
{
	char *before, *after;
	int a;

	rig_add_processors(2);
	a = rig_add(ROUSE_ATTN_AT, 0, 1);
	before = rig_dump();
	assert_int_equal(begin_move(a, 1), 0);
	assert_int_equal(rouse_attn_alloc_move_cancel(rig.alloc, a), 0);
	after = rig_dump();
	assert_string_equal(before, after);
	free(before);
	free(after);
	rig_refused(rouse_attn_alloc_move_cancel(rig.alloc, a), -ENOENT, "not being moved");
	/* whoever was told of the new place has signalled there */
	assert_int_equal(begin_move(a, 1), 0);
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
	assert_int_equal(begin_move(a, 1), 0);
	signal_source(a);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, a, &late), 0);
	assert_int_equal(rig_place(a).processor, 1);
	assert_int_equal(rig_place(late).processor, 0);
	assert_int_equal(processor(0).nb_sources, 0);
	assert_int_equal(processor(0).nb_staying, 1);
	assert_int_equal(rouse_attn_alloc_name_of(rig.alloc, 0, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "late signals of device 1");
	/* nobody else gets the bit, and it does not move */
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_AT, 0, 2)).device, 1);
	rig_refused(begin_move(late, 1), -EPERM, "late signals");
	rig_refused(rouse_attn_alloc_remove(rig.alloc, late), -EBUSY, "an event is pending");
	assert_int_equal(rig_wake(0).events, 1);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, late), 0);
	assert_int_equal(processor(0).nb_staying, 0);
}

static void
what_a_source_asked_for_holds_when_it_is_moved(void **state)
{
	const uint64_t mask = 0x3;
	struct rouse_attn_place to;
	int pinned, masked;

	rig_add_processors(3);
	pinned = rig_add(ROUSE_ATTN_PINNED, 0, 1);
	masked = add_within(&mask, 1, 2);
	rig_refused(begin_move(pinned, 1), -EPERM, "pinned to processor 0");
	assert_int_equal(rig_place(masked).processor, 1);
	rig_refused(begin_move(masked, 2), -EPERM, "not in the mask");
	rig_refused(begin_move(masked, 3), -ENODEV, "processor 3");
	rig_refused(begin_move(masked, 5000), -ERANGE, "below 1024");
	rig_refused(begin_move(77, 1), -ENOENT, "source 77");
	rig_refused(begin_move(-1, 1), -ENOENT, "source -1");
	assert_int_equal(rouse_attn_alloc_move_begin(rig.alloc, masked, &anywhere, &to), 0);
	assert_int_equal(to.processor, 0);
}

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
	assert_int_equal(processor(2).presence, ROUSE_ATTN_LEAVING);
	assert_int_equal(processor(0).nb_sources, 1 + 5);
	assert_int_equal(processor(1).nb_sources, 5);
	rig_refused(rig_add(ROUSE_ATTN_AT, 2, 60), -ENETDOWN, "not online");
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -EALREADY, "going offline already");
	rig_refused(rouse_attn_alloc_online(rig.alloc, 2), -EALREADY, "going offline");
	rig_refused(rouse_attn_alloc_left(rig.alloc, 2), -EBUSY, "10 sources left");
	rig_refused(rouse_attn_alloc_default_set(rig.alloc, 2), -ENETDOWN, "not online");
	end_moves_of(2);
	assert_int_equal(rouse_attn_alloc_left(rig.alloc, 2), 0);
	assert_int_equal(processor(2).presence, ROUSE_ATTN_OFFLINE);
	assert_int_equal(processor(2).nb_used, 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -EALREADY, "offline already");
	rig_refused(rouse_attn_alloc_left(rig.alloc, 2), -ENETDOWN, "was not going offline");
	rig_refused(rouse_attn_alloc_stay(rig.alloc, 2), -ENETDOWN, "was not going offline");
	/* and nothing comes by itself when it is back */
	assert_int_equal(rouse_attn_alloc_online(rig.alloc, 2), 0);
	rig_refused(rouse_attn_alloc_online(rig.alloc, 2), -EALREADY, "online already");
	assert_int_equal(processor(2).nb_sources, 0);
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
	assert_int_equal(processor(1).nb_used, 64);
	assert_int_equal(processor(1).nb_sources, 63 + 5);
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
	assert_int_equal(add_within(&mask, 1, 2), 1);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 1), -EBUSY, "device 1 is pinned to it");
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -ENODEV, "may be on no other");
	a = rig_add(ROUSE_ATTN_AT, 0, 3);
	assert_int_equal(begin_move(a, 2), 0);
	rig_refused(rouse_attn_alloc_leave(rig.alloc, 2), -EBUSY, "device 3 is being moved");
}

static void
what_is_a_processor_s_own_stays(void **state)
{
	int own;

	rig_add_processors(2);
	own = rig_add(ROUSE_ATTN_OWN, 1, 1);
	assert_int_equal(processor(1).nb_sources, 0);
	assert_int_equal(processor(1).nb_staying, 1);
	assert_int_equal(processor(1).nb_used, 1);
	rig_refused(begin_move(own, 0), -EPERM, "for nobody but processor 1");
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
		signal_source(sources[i]);
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
	assert_int_equal(begin_move(1, 2), 0);
	assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, 1, &late), 0);
	assert_int_equal(begin_move(1, 0), 0);
	signal_source(a);
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
		assert_int_equal(begin_move(1, i % 2 == 0 ? 0 : 2), 0);
		assert_int_equal(rouse_attn_alloc_move_end(rig.alloc, 1, NULL), 0);
	}
	text = rig_dump();
	assert_line(text, "moves, the last 64 of 104:\n");
	free(text);
}

int
main(void)
{
#define PER(name) cmocka_unit_test_setup_teardown(name, make_per_processor, destroy)
#define UNI(name) cmocka_unit_test_setup_teardown(name, make_uniform, destroy)
#define SHR(name) cmocka_unit_test_setup_teardown(name, make_shared, destroy)
	const struct CMUnitTest tests[] = {
		UNI(uniform_refuses_the_65th_source),
		UNI(uniform_gives_a_device_the_same_bit_on_every_processor),
		SHR(shared_looks_at_more_than_one_detail_word_a_wake),
		SHR(shared_refuses_what_has_no_detail_word),
		PER(per_processor_looks_at_exactly_one_detail_word),
		PER(per_processor_is_filled_to_all_bits_that_are_not_reserved),
		PER(the_same_bit_on_two_processors_names_two_sources_and_both_are_delivered),
		UNI(each_type_of_processor_has_a_layout_of_its_own),
		PER(rings_of_a_device_have_a_bit_each_and_every_64_a_detail_word),
		UNI(rings_of_a_device_have_a_bit_each_and_every_64_a_detail_word),
		SHR(rings_of_a_device_have_a_bit_each_and_every_64_a_detail_word),
		PER(sources_of_a_device_on_one_processor_share_its_detail_word),
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
		PER(the_sources_of_a_processor_that_leaves_go_where_there_is_room),
		PER(whoever_stays_has_what_it_had),
		PER(what_is_nobody_s_is_discarded_at_one_place_of_two),
		SHR(what_is_nobody_s_is_discarded_at_one_place_of_two),
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
		PER(bad_input_is_refused_by_name),
		PER(the_dump_says_what_a_bit_means_what_is_pending_and_who_moved),
	};

	return UNIT_RUN(tests);
}
