/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <stddef.h>

#include "igb_plan.h"

/* Who waits for a queue and has not said who it is. Of each queue another one, for all that is
 * known; and the same one in every plan, whatever becomes of the queue. */
static const char somebody[IGB_MAX_QUEUES];

/* What a vector is to somebody who looks for one. */
struct view {
	uint16_t mine;	  /* queues of his on it */
	uint16_t others;  /* queues that other known owners have on it */
	uint16_t unknown; /* queues that nobody owns */
};

static struct view
look(const struct igb_plan *plan, uint16_t vector, uint16_t but, const void *owner)
{
	struct view view = { .mine = 0 };

	for (uint16_t q = 0; q < plan->nb_queues; q++) {
		if (q == but || plan->vector[q] != vector)
			continue;
		if (plan->owner[q] == NULL)
			view.unknown++;
		else if (plan->owner[q] == owner)
			view.mine++;
		else
			view.others++;
	}
	return view;
}

/* The vector with the fewest queues, of those that qualify; 0: none does. Of equal ones `wanted`,
 * or the first. */
static uint16_t
emptiest(const struct igb_plan *plan, uint16_t but, const void *owner, uint16_t wanted,
	 bool (*qualifies)(const struct view *view))
{
	uint16_t best = 0, load_of_best = UINT16_MAX;

	for (uint16_t v = 1; v <= plan->nb_vectors; v++) {
		struct view view = look(plan, v, but, owner);
		uint16_t load = view.mine + view.others + view.unknown;

		if (!qualifies(&view))
			continue;
		if (load < load_of_best || (load == load_of_best && v == wanted)) {
			best = v;
			load_of_best = load;
		}
	}
	return best;
}

static bool
is_his_alone(const struct view *view)
{
	return view->mine != 0 && view->others == 0;
}

static bool
is_free_of_owners(const struct view *view)
{
	return view->mine == 0 && view->others == 0;
}

static bool
is_his_and_others(const struct view *view)
{
	return view->mine != 0 && view->others != 0;
}

static bool
is_any(const struct view *view)
{
	return view != NULL;
}

static uint16_t
count(const struct igb_plan *plan, uint16_t but, const void *owner,
      bool (*qualifies)(const struct view *view))
{
	uint16_t nb = 0;

	for (uint16_t v = 1; v <= plan->nb_vectors; v++) {
		struct view view = look(plan, v, but, owner);

		nb += qualifies(&view) ? 1 : 0;
	}
	return nb;
}

/* Is it an owner's, beside this queue? */
static bool
is_owner(const struct igb_plan *plan, uint16_t but, const void *owner)
{
	for (uint16_t q = 0; q < plan->nb_queues; q++)
		if (q != but && plan->owner[q] == owner)
			return true;
	return false;
}

/* How many owners there are, beside this queue's. */
static uint16_t
count_owners(const struct igb_plan *plan, uint16_t but)
{
	uint16_t nb = 0;

	for (uint16_t q = 0; q < plan->nb_queues; q++) {
		bool is_new = q != but && plan->owner[q] != NULL;

		for (uint16_t before = 0; before < q; before++)
			is_new &= before == but || plan->owner[before] != plan->owner[q];
		nb += is_new ? 1 : 0;
	}
	return nb;
}

/* May the owner have a vector that no owner has? The first one in any case. Another one must leave
 * one for each owner that may still come: what an owner has is not taken from it. */
static bool
may_have_another(const struct igb_plan *plan, uint16_t queue, const void *owner)
{
	uint16_t nb = count(plan, queue, owner, is_his_alone);
	uint16_t left = count(plan, queue, owner, is_free_of_owners);
	uint16_t known = count_owners(plan, queue) + (is_owner(plan, queue, owner) ? 0 : 1);
	uint16_t to_come = known < plan->most_owners ? plan->most_owners - known : 0;

	return nb == 0 || (nb < plan->per_owner && left > to_come);
}

static uint16_t
choose(const struct igb_plan *plan, uint16_t queue, const void *owner)
{
	uint16_t now = plan->vector[queue], vector = 0;

	if (may_have_another(plan, queue, owner))
		vector = emptiest(plan, queue, owner, now, is_free_of_owners);
	if (vector == 0)
		vector = emptiest(plan, queue, owner, now, is_his_alone);
	/* more owners than vectors: all that he has on one, or every packet would wake him */
	if (vector == 0)
		vector = emptiest(plan, queue, owner, now, is_his_and_others);
	if (vector == 0)
		vector = emptiest(plan, queue, owner, now, is_any);
	return vector;
}

/* Where nobody's queue goes: away from owners, if it can. */
static uint16_t
choose_for_nobody(const struct igb_plan *plan, uint16_t queue)
{
	uint16_t now = plan->vector[queue];
	uint16_t vector = emptiest(plan, queue, NULL, now, is_free_of_owners);

	return vector != 0 ? vector : emptiest(plan, queue, NULL, now, is_any);
}

void
igb_plan_init(struct igb_plan *plan, uint16_t nb_queues, uint16_t nb_vectors, uint16_t per_owner,
	      uint16_t most_owners)
{
	plan->nb_queues = nb_queues;
	plan->nb_vectors = nb_vectors;
	plan->per_owner = per_owner;
	plan->most_owners = most_owners;
	for (uint16_t q = 0; q < IGB_MAX_QUEUES; q++) {
		plan->owner[q] = NULL;
		plan->vector[q] = q < nb_queues ? q % nb_vectors + 1 : 0;
	}
}

uint16_t
igb_plan_give(struct igb_plan *plan, uint16_t queue, const void *owner)
{
	if (owner != NULL)
		plan->vector[queue] = choose(plan, queue, owner);
	plan->owner[queue] = owner;
	for (uint16_t q = 0; q < plan->nb_queues; q++)
		if (plan->owner[q] == NULL)
			plan->vector[q] = choose_for_nobody(plan, q);
	return plan->vector[queue];
}

void
igb_plan_keep(struct igb_plan *plan, uint16_t queue)
{
	plan->owner[queue] = &somebody[queue];
}

bool
igb_plan_is_given(const struct igb_plan *plan, uint16_t queue)
{
	return plan->owner[queue] != NULL && plan->owner[queue] != &somebody[queue];
}

bool
igb_plan_is_used(const struct igb_plan *plan, uint16_t vector)
{
	for (uint16_t q = 0; q < plan->nb_queues; q++)
		if (plan->vector[q] == vector && plan->owner[q] != NULL)
			return true;
	return false;
}

bool
igb_plan_is_shared(const struct igb_plan *plan, uint16_t vector)
{
	const void *owner = NULL;
	uint16_t nb = 0;

	for (uint16_t q = 0; q < plan->nb_queues; q++) {
		if (plan->vector[q] != vector)
			continue;
		if (nb++ != 0 && (plan->owner[q] == NULL || plan->owner[q] != owner))
			return true;
		owner = plan->owner[q];
	}
	return false;
}

uint16_t
igb_plan_owners(const struct igb_plan *plan)
{
	return count_owners(plan, plan->nb_queues);
}
