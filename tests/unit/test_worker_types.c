/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Workers of two types, as there are two kinds of processors: each type has a layout, and bits that
 * are reserved, of its own. Queues go from one to the other, when they are moved, when a worker
 * goes offline, and back; what the other type has no bit for is refused, and nothing has changed.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "worker_mock.h"

#define BIG    0 /* of these are the first two workers */
#define LITTLE 3

/* The first is the default worker. */
static struct rouse_worker *big, *big_too, *little;

/* So many bits of each type are left, one of them for messages. */
static void
make_with(enum rouse_attn_mode mode, unsigned int nb_big, unsigned int nb_little)
{
	struct rouse_worker_attention attention = { .mode = mode, .bit_per_queue = true };

	attention.reserved_of_type[BIG] = UINT64_MAX << nb_big;
	/* the upper ones: the two layouts have no bit in common */
	attention.reserved_of_type[LITTLE] = UINT64_MAX >> nb_little;
	mock_init();
	assert_int_equal(rouse_worker_attention_set(&attention), 0);
	big = mock_make_worker("big");
	big_too = mock_make_worker("big too");
	mock_type = LITTLE;
	little = mock_make_worker("little");
}

static int
destroy(void **state)
{
	const struct rouse_worker_attention usual = { .mode = ROUSE_ATTN_PER_PROCESSOR };

	rouse_worker_destroy(little);
	rouse_worker_destroy(big_too);
	rouse_worker_destroy(big);
	mock_fini();
	assert_int_equal(rouse_worker_attention_set(&usual), 0);
	return 0;
}

static int
make_uniform(void **state)
{
	make_with(ROUSE_ATTN_UNIFORM, 4, 3);
	return 0;
}

static int
make_shared(void **state)
{
	make_with(ROUSE_ATTN_SHARED, 2, 1);
	return 0;
}

static int
make_per_processor(void **state)
{
	make_with(ROUSE_ATTN_PER_PROCESSOR, 8, 2);
	return 0;
}

static char *
dump(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_int_equal(rouse_worker_attention_dump(file), 0);
	fclose(file);
	return text;
}

#define refused(call)                                                                              \
	do {                                                                                       \
		char *before_ = dump(), *after_;                                                   \
		assert_int_equal(call, -ENOSPC);                                                   \
		after_ = dump();                                                                   \
		assert_string_equal(after_, before_);                                              \
		free(before_);                                                                     \
		free(after_);                                                                      \
	} while (0)

static bool
has_queue(const struct rouse_worker *w, uint16_t queue)
{
	return source_find_queue(w, 0, queue) != NULL;
}

static unsigned int
nb_queues_of(const struct rouse_worker *w)
{
	unsigned int nb = 0;

	for (uint16_t q = 0; q < MOCK_QUEUES; q++)
		nb += has_queue(w, q);
	return nb;
}

/* A frame for the queue; how many detail words its worker looks at for it. */
static uint64_t
receive(struct rouse_worker *w, uint16_t queue)
{
	struct mock_queue *q = &mock_ports[0].queues[queue];
	uint64_t stale = rouse_counter_get(&w->stats.stale_bits), before;
	unsigned int taken = q->taken;

	worker_attend(w); /* what was added is looked at once */
	before = rouse_counter_get(&w->stats.detail_words);
	assert_ptr_equal(q->owner.attn, &w->attn);
	mock_deliver(0, queue, queue);
	mock_signal(0, queue);
	assert_int_equal(worker_attend(w), 1);
	assert_int_equal(q->taken, taken + 1);
	assert_int_equal(rouse_counter_get(&w->stats.stale_bits), stale);
	return rouse_counter_get(&w->stats.detail_words) - before;
}

/* The bit by which a queue's worker learns of it. */
static unsigned int
bit_of(uint16_t queue)
{
	return mock_ports[0].queues[queue].owner.device % ROUSE_ATTN_BITS;
}

static void
each_type_is_full_when_its_own_layout_is(void **state)
{
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(mock_add(q % 2 == 0 ? big : big_too, 0, q), 0);
	refused(mock_add(big, 0, 3));
	refused(mock_add(big_too, 0, 3));
	assert_int_equal(mock_add(little, 0, 3), 0);
	assert_int_equal(mock_add(little, 0, 4), 0);
	refused(mock_add(little, 0, 5));
	for (uint16_t q = 0; q < 5; q++) {
		struct rouse_worker *w = q >= 3 ? little : q % 2 == 0 ? big : big_too;

		assert_int_equal(receive(w, q), 1);
		assert_true(q >= 3 ? bit_of(q) >= 61 : bit_of(q) < 4);
	}
}

