/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Steering against a model: random updates, valid and not, and look-ups after each, by every map.
 * The model has no words of two halves and no second column beside the RETA: it derives ring and
 * vector from queue and code when it is asked.
 */

#include <errno.h>
#include <stdbool.h>

#include <rouse_steer.h>

#include "unit.h"

#define OPERATIONS 100000
#define COMPARE_AT 1000 /* operations between two comparisons of everything */

struct model {
	int size, queues, rings, vectors;
	int map;
	int rss_default_queue, default_processor;
	int queue[ROUSE_STEER_MAX_RETA];
	int ring[ROUSE_STEER_MAX_QUEUES];
	int vector[ROUSE_STEER_MAX_QUEUES];
	int event_ring[ROUSE_STEER_MAX_QUEUES][ROUSE_NB_EVENT_CODES];
	int event_vector[ROUSE_STEER_MAX_QUEUES][ROUSE_NB_EVENT_CODES];
};

static struct rouse_steer steer;
static struct model model;

static void
model_init(const struct rouse_steer_conf *conf)
{
	model = (struct model){
		.size = conf->reta_size,
		.queues = conf->nb_queues,
		.rings = conf->nb_rings,
		.vectors = conf->nb_vectors,
		.map = ROUSE_STEER_MAP_B,
	};
	for (int i = 0; i < model.size; i++)
		model.queue[i] = i % model.queues;
	for (int r = 0; r < model.rings; r++)
		model.vector[r] = r % model.vectors;
	for (int q = 0; q < model.queues; q++) {
		model.ring[q] = q % model.rings;
		for (int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
			int ring = (q + code * model.queues) % model.rings;

			model.event_ring[q][code] = ring;
			model.event_vector[q][code] = ring % model.vectors;
		}
	}
}

/* The model's update; 0 or -ERANGE. */
static int
model_set(int *table, int nb, int at, int value, int limit)
{
	if (at >= nb || value >= limit)
		return -ERANGE;
	table[at] = value;
	return 0;
}

static int
model_event_set(int queue, int code, int ring, int vector)
{
	if (queue >= model.queues || code >= ROUSE_NB_EVENT_CODES || ring >= model.rings ||
	    vector >= model.vectors)
		return -ERANGE;
	model.event_ring[queue][code] = ring;
	model.event_vector[queue][code] = vector;
	return 0;
}

static int
model_ring(int queue, int code)
{
	if (model.map == ROUSE_STEER_MAP_A || model.map == ROUSE_STEER_MAP_A_RING)
		return model.event_ring[queue][code];
	return model.ring[queue];
}

static int
model_vector(int queue, int code)
{
	if (model.map == ROUSE_STEER_MAP_A || model.map == ROUSE_STEER_MAP_A_VECTOR)
		return model.event_vector[queue][code];
	return model.vector[model_ring(queue, code)];
}

static void
assert_path(struct rouse_steer_path path, int queue, int code)
{
	assert_int_equal(path.queue, queue);
	assert_int_equal(path.ring, model_ring(queue, code));
	assert_int_equal(path.vector, model_vector(queue, code));
}

static void
compare_hash(uint32_t hash)
{
	assert_path(rouse_steer_hash(&steer, hash), model.queue[hash % (uint32_t)model.size],
		    ROUSE_EVENT_RX);
}

static void
compare_defaults(void)
{
	assert_path(rouse_steer_unhashed(&steer), model.rss_default_queue, ROUSE_EVENT_RX);
	assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_LINK), model.default_processor,
		    ROUSE_EVENT_LINK);
	assert_path(rouse_steer_no_data(&steer, ROUSE_EVENT_ERROR), model.default_processor,
		    ROUSE_EVENT_ERROR);
}

static void
compare_all(void)
{
	for (int i = 0; i < model.size; i++) {
		compare_hash((uint32_t)i);
		assert_int_equal(rouse_steer_reta_get(&steer, (uint16_t)i), model.queue[i]);
	}
	for (int r = 0; r < model.rings; r++)
		assert_int_equal(rouse_steer_vector(&steer, (uint16_t)r), model.vector[r]);
	for (int q = 0; q < model.queues; q++) {
		assert_int_equal(rouse_steer_ring(&steer, (uint16_t)q), model.ring[q]);
		for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++)
			assert_path(rouse_steer_event(&steer, (uint16_t)q, code), q, (int)code);
	}
	assert_int_equal(rouse_steer_map_get(&steer), model.map);
	assert_int_equal(rouse_steer_rss_default_queue_get(&steer), model.rss_default_queue);
	assert_int_equal(rouse_steer_default_processor_get(&steer), model.default_processor);
	compare_defaults();
}

