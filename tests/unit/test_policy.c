/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* When a worker polls, attends and parks: single decisions in tables, then courses of rounds. */

#include <policy.h>

#include "unit.h"

#define SPIN 1000
#define NOW  1000000

/* Loads of interest: the thresholds are "above" POLL_ON and "below" POLL_OFF. */
#define IDLE	 0
#define LOW	 (POLICY_POLL_OFF / 2)
#define MIDDLE	 ((POLICY_POLL_OFF + POLICY_POLL_ON) / 2)
#define HIGH	 (POLICY_POLL_ON + POLICY_LOAD_ONE / 4)
#define NEVER	 (POLICY_LOAD_ONE + 1)
#define POLL	 ROUSE_ATTN_POLL
#define ATTEND	 ROUSE_ATTN_ATTEND
#define PARK	 ROUSE_ATTN_PARK
#define NB_MODES 3

struct decision {
	enum rouse_worker_mode mode;
	uint32_t load;
	uint64_t spun; /* cycles since it was last idle no more */
	enum rouse_attn_state state;
	bool found;
	enum rouse_attn_state want;
};

static void
assert_decisions(const struct decision *d, size_t nb)
{
	for (size_t i = 0; i < nb; i++, d++) {
		struct policy p;
		enum rouse_attn_state got;

		policy_init(&p, d->mode, SPIN, NOW - d->spun);
		p.load = d->load;
		got = policy_step(&p, d->state, d->found, NOW);
		if (got != d->want)
			fail_msg("decision %zu: state %d, not %d", i, got, d->want);
	}
}

static void
a_polling_worker_polls_whatever_happens(void **state)
{
	for (enum rouse_attn_state from = POLL; from <= PARK; from++) {
		const struct decision table[] = {
			{ ROUSE_WORKER_POLL, IDLE, 0, from, false, POLL },
			{ ROUSE_WORKER_POLL, IDLE, 0, from, true, POLL },
			{ ROUSE_WORKER_POLL, IDLE, 100 * SPIN, from, false, POLL },
			{ ROUSE_WORKER_POLL, HIGH, 100 * SPIN, from, false, POLL },
			{ ROUSE_WORKER_POLL, HIGH, 0, from, true, POLL },
		};

		assert_decisions(table, UNIT_DIM(table));
	}
}

static void
a_hybrid_worker_parks_after_its_spin_budget_and_not_before(void **state)
{
	static const struct decision table[] = {
		{ ROUSE_WORKER_HYBRID, IDLE, 0, ATTEND, false, ATTEND },
		{ ROUSE_WORKER_HYBRID, IDLE, 1, ATTEND, false, ATTEND },
		{ ROUSE_WORKER_HYBRID, IDLE, SPIN - 1, ATTEND, false, ATTEND },
		{ ROUSE_WORKER_HYBRID, IDLE, SPIN, ATTEND, false, PARK },
		{ ROUSE_WORKER_HYBRID, IDLE, 100 * SPIN, ATTEND, false, PARK },
		{ ROUSE_WORKER_HYBRID, MIDDLE, SPIN, ATTEND, false, PARK },
		/* a round that found work never ends in sleep */
		{ ROUSE_WORKER_HYBRID, IDLE, 100 * SPIN, ATTEND, true, ATTEND },
	};

	assert_decisions(table, UNIT_DIM(table));
}

static void
a_hybrid_worker_polls_above_one_load_and_attends_below_another(void **state)
{
	static const struct decision table[] = {
		{ ROUSE_WORKER_HYBRID, HIGH, 0, ATTEND, true, POLL },
		/* the load counts, not the last round */
		{ ROUSE_WORKER_HYBRID, HIGH, 0, ATTEND, false, POLL },
		{ ROUSE_WORKER_HYBRID, HIGH, 100 * SPIN, ATTEND, false, POLL },
		{ ROUSE_WORKER_HYBRID, HIGH, 0, POLL, false, POLL },
		{ ROUSE_WORKER_HYBRID, LOW, 0, POLL, false, ATTEND },
		{ ROUSE_WORKER_HYBRID, LOW, 0, POLL, true, ATTEND },
		{ ROUSE_WORKER_HYBRID, LOW, 0, ATTEND, true, ATTEND },
		/* between the two it stays as it is */
		{ ROUSE_WORKER_HYBRID, MIDDLE, 0, POLL, true, POLL },
		{ ROUSE_WORKER_HYBRID, MIDDLE, 0, POLL, false, POLL },
		{ ROUSE_WORKER_HYBRID, MIDDLE, 0, ATTEND, true, ATTEND },
		{ ROUSE_WORKER_HYBRID, MIDDLE, 0, ATTEND, false, ATTEND },
	};

	assert_decisions(table, UNIT_DIM(table));
}

