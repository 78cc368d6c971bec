/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a sleep costs by its length, and how long to look before one. A worker of this test plays
 * arrivals against a cost curve, with the policy and the curve that the library has, and pays at
 * most twice what it would if it knew when the next one comes.
 */

#include <math.h>
#include <string.h>
#include <time.h>

#include <policy.h>
#include <wake_cost.h>

#include "unit.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)
/* ns: what it may pay beyond twice, once and for all, as the credit to begin with is a loan */
#define LOAN (2e3 * POLICY_CREDIT)

/* ---- the curve ---- */

static void
nothing_is_known_of_an_empty_curve(void **state)
{
	struct wake_cost c = { { 0 }, { 0 } };

	assert_int_equal(wake_cost_break_even(&c), 0);
}

/* One sample, and where to look on costs as much. */
static void
the_break_even_is_the_first_gap_that_costs_what_it_is_long(void **state)
{
	static const struct {
		uint64_t gap, cost, want;
	} table[] = {
		{ 0, 1 * US, 1 * US },
		{ 6 * US, 8 * US, 8 * US },
		{ 1 * MS, 8191, 8191 },
		{ 1 * MS, 8192, 8192 },
		{ 1 * MS, 30 * US, 30 * US },
		{ UINT64_MAX, 100 * US, 100 * US },
		{ 100 * MS, 3 * S, 3 * S },
		{ 100 * MS, UINT64_MAX, UINT32_MAX },
		{ 6 * US, 0, 0 },
	};

	for (size_t i = 0; i < UNIT_DIM(table); i++) {
		struct wake_cost c = { { 0 }, { 0 } };

		wake_cost_add(&c, table[i].gap, table[i].cost);
		if (wake_cost_break_even(&c) != table[i].want)
			fail_msg("row %zu: %lu", i, (unsigned long)wake_cost_break_even(&c));
	}
}

static void
a_gap_that_is_not_known_costs_what_the_next_shorter_one_does(void **state)
{
	struct wake_cost c = { { 0 }, { 0 } };

	wake_cost_add(&c, 6 * US, 20 * US);
	wake_cost_add(&c, 1 * MS, 500 * US);
	assert_int_equal(wake_cost_break_even(&c), 20 * US);
	/* dearer than the gap where it is known, and worth it only at 1 ms */
	wake_cost_add(&c, 20 * US, 600 * US);
	for (unsigned int i = 0; i < 100; i++)
		wake_cost_add(&c, 6 * US, 600 * US);
	assert_int_equal(wake_cost_break_even(&c), 524288);
}

static void
a_cost_follows_what_changes_and_one_outlier_moves_it_by_an_eighth(void **state)
{
	struct wake_cost c = { { 0 }, { 0 } };

	for (unsigned int i = 0; i < 8; i++)
		wake_cost_add(&c, 20 * US, 8 * US);
	assert_int_equal(wake_cost_break_even(&c), 8 * US);
	wake_cost_add(&c, 20 * US, 16 * US);
	assert_int_equal(wake_cost_break_even(&c), 9 * US);
	for (unsigned int i = 0; i < 100; i++)
		wake_cost_add(&c, 20 * US, 16 * US);
	assert_in_range(wake_cost_break_even(&c), 16 * US - 8, 16 * US);
	for (unsigned int i = 0; i < 100; i++)
		wake_cost_add(&c, 20 * US, 4 * US);
	assert_in_range(wake_cost_break_even(&c), 4 * US, 4 * US + 8);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A timer that is due before its thread sleeps ends no sleep: on a busy machine that may be so with
 * all of the shortest. */
#define MEASUREMENTS	  3
#define SHORTEST_SLEEP_NS 500 /* no thread sleeps and wakes in less processor time */

static void
what_is_measured_is_there_and_took_no_tenth_of_a_second_of_sleep(void **state)
{
	struct wake_cost c;

	for (unsigned int i = 0; i < MEASUREMENTS; i++) {
		double began = now_s();

		memset(&c, 0, sizeof(c));
		wake_cost_measure(&c);
		print_message("# measured in %.0f ms; break-even %lu ns\n", (now_s() - began) * 1e3,
			      (unsigned long)wake_cost_break_even(&c));
		if (wake_cost_break_even(&c) > SHORTEST_SLEEP_NS)
			break;
	}
	for (unsigned int b = 2; b < 10; b++) {
		print_message("# up to %llu ns: %u ns\n", 2ull << (WAKE_COST_FIRST + b), c.ns[b]);
		assert_true(c.seen[b] != 0 && c.ns[b] != 0);
	}
	assert_true(wake_cost_break_even(&c) > SHORTEST_SLEEP_NS);
	assert_int_equal(c.seen[0] + c.seen[1] + c.seen[10], 0);
}

/* ---- against who knows the future ---- */

/* As it was measured on a machine: processor time of a sleep of so long, in ns. */
static uint64_t
cost_of(uint64_t gap)
{
	static const struct {
		double gap, cost;
	} at[] = { { 1, 1800 },	  { 8e3, 1800 }, { 20e3, 8e3 }, { 100e3, 9e3 },
		   { 1e6, 14e3 }, { 1e7, 43e3 }, { 1e8, 80e3 }, { 1e12, 80e3 } };
	size_t i = 1;

	while (i < UNIT_DIM(at) - 1 && (double)gap > at[i].gap)
		i++;
	return (uint64_t)(at[i - 1].cost + (at[i].cost - at[i - 1].cost) *
						   (log((double)gap + 1) - log(at[i - 1].gap)) /
						   (log(at[i].gap) - log(at[i - 1].gap)));
}

/* A worker whose rounds take no time: one TSC is one ns. */
struct player {
	struct policy policy;
	struct wake_cost cost;
	uint64_t now;
	double paid, best;
	uint64_t random;
};

static uint64_t
next_random(struct player *p)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return p->random;
}

