/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_STEER_H
#define ROUSE_STEER_H

/**
 * @file
 * Steering: from what happened to the queue, the event ring and the vector.
 *
 * The redirection structure has two columns. The hash of a packet indexes the first, which names
 * the queue (the source document's processor); the second names the event ring that belongs to
 * that queue. From the queue and the event's code the ring and the vector follow by one of four
 * maps:
 *
 *     map         event ring                        vector
 *     B           the second column, by queue       of the ring
 *     A           map[queue, code]                  map[queue, code]
 *     A-ring      map[queue, code]                  of the ring
 *     A-vector    the second column, by queue       map[queue, code]
 *
 * An event without data (link change, error) goes to the default processor: a queue that can be
 * changed while the device runs, but not removed. A frame whose hash cannot be computed goes to
 * the RSS default queue, which is another thing.
 *
 * The look-ups are pure, and cannot leave their tables: every value is checked when it is written,
 * and RETA sizes are powers of two.
 *
 * Thread rules: one control thread at a time writes; any thread looks up meanwhile. A RETA entry
 * is one atomic word with both columns, and so is an entry of map A, so a look-up sees an old
 * entry or a new one, never a mixture. rouse_steer_init() and rouse_steer_map_set() are for a
 * device that does not run.
 */

#include <stdint.h>

#include <rouse_atomic.h>
#include <rouse_evring.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROUSE_STEER_MAX_RETA   512 /**< most entries that a RETA can have */
#define ROUSE_STEER_MAX_QUEUES 64  /**< most queues, event rings and vectors of a device */

/** How ring and vector follow from queue and event code. */
enum rouse_steer_map {
	ROUSE_STEER_MAP_B,	  /**< "B": ring by queue, vector by ring */
	ROUSE_STEER_MAP_A,	  /**< "A": both by queue and code */
	ROUSE_STEER_MAP_A_RING,	  /**< "A-ring": ring by queue and code, vector by ring */
	ROUSE_STEER_MAP_A_VECTOR, /**< "A-vector": ring by queue, vector by queue and code */
	ROUSE_NB_STEER_MAPS,	  /**< how many there are */
};

/** Look-up tables of one device. Read with the functions below only. */
struct rouse_steer {
	enum rouse_steer_map map; /**< constant while the device runs */
	uint16_t reta_size;	  /**< power of two, 1 to ROUSE_STEER_MAX_RETA */
	uint16_t nb_queues;	  /**< RETA entries are below this */
	uint16_t nb_rings;	  /**< event rings are below this */
	uint16_t nb_vectors;	  /**< vectors are below this */
	/** Frames that cannot be hashed. Written by the control thread, read by the device. */
	ROUSE_ATOMIC(uint16_t) rss_default_queue;
	/** Events without data. Written by the control thread, read by the device. */
	ROUSE_ATOMIC(uint16_t) default_processor;
	/** Redirection structure: queue in the low half, event ring in the high half.
	 * Written by the control thread, read by the device. */
	ROUSE_ATOMIC(uint32_t) reta[ROUSE_STEER_MAX_RETA];
	/** Second column by queue: what `reta` is filled from, and the look-up without a hash. */
	ROUSE_ATOMIC(uint16_t) ring_of_queue[ROUSE_STEER_MAX_QUEUES];
	/** Vector by event ring. Written and read likewise. */
	ROUSE_ATOMIC(uint16_t) vector_of_ring[ROUSE_STEER_MAX_QUEUES];
	/** Map A: event ring in the low half, vector in the high half. Written and read likewise.
	 */
	ROUSE_ATOMIC(uint32_t) event_map[ROUSE_STEER_MAX_QUEUES][ROUSE_NB_EVENT_CODES];
};

/** What a look-up names. */
struct rouse_steer_path {
	uint16_t queue;	 /**< where a frame is received */
	uint16_t ring;	 /**< the event ring that says so */
	uint16_t vector; /**< where that is signalled */
};

/** How many of each a device has. */
struct rouse_steer_conf {
	uint16_t reta_size;  /**< a power of two, 1 to ROUSE_STEER_MAX_RETA */
	uint16_t nb_queues;  /**< 1 to ROUSE_STEER_MAX_QUEUES */
	uint16_t nb_rings;   /**< 1 to ROUSE_STEER_MAX_QUEUES */
	uint16_t nb_vectors; /**< 1 to ROUSE_STEER_MAX_QUEUES */
};

/**
 * Fill the tables with the defaults: map B, RETA entry i names queue i modulo queues, queue q has
 * event ring q modulo rings, ring r has vector r modulo vectors. Map A gives the event of code c of
 * queue q ring (q + c * queues) modulo rings, with that ring's vector. RSS default queue and
 * default processor are queue 0.
 *
 * @return 0; -EINVAL if a number is out of range (the tables are left as they were)
 */
int rouse_steer_init(struct rouse_steer *s, const struct rouse_steer_conf *conf);

/**
 * What a map is called: "B", "A", "A-ring" or "A-vector".
 *
 * @return the name; NULL: no such map
 */
const char *rouse_steer_map_name(enum rouse_steer_map map);

/**
 * The map of a name.
 *
 * @return 0; -EINVAL: no map is called so (*map is left as it was)
 */
int rouse_steer_map_parse(const char *name, enum rouse_steer_map *map);