static void
no_worker_parks_out_of_poll(void **state)
{
	static const struct decision table[] = {
		{ ROUSE_WORKER_HYBRID, IDLE, 100 * SPIN, POLL, false, ATTEND },
		{ ROUSE_WORKER_HYBRID, MIDDLE, 100 * SPIN, POLL, false, POLL },
		{ ROUSE_WORKER_HYBRID, HIGH, 100 * SPIN, POLL, false, POLL },
		{ ROUSE_WORKER_INTERRUPT, IDLE, 100 * SPIN, POLL, false, ATTEND },
	};

	assert_decisions(table, UNIT_DIM(table));
}

static void
an_interrupt_worker_parks_after_the_first_empty_round_and_never_polls(void **state)
{
	static const struct decision table[] = {
		{ ROUSE_WORKER_INTERRUPT, IDLE, 0, ATTEND, false, PARK },
		{ ROUSE_WORKER_INTERRUPT, IDLE, 0, ATTEND, true, ATTEND },
		{ ROUSE_WORKER_INTERRUPT, HIGH, 0, ATTEND, false, PARK },
		{ ROUSE_WORKER_INTERRUPT, HIGH, 0, ATTEND, true, ATTEND },
		{ ROUSE_WORKER_INTERRUPT, POLICY_LOAD_ONE, 0, ATTEND, true, ATTEND },
	};

	assert_decisions(table, UNIT_DIM(table));
}

static void
a_hybrid_worker_without_a_budget_parks_after_the_first_empty_round(void **state)
{
	struct policy p;

	policy_init(&p, ROUSE_WORKER_HYBRID, 0, NOW);
	assert_int_equal(policy_step(&p, ATTEND, true, NOW), ATTEND);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW), PARK);
}

/* ---- the spin budget ---- */

static void
work_and_a_wake_begin_the_budget_anew(void **state)
{
	struct policy p;

	policy_init(&p, ROUSE_WORKER_HYBRID, SPIN, NOW);
	assert_int_equal(policy_step(&p, ATTEND, true, NOW + 900), ATTEND);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW + 1899), ATTEND);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW + 1900), PARK);
	policy_wake(&p, NOW + 5000, true, NOW + 5000);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW + 5999), ATTEND);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW + 6000), PARK);
	/* empty rounds, of which there are many, do not */
	policy_wake(&p, NOW + 10000, true, NOW + 10000);
	for (uint64_t spun = 1; spun < SPIN; spun++)
		assert_int_equal(policy_step(&p, ATTEND, false, NOW + 10000 + spun), ATTEND);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW + 10000 + SPIN), PARK);
}

static void
work_found_while_polling_counts_for_the_budget(void **state)
{
	struct policy p;

	policy_init(&p, ROUSE_WORKER_HYBRID, SPIN, NOW);
	p.load = LOW;
	assert_int_equal(policy_step(&p, POLL, true, NOW + 5000), ATTEND);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW + 5000 + SPIN - 1), ATTEND);
	assert_int_equal(policy_step(&p, ATTEND, false, NOW + 5000 + SPIN), PARK);
}

/* ---- the load ---- */

/* Windows, all busy or all idle, until the worker is in the wanted state. */
static uint32_t
windows_until(struct policy *p, enum rouse_attn_state from, bool found, enum rouse_attn_state want)
{
	for (uint32_t windows = 1; windows < 100; windows++)
		if (policy_step(p, from, found, p->last_tsc + POLICY_WINDOW_TSC) == want)
			return windows;
	return NEVER;
}