static double
uniform(struct player *p)
{
	return ((double)(next_random(p) >> 11) + 0.5) / 9007199254740992.0;
}

/* How long it will look, as the policy says itself. */
static uint64_t
will_look(struct player *p)
{
	uint64_t low = 0, high = 10 * S;

	while (low < high) {
		uint64_t at = low + (high - low) / 2;
		struct policy copy = p->policy;

		if (policy_step(&copy, ROUSE_ATTN_ATTEND, false, p->now + at) == ROUSE_ATTN_PARK)
			high = at;
		else
			low = at + 1;
	}
	return low;
}

static void
play_gap(struct player *p, uint64_t gap)
{
	uint64_t look = will_look(p);

	p->best += (double)RTE_MIN(gap, cost_of(gap));
	p->now += gap;
	if (gap <= look) {
		p->paid += (double)gap;
		policy_step(&p->policy, ROUSE_ATTN_ATTEND, true, p->now);
		return;
	}
	p->paid += (double)(look + cost_of(gap - look));
	wake_cost_add(&p->cost, gap - look, cost_of(gap - look));
	policy_wake(&p->policy, p->now, true, p->now);
	policy_set_spin(&p->policy, wake_cost_break_even(&p->cost), 0);
}

static void
begin(struct player *p)
{
	memset(p, 0, sizeof(*p));
	p->random = 88172645463325252u;
	p->now = S;
	for (uint64_t gap = 6 * US; gap < 4 * MS; gap *= 2)
		wake_cost_add(&p->cost, gap, cost_of(gap));
	policy_init(&p->policy, ROUSE_WORKER_HYBRID, 0, p->now);
	policy_set_spin(&p->policy, wake_cost_break_even(&p->cost), 0);
}

typedef uint64_t (*pattern_t)(struct player *p, unsigned int i, uint64_t mean);

static uint64_t
constant(struct player *p, unsigned int i, uint64_t mean)
{
	return mean;
}

static uint64_t
poisson(struct player *p, unsigned int i, uint64_t mean)
{
	return (uint64_t)(-log(uniform(p)) * (double)mean) + 1;
}

/* 32 close together, then a long gap */
static uint64_t
on_off(struct player *p, unsigned int i, uint64_t mean)
{
	return i % 32 == 0 ? 31 * mean : mean / 31 + 1;
}

/* heavy-tailed, with an index of 1.2 */
static uint64_t
pareto(struct player *p, unsigned int i, uint64_t mean)
{
	return (uint64_t)((double)mean / 6 * pow(uniform(p), -1 / 1.2)) + 1;
}

