/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Look-ups while the tables change, by every map. Each queue q has the rings q and q + 32 and no
 * others, so that a queue with the ring of another one shows; each ring has one vector, a
 * permutation of its own, and so has each entry of map A. The writer also tries what is refused.
 */

#include <stdbool.h>

#include <rouse_steer.h>

#include "threads.h"
#include "unit.h"

#define QUEUES	32 /* that are named; the rings take the numbers above, too */
#define RETA	64
#define UPDATES UNIT_TIMES(300000u) /* at least, while look-ups go on; of each map */
#define LOOKUPS UNIT_TIMES(1000000u)

static struct rouse_steer steer;
static _Atomic uint64_t nb_updates, nb_lookups;

static uint16_t
vector_of(uint16_t ring)
{
	return (uint16_t)(ring * 37 + 11) % ROUSE_STEER_MAX_QUEUES;
}

static bool
is_valid(struct rouse_steer_path path)
{
	if (path.queue >= QUEUES || (path.ring != path.queue && path.ring != path.queue + 32))
		return false;
	if (path.vector == vector_of(path.ring))
		return true;
	/* two tables then: the one may be of before an update and the other of after it */
	return steer.map == ROUSE_STEER_MAP_A_VECTOR &&
	       (path.vector == vector_of(path.queue) || path.vector == vector_of(path.queue + 32));
}

/* Look-ups that named what nobody wrote. */
struct wrong {
	uint64_t hashed, unhashed, no_data, event;
};

static bool
is_over(void)
{
	return atomic_load_explicit(&nb_lookups, memory_order_relaxed) >= LOOKUPS &&
	       atomic_load_explicit(&nb_updates, memory_order_relaxed) >= UPDATES;
}

static void *
look_up(void *arg)
{
	struct wrong *wrong = arg;
	uint64_t random = 5;

	threads_pin(1);
	while (!is_over()) {
		uint16_t queue = (uint16_t)unit_random_below(&random, QUEUES);
		enum rouse_event_code code = unit_random_below(&random, ROUSE_NB_EVENT_CODES);

		wrong->hashed +=
			!is_valid(rouse_steer_hash(&steer, (uint32_t)unit_random(&random)));
		wrong->unhashed += !is_valid(rouse_steer_unhashed(&steer));
		wrong->no_data += !is_valid(rouse_steer_no_data(&steer, code));
		wrong->event += !is_valid(rouse_steer_event(&steer, queue, code));
		atomic_fetch_add_explicit(&nb_lookups, 1, memory_order_relaxed);
	}
	return NULL;
}

static void
set_event(uint16_t queue, unsigned int code, uint16_t ring)
{
	rouse_steer_event_set(&steer, queue, code, ring, vector_of(ring));
}

static void
make(enum rouse_steer_map map)
{
	const struct rouse_steer_conf conf = {
		.reta_size = RETA,
		.nb_queues = QUEUES,
		.nb_rings = ROUSE_STEER_MAX_QUEUES,
		.nb_vectors = ROUSE_STEER_MAX_QUEUES,
	};

	assert_int_equal(rouse_steer_init(&steer, &conf), 0);
	assert_int_equal(rouse_steer_map_set(&steer, map), 0);
	for (uint16_t r = 0; r < ROUSE_STEER_MAX_QUEUES; r++)
		assert_int_equal(rouse_steer_vector_set(&steer, r, vector_of(r)), 0);
	for (uint16_t q = 0; q < QUEUES; q++)
		for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++)
			set_event(q, code, q);
}

/* One update; whether it was refused that had to be. */
static bool
update(uint64_t *random)
{
	uint16_t queue = (uint16_t)unit_random_below(random, QUEUES);
	uint16_t index = (uint16_t)unit_random_below(random, RETA);
	uint16_t ring = (uint16_t)(queue + 32 * (index & 1));

	switch (unit_random_below(random, 16)) {
	case 0: /* few ring updates, each walks the whole RETA */
		return rouse_steer_ring_set(&steer, queue, ring) == 0;
	case 1:
		return rouse_steer_rss_default_queue_set(&steer, queue) == 0;
	case 2:
	case 3:
		return rouse_steer_default_processor_set(&steer, queue) == 0;
	case 4:
		return rouse_steer_default_processor_set(&steer, (uint16_t)(QUEUES + queue)) != 0;
	case 5:
		return rouse_steer_reta_set(&steer, index, (uint16_t)(QUEUES + queue)) != 0;
	case 6:
		return rouse_steer_event_set(&steer, queue, 0, (uint16_t)(64 + ring), 0) != 0;
	case 7:
	case 8:
	case 9:
	case 10:
	case 11:
		set_event(queue, unit_random_below(random, ROUSE_NB_EVENT_CODES), ring);
		return true;
	default:
		return rouse_steer_reta_set(&steer, index, queue) == 0;
	}
}

