/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The plan of vectors keeps its promises, in every order in which queues can get owners, and in
 * long random histories of queues that come, move and go.
 */

#include <igb_plan.h>

#include "unit.h"

#define NB_OWNERS IGB_MAX_QUEUES
#define HISTORIES 400
#define STEPS	  300
#define SMALL	  5

static const char owners[NB_OWNERS];

static unsigned int
vectors_of(const struct igb_plan *plan, const void *owner)
{
	uint32_t used = 0;

	for (uint16_t q = 0; q < plan->nb_queues; q++)
		if (plan->owner[q] == owner)
			used |= UINT32_C(1) << plan->vector[q];
	return (unsigned int)__builtin_popcount(used);
}

static bool
two_owners_share(const struct igb_plan *plan)
{
	for (uint16_t a = 0; a < plan->nb_queues; a++)
		for (uint16_t b = 0; b < a; b++)
			if (plan->owner[a] != NULL && plan->owner[b] != NULL &&
			    plan->owner[a] != plan->owner[b] && plan->vector[a] == plan->vector[b])
				return true;
	return false;
}

static unsigned int
vectors_with_owners(const struct igb_plan *plan)
{
	unsigned int nb = 0;

	for (uint16_t v = 1; v <= plan->nb_vectors; v++)
		nb += igb_plan_is_used(plan, v);
	return nb;
}

static bool
nobodys_queue_is_with_an_owner(const struct igb_plan *plan)
{
	for (uint16_t a = 0; a < plan->nb_queues; a++)
		for (uint16_t b = 0; b < plan->nb_queues; b++)
			if (plan->owner[a] == NULL && plan->owner[b] != NULL &&
			    plan->vector[a] == plan->vector[b])
				return true;
	return false;
}

/* What holds of any plan. */
static void
check(const struct igb_plan *plan)
{
	for (uint16_t q = 0; q < plan->nb_queues; q++)
		assert_in_range(plan->vector[q], 1, plan->nb_vectors);
	for (uint16_t v = 1; v <= plan->nb_vectors; v++) {
		unsigned int nb = 0;
		bool differ = false;
		const void *first = NULL;

		for (uint16_t q = 0; q < plan->nb_queues; q++) {
			if (plan->vector[q] != v)
				continue;
			if (nb++ == 0)
				first = plan->owner[q];
			else
				differ |= first == NULL || plan->owner[q] != first;
		}
		assert_int_equal(igb_plan_is_shared(plan, v), differ);
	}
}

/* ---- the case of the issue: 16 queues, 9 vectors, 4 lcores ---- */

