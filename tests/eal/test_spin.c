/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * How long a worker looks before it sleeps: measured when it begins to run, followed while it
 * sleeps, set from outside. What it decides by that is in tests/unit (policy, wake_cost).
 */

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <rte_lcore.h>

#include <rouse_worker.h>

#include "port_rig.h"

#define NB_SLEEPS  100
#define NB_ROUNDS  1000
#define NB_CHANGES 20
#define SLEEP_US   200
#define US	   1000 /* ns */
#define CLOSE	   10	/* ns that a conversion to cycles and back may lose */

static struct rouse_worker *
make_worker(const char *name, struct rouse_worker_spin spin)
{
	const struct rouse_worker_conf conf = {
		.name = name,
		.socket_id = SOCKET_ID_ANY,
		.spin = spin,
	};

	return rouse_worker_create(&conf);
}

static void *
run(void *arg)
{
	rouse_worker_run(arg);
	return NULL;
}

static atomic_uint nb_messages;

static void
count_message(struct rouse_worker *w, void *arg)
{
	atomic_fetch_add(&nb_messages, 1);
}

/* So many sleeps, which messages end. */
static void
wake_it(struct rouse_worker *w, unsigned int nb)
{
	for (unsigned int i = 1; i <= nb; i++) {
		unsigned int before = atomic_load(&nb_messages);

		assert_int_equal(rouse_worker_post(w, count_message, NULL), 0);
		while (atomic_load(&nb_messages) == before)
			sched_yield();
		usleep(SLEEP_US);
	}
}

static struct rouse_worker_spin_state
state_of(const struct rouse_worker *w)
{
	struct rouse_worker_spin_state s;

	rouse_worker_spin_get(w, &s);
	return s;
}

static void
it_is_measured_before_the_first_run(void **state)
{
	struct rouse_worker *w = make_worker("measured", ROUSE_WORKER_SPIN_MEASURED);
	struct rouse_worker_spin_state first, s;
	pthread_t thread;

	assert_non_null(w);
	s = state_of(w);
	assert_int_equal(s.break_even_ns + s.spin_ns + s.brief_ns, 0);
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	while ((first = state_of(w)).break_even_ns == 0)
		usleep(1000);
	wake_it(w, NB_SLEEPS);
	s = state_of(w);
	print_message("# break-even %lu ns at first, %lu ns then\n", (long)first.break_even_ns,
		      (long)s.break_even_ns);
	assert_true(s.break_even_ns > 0);
	assert_in_range(s.spin_ns, 2 * US - CLOSE, 1000 * US);
	assert_true(s.brief_ns <= s.spin_ns && s.brief_ns >= 2 * US - CLOSE);
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	rouse_worker_destroy(w);
}

static void
bounds_and_weight_are_kept_to_while_it_runs(void **state)
{
	static const struct rouse_worker_spin fixed = { .min_us = 77, .max_us = 77 };
	static const struct rouse_worker_spin low = { .max_us = 1 };
	static const struct rouse_worker_spin high = { .min_us = 900, .max_us = 1000 };
	/* not measured at its start, but by the sleeps that follow */
	static const struct rouse_worker_spin heavy = { .max_us = 1000000, .weight_pct = 1000 };
	struct rouse_worker *w = make_worker("bounds", fixed);
	struct rouse_worker_spin_state s;
	pthread_t thread;

	assert_non_null(w);
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	wake_it(w, 2);
	s = state_of(w);
	assert_int_equal(s.break_even_ns, 0);
	assert_in_range(s.spin_ns, 77 * US - CLOSE, 77 * US);
	assert_in_range(s.brief_ns, 77 * US - CLOSE, 77 * US);
	assert_int_equal(rouse_worker_spin_set(w, &low), 0);
	assert_true(state_of(w).spin_ns <= 1 * US);
	assert_int_equal(rouse_worker_spin_set(w, &heavy), 0);
	wake_it(w, NB_SLEEPS);
	s = state_of(w);
	assert_true(s.break_even_ns > 0);
	assert_in_range(s.spin_ns, 10 * s.break_even_ns - CLOSE, 10 * s.break_even_ns);
	assert_int_equal(rouse_worker_spin_set(w, &high), 0);
	assert_true(state_of(w).spin_ns >= 900 * US - CLOSE);
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	/* nor does it have to run */
	assert_int_equal(rouse_worker_spin_set(w, &fixed), 0);
	assert_in_range(state_of(w).spin_ns, 77 * US - CLOSE, 77 * US);
	rouse_worker_destroy(w);
}

