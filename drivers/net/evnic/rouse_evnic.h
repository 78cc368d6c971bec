/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_EVNIC_H
#define ROUSE_EVNIC_H

/**
 * @file
 * net_evnic's interrupt scheme: what ethdev has no word for. The maps from (queue, event code) to
 * event ring and vector, the default processor, the vectors' masks and intervals, and events that
 * are no frame. Programs that need none of it use the port as any other.
 *
 * Thread rules: control threads, one at a time a port, as for ethdev's own control functions. Each
 * function returns -ENODEV if the port is not a net_evnic one.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rouse_evring.h>
#include <rouse_steer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an event of code ROUSE_EVENT_ERROR is about: its rouse_event.len. */
enum rouse_evnic_error {
	ROUSE_EVNIC_BAD_RECORD,	   /**< the source had what is no frame; told of a whole capture at
				    * each start */
	ROUSE_EVNIC_OVERRUN,	   /**< frames dropped: the driver is late */
	ROUSE_EVNIC_NO_BUFFER,	   /**< frames dropped: the driver has no mbuf to post */
	ROUSE_EVNIC_SOURCE_FAILED, /**< nothing more can be received */
	ROUSE_EVNIC_SOURCE_ENDED,  /**< everything was received */
	ROUSE_EVNIC_NB_ERRORS,	   /**< how many there are */
};

/**
 * Told of an event that is no frame: by the lcore that receives from the queue, in its rx_burst; of
 * LINK and ERROR events that nobody received, by the thread that stops the queue.
 * Where nobody receives for long, several of a kind may become one.
 *
 * @param port   port number
 * @param event  code ROUSE_EVENT_TX: `queue` has sent frames, and they were freed;
 *               ROUSE_EVENT_LINK: `data` is 1 for up, 0 for down;
 *               ROUSE_EVENT_ERROR: `len` is an enum rouse_evnic_error, `data` how often so far.
 *               `queue` is the processor that it went to: for LINK and ERROR the default one.
 * @param arg    as given to rouse_evnic_on_event()
 */
typedef void (*rouse_evnic_event_fn)(uint16_t port, const struct rouse_event *event, void *arg);

/**
 * Choose who is told of events that are no frame; NULL: nobody. The port is stopped.
 * @return 0; -EBUSY: the port runs
 */
int rouse_evnic_on_event(uint16_t port, rouse_evnic_event_fn fn, void *arg);

/**
 * Choose the map, see rouse_steer.h. The port is configured and stopped, and no queue bound to a
 * worker. rte_eth_dev_configure() sets all tables to what the device arguments say.
 * @return 0; -EINVAL: no such map, or the port is not configured; -EBUSY: the port runs, or a queue
 *         is bound
 */
int rouse_evnic_map_set(uint16_t port, enum rouse_steer_map map);

/** The second column: @p ring carries the events of @p queue.
 * @return 0; -ERANGE: no such queue or ring; -EBUSY as for rouse_evnic_map_set() */
int rouse_evnic_ring_set(uint16_t port, uint16_t queue, uint16_t ring);

/** Event ring @p ring signals through @p vector. From here on the driver plans no vectors itself.
 * @return 0; -ERANGE: no such ring or vector; -EBUSY as for rouse_evnic_map_set() */
int rouse_evnic_vector_set(uint16_t port, uint16_t ring, uint16_t vector);

/** Map A: ring and vector of events of @p code of @p queue. From here on the driver plans no
 * vectors itself.
 * @return 0; -ERANGE: one of them does not exist; -EBUSY as for rouse_evnic_map_set() */
int rouse_evnic_event_set(uint16_t port, uint16_t queue, enum rouse_event_code code, uint16_t ring,
			  uint16_t vector);

/** Choose the queue of frames that cannot be hashed; at any time.
 * @return 0; -ERANGE: no such queue */
int rouse_evnic_rss_default_queue_set(uint16_t port, uint16_t queue);

/** Choose the queue that LINK and ERROR events go to; at any time. There always is one: from
 * rte_eth_dev_configure() on it is the lowest queue that is started (while none is, events are kept
 * until one starts); from here on it is @p queue, which cannot be stopped (-EBUSY) until another
 * one is chosen, or the port stops.
 * @return 0; -ERANGE: no such queue; -ENETDOWN: the port runs, and the queue is stopped */
int rouse_evnic_default_processor_set(uint16_t port, uint16_t queue);

/** Mask or unmask a vector; at any time. What happens meanwhile is latched, once, and delivered
 * on unmask. When it returns, the device goes by it.
 * @return 0; -ERANGE: no such vector */
int rouse_evnic_vector_mask(uint16_t port, uint16_t vector, bool masked);

/** Interrupt moderation: at least so long between two messages of a vector that ring a doorbell; at
 * any time. A message rings for each owner that sleeps, and for ordinary users an owner is a queue.
 * rte_eth_dev_configure() sets it to none, and lifts masks.
 * @param port         port number
 * @param vector       below the number of vectors
 * @param interval_us  microseconds, 0 (no moderation) to 1,000,000
 * @return 0; -ERANGE: no such vector, or the interval is too long */
int rouse_evnic_vector_interval_set(uint16_t port, uint16_t vector, uint32_t interval_us);

/** What a vector is and has done. */
struct rouse_evnic_vector {
	uint64_t messages;    /**< since the port exists */
	uint64_t doorbells;   /**< likewise */
	uint64_t pending;     /**< event rings whose message it holds, a bit each */
	uint32_t interval_us; /**< rouse_evnic_vector_interval_set() */
	bool masked;	      /**< rouse_evnic_vector_mask() */
};

/** What a vector is and has done so far; at any time.
 * @return 0, and *out is filled; -ERANGE: no such vector */
int rouse_evnic_vector_get(uint16_t port, uint16_t vector, struct rouse_evnic_vector *out);

/** The port's tables: read them with the look-ups of rouse_steer.h. Valid until the port closes.
 * NULL: the port is not a net_evnic one. */
const struct rouse_steer *rouse_evnic_steer(uint16_t port);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_EVNIC_H */
