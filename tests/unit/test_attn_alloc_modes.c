/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Who gets which bit in each mode, and how many detail words a wake looks at for it. */

#include <errno.h>

#include "alloc_rig.h"

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
	assert_int_equal(rig_processor(0).nb_used, 64);
	assert_int_equal(rig_processor(1).nb_used, 64);
	assert_int_equal(rig_processor(1).nb_free, 0);
	for (int i = 0; i < NB_65 - 1; i++) {
		struct rig_wake wake;

		rig_signal(i);
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
	assert_int_equal(rig_processor(0).nb_used, 2);
	/* till the last one is gone */
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 0), 0);
	assert_int_equal(rig_place(rig_add(ROUSE_ATTN_PINNED, 1, 100)).device, 0);
	assert_int_equal(rig_processor(0).nb_used, 2);
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
		rig_signal(i);
		wake = rig_wake((unsigned int)i % 2);
		assert_int_equal(wake.details, i % 64 == 0 ? 2 : 1);
		assert_int_equal(wake.events, 1);
		assert_int_equal(wake.device[0], i);
	}
	/* two of a bit at once: both delivered, and not mistaken for each other */
	rig_signal(0);
	rig_signal(64);
	wake = rig_wake(0);
	assert_int_equal(wake.details, 2);
	assert_int_equal(wake.events, 2);
	assert_int_equal(wake.device[0], 0);
	assert_int_equal(wake.device[1], 64);
	/* the layout is the same on the other one, and so is what it looks at */
	assert_int_equal(rig_processor(1).nb_details, 65);
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
		rig_signal(i);
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
		assert_int_equal(rig_processor(p).nb_used, ROUSE_ATTN_BITS - nb_reserved);
		assert_int_equal(rig_processor(p).nb_free, 0);
		assert_int_equal(rig_processor(p).nb_reserved, nb_reserved);
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
	rig_signal(a);
	rig_signal(b);
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
	assert_int_equal(rig_processor(1).nb_used, 2);
	assert_int_equal(rig_processor(1).nb_free, 61);
	assert_int_equal(rig_processor(0).nb_reserved, 0);
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
	assert_int_equal(rig_processor(0).nb_used, 3);
	/* one that goes makes room for the next */
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 70), 0);
	assert_int_equal(add_ring(0, 5), 70);
	assert_int_equal(rig_place(70).device, 1);
	assert_true(rig_place(70).rings == UINT64_C(1) << 6);
	/* the detail word goes with its last one */
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 128), 0);
	assert_int_equal(rouse_attn_alloc_remove(rig.alloc, 129), 0);
	assert_int_equal(rig_processor(0).nb_used, 2);
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
	assert_int_equal(rig_processor(0).nb_used, 1);
	assert_int_equal(rig_processor(0).nb_sources, 2);
	nb = rouse_attn_alloc_sources_of(rig.alloc, 0, 0, sources, UNIT_DIM(sources));
	assert_int_equal(nb, 2);
	assert_int_equal(sources[0] + sources[1], 1);
	assert_int_equal(rouse_attn_alloc_sources_of(rig.alloc, 0, 0, sources, 1), 2);
}

int
main(void)
{
#define PER(name) cmocka_unit_test_setup_teardown(name, rig_per_processor, rig_destroy)
#define UNI(name) cmocka_unit_test_setup_teardown(name, rig_uniform, rig_destroy)
#define SHR(name) cmocka_unit_test_setup_teardown(name, rig_shared, rig_destroy)
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
	};

	return UNIT_RUN(tests);
}
