/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The registry in which drivers offer the queues of their ports to workers. */

#include <errno.h>

#include <rouse_attn.h>

#include "threads.h"
#include "unit.h"

#define ROUNDS		  UNIT_TIMES(100000u)
#define ROUNDS_A_DEADLINE 1000 /* so that a busy machine is no failure */

static const struct rouse_attn_port_ops ops, other_ops;
static int ctx, other_ctx;

static void
assert_found(uint16_t port, const struct rouse_attn_port_ops *want_ops, const void *want_ctx)
{
	struct rouse_attn_port found;

	assert_true(rouse_attn_registry_find(port, &found));
	assert_ptr_equal(found.ops, want_ops);
	assert_ptr_equal(found.ctx, want_ctx);
}

static void
assert_not_found(uint16_t port)
{
	struct rouse_attn_port found;

	assert_false(rouse_attn_registry_find(port, &found));
}

static void
no_port_is_found_before_it_was_added(void **state)
{
	for (uint16_t port = 0; port < ROUSE_ATTN_MAX_PORTS; port++)
		assert_not_found(port);
}

static void
an_added_port_is_found_with_what_it_offers(void **state)
{
	static const uint16_t ports[] = { 0, 17, ROUSE_ATTN_MAX_PORTS - 1 };

	for (size_t i = 0; i < UNIT_DIM(ports); i++) {
		assert_int_equal(rouse_attn_registry_add(ports[i], &ops, &ctx), 0);
		assert_found(ports[i], &ops, &ctx);
		assert_not_found(1);
		rouse_attn_registry_remove(ports[i]);
		assert_not_found(ports[i]);
	}
}

static void
a_second_addition_is_refused_and_the_first_stays(void **state)
{
	assert_int_equal(rouse_attn_registry_add(5, &ops, &ctx), 0);
	assert_int_equal(rouse_attn_registry_add(5, &other_ops, &other_ctx), -EEXIST);
	assert_found(5, &ops, &ctx);
	rouse_attn_registry_remove(5);
}

static void
a_removed_port_can_be_added_again(void **state)
{
	assert_int_equal(rouse_attn_registry_add(5, &ops, &ctx), 0);
	rouse_attn_registry_remove(5);
	assert_int_equal(rouse_attn_registry_add(5, &other_ops, NULL), 0);
	assert_found(5, &other_ops, NULL);
	rouse_attn_registry_remove(5);
}

static void
removal_concerns_that_port_alone(void **state)
{
	assert_int_equal(rouse_attn_registry_add(5, &ops, &ctx), 0);
	assert_int_equal(rouse_attn_registry_add(6, &other_ops, &other_ctx), 0);
	rouse_attn_registry_remove(5);
	rouse_attn_registry_remove(7);
	assert_not_found(5);
	assert_found(6, &other_ops, &other_ctx);
	rouse_attn_registry_remove(6);
}

static uint16_t removed;
static unsigned int nb_removed;

static void
note_removed(uint16_t port)
{
	removed = port;
	nb_removed++;
	assert_not_found(port);
}

static void
a_removal_is_told_once_and_when_nobody_can_find_the_port(void **state)
{
	rouse_attn_registry_on_remove(note_removed);
	assert_int_equal(rouse_attn_registry_add(5, &ops, &ctx), 0);
	rouse_attn_registry_remove(6);
	assert_int_equal(nb_removed, 0);
	rouse_attn_registry_remove(5);
	assert_int_equal(nb_removed, 1);
	assert_int_equal(removed, 5);
	rouse_attn_registry_remove(5);
	assert_int_equal(nb_removed, 1);
	rouse_attn_registry_on_remove(NULL);
	assert_int_equal(rouse_attn_registry_add(5, &ops, &ctx), 0);
	rouse_attn_registry_remove(5);
	assert_int_equal(nb_removed, 1);
}

static void
port_numbers_that_are_too_large_are_refused(void **state)
{
	static const uint16_t ports[] = { ROUSE_ATTN_MAX_PORTS, ROUSE_ATTN_MAX_PORTS + 1, 0xffff };

	for (size_t i = 0; i < UNIT_DIM(ports); i++) {
		assert_int_equal(rouse_attn_registry_add(ports[i], &ops, &ctx), -ERANGE);
		assert_not_found(ports[i]);
		rouse_attn_registry_remove(ports[i]);
	}
}

/* ---- several threads ---- */

static alignas(ROUSE_CACHE_LINE) _Atomic uint32_t begun;
static alignas(ROUSE_CACHE_LINE) _Atomic uint32_t done;
static int second_ret; /* ordered by `done` */

static void
wait_for(_Atomic uint32_t *counter, uint32_t round)
{
	unsigned int spins = 0;

	while (atomic_load_explicit(counter, memory_order_acquire) != round)
		threads_idle(&spins);
}

static int
add(uint64_t *random, uint32_t skew)
{
	for (uint32_t i = unit_random_below(random, skew); i != 0; i--)
		__asm__ volatile("" ::: "memory");
	return rouse_attn_registry_add(9, &ops, &ctx);
}

static void *
add_each_round(void *arg)
{
	uint64_t random = 1;

	threads_pin(1);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		wait_for(&begun, round);
		second_ret = add(&random, 100);
		atomic_store_explicit(&done, round, memory_order_release);
	}
	return NULL;
}

static void
one_of_two_threads_adds_a_port(void **state)
{
	uint64_t random = 2;
	pthread_t second;
	int wrong = 0;

	assert_int_equal(pthread_create(&second, NULL, add_each_round, NULL), 0);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		int ret;

		atomic_store_explicit(&begun, round, memory_order_release);
		/* longer: the other one has to hear of it first */
		ret = add(&random, 600);
		wait_for(&done, round);
		wrong += !((ret == 0 && second_ret == -EEXIST) ||
			   (ret == -EEXIST && second_ret == 0));
		rouse_attn_registry_remove(9);
		if (round % ROUNDS_A_DEADLINE == 0)
			unit_deadline();
	}
	pthread_join(second, NULL);
	assert_int_equal(wrong, 0);
	assert_not_found(9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_port_is_found_before_it_was_added),
		cmocka_unit_test(an_added_port_is_found_with_what_it_offers),
		cmocka_unit_test(a_second_addition_is_refused_and_the_first_stays),
		cmocka_unit_test(a_removed_port_can_be_added_again),
		cmocka_unit_test(removal_concerns_that_port_alone),
		cmocka_unit_test(a_removal_is_told_once_and_when_nobody_can_find_the_port),
		cmocka_unit_test(port_numbers_that_are_too_large_are_refused),
		cmocka_unit_test(one_of_two_threads_adds_a_port),
	};

	threads_init();
	threads_pin(0);
	return UNIT_RUN(tests);
}
