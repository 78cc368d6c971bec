/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Look-ups while the tables change. Each queue q has the rings q and q + 32 and no others, so that
 * a queue with the ring of another one shows; each ring has one vector, a permutation of its own.
 */

#include <stdbool.h>

#include <rouse_steer.h>

#include "threads.h"
#include "unit.h"

#define QUEUES	32 /* that are named; the rings take the numbers above, too */
#define RETA	64
#define UPDATES 1000000u /* at least, while look-ups go on */
#define LOOKUPS 4000000u

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
	return path.queue < QUEUES && (path.ring == path.queue || path.ring == path.queue + 32) &&
	       path.vector == vector_of(path.ring);
}

/* Look-ups that named what nobody wrote. */
struct wrong {
	uint64_t hashed, unhashed;
};

static void *
look_up(void *arg)
{
	struct wrong *wrong = arg;
	uint64_t random = 5;

	threads_pin(1);
	while (atomic_load_explicit(&nb_lookups, memory_order_relaxed) < LOOKUPS ||
	       atomic_load_explicit(&nb_updates, memory_order_relaxed) < UPDATES) {
		wrong->hashed +=
			!is_valid(rouse_steer_hash(&steer, (uint32_t)unit_random(&random)));
		wrong->unhashed += !is_valid(rouse_steer_default(&steer));
		atomic_fetch_add_explicit(&nb_lookups, 1, memory_order_relaxed);
	}
	return NULL;
}

static void
lookups_meanwhile_see_only_pairs_that_were_written(void **state)
{
	struct wrong wrong = { 0, 0 };
	uint64_t random = 6;
	pthread_t reader;

	assert_int_equal(rouse_steer_init(&steer, RETA, ROUSE_STEER_MAX_QUEUES), 0);
	for (uint16_t i = 0; i < RETA; i++)
		assert_int_equal(rouse_steer_reta_set(&steer, i, i % QUEUES), 0);
	for (uint16_t r = 0; r < ROUSE_STEER_MAX_QUEUES; r++)
		assert_int_equal(rouse_steer_vector_set(&steer, r, vector_of(r)), 0);

	assert_int_equal(pthread_create(&reader, NULL, look_up, &wrong), 0);
	while (atomic_load_explicit(&nb_lookups, memory_order_relaxed) < LOOKUPS ||
	       atomic_load_explicit(&nb_updates, memory_order_relaxed) < UPDATES) {
		uint16_t queue = (uint16_t)unit_random_below(&random, QUEUES);
		uint16_t index = (uint16_t)unit_random_below(&random, RETA);

		/* few ring updates, each walks the whole RETA */
		if (unit_random_below(&random, 16) == 0)
			rouse_steer_ring_set(&steer, queue, (uint16_t)(queue + 32 * (index & 1)));
		else if (unit_random_below(&random, 8) == 0)
			rouse_steer_default_queue_set(&steer, queue);
		else
			rouse_steer_reta_set(&steer, index, queue);
		atomic_fetch_add_explicit(&nb_updates, 1, memory_order_relaxed);
	}
	pthread_join(reader, NULL);
	assert_int_equal(wrong.hashed, 0);
	assert_int_equal(wrong.unhashed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups_meanwhile_see_only_pairs_that_were_written),
	};

	threads_init();
	threads_pin(0);
	return UNIT_RUN(tests);
}
