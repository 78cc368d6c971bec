/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Which vector each event ring signals through, where there are fewer vectors than rings: rings of
 * different owners share one only if there are more owners than vectors. Rings that carry nothing
 * take no vector from the others. A pure function.
 */

#include "evnic.h"

struct group {
	const void *owner;
	uint16_t nb_rings;
	uint16_t nb_vectors;
	uint16_t next; /* of its vectors: whose turn it is */
	uint16_t vectors[EVNIC_MAX_QUEUES];
};

/* A ring without an owner is a group of its own: nobody knows who drains it. Those come last: if
 * there are too few vectors, owners share with them before they share with each other. */
static uint16_t
make_groups(const void *const owners[], uint16_t nb_rings, uint64_t used, struct group *groups,
	    uint16_t group_of_ring[])
{
	uint16_t nb_groups = 0;

	for (uint64_t rings = used; rings != 0; rings &= rings - 1) {
		unsigned int ring = (unsigned int)__builtin_ctzll(rings);
		uint16_t g = 0;

		if (owners[ring] == NULL)
			continue;
		while (g < nb_groups && groups[g].owner != owners[ring])
			g++;
		if (g == nb_groups)
			groups[nb_groups++] = (struct group){ .owner = owners[ring] };
		groups[g].nb_rings++;
		group_of_ring[ring] = g;
	}
	for (uint16_t ring = 0; ring < nb_rings; ring++) {
		if ((used >> ring & 1) == 0 || owners[ring] != NULL)
			continue;
		groups[nb_groups] = (struct group){ .nb_rings = 1 };
		group_of_ring[ring] = nb_groups++;
	}
	return nb_groups;
}

/* The group whose vectors carry the most rings each. */
static struct group *
most_crowded(struct group *groups, uint16_t nb_groups)
{
	struct group *most = &groups[0];

	for (uint16_t g = 1; g < nb_groups; g++)
		if (groups[g].nb_rings * most->nb_vectors > most->nb_rings * groups[g].nb_vectors)
			most = &groups[g];
	return most;
}

/* owners: of each ring, NULL: none is known. used: rings that carry events, a bit each, at least
 * one. */
void
evnic_plan_vectors(const void *const owners[], uint16_t nb_rings, uint64_t used,
		   uint16_t nb_vectors, uint16_t vector_of_ring[])
{
	struct group groups[EVNIC_MAX_QUEUES] = { { .owner = NULL } }, *g;
	uint16_t group_of_ring[EVNIC_MAX_QUEUES];
	uint16_t nb_groups = make_groups(owners, nb_rings, used, groups, group_of_ring);
	uint16_t vector;

	for (vector = 0; vector < RTE_MAX(nb_groups, nb_vectors); vector++) {
		g = vector < nb_groups ? &groups[vector] : most_crowded(groups, nb_groups);
		if (g->nb_vectors == g->nb_rings)
			break; /* a vector for each ring */
		g->vectors[g->nb_vectors++] = vector % nb_vectors;
	}
	for (uint16_t ring = 0; ring < nb_rings; ring++) {
		vector_of_ring[ring] = ring % nb_vectors;
		if ((used >> ring & 1) == 0)
			continue;
		g = &groups[group_of_ring[ring]];
		vector_of_ring[ring] = g->vectors[g->next++ % g->nb_vectors];
	}
}