static void
a_queue_has_a_bit_of_the_type_that_it_moves_to(void **state)
{
	unsigned int bit;

	assert_int_equal(mock_add(big, 0, 0), 0);
	bit = bit_of(0);
	assert_int_equal(rouse_worker_ethdev_move(big, big_too, 0, 0), 0);
	assert_int_equal(bit_of(0), bit); /* one layout */
	assert_int_equal(receive(big_too, 0), 1);
	assert_int_equal(rouse_worker_ethdev_move(big_too, little, 0, 0), 0);
	assert_true(bit_of(0) >= 61);
	assert_int_equal(receive(little, 0), 1);
	/* big's layout has its bit back: three devices, and no fourth */
	for (uint16_t q = 1; q < 4; q++)
		assert_int_equal(mock_add(big, 0, q), 0);
	refused(mock_add(big, 0, 4));
	refused(rouse_worker_ethdev_move(little, big, 0, 0));
	refused(rouse_worker_ethdev_move(little, big_too, 0, 0));
	assert_int_equal(receive(little, 0), 1);
	assert_int_equal(rouse_worker_ethdev_remove(big, 0, 3), 0);
	assert_int_equal(rouse_worker_ethdev_move(little, big, 0, 0), 0);
	assert_true(bit_of(0) < 4);
	assert_int_equal(receive(big, 0), 1);
}

static void
shared_bits_are_those_of_the_type(void **state)
{
	/* 4 detail words a bit: 7 devices of the big, beside messages, and 3 of the little */
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(mock_add(little, 0, q), 0);
	refused(mock_add(little, 0, 3));
	for (uint16_t q = 3; q < MOCK_QUEUES; q++)
		assert_int_equal(mock_add(big, 0, q), 0);
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(receive(little, q), 4);
	/* of the big's two bits each has three of the six devices */
	for (uint16_t q = 3; q < MOCK_QUEUES; q++)
		assert_in_range(receive(big, q), 3, 4);
	assert_int_equal(rouse_worker_ethdev_move(little, big, 0, 0), 0);
	assert_int_equal(mock_add(big_too, 1, 0), 0);
	refused(mock_add(big, 1, 1));
	refused(rouse_worker_ethdev_move(little, big, 0, 1));
	assert_in_range(receive(big, 0), 3, 4);
}

static void
a_worker_goes_offline_to_another_type_and_comes_back(void **state)
{
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(mock_add(big, 0, q), 0);
	assert_int_equal(mock_add(big_too, 0, 3), 0);
	assert_int_equal(rouse_worker_offline(big_too), 0);
	assert_true(has_queue(little, 3)); /* which has least */
	assert_int_equal(receive(little, 3), 1);
	assert_true(bit_of(3) >= 62);
	assert_int_equal(rouse_worker_online(big_too), 0);
	assert_int_equal(rouse_worker_offline(little), 0);
	assert_true(has_queue(big_too, 3));
	assert_int_equal(receive(big_too, 3), 1);
	assert_true(bit_of(3) < 8);
	assert_int_equal(rouse_worker_online(little), 0);
	assert_int_equal(rouse_worker_rebalance(), 1);
	assert_int_equal(nb_queues_of(little) + nb_queues_of(big) + nb_queues_of(big_too), 4);
	for (uint16_t q = 0; q < 4; q++)
		receive(has_queue(little, q) ? little : has_queue(big, q) ? big : big_too, q);
}

static void
a_worker_stays_if_the_other_type_has_too_few_bits(void **state)
{
	assert_int_equal(rouse_worker_default_set(little), 0);
	assert_int_equal(rouse_worker_offline(big_too), 0);
	/* the little one is the only other, and has one bit */
	for (uint16_t q = 0; q < 3; q++)
		assert_int_equal(mock_add(big, 0, q), 0);
	for (unsigned int i = 0; i < 3; i++)
		refused(rouse_worker_offline(big));
	assert_true(rouse_worker_is_online(big));
	assert_int_equal(nb_queues_of(big), 3);
	assert_int_equal(rouse_worker_ethdev_move(big, little, 0, 0), 0);
	refused(rouse_worker_ethdev_move(big, little, 0, 1));
	refused(rouse_worker_offline(big));
	assert_int_equal(receive(big, 1), 1);
	assert_int_equal(receive(little, 0), 1);
	/* one of its own type has room for them */
	assert_int_equal(rouse_worker_online(big_too), 0);
	assert_int_equal(rouse_worker_offline(big), 0);
	assert_int_equal(nb_queues_of(big_too), 2);
	assert_int_equal(receive(big_too, 1), 1);
	assert_int_equal(receive(big_too, 2), 1);
}

static void
some_bits_of_each_type_are_left(void **state)
{
	struct rouse_worker_attention attention = { .reserved = UINT64_MAX << 32 };

	rouse_worker_destroy(little);
	rouse_worker_destroy(big_too);
	rouse_worker_destroy(big);
	little = big_too = big = NULL;
	attention.reserved_of_type[LITTLE] = UINT32_MAX;
	assert_int_equal(rouse_worker_attention_set(&attention), -EINVAL);
	attention.reserved_of_type[LITTLE] = UINT32_MAX - 1;
	assert_int_equal(rouse_worker_attention_set(&attention), 0);
}

int
main(void)
{
#define TEST(name, make) cmocka_unit_test_setup_teardown(name, make, destroy)
	const struct CMUnitTest tests[] = {
		TEST(each_type_is_full_when_its_own_layout_is, make_uniform),
		TEST(a_queue_has_a_bit_of_the_type_that_it_moves_to, make_uniform),
		TEST(shared_bits_are_those_of_the_type, make_shared),
		TEST(a_worker_goes_offline_to_another_type_and_comes_back, make_per_processor),
		TEST(a_worker_stays_if_the_other_type_has_too_few_bits, make_per_processor),
		TEST(some_bits_of_each_type_are_left, make_uniform),
	};

	return UNIT_RUN(tests);
}
