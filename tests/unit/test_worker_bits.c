/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Two workers in each of the modes in which bits are given: which devices are refused, and how many
 * detail words a wake looks at. Queues have a bit each here. With all but four bits reserved, the
 * fifth of them is what the 65th is else.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "worker_mock.h"

#define NB_DEVICES 65
#define NB_QUEUES  (MOCK_PORTS * MOCK_QUEUES)

static struct rouse_worker workers[2];

static int
destroy(void **state)
{
	const struct rouse_worker_attention usual = { .mode = ROUSE_ATTN_PER_PROCESSOR };

	for (unsigned int i = 0; i < UNIT_DIM(workers); i++)
		mock_worker_fini(&workers[i]);
	mock_fini();
	assert_int_equal(rouse_worker_attention_set(&usual), 0);
	return 0;
}

static int
make(enum rouse_attn_mode mode, uint64_t reserved)
{
	const struct rouse_worker_attention attention = {
		.mode = mode,
		.bit_per_queue = true,
		.reserved = reserved,
	};

	mock_init();
	assert_int_equal(rouse_worker_attention_set(&attention), 0);
	for (unsigned int i = 0; i < UNIT_DIM(workers); i++)
		mock_worker_init(&workers[i]);
	return 0;
}

static int
make_per_processor(void **state)
{
	return make(ROUSE_ATTN_PER_PROCESSOR, 0);
}

static int
make_uniform(void **state)
{
	return make(ROUSE_ATTN_UNIFORM, 0);
}

/* All bits of the layout but for `nb`. */
static uint64_t
all_but(unsigned int nb)
{
	return UINT64_MAX << nb;
}

static int
make_shared_on_4_bits(void **state)
{
	return make(ROUSE_ATTN_SHARED, all_but(4));
}

static int
make_uniform_on_4_bits(void **state)
{
	return make(ROUSE_ATTN_UNIFORM, all_but(4));
}

static int
make_per_processor_on_4_bits(void **state)
{
	return make(ROUSE_ATTN_PER_PROCESSOR, all_but(4));
}

static struct rouse_worker *
worker_of(unsigned int i)
{
	return &workers[i % UNIT_DIM(workers)];
}

static int
add_queue(unsigned int i)
{
	return mock_add(worker_of(i), (uint16_t)(i / MOCK_QUEUES), (uint16_t)(i % MOCK_QUEUES));
}

static uint64_t
details_of_a_wake(unsigned int i)
{
	struct rouse_worker *w = worker_of(i);
	struct mock_queue *q = &mock_ports[i / MOCK_QUEUES].queues[i % MOCK_QUEUES];
	uint64_t before = rouse_counter_get(&w->stats.detail_words);
	uint64_t words = rouse_counter_get(&w->stats.attn_words);
	unsigned int taken = q->taken;

	mock_deliver((uint16_t)(i / MOCK_QUEUES), i % MOCK_QUEUES, (uint16_t)(i % MOCK_QUEUES));
	mock_signal((uint16_t)(i / MOCK_QUEUES), i % MOCK_QUEUES);
	assert_int_equal(worker_attend(w), 1);
	assert_int_equal(q->taken, taken + 1);
	assert_int_equal(rouse_counter_get(&w->stats.attn_words), words + 1);
	assert_int_equal(rouse_counter_get(&w->stats.stale_bits), 0);
	return rouse_counter_get(&w->stats.detail_words) - before;
}

static void
settle(void)
{
	for (unsigned int i = 0; i < UNIT_DIM(workers); i++)
		worker_attend(&workers[i]);
}

static void
uniform_refuses_what_has_no_bit_in_the_layout_of_all(void **state)
{
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(add_queue(i), 0);
	assert_int_equal(add_queue(4), -ENOSPC);
	assert_int_equal(add_queue(5), -ENOSPC);
	settle();
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(details_of_a_wake(i), 1);
	mock_remove(worker_of(1), 0, 1);
	assert_int_equal(add_queue(4), 0);
	settle();
	assert_int_equal(details_of_a_wake(4), 1);
}

