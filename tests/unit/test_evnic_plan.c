/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The plan of vectors keeps its promises: every small case, and random large ones, against what is
 * asked of it, which is said here without saying how it is done.
 */

#include <evnic.h>

#include "unit.h"

#define SMALL	     6
#define RANDOM_PLANS 20000

/* What a plan comes to: a set of rings for each vector. carry: the rings that carry events. */
static void
check(const void *const owners[], uint16_t nb_rings, uint64_t carry, uint16_t nb_vectors)
{
	uint16_t vector_of_ring[EVNIC_MAX_QUEUES];
	const void *known[EVNIC_MAX_QUEUES];
	unsigned int nb_owners = 0, nb_used = 0;
	uint64_t used = 0;

	evnic_plan_vectors(owners, nb_rings, carry, nb_vectors, vector_of_ring);
	for (uint16_t r = 0; r < nb_rings; r++) {
		unsigned int i = 0;

		assert_true(vector_of_ring[r] < nb_vectors);
		if ((carry >> r & 1) == 0)
			continue;
		used |= UINT64_C(1) << vector_of_ring[r];
		/* a ring that nobody owns is alone */
		while (i < nb_owners && (owners[r] == NULL || known[i] != owners[r]))
			i++;
		if (i == nb_owners)
			known[nb_owners++] = owners[r];
	}
	nb_used = (unsigned int)__builtin_popcountll(used);
	/* with as many vectors as rings each ring has its own, with fewer none is left over */
	assert_int_equal(nb_used, RTE_MIN(__builtin_popcountll(carry), (int)nb_vectors));
	if (nb_owners > nb_vectors)
		return;
	for (uint16_t a = 0; a < nb_rings; a++)
		for (uint16_t b = 0; b < a; b++)
			if ((carry >> a & carry >> b & 1) != 0 &&
			    vector_of_ring[a] == vector_of_ring[b])
				assert_true(owners[a] != NULL && owners[a] == owners[b]);
}

static uint64_t
all_of(uint16_t nb_rings)
{
	return UINT64_MAX >> (EVNIC_MAX_QUEUES - nb_rings);
}

static void
every_small_plan_keeps_owners_apart_and_wastes_no_vector(void **state)
{
	static const char owner[SMALL];

	for (uint16_t nb_rings = 1; nb_rings <= SMALL; nb_rings++) {
		unsigned int cases = 1;

		for (uint16_t r = 0; r < nb_rings; r++)
			cases *= SMALL;
		/* each ring: one of five owners, or none */
		for (unsigned int c = 0; c < cases; c++) {
			const void *owners[SMALL];
			unsigned int rest = c;

			for (uint16_t r = 0; r < nb_rings; r++, rest /= SMALL)
				owners[r] = rest % SMALL == 0 ? NULL : &owner[rest % SMALL];
			for (uint16_t v = 1; v <= SMALL + 1; v++)
				check(owners, nb_rings, all_of(nb_rings), v);
		}
	}
}

static void
random_plans_keep_owners_apart_and_waste_no_vector(void **state)
{
	static const char owner[EVNIC_MAX_QUEUES + 1];
	uint64_t random = 5;

	for (int i = 0; i < RANDOM_PLANS; i++) {
		uint16_t nb_rings = (uint16_t)(1 + unit_random_below(&random, EVNIC_MAX_QUEUES));
		uint16_t nb_vectors = (uint16_t)(1 + unit_random_below(&random, EVNIC_MAX_QUEUES));
		uint32_t nb_owners = 1 + unit_random_below(&random, EVNIC_MAX_QUEUES);
		const void *owners[EVNIC_MAX_QUEUES];

		for (uint16_t r = 0; r < nb_rings; r++) {
			uint32_t o = unit_random_below(&random, nb_owners + 1);

			owners[r] = o == 0 ? NULL : &owner[o];
		}
		check(owners, nb_rings, all_of(nb_rings), nb_vectors);
		check(owners, nb_rings,
		      (unit_random(&random) & all_of(nb_rings)) |
			      UINT64_C(1) << unit_random_below(&random, nb_rings),
		      nb_vectors);
	}
}

/* Vectors beyond one an owner go to who has the most rings for his. */
static void
an_owner_with_more_rings_gets_more_vectors(void **state)
{
	static const char a, b;
	const void *const owners[] = { &a, &a, &a, &a, &a, &a, &b, &b };
	uint16_t vector_of_ring[UNIT_DIM(owners)];
	unsigned int rings[4] = { 0 };

	evnic_plan_vectors(owners, UNIT_DIM(owners), all_of(UNIT_DIM(owners)), 4, vector_of_ring);
	for (unsigned int r = 0; r < UNIT_DIM(owners); r++)
		rings[vector_of_ring[r]]++;
	for (unsigned int v = 0; v < 4; v++)
		assert_int_equal(rings[v], 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_small_plan_keeps_owners_apart_and_wastes_no_vector),
		cmocka_unit_test(random_plans_keep_owners_apart_and_waste_no_vector),
		cmocka_unit_test(an_owner_with_more_rings_gets_more_vectors),
	};

	return UNIT_RUN(tests);
}