/* A quarter or so of the updates has a number out of range. */
static uint16_t
below_or_a_bit_above(uint64_t *random, int limit)
{
	return (uint16_t)unit_random_below(random, (uint32_t)limit * 9 / 8 + 1);
}

static void
update_map(uint64_t *random)
{
	unsigned int map = unit_random_below(random, ROUSE_NB_STEER_MAPS + 1);

	assert_int_equal(rouse_steer_map_set(&steer, map), map < ROUSE_NB_STEER_MAPS ? 0 : -EINVAL);
	if (map < ROUSE_NB_STEER_MAPS)
		model.map = (int)map;
}

static void
update_table(uint64_t *random)
{
	uint16_t queue = below_or_a_bit_above(random, model.queues);
	uint16_t ring = below_or_a_bit_above(random, model.rings);
	uint16_t vector = below_or_a_bit_above(random, model.vectors);
	uint16_t index = below_or_a_bit_above(random, model.size);
	unsigned int code = below_or_a_bit_above(random, ROUSE_NB_EVENT_CODES);
	int got, want;

	switch (unit_random_below(random, 10)) {
	case 0:
		got = rouse_steer_ring_set(&steer, queue, ring);
		want = model_set(model.ring, model.queues, queue, ring, model.rings);
		break;
	case 1:
		got = rouse_steer_vector_set(&steer, ring, vector);
		want = model_set(model.vector, model.rings, ring, vector, model.vectors);
		break;
	case 2:
		got = rouse_steer_rss_default_queue_set(&steer, queue);
		want = model_set(&model.rss_default_queue, 1, 0, queue, model.queues);
		break;
	case 3:
		got = rouse_steer_default_processor_set(&steer, queue);
		want = model_set(&model.default_processor, 1, 0, queue, model.queues);
		break;
	case 4:
	case 5:
	case 6:
		got = rouse_steer_event_set(&steer, queue, code, ring, vector);
		want = model_event_set(queue, (int)code, ring, vector);
		break;
	default:
		got = rouse_steer_reta_set(&steer, index, queue);
		want = model_set(model.queue, model.size, index, queue, model.queues);
		break;
	}
	assert_int_equal(got, want);
}

static void
run_against_model(uint16_t size, uint16_t queues, uint16_t rings, uint16_t vectors, uint64_t seed)
{
	const struct rouse_steer_conf conf = { size, queues, rings, vectors };
	uint64_t random = seed;

	assert_int_equal(rouse_steer_init(&steer, &conf), 0);
	model_init(&conf);
	compare_all();
	for (int i = 0; i < OPERATIONS; i++) {
		uint16_t queue = (uint16_t)unit_random_below(&random, queues);
		unsigned int code = unit_random_below(&random, ROUSE_NB_EVENT_CODES);

		if (unit_random_below(&random, 16) == 0)
			update_map(&random);
		else
			update_table(&random);
		compare_hash((uint32_t)unit_random(&random));
		assert_path(rouse_steer_event(&steer, queue, code), queue, (int)code);
		compare_defaults();
		if (i % COMPARE_AT == 0)
			compare_all();
	}
	compare_all();
}

static void
random_updates_of_128_entries_and_16_queues_keep_to_the_model(void **state)
{
	run_against_model(128, 16, 16, 16, 1);
}

static void
random_updates_of_the_largest_tables_keep_to_the_model(void **state)
{
	run_against_model(ROUSE_STEER_MAX_RETA, ROUSE_STEER_MAX_QUEUES, ROUSE_STEER_MAX_QUEUES,
			  ROUSE_STEER_MAX_QUEUES, 2);
}

static void
random_updates_of_the_smallest_tables_keep_to_the_model(void **state)
{
	run_against_model(1, 1, 1, 1, 3);
	run_against_model(2, 3, 1, 2, 4);
}

static void
random_updates_of_tables_of_uneven_sizes_keep_to_the_model(void **state)
{
	run_against_model(128, 8, 20, 3, 5);
	run_against_model(64, 20, 3, 8, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_updates_of_128_entries_and_16_queues_keep_to_the_model),
		cmocka_unit_test(random_updates_of_the_largest_tables_keep_to_the_model),
		cmocka_unit_test(random_updates_of_the_smallest_tables_keep_to_the_model),
		cmocka_unit_test(random_updates_of_tables_of_uneven_sizes_keep_to_the_model),
	};

	return UNIT_RUN(tests);
}