static void
sixteen_queues_of_four_owners_use_four_of_nine_vectors(void **state)
{
	struct igb_plan plan;

	igb_plan_init(&plan, 16, 9, 1, 4);
	for (uint16_t q = 0; q < 16; q++) {
		igb_plan_give(&plan, q, &owners[q % 4]);
		check(&plan);
		assert_false(two_owners_share(&plan));
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(vectors_of(&plan, &owners[i]), 1);
	assert_int_equal(igb_plan_owners(&plan), 4);
}

static void
an_owner_gets_as_many_vectors_as_it_may(void **state)
{
	struct igb_plan plan;

	igb_plan_init(&plan, 16, 8, 2, 4);
	for (uint16_t q = 0; q < 16; q++)
		igb_plan_give(&plan, q, &owners[q % 4]);
	check(&plan);
	assert_false(two_owners_share(&plan));
	for (int i = 0; i < 4; i++)
		assert_int_equal(vectors_of(&plan, &owners[i]), 2);
}

/* Queues in blocks, as a worker gets them that starts before the next: the first ones leave vectors
 * for the last, and give each of theirs some of its queues. */
static void
owners_that_may_have_several_leave_one_for_those_to_come(void **state)
{
	struct igb_plan plan;

	igb_plan_init(&plan, 16, 9, 3, 4);
	for (uint16_t q = 0; q < 16; q++) {
		igb_plan_give(&plan, q, &owners[q / 4]);
		check(&plan);
		assert_false(two_owners_share(&plan));
	}
	assert_int_equal(vectors_of(&plan, &owners[0]), 3);
	for (int i = 1; i < 4; i++)
		assert_in_range(vectors_of(&plan, &owners[i]), 1, 3);
}

/* One that shares is woken for what the others have on one vector, not on all. */
static void
an_owner_beyond_the_vectors_is_on_one_of_them(void **state)
{
	struct igb_plan plan;

	igb_plan_init(&plan, 16, 3, 1, 4);
	for (uint16_t q = 0; q < 16; q++) {
		igb_plan_give(&plan, q, &owners[q % 4]);
		check(&plan);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(vectors_of(&plan, &owners[i]), 1);
}

/* ---- everything small ---- */

/* A way to deal the queues out, as a number of base SMALL. */
static void
deal(uint16_t nb_queues, uint16_t nb_vectors, uint16_t per_owner, unsigned int way)
{
	struct igb_plan plan;

	igb_plan_init(&plan, nb_queues, nb_vectors, per_owner, SMALL);
	for (uint16_t q = 0; q < nb_queues; q++, way /= SMALL)
		igb_plan_give(&plan, q, &owners[way % SMALL]);
	check(&plan);
	if (igb_plan_owners(&plan) <= nb_vectors)
		assert_false(two_owners_share(&plan));
	for (int i = 0; i < SMALL; i++)
		assert_true(vectors_of(&plan, &owners[i]) <= per_owner);
}

/* Every number of queues and vectors up to SMALL and some more vectors, every way to deal the
 * queues out to owners, in order: owners are apart whenever there are enough vectors for them, and
 * have no more than they may. */
static void
every_small_plan_keeps_owners_apart(void **state)
{
	for (uint16_t nb_queues = 1; nb_queues <= SMALL; nb_queues++) {
		unsigned int cases = 1;

		for (uint16_t q = 0; q < nb_queues; q++)
			cases *= SMALL;
		for (unsigned int c = 0; c < cases; c++)
			for (uint16_t v = 1; v <= SMALL + 3; v++)
				for (uint16_t per_owner = 1; per_owner <= 3; per_owner++)
					deal(nb_queues, v, per_owner, c);
	}
}

static void
while_nobody_owns_them_queues_are_spread(void **state)
{
	for (uint16_t nb_queues = 1; nb_queues <= 16; nb_queues++)
		for (uint16_t v = 1; v <= 9; v++) {
			unsigned int load[10] = { 0 }, most = 0, least = UINT32_MAX;
			struct igb_plan plan;

			igb_plan_init(&plan, nb_queues, v, 1, nb_queues);
			check(&plan);
			for (uint16_t q = 0; q < nb_queues; q++)
				load[plan.vector[q]]++;
			for (uint16_t i = 1; i <= v; i++) {
				most = load[i] > most ? load[i] : most;
				least = load[i] < least ? load[i] : least;
			}
			assert_true(most - least <= 1);
		}
}

/* ---- histories ---- */

/* Queues get owners, move and are left, at random. At no step does a queue of another owner change
 * its vector, and as long as there have always been vectors for all owners no two share one. */
static void
histories_never_move_a_third_queue(void **state)
{
	uint64_t random = 11;

	for (int h = 0; h < HISTORIES; h++) {
		uint16_t nb_queues = (uint16_t)(1 + unit_random_below(&random, IGB_MAX_QUEUES));
		uint16_t nb_vectors = (uint16_t)(1 + unit_random_below(&random, IGB_MAX_QUEUES));
		uint16_t nb_owners = (uint16_t)(1 + unit_random_below(&random, NB_OWNERS));
		uint16_t per_owner = (uint16_t)(1 + unit_random_below(&random, 3));
		bool has_been_short = false;
		struct igb_plan plan;

		igb_plan_init(&plan, nb_queues, nb_vectors, per_owner, nb_owners);
		for (int i = 0; i < STEPS; i++) {
			struct igb_plan before = plan;
			uint16_t queue = (uint16_t)unit_random_below(&random, nb_queues);
			uint32_t o = unit_random_below(&random, nb_owners + 1);

			igb_plan_give(&plan, queue, o == 0 ? NULL : &owners[o - 1]);
			check(&plan);
			for (uint16_t q = 0; q < nb_queues; q++)
				if (q != queue && before.owner[q] != NULL)
					assert_int_equal(plan.vector[q], before.vector[q]);
			has_been_short |= igb_plan_owners(&plan) > nb_vectors;
			if (has_been_short)
				continue;
			assert_false(two_owners_share(&plan));
			if (vectors_with_owners(&plan) < nb_vectors)
				assert_false(nobodys_queue_is_with_an_owner(&plan));
		}
	}
}

/* Who was squeezed in gets a vector of his own as soon as he asks again and there is one. */
static void
owners_part_again_when_there_are_vectors(void **state)
{
	struct igb_plan plan;

	igb_plan_init(&plan, 3, 2, 1, 3);
	for (uint16_t q = 0; q < 3; q++)
		igb_plan_give(&plan, q, &owners[q]);
	assert_true(two_owners_share(&plan));
	for (uint16_t q = 0; q < 3; q++) {
		struct igb_plan rest = plan;

		igb_plan_give(&rest, q, NULL);
		for (uint16_t other = 0; other < 3; other++)
			if (other != q)
				igb_plan_give(&rest, other, &owners[other]);
		assert_false(two_owners_share(&rest));
	}
}

/* A queue whose vector somebody unknown waits for is left alone, as an owner's is. */
static void
a_queue_that_is_kept_stays(void **state)
{
	struct igb_plan plan;
	uint16_t vector;

	igb_plan_init(&plan, 4, 2, 1, 4);
	vector = plan.vector[3];
	igb_plan_keep(&plan, 3);
	assert_false(igb_plan_is_given(&plan, 3));
	for (uint16_t q = 0; q < 3; q++) {
		igb_plan_give(&plan, q, &owners[0]);
		assert_true(igb_plan_is_given(&plan, q));
		assert_int_equal(plan.vector[3], vector);
		assert_int_not_equal(plan.vector[q], vector);
	}
}

static void
a_vector_is_used_while_an_owner_has_a_queue_on_it(void **state)
{
	struct igb_plan plan;
	uint16_t vector;

	igb_plan_init(&plan, 4, 4, 1, 4);
	assert_false(igb_plan_is_used(&plan, 1));
	vector = igb_plan_give(&plan, 0, &owners[0]);
	assert_int_equal(igb_plan_give(&plan, 1, &owners[0]), vector);
	assert_true(igb_plan_is_used(&plan, vector));
	igb_plan_give(&plan, 0, NULL);
	assert_true(igb_plan_is_used(&plan, vector));
	igb_plan_give(&plan, 1, &owners[1]);
	igb_plan_give(&plan, 1, NULL);
	for (uint16_t v = 1; v <= 4; v++)
		assert_false(igb_plan_is_used(&plan, v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_queues_of_four_owners_use_four_of_nine_vectors),
		cmocka_unit_test(an_owner_gets_as_many_vectors_as_it_may),
		cmocka_unit_test(owners_that_may_have_several_leave_one_for_those_to_come),
		cmocka_unit_test(an_owner_beyond_the_vectors_is_on_one_of_them),
		cmocka_unit_test(every_small_plan_keeps_owners_apart),
		cmocka_unit_test(while_nobody_owns_them_queues_are_spread),
		cmocka_unit_test(histories_never_move_a_third_queue),
		cmocka_unit_test(owners_part_again_when_there_are_vectors),
		cmocka_unit_test(a_queue_that_is_kept_stays),
		cmocka_unit_test(a_vector_is_used_while_an_owner_has_a_queue_on_it),
	};

	return UNIT_RUN(tests);
}
