/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_STEER_H
#define ROUSE_STEER_H

/**
 * @file
 * Steering: from a packet's hash to the queue, the event ring and the vector.
 *
 * The redirection structure has two columns. The hash of a packet indexes the first, which names
 * the queue (the source document's processor); the second names the event ring that belongs to
 * that queue (map B). A third table names the vector of each event ring. The look-ups are pure,
 * and cannot leave their tables: every value is checked when it is written, and RETA sizes are
 * powers of two.
 *
 * Thread rules: one control thread at a time writes; any thread looks up meanwhile. A RETA entry
 * is one atomic word with both columns, so a look-up sees an old entry or a new one, never a
 * mixture.
 */

#include <stdatomic.h>
#include <stdint.h>

#define ROUSE_STEER_MAX_RETA   512 /**< most entries that a RETA can have */
#define ROUSE_STEER_MAX_QUEUES 64  /**< most queues, event rings and vectors of a device */

/** Look-up tables of one device. Read with the functions below only. */
struct rouse_steer {
	uint16_t reta_size;  /**< power of two, 1 to ROUSE_STEER_MAX_RETA */
	uint16_t nb_queues;  /**< RETA entries are below this */
	uint16_t nb_vectors; /**< vectors are below this */
	/** Frames that cannot be hashed. Written by the control thread, read by the device. */
	_Atomic uint16_t default_queue;
	/** Redirection structure: queue in the low half, event ring in the high half.
	 * Written by the control thread, read by the device. */
	_Atomic uint32_t reta[ROUSE_STEER_MAX_RETA];
	/** Second column by queue: what `reta` is filled from, and the look-up without a hash. */
	_Atomic uint16_t ring_of_queue[ROUSE_STEER_MAX_QUEUES];
	_Atomic uint16_t vector_of_ring[ROUSE_STEER_MAX_QUEUES];
};

/** What a look-up names. */
struct rouse_steer_path {
	uint16_t queue;
	uint16_t ring;
	uint16_t vector;
};

/**
 * Fill the tables with the defaults: RETA entry i names queue i modulo @p nb_queues, every queue
 * has the event ring of its own number, every ring the vector of its own number, the default
 * queue is 0.
 *
 * @param reta_size  a power of two, 1 to ROUSE_STEER_MAX_RETA
 * @param nb_queues  1 to ROUSE_STEER_MAX_QUEUES
 * @return 0; -EINVAL if a number is out of range (the tables are left as they were)
 */
int rouse_steer_init(struct rouse_steer *s, uint16_t reta_size, uint16_t nb_queues);

/**
 * Let RETA entry @p index name @p queue. Takes effect with the next look-up.
 *
 * @return 0; -ERANGE if the index is not below the RETA's size, or the queue not below the number
 *         of queues (nothing changed)
 */
int rouse_steer_reta_set(struct rouse_steer *s, uint16_t index, uint16_t queue);

/**
 * The queue that RETA entry @p index names.
 *
 * @return the queue; -ERANGE if the index is not below the RETA's size
 */
int rouse_steer_reta_get(const struct rouse_steer *s, uint16_t index);

/**
 * Let event ring @p ring carry the events of @p queue (the second column).
 *
 * @return 0; -ERANGE if either is not below the number of queues (nothing changed)
 */
int rouse_steer_ring_set(struct rouse_steer *s, uint16_t queue, uint16_t ring);

/**
 * Let event ring @p ring signal through @p vector.
 *
 * @return 0; -ERANGE if either is out of range (nothing changed)
 */
int rouse_steer_vector_set(struct rouse_steer *s, uint16_t ring, uint16_t vector);

/**
 * Choose the queue of frames that cannot be hashed.
 *
 * @return 0; -ERANGE if it is not below the number of queues (nothing changed)
 */
int rouse_steer_default_queue_set(struct rouse_steer *s, uint16_t queue);

/** The event ring of @p queue, which is below the number of queues. */
static inline uint16_t
rouse_steer_ring(const struct rouse_steer *s, uint16_t queue)
{
	return atomic_load_explicit(&s->ring_of_queue[queue], memory_order_relaxed);
}

/** The vector of @p ring, which came out of a look-up. */
static inline uint16_t
rouse_steer_vector(const struct rouse_steer *s, uint16_t ring)
{
	return atomic_load_explicit(&s->vector_of_ring[ring], memory_order_relaxed);
}

/** Where a packet with this RSS hash goes: both columns of the redirection structure with one
 * load, then the vector of the ring. */
static inline struct rouse_steer_path
rouse_steer_hash(const struct rouse_steer *s, uint32_t hash)
{
	uint32_t entry =
		atomic_load_explicit(&s->reta[hash & (s->reta_size - 1u)], memory_order_relaxed);
	uint16_t ring = entry >> 16;

	return (struct rouse_steer_path){
		.queue = (uint16_t)entry,
		.ring = ring,
		.vector = rouse_steer_vector(s, ring),
	};
}

/** Where a frame goes that cannot be hashed. */
static inline struct rouse_steer_path
rouse_steer_default(const struct rouse_steer *s)
{
	uint16_t queue = atomic_load_explicit(&s->default_queue, memory_order_relaxed);
	uint16_t ring = rouse_steer_ring(s, queue);

	return (struct rouse_steer_path){
		.queue = queue,
		.ring = ring,
		.vector = rouse_steer_vector(s, ring),
	};
}

#endif /* ROUSE_STEER_H */