static void
numbers_that_are_out_of_range_are_refused_and_change_nothing(void **state)
{
	static const struct rouse_worker_spin fixed = { .min_us = 77, .max_us = 77 };
	static const struct rouse_worker_spin bad[] = {
		{ .min_us = 0, .max_us = 1000001 },
		{ .min_us = 11, .max_us = 10 },
		{ .max_us = 10, .weight_pct = 1001 },
	};
	struct rouse_worker *w = make_worker("refused", fixed);

	assert_non_null(w);
	for (size_t i = 0; i < UNIT_DIM(bad); i++) {
		assert_int_equal(rouse_worker_spin_set(w, &bad[i]), -EINVAL);
		assert_null(make_worker("bad", bad[i]));
	}
	assert_int_equal(rouse_worker_spin_set(w, &fixed), 0);
	assert_in_range(state_of(w).spin_ns, 77 * US - CLOSE, 77 * US);
	rouse_worker_destroy(w);
}

static struct rouse_worker_stats
stats_of(const struct rouse_worker *w)
{
	struct rouse_worker_stats s;

	rouse_worker_stats_get(w, &s);
	return s;
}

static void
await_poll_rounds(const struct rouse_worker *w)
{
	uint64_t before = stats_of(w).poll_rounds;

	while (stats_of(w).poll_rounds < before + NB_ROUNDS)
		usleep(SLEEP_US);
}

static void
await_sleep(const struct rouse_worker *w)
{
	struct rouse_worker_stats s;

	do {
		usleep(SLEEP_US);
		s = stats_of(w);
	} while (s.parks != s.wakes + s.recheck_hits + 1);
}

static void
the_mode_is_changed_while_it_runs(void **state)
{
	static const struct rouse_worker_spin fixed = { .min_us = 77, .max_us = 77 };
	struct rouse_worker *w = make_worker("modes", fixed);
	struct rouse_worker_stats s;
	pthread_t thread;

	assert_non_null(w);
	assert_int_equal(rouse_worker_mode_set(w, ROUSE_WORKER_INTERRUPT), 0); /* nor has it to */
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	wake_it(w, 2);
	assert_int_equal(state_of(w).spin_ns, 0);
	for (unsigned int i = 0; i < NB_CHANGES; i++) {
		await_sleep(w);
		assert_int_equal(rouse_worker_mode_set(w, ROUSE_WORKER_POLL), 0);
		await_poll_rounds(w);
		s = stats_of(w);
		await_poll_rounds(w);
		assert_int_equal(stats_of(w).parks, s.parks);
		assert_int_equal(rouse_worker_mode_set(w, i % 2 == 0 ? ROUSE_WORKER_HYBRID
								     : ROUSE_WORKER_INTERRUPT),
				 0);
		await_sleep(w);
		if (i % 2 == 0)
			assert_in_range(state_of(w).spin_ns, 77 * US - CLOSE, 77 * US);
		else
			assert_int_equal(state_of(w).spin_ns, 0);
		wake_it(w, 2);
	}
	assert_int_equal(rouse_worker_mode_set(w, ROUSE_WORKER_INTERRUPT + 1), -EINVAL);
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	assert_int_equal(stats_of(w).rescues, 0);
	rouse_worker_destroy(w);
}

static atomic_int from_within, mode_from_within;

static void
set_from_within(struct rouse_worker *w, void *arg)
{
	atomic_store(&from_within, rouse_worker_spin_set(w, arg));
	atomic_store(&mode_from_within, rouse_worker_mode_set(w, ROUSE_WORKER_POLL));
	rouse_worker_stop(w);
}

static void
a_handler_is_told_that_it_cannot(void **state)
{
	struct rouse_worker_spin fixed = { .min_us = 77, .max_us = 77 };
	struct rouse_worker *w = make_worker("within", fixed);

	assert_non_null(w);
	assert_int_equal(rouse_worker_post(w, set_from_within, &fixed), 0);
	assert_int_equal(rouse_worker_run(w), 0);
	assert_int_equal(atomic_load(&from_within), -EDEADLK);
	assert_int_equal(atomic_load(&mode_from_within), -EDEADLK);
	rouse_worker_destroy(w);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_measured_before_the_first_run),
		cmocka_unit_test(bounds_and_weight_are_kept_to_while_it_runs),
		cmocka_unit_test(numbers_that_are_out_of_range_are_refused_and_change_nothing),
		cmocka_unit_test(the_mode_is_changed_while_it_runs),
		cmocka_unit_test(a_handler_is_told_that_it_cannot),
	};

	if (rig_init(argv[0]) < 0)
		return 1;
	return UNIT_RUN(tests);
}
