/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_PLAN_H
#define IGB_PLAN_H

/*
 * The plan: which vector the cause of each receive queue is signalled by. Vector 0 is that of the
 * other causes (link), and no queue's. Causes of one owner (a worker, and so an lcore) share a
 * vector; causes of two share one only if there were more owners than vectors when one of them got
 * its queue. A queue that nobody owns counts as an owner of its own: nobody knows who will wait for
 * it.
 *
 * A queue that an owner has keeps its vector until it is given to somebody else, whatever happens
 * to others: its owner may sleep on that vector just now. So owners that share go on sharing when
 * others have left, until one of them is given its queues again; and who may have several vectors
 * gets another one only while each owner that may come still finds one. Pure: a plan is a table,
 * and its next state follows from the table and what is asked.
 */

#include <stdbool.h>
#include <stdint.h>

#include "igb_family.h"

struct igb_plan {
	uint16_t nb_queues;
	uint16_t nb_vectors;  /* for queues: 1 to nb_vectors */
	uint16_t per_owner;   /* vectors that an owner takes before its queues share, at least 1 */
	uint16_t most_owners; /* that are counted on: each finds a vector, if there are as many */
	const void *owner[IGB_MAX_QUEUES]; /* NULL: nobody; or somebody unknown, by the queue */
	uint16_t vector[IGB_MAX_QUEUES];
};

/* All queues are nobody's, and spread over the vectors, of which there is at least one. */
void igb_plan_init(struct igb_plan *plan, uint16_t nb_queues, uint16_t nb_vectors,
		   uint16_t per_owner, uint16_t most_owners);

/* Give a queue an owner, or none: its vector. No other queue's changes, except those of queues that
 * nobody owns, which make room. */
uint16_t igb_plan_give(struct igb_plan *plan, uint16_t queue, const void *owner);

/* Whoever it is has begun to wait for the queue's vector: it stays where it is, as an owner's does.
 */
void igb_plan_keep(struct igb_plan *plan, uint16_t queue);

/* Was the queue given to an owner? Not if somebody unknown waits for it, or nobody. */
bool igb_plan_is_given(const struct igb_plan *plan, uint16_t queue);

/* Does any owner have a queue on this vector? */
bool igb_plan_is_used(const struct igb_plan *plan, uint16_t vector);

/* Would two owners, or an owner and somebody unknown, wait for this vector? */
bool igb_plan_is_shared(const struct igb_plan *plan, uint16_t vector);

/* How many owners are known. */
uint16_t igb_plan_owners(const struct igb_plan *plan);

#endif /* IGB_PLAN_H */
