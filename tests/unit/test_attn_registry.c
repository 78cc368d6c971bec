/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The registry in which drivers offer the queues of their ports to workers. */

#include <errno.h>
#include <pthread.h>

#include <rouse_attn.h>

#include "unit.h"

#define ROUNDS 2000

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

static pthread_barrier_t barrier;

static void *
add_and_remove(void *arg)
{
	int *nb_added = arg;

	for (int round = 0; round < ROUNDS; round++) {
		int ret;

		pthread_barrier_wait(&barrier);
		ret = rouse_attn_registry_add(9, &ops, &ctx);
		*nb_added += ret == 0;
		pthread_barrier_wait(&barrier);
		if (ret == 0)
			rouse_attn_registry_remove(9);
	}
	return NULL;
}

static void
one_of_two_threads_adds_a_port(void **state)
{
	int first = 0, second = 0;
	pthread_t thread;

	unit_deadline(60);
	pthread_barrier_init(&barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, add_and_remove, &first), 0);
	add_and_remove(&second);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(first + second, ROUNDS);
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
		cmocka_unit_test(port_numbers_that_are_too_large_are_refused),
		cmocka_unit_test(one_of_two_threads_adds_a_port),
	};

	return UNIT_RUN(tests);
}
