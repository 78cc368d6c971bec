/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Steering against a model: random updates, valid and not, and look-ups after each. The model has
 * no second column: it derives ring and vector from the queue when it is asked.
 */

#include <errno.h>
#include <stdbool.h>

#include <rouse_steer.h>

#include "unit.h"

#define OPERATIONS 100000
#define COMPARE_AT 1000 /* operations between two comparisons of everything */

struct model {
	int size, queues, default_queue;
	int queue[ROUSE_STEER_MAX_RETA];
	int ring[ROUSE_STEER_MAX_QUEUES];
	int vector[ROUSE_STEER_MAX_QUEUES];
};

static struct rouse_steer steer;
static struct model model;

static void
model_init(int size, int queues)
{
	model = (struct model){ .size = size, .queues = queues };
	for (int i = 0; i < size; i++)
		model.queue[i] = i % queues;
	for (int i = 0; i < queues; i++)
		model.ring[i] = model.vector[i] = i;
}

/* The model's update; 0 or -ERANGE. */
static int
model_set(int *table, int nb, int at, int value)
{
	if (at >= nb || value >= model.queues)
		return -ERANGE;
	table[at] = value;
	return 0;
}

static void
assert_path(struct rouse_steer_path path, int queue)
{
	assert_int_equal(path.queue, queue);
	assert_int_equal(path.ring, model.ring[queue]);
	assert_int_equal(path.vector, model.vector[model.ring[queue]]);
}

static void
compare_hash(uint32_t hash)
{
	assert_path(rouse_steer_hash(&steer, hash), model.queue[hash % (uint32_t)model.size]);
}

static void
compare_all(void)
{
	for (int i = 0; i < model.size; i++) {
		compare_hash((uint32_t)i);
		assert_int_equal(rouse_steer_reta_get(&steer, (uint16_t)i), model.queue[i]);
	}
	for (int q = 0; q < model.queues; q++) {
		assert_int_equal(rouse_steer_ring(&steer, (uint16_t)q), model.ring[q]);
		assert_int_equal(rouse_steer_vector(&steer, (uint16_t)q), model.vector[q]);
	}
	assert_path(rouse_steer_default(&steer), model.default_queue);
}

static void
update(uint64_t *random)
{
	/* a quarter or so of what is given is out of range */
	uint16_t queue = (uint16_t)unit_random_below(random, (uint32_t)model.queues * 9 / 8 + 1);
	uint16_t other = (uint16_t)unit_random_below(random, (uint32_t)model.queues * 9 / 8 + 1);
	uint16_t index = (uint16_t)unit_random_below(random, (uint32_t)model.size * 9 / 8 + 1);
	int got, want;

	switch (unit_random_below(random, 8)) {
	case 0:
		got = rouse_steer_ring_set(&steer, queue, other);
		want = model_set(model.ring, model.queues, queue, other);
		break;
	case 1:
		got = rouse_steer_vector_set(&steer, queue, other);
		want = model_set(model.vector, model.queues, queue, other);
		break;
	case 2:
		got = rouse_steer_default_queue_set(&steer, queue);
		want = model_set(&model.default_queue, 1, 0, queue);
		break;
	default:
		got = rouse_steer_reta_set(&steer, index, queue);
		want = model_set(model.queue, model.size, index, queue);
		break;
	}
	assert_int_equal(got, want);
}

static void
run_against_model(uint16_t size, uint16_t queues, uint64_t seed)
{
	uint64_t random = seed;

	assert_int_equal(rouse_steer_init(&steer, size, queues), 0);
	model_init(size, queues);
	compare_all();
	for (int i = 0; i < OPERATIONS; i++) {
		update(&random);
		compare_hash((uint32_t)unit_random(&random));
		assert_path(rouse_steer_default(&steer), model.default_queue);
		if (i % COMPARE_AT == 0)
			compare_all();
	}
	compare_all();
}

static void
random_updates_of_128_entries_and_16_queues_keep_to_the_model(void **state)
{
	run_against_model(128, 16, 1);
}

static void
random_updates_of_the_largest_tables_keep_to_the_model(void **state)
{
	run_against_model(ROUSE_STEER_MAX_RETA, ROUSE_STEER_MAX_QUEUES, 2);
}

static void
random_updates_of_the_smallest_tables_keep_to_the_model(void **state)
{
	run_against_model(1, 1, 3);
	run_against_model(2, 3, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_updates_of_128_entries_and_16_queues_keep_to_the_model),
		cmocka_unit_test(random_updates_of_the_largest_tables_keep_to_the_model),
		cmocka_unit_test(random_updates_of_the_smallest_tables_keep_to_the_model),
	};

	return UNIT_RUN(tests);
}