/* always right after it went to sleep */
static uint64_t
deceiver(struct player *p, unsigned int i, uint64_t mean)
{
	return will_look(p) + 1;
}

/* makes it sure that gaps are long, then comes when it has just begun to believe that */
static uint64_t
liar(struct player *p, unsigned int i, uint64_t mean)
{
	return p->policy.nb_long == POLICY_SURE ? will_look(p) + 1
						: POLICY_LONG * p->policy.spin_tsc + 1;
}

static void
it_never_pays_more_than_twice_what_it_would_if_it_knew(void **state)
{
	static const struct {
		const char *name;
		pattern_t next;
	} patterns[] = { { "constant", constant }, { "Poisson", poisson },   { "on/off", on_off },
			 { "Pareto", pareto },	   { "deceiver", deceiver }, { "liar", liar } };
	static const uint64_t means[] = {
		500, 2 * US, 10 * US, 30 * US, 100 * US, 1 * MS, 10 * MS
	};

	for (size_t i = 0; i < UNIT_DIM(patterns); i++) {
		double worst = 0;

		for (size_t m = 0; m < UNIT_DIM(means); m++) {
			struct player p;

			begin(&p);
			for (unsigned int gap = 0; gap < 20000; gap++)
				play_gap(&p, patterns[i].next(&p, gap, means[m]));
			worst = RTE_MAX(worst, p.paid / p.best);
			assert_true(p.paid <= 2 * p.best + LOAN);
		}
		print_message("# %s: %.4f\n", patterns[i].name, worst);
		assert_true(worst >= 1.0);
	}
}

/* Where gaps are long the expectation is worth something: less than half of the looking is left. */
static void
who_is_sure_of_a_long_gap_looks_for_an_eighth(void **state)
{
	struct player p;
	uint64_t full;

	begin(&p);
	full = will_look(&p);
	assert_true(full > 0);
	for (unsigned int i = 0; i < POLICY_SURE; i++) {
		assert_int_equal(will_look(&p), p.policy.spin_tsc);
		play_gap(&p, 1 * MS);
	}
	assert_int_equal(will_look(&p), p.policy.spin_tsc / POLICY_BRIEF);
	/* one in between that is not long */
	play_gap(&p, 2 * p.policy.spin_tsc);
	assert_int_equal(will_look(&p), p.policy.spin_tsc);
	/* one that came while it looked says nothing either way */
	for (unsigned int i = 0; i < POLICY_SURE; i++) {
		play_gap(&p, 1 * MS);
		play_gap(&p, p.policy.brief_tsc / 2);
	}
	assert_int_equal(will_look(&p), p.policy.spin_tsc / POLICY_BRIEF);
}

static void
the_brief_look_keeps_to_the_least_and_no_longer_than_the_full_one(void **state)
{
	struct policy p;

	policy_init(&p, ROUSE_WORKER_HYBRID, 0, 0);
	policy_set_spin(&p, 8000, 0);
	assert_int_equal(p.brief_tsc, 1000);
	policy_set_spin(&p, 8000, 2000);
	assert_int_equal(p.brief_tsc, 2000);
	policy_set_spin(&p, 1000, 2000);
	assert_int_equal(p.brief_tsc, 1000);
	p.mode = ROUSE_WORKER_INTERRUPT;
	policy_set_spin(&p, 8000, 2000);
	assert_int_equal(p.spin_tsc + p.brief_tsc, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_of_an_empty_curve),
		cmocka_unit_test(the_break_even_is_the_first_gap_that_costs_what_it_is_long),
		cmocka_unit_test(a_gap_that_is_not_known_costs_what_the_next_shorter_one_does),
		cmocka_unit_test(a_cost_follows_what_changes_and_one_outlier_moves_it_by_an_eighth),
		cmocka_unit_test(what_is_measured_is_there_and_took_no_tenth_of_a_second_of_sleep),
		cmocka_unit_test(it_never_pays_more_than_twice_what_it_would_if_it_knew),
		cmocka_unit_test(who_is_sure_of_a_long_gap_looks_for_an_eighth),
		cmocka_unit_test(the_brief_look_keeps_to_the_least_and_no_longer_than_the_full_one),
	};

	return UNIT_RUN(tests);
}