/**
 * Choose the map. The device does not run.
 *
 * @return 0; -EINVAL: no such map (nothing changed)
 */
int rouse_steer_map_set(struct rouse_steer *s, enum rouse_steer_map map);

/** The map that was chosen. */
enum rouse_steer_map rouse_steer_map_get(const struct rouse_steer *s);

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
 * @return 0; -ERANGE if either is out of range (nothing changed)
 */
int rouse_steer_ring_set(struct rouse_steer *s, uint16_t queue, uint16_t ring);

/**
 * Let event ring @p ring signal through @p vector.
 *
 * @return 0; -ERANGE if either is out of range (nothing changed)
 */
int rouse_steer_vector_set(struct rouse_steer *s, uint16_t ring, uint16_t vector);

/**
 * Map A: the ring and the vector of events of code @p code of @p queue. A map that names only one
 * of the two ignores the other.
 *
 * @return 0; -ERANGE if any of the four is out of range (nothing changed)
 */
int rouse_steer_event_set(struct rouse_steer *s, uint16_t queue, enum rouse_event_code code,
			  uint16_t ring, uint16_t vector);

/**
 * Choose the queue of frames that cannot be hashed.
 *
 * @return 0; -ERANGE if it is not below the number of queues (nothing changed)
 */
int rouse_steer_rss_default_queue_set(struct rouse_steer *s, uint16_t queue);

/** The queue of frames that cannot be hashed. */
uint16_t rouse_steer_rss_default_queue_get(const struct rouse_steer *s);

/**
 * Choose the default processor: the queue of events without data. Takes effect with the next one.
 *
 * @return 0; -ERANGE if it is not below the number of queues (nothing changed)
 */
int rouse_steer_default_processor_set(struct rouse_steer *s, uint16_t queue);

/** The queue of events without data. */
uint16_t rouse_steer_default_processor_get(const struct rouse_steer *s);

/** The event ring of @p queue by the second column; the queue is below the number of queues. */
static inline uint16_t
rouse_steer_ring(const struct rouse_steer *s, uint16_t queue)
{
	return atomic_load_explicit(&s->ring_of_queue[queue], memory_order_relaxed);
}

/** The vector of @p ring, which came out of a look-up or is below the number of rings. */
static inline uint16_t
rouse_steer_vector(const struct rouse_steer *s, uint16_t ring)
{
	return atomic_load_explicit(&s->vector_of_ring[ring], memory_order_relaxed);
}

/** What map A's entry for @p queue and @p code says, whichever map is chosen. */
static inline struct rouse_steer_path
rouse_steer_event_entry(const struct rouse_steer *s, uint16_t queue, enum rouse_event_code code)
{
	uint32_t entry = atomic_load_explicit(&s->event_map[queue][code], memory_order_relaxed);
	struct rouse_steer_path path;

	path.queue = queue;
	path.ring = (uint16_t)entry;
	path.vector = (uint16_t)(entry >> 16);
	return path;
}

/** From the queue and its second column to the path; what the look-ups below share. */
static inline struct rouse_steer_path
rouse_steer_resolve(const struct rouse_steer *s, uint16_t queue, uint16_t column,
		    enum rouse_event_code code)
{
	struct rouse_steer_path path;
	uint32_t entry;

	path.queue = queue;
	path.ring = column;
	if (s->map == ROUSE_STEER_MAP_B) {
		path.vector = rouse_steer_vector(s, path.ring);
		return path;
	}
	entry = atomic_load_explicit(&s->event_map[queue][code], memory_order_relaxed);
	if (s->map != ROUSE_STEER_MAP_A_VECTOR)
		path.ring = (uint16_t)entry;
	if (s->map != ROUSE_STEER_MAP_A_RING)
		path.vector = (uint16_t)(entry >> 16);
	else
		path.vector = rouse_steer_vector(s, path.ring);
	return path;
}

/** Where an event of code @p code of @p queue goes; the queue is below the number of queues. */
static inline struct rouse_steer_path
rouse_steer_event(const struct rouse_steer *s, uint16_t queue, enum rouse_event_code code)
{
	return rouse_steer_resolve(s, queue, rouse_steer_ring(s, queue), code);
}

/** Where a packet with this RSS hash goes: both columns of the redirection structure with one
 * load, then what the map asks for. */
static inline struct rouse_steer_path
rouse_steer_hash(const struct rouse_steer *s, uint32_t hash)
{
	uint32_t entry =
		atomic_load_explicit(&s->reta[hash & (s->reta_size - 1u)], memory_order_relaxed);

	return rouse_steer_resolve(s, (uint16_t)entry, (uint16_t)(entry >> 16), ROUSE_EVENT_RX);
}

/** Where a frame goes that cannot be hashed: to the RSS default queue. */
static inline struct rouse_steer_path
rouse_steer_unhashed(const struct rouse_steer *s)
{
	uint16_t queue = atomic_load_explicit(&s->rss_default_queue, memory_order_relaxed);

	return rouse_steer_event(s, queue, ROUSE_EVENT_RX);
}

/** Where an event without data goes: to the default processor. */
static inline struct rouse_steer_path
rouse_steer_no_data(const struct rouse_steer *s, enum rouse_event_code code)
{
	uint16_t queue = atomic_load_explicit(&s->default_processor, memory_order_relaxed);

	return rouse_steer_event(s, queue, code);
}

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_STEER_H */
