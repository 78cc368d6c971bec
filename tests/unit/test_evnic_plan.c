/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Which event rings share a vector: evnic_plan.c. */

#include "evnic.h"
#include "unit.h"

#define NB_PLANS 20000

static const int owners[EVNIC_MAX_QUEUES]; /* what names an owner is its address */

struct plan {
	const void *owner_of_ring[EVNIC_MAX_QUEUES];
	uint16_t nb_rings, nb_vectors;
	uint64_t used;
	uint16_t vector_of_ring[EVNIC_MAX_QUEUES];
};

static void
make(struct plan *plan)
{
	evnic_plan_vectors(plan->owner_of_ring, plan->nb_rings, plan->used, plan->nb_vectors,
			   plan->vector_of_ring);
	for (uint16_t i = 0; i < plan->nb_rings; i++)
		assert_true(plan->vector_of_ring[i] < plan->nb_vectors);
}

/* Any numbers; `nb_owners` owners at most, and `unowned` of 4 rings without one. */
static void
randomize(struct plan *plan, uint64_t *seed, uint32_t nb_owners, uint32_t unowned)
{
	plan->nb_rings = (uint16_t)(1 + unit_random_below(seed, EVNIC_MAX_QUEUES));
	plan->used = (unit_random(seed) | UINT64_C(1) << unit_random_below(seed, plan->nb_rings)) &
		     UINT64_MAX >> (EVNIC_MAX_QUEUES - plan->nb_rings);
	for (uint16_t i = 0; i < plan->nb_rings; i++)
		plan->owner_of_ring[i] = unit_random_below(seed, 4) < unowned
						 ? NULL
						 : &owners[unit_random_below(seed, nb_owners)];
}

static bool
is_used(const struct plan *plan, uint16_t ring)
{
	return (plan->used >> ring & 1) != 0;
}

/* ---- tests ---- */

static void
owners_share_no_vector_as_long_as_there_are_enough(void **state)
{
	uint64_t seed = 1;

	for (unsigned int n = 0; n < NB_PLANS; n++) {
		uint32_t nb_owners = 1 + unit_random_below(&seed, 16);
		struct plan plan;

		randomize(&plan, &seed, nb_owners, unit_random_below(&seed, 4));
		plan.nb_vectors = (uint16_t)(nb_owners + unit_random_below(&seed, 48));
		make(&plan);
		for (uint16_t i = 0; i < plan.nb_rings; i++)
			for (uint16_t j = 0; j < i; j++)
				if (is_used(&plan, i) && is_used(&plan, j) &&
				    plan.owner_of_ring[i] != NULL &&
				    plan.owner_of_ring[j] != NULL &&
				    plan.owner_of_ring[i] != plan.owner_of_ring[j])
					assert_int_not_equal(plan.vector_of_ring[i],
							     plan.vector_of_ring[j]);
	}
}

static void
rings_that_carry_events_have_a_vector_each_if_there_are_enough(void **state)
{
	uint64_t seed = 2;

	for (unsigned int n = 0; n < NB_PLANS; n++) {
		uint64_t vectors = 0;
		struct plan plan;

		randomize(&plan, &seed, 8, unit_random_below(&seed, 5));
		plan.nb_vectors = (uint16_t)__builtin_popcountll(plan.used);
		make(&plan);
		for (uint16_t i = 0; i < plan.nb_rings; i++)
			if (is_used(&plan, i))
				vectors |= UINT64_C(1) << plan.vector_of_ring[i];
		assert_int_equal(__builtin_popcountll(vectors), plan.nb_vectors);
	}
}

static void
no_vector_carries_much_more_than_another_of_one_owner(void **state)
{
	uint64_t seed = 3;

	for (unsigned int n = 0; n < NB_PLANS; n++) {
		uint16_t nb_of_vector[EVNIC_MAX_QUEUES] = { 0 }, most = 0, least = UINT16_MAX;
		struct plan plan;

		randomize(&plan, &seed, 1, 0);
		plan.nb_vectors =
			(uint16_t)(1 + unit_random_below(
					       &seed, (uint32_t)__builtin_popcountll(plan.used)));
		make(&plan);
		for (uint16_t i = 0; i < plan.nb_rings; i++)
			if (is_used(&plan, i))
				nb_of_vector[plan.vector_of_ring[i]]++;
		for (uint16_t i = 0; i < plan.nb_vectors; i++) {
			most = RTE_MAX(most, nb_of_vector[i]);
			least = RTE_MIN(least, nb_of_vector[i]);
		}
		assert_true(most - least <= 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners_share_no_vector_as_long_as_there_are_enough),
		cmocka_unit_test(rings_that_carry_events_have_a_vector_each_if_there_are_enough),
		cmocka_unit_test(no_vector_carries_much_more_than_another_of_one_owner),
	};

	return UNIT_RUN(tests);
}