static void
a_window_weighs_one_half_in_the_load(void **state)
{
	struct policy p;

	policy_init(&p, ROUSE_WORKER_HYBRID, SPIN, NOW);
	/* one half is above 3/8 */
	assert_int_equal(windows_until(&p, ATTEND, true, POLL), 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(policy_step(&p, POLL, true, p.last_tsc + POLICY_WINDOW_TSC), POLL);
	/* all but one, then 1/2, 1/4, and below 1/8 */
	assert_int_equal(windows_until(&p, POLL, false, ATTEND), 3);
}

static void
a_window_that_is_not_over_changes_nothing(void **state)
{
	struct policy p;

	policy_init(&p, ROUSE_WORKER_HYBRID, SPIN, NOW);
	for (uint64_t at = 1; at < 100; at++)
		assert_int_equal(
			policy_step(&p, ATTEND, true, NOW + at * (POLICY_WINDOW_TSC / 100)),
			ATTEND);
	assert_int_equal(p.load, 0);
	assert_int_equal(policy_step(&p, ATTEND, true, NOW + POLICY_WINDOW_TSC), POLL);
}

/* Whether a worker comes to poll that is busy for so long, and then makes so many empty rounds. */
static bool
comes_to_poll(enum rouse_worker_mode mode, uint64_t busy_tsc, unsigned int nb_empty,
	      uint64_t empty_tsc)
{
	struct policy p;

	policy_init(&p, mode, 100 * POLICY_WINDOW_TSC, NOW);
	for (int i = 0; i < 10000; i++) {
		if (policy_step(&p, ATTEND, true, p.last_tsc + busy_tsc) == POLL)
			return true;
		for (unsigned int n = 0; n < nb_empty; n++)
			if (policy_step(&p, ATTEND, false, p.last_tsc + empty_tsc) == POLL)
				return true;
	}
	return false;
}

static void
load_is_busy_time_however_many_rounds_find_nothing(void **state)
{
	assert_true(comes_to_poll(ROUSE_WORKER_HYBRID, 1000, 0, 0));
	/* half of the time, though one round of eleven finds something */
	assert_true(comes_to_poll(ROUSE_WORKER_HYBRID, 1000, 10, 100));
	/* a quarter of it, in every other round */
	assert_false(comes_to_poll(ROUSE_WORKER_HYBRID, 1000, 1, 3000));
	assert_false(comes_to_poll(ROUSE_WORKER_HYBRID, 0, 1, 1000));
	assert_false(comes_to_poll(ROUSE_WORKER_INTERRUPT, 1000, 0, 0));
}

static void
sleep_is_not_busy_and_the_round_after_it_is(void **state)
{
	struct policy p;
	uint64_t now = NOW;

	policy_init(&p, ROUSE_WORKER_HYBRID, SPIN, NOW);
	for (int i = 0; i < 1000; i++) {
		policy_wake(&p, now + 9000, true, now + 10000);
		now += 10000;
	}
	assert_in_range(p.load, POLICY_LOAD_ONE * 9 / 100, POLICY_LOAD_ONE * 11 / 100);
}

static void
a_new_worker_has_no_load_and_its_budget_before_it(void **state)
{
	static const uint64_t spins[NB_MODES] = {
		[ROUSE_WORKER_HYBRID] = SPIN,
		[ROUSE_WORKER_POLL] = SPIN,
		[ROUSE_WORKER_INTERRUPT] = 0,
	};

	for (enum rouse_worker_mode mode = 0; mode < NB_MODES; mode++) {
		struct policy p = { .load = 12345, .idle_since = 1 };

		policy_init(&p, mode, SPIN, NOW);
		assert_int_equal(p.mode, mode);
		assert_int_equal(p.load, 0);
		assert_int_equal(p.spin_tsc, spins[mode]);
		assert_int_equal(p.idle_since, NOW);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_polling_worker_polls_whatever_happens),
		cmocka_unit_test(a_hybrid_worker_parks_after_its_spin_budget_and_not_before),
		cmocka_unit_test(a_hybrid_worker_polls_above_one_load_and_attends_below_another),
		cmocka_unit_test(no_worker_parks_out_of_poll),
		cmocka_unit_test(
			an_interrupt_worker_parks_after_the_first_empty_round_and_never_polls),
		cmocka_unit_test(
			a_hybrid_worker_without_a_budget_parks_after_the_first_empty_round),
		cmocka_unit_test(work_and_a_wake_begin_the_budget_anew),
		cmocka_unit_test(work_found_while_polling_counts_for_the_budget),
		cmocka_unit_test(a_window_weighs_one_half_in_the_load),
		cmocka_unit_test(a_window_that_is_not_over_changes_nothing),
		cmocka_unit_test(load_is_busy_time_however_many_rounds_find_nothing),
		cmocka_unit_test(sleep_is_not_busy_and_the_round_after_it_is),
		cmocka_unit_test(a_new_worker_has_no_load_and_its_budget_before_it),
	};

	return UNIT_RUN(tests);
}