static void
shared_looks_at_every_device_of_the_bit(void **state)
{
	/* 4 detail words for each bit is as far as it goes */
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(add_queue(i), 0);
	assert_int_equal(add_queue(16), -ENOSPC);
	settle();
	/* also at those that the other worker has: the layout is the same on both */
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(details_of_a_wake(i), 4);
	for (unsigned int i = 4; i < 16; i++)
		mock_remove(worker_of(i), (uint16_t)(i / MOCK_QUEUES), (uint16_t)(i % MOCK_QUEUES));
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(details_of_a_wake(i), 1);
}

static void
per_processor_has_as_many_bits_as_both_have_and_looks_at_one(void **state)
{
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(add_queue(i), 0);
	assert_int_equal(add_queue(8), -ENOSPC);
	assert_int_equal(add_queue(9), -ENOSPC);
	settle();
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(details_of_a_wake(i), 1);
}

/* ---- 65, with all bits ---- */

static void
count(void *arg, const struct rouse_event *event)
{
	++*(unsigned int *)arg;
}

/* The i-th device: a queue, or an event ring and 63 that only fill up its device. */
static int
add_device(unsigned int i, unsigned int *nb_events, struct rouse_attn_target *target)
{
	struct rouse_attn_target filler;
	unsigned int first = (i - NB_QUEUES) * ROUSE_ATTN_BITS;
	int ret;

	if (i < NB_QUEUES)
		return add_queue(i);
	ret = rouse_worker_evring_add(worker_of(i), mock_event_ring(first), count, nb_events,
				      target);
	for (unsigned int n = 1; n < ROUSE_ATTN_BITS && ret == 0; n++)
		ret = rouse_worker_evring_add(worker_of(i), mock_event_ring(first + n), count,
					      nb_events, &filler);
	return ret;
}

static unsigned int
add_65(unsigned int *nb_events, struct rouse_attn_target *targets)
{
	unsigned int nb = 0;

	while (nb < NB_DEVICES && add_device(nb, &nb_events[nb], &targets[nb]) == 0)
		nb++;
	settle();
	return nb;
}

static void
of_65_devices_on_two_workers_one_detail_word_is_looked_at(void **state)
{
	struct rouse_attn_target targets[NB_DEVICES];
	unsigned int nb_events[NB_DEVICES] = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *file;

	assert_int_equal(add_65(nb_events, targets), NB_DEVICES);
	for (unsigned int i = 0; i < NB_QUEUES; i++)
		assert_int_equal(details_of_a_wake(i), 1);
	file = open_memstream(&text, &size);
	assert_int_equal(rouse_worker_attention_dump(file), 0);
	fclose(file);
	assert_non_null(strstr(text, "mode per-processor: 2 processors online"));
	assert_non_null(strstr(text, "33 bits used, 31 free"));
	assert_non_null(strstr(text, "port 3 queue 7 0x80"));
	free(text);
}

static void
modes_are_chosen_before_there_are_workers(void **state)
{
	struct rouse_worker_attention attention = { .mode = ROUSE_ATTN_UNIFORM };

	assert_int_equal(rouse_worker_attention_set(&attention), -EBUSY);
	attention.mode = ROUSE_NB_ATTN_MODES;
	assert_int_equal(rouse_worker_attention_set(&attention), -EINVAL);
	attention.mode = ROUSE_ATTN_UNIFORM;
	attention.reserved = UINT64_MAX;
	assert_int_equal(rouse_worker_attention_set(&attention), -EINVAL);
}

int
main(void)
{
#define TEST(name, make) cmocka_unit_test_setup_teardown(name, make, destroy)
	const struct CMUnitTest tests[] = {
		TEST(uniform_refuses_what_has_no_bit_in_the_layout_of_all, make_uniform_on_4_bits),
		TEST(shared_looks_at_every_device_of_the_bit, make_shared_on_4_bits),
		TEST(per_processor_has_as_many_bits_as_both_have_and_looks_at_one,
		     make_per_processor_on_4_bits),
		TEST(of_65_devices_on_two_workers_one_detail_word_is_looked_at, make_per_processor),
		TEST(modes_are_chosen_before_there_are_workers, make_uniform),
	};

	return UNIT_RUN(tests);
}