static void
run(enum rouse_steer_map map)
{
	struct wrong wrong = { 0, 0, 0, 0 };
	uint64_t random = 6 + map, wrong_updates = 0;
	pthread_t reader;

	unit_deadline();
	make(map);
	atomic_store(&nb_updates, 0);
	atomic_store(&nb_lookups, 0);
	assert_int_equal(pthread_create(&reader, NULL, look_up, &wrong), 0);
	while (!is_over()) {
		wrong_updates += !update(&random);
		atomic_fetch_add_explicit(&nb_updates, 1, memory_order_relaxed);
	}
	pthread_join(reader, NULL);
	assert_int_equal(wrong_updates, 0);
	assert_int_equal(wrong.hashed, 0);
	assert_int_equal(wrong.unhashed, 0);
	assert_int_equal(wrong.no_data, 0);
	assert_int_equal(wrong.event, 0);
}

static void
lookups_by_map_b_meanwhile_see_only_what_was_written(void **state)
{
	run(ROUSE_STEER_MAP_B);
}

static void
lookups_by_map_a_meanwhile_see_only_pairs_that_were_written(void **state)
{
	run(ROUSE_STEER_MAP_A);
}

static void
lookups_by_map_a_ring_meanwhile_see_only_what_was_written(void **state)
{
	run(ROUSE_STEER_MAP_A_RING);
}

static void
lookups_by_map_a_vector_meanwhile_see_only_what_was_written(void **state)
{
	run(ROUSE_STEER_MAP_A_VECTOR);
}

/* ---- one entry, as often as it goes: a word that is written by halves would show ---- */

#define FLIPS		 UNIT_TIMES(5000000u)
#define FLIPS_A_DEADLINE 100000

static _Atomic bool is_flipping;
static struct rouse_steer_path seen_wrong;

static bool
is_one_of_two(struct rouse_steer_path path)
{
	return path.queue < 2 && path.ring == path.queue && path.vector == path.ring;
}

static void *
look_at_entry_0(void *arg)
{
	uint64_t *wrong = arg;

	threads_pin(1);
	while (atomic_load_explicit(&is_flipping, memory_order_relaxed)) {
		struct rouse_steer_path hashed = rouse_steer_hash(&steer, 0);
		struct rouse_steer_path event = rouse_steer_event(&steer, 0, ROUSE_EVENT_TX);

		event.queue = event.ring; /* the entry of the map says nothing of the queue */
		if (is_one_of_two(hashed) && is_one_of_two(event))
			continue;
		seen_wrong = is_one_of_two(hashed) ? event : hashed;
		++*wrong;
	}
	return NULL;
}

static void
flip(enum rouse_steer_map map)
{
	const struct rouse_steer_conf conf = { 1, 2, 2, 2 };
	uint64_t wrong = 0;
	pthread_t reader;

	unit_deadline();
	assert_int_equal(rouse_steer_init(&steer, &conf), 0);
	assert_int_equal(rouse_steer_map_set(&steer, map), 0);
	for (uint16_t q = 0; q < 2; q++)
		assert_int_equal(rouse_steer_event_set(&steer, q, ROUSE_EVENT_RX, q, q), 0);
	assert_int_equal(rouse_steer_event_set(&steer, 0, ROUSE_EVENT_TX, 0, 0), 0);
	atomic_store(&is_flipping, true);
	assert_int_equal(pthread_create(&reader, NULL, look_at_entry_0, &wrong), 0);
	for (uint32_t i = 0; i < FLIPS; i++) {
		if (i % FLIPS_A_DEADLINE == 0)
			unit_deadline();
		rouse_steer_reta_set(&steer, 0, i & 1);
		rouse_steer_event_set(&steer, 0, ROUSE_EVENT_TX, i & 1, i & 1);
	}
	atomic_store(&is_flipping, false);
	pthread_join(reader, NULL);
	if (wrong != 0)
		print_error("%u, %u, %u\n", seen_wrong.queue, seen_wrong.ring, seen_wrong.vector);
	assert_int_equal(wrong, 0);
}

static void
both_halves_of_a_reta_entry_change_at_once(void **state)
{
	flip(ROUSE_STEER_MAP_B);
}

static void
both_halves_of_an_entry_of_map_a_change_at_once(void **state)
{
	flip(ROUSE_STEER_MAP_A);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups_by_map_b_meanwhile_see_only_what_was_written),
		cmocka_unit_test(lookups_by_map_a_meanwhile_see_only_pairs_that_were_written),
		cmocka_unit_test(lookups_by_map_a_ring_meanwhile_see_only_what_was_written),
		cmocka_unit_test(lookups_by_map_a_vector_meanwhile_see_only_what_was_written),
		cmocka_unit_test(both_halves_of_a_reta_entry_change_at_once),
		cmocka_unit_test(both_halves_of_an_entry_of_map_a_change_at_once),
	};

	threads_init();
	threads_pin(0);
	return UNIT_RUN(tests);
}
