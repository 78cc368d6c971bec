/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_EVRING_H
#define ROUSE_EVRING_H

/**
 * @file
 * Event ring: what a device (or another lcore) tells one worker, in order.
 *
 * A ring of 32-byte entries with one producer thread and one consumer thread at a time. The
 * producer writes entries, then advances a free-running write indicator; the consumer reads
 * entries, then advances a read indicator. It is not a doorbell: whether the consumer must be
 * woken is decided in rouse_attn.h, after the write indicator has moved.
 *
 * Ordering contract: the write indicator is stored with release and loaded with acquire, so an
 * entry that the consumer can count is an entry that it can read; the read indicator likewise, so
 * a slot that the producer can count as free is one that the consumer has finished with. There
 * is no full fence here: the only ones are those of the park handshake (rouse_attn.h).
 *
 * No function here blocks, allocates or needs EAL.
 */

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rouse_atomic.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROUSE_CACHE_LINE 64 /**< bytes */

/** The second index of a device's maps: what kind of thing happened. */
enum rouse_event_code {
	ROUSE_EVENT_RX,	      /**< a frame was received into a buffer of the queue */
	ROUSE_EVENT_TX,	      /**< frames of the queue were sent, their buffers can be reclaimed */
	ROUSE_EVENT_LINK,     /**< the link went up or down */
	ROUSE_EVENT_ERROR,    /**< the device met an error, or its source ended */
	ROUSE_NB_EVENT_CODES, /**< how many there are */
};

/** One event entry. 32 bytes, so that two share a cache line and none straddles one. */
struct rouse_event {
	uint64_t data;	   /**< the producer's word; net_evnic: free-running index of the buffer */
	uint64_t time_tsc; /**< when the event happened, TSC cycles */
	uint32_t rss_hash; /**< RX: RSS hash, valid if ROUSE_EVENT_F_HASH */
	uint32_t ptype;	   /**< RX: packet type, RTE_PTYPE_ bits */
	uint32_t len;	   /**< RX: frame length in bytes */
	uint16_t queue;	   /**< the queue the event belongs to */
	uint8_t code;	   /**< enum rouse_event_code */
	uint8_t flags;	   /**< ROUSE_EVENT_F_ bits */
};

#define ROUSE_EVENT_F_HASH 0x01 /**< rss_hash holds a hash */

static_assert(sizeof(struct rouse_event) == 32, "an event entry is 32 bytes");

/** An event ring. Made by rouse_evring_init() in memory of rouse_evring_memsize() bytes. */
struct rouse_evring {
	uint32_t capacity; /**< entries, a power of two; never changes */
	uint32_t mask;	   /**< capacity - 1 */

	/** Next entry to write, free-running. Written by the producer, read by the consumer. */
	alignas(ROUSE_CACHE_LINE) ROUSE_ATOMIC(uint32_t) write;
	/** Entries up to here have had their handshake (rouse_evring_settle). Written by the
	 * producer, read by the consumer's audit: not in the line that it polls. */
	alignas(ROUSE_CACHE_LINE) ROUSE_ATOMIC(uint32_t) settled;
	/** The producer's last look at `read`. The producer's alone. */
	uint32_t read_seen;

	/** Next entry to read, free-running. Written by the consumer, read by the producer. */
	alignas(ROUSE_CACHE_LINE) ROUSE_ATOMIC(uint32_t) read;
	/** The consumer's last look at `write`. The consumer's alone. */
	uint32_t write_seen;

	/** The entries, see rouse_evring_place(). Written by the producer, read by the consumer. */
	alignas(ROUSE_CACHE_LINE) struct rouse_event entries[];
};

/**
 * Bytes that a ring of @p capacity entries takes; 0 if the capacity is not a power of two from 1
 * to 2^20.
 */
size_t rouse_evring_memsize(uint32_t capacity);

/**
 * Make an empty ring in @p mem.
 *
 * @param mem       rouse_evring_memsize(capacity) bytes, aligned to a cache line
 * @param capacity  entries, a power of two from 1 to 2^20
 * @return the ring, which is @p mem; NULL if the capacity or the alignment is wrong
 */
struct rouse_evring *rouse_evring_init(void *mem, uint32_t capacity);

/**
 * Where the @p i-th entry ever lies, as an index of `entries`. Entries that follow each other share
 * a cache line by twos, but lines that follow each other in time are far apart in memory: the
 * consumer's hardware prefetcher would fetch the next lines while the producer is about to write
 * them, and take them from it. An odd factor maps the lines of a power of two one to one.
 */
static inline uint32_t
rouse_evring_place(const struct rouse_evring *r, uint32_t i)
{
	return ((i >> 1) * 181u << 1 | (i & 1)) & r->mask;
}

/** Producer: entries that can be written now. Looks at the consumer's line only when the last
 * look does not give @p want. */
static inline uint32_t
rouse_evring_room(struct rouse_evring *r, uint32_t want)
{
	uint32_t write = atomic_load_explicit(&r->write, memory_order_relaxed);
	uint32_t room = r->capacity - (write - r->read_seen);

	if (room < want) {
		/* pairs with the release in rouse_evring_advance(): the slot is finished with */
		r->read_seen = atomic_load_explicit(&r->read, memory_order_acquire);
		room = r->capacity - (write - r->read_seen);
	}
	return room;
}

/** Producer: the slot of the @p i-th entry not yet published, i below rouse_evring_room(). */
static inline struct rouse_event *
rouse_evring_slot(struct rouse_evring *r, uint32_t i)
{
	uint32_t write = atomic_load_explicit(&r->write, memory_order_relaxed);

	return &r->entries[rouse_evring_place(r, write + i)];
}

/** Producer: advance the write indicator over @p n entries that have been written (step P2). */
static inline void
rouse_evring_publish(struct rouse_evring *r, uint32_t n)
{
	uint32_t write = atomic_load_explicit(&r->write, memory_order_relaxed);

	/* pairs with the acquire in rouse_evring_peek(): the entries before the indicator */
	atomic_store_explicit(&r->write, write + n, memory_order_release);
}

/**
 * Producer: write one entry and publish it.
 *
 * @return true, or false if the ring is full (nothing was written)
 */
static inline bool
rouse_evring_post(struct rouse_evring *r, const struct rouse_event *event)
{
	if (rouse_evring_room(r, 1) == 0)
		return false;
	*rouse_evring_slot(r, 0) = *event;
	rouse_evring_publish(r, 1);
	return true;
}

/**
 * Producer: the handshake (rouse_attn_signal()) for all published entries is over.
 *
 * From here on the consumer may hold the producer to it: an entry that is settled and whose
 * attention bit is not set was lost. Without this mark an entry whose producer was preempted
 * between publishing and signalling would look like a lost one.
 */
static inline void
rouse_evring_settle(struct rouse_evring *r)
{
	uint32_t write = atomic_load_explicit(&r->write, memory_order_relaxed);

	/* pairs with the acquire in rouse_evring_owed(): the bits were set before */
	atomic_store_explicit(&r->settled, write, memory_order_release);
}

/** Consumer: entries that can be read now. Looks at the producer's line only when the last look
 * does not give @p want. */
static inline uint32_t
rouse_evring_peek(struct rouse_evring *r, uint32_t want)
{
	uint32_t read = atomic_load_explicit(&r->read, memory_order_relaxed);
	uint32_t ready = r->write_seen - read;

	if (ready < want) {
		/* pairs with the release in rouse_evring_publish() */
		r->write_seen = atomic_load_explicit(&r->write, memory_order_acquire);
		ready = r->write_seen - read;
	}
	return ready;
}

/** Consumer: the @p i-th entry not yet read, i below rouse_evring_peek(). */
static inline const struct rouse_event *
rouse_evring_entry(const struct rouse_evring *r, uint32_t i)
{
	uint32_t read = atomic_load_explicit(&r->read, memory_order_relaxed);

	return &r->entries[rouse_evring_place(r, read + i)];
}

/** Consumer: give @p n entries back to the producer, n at most rouse_evring_peek(). */
static inline void
rouse_evring_advance(struct rouse_evring *r, uint32_t n)
{
	uint32_t read = atomic_load_explicit(&r->read, memory_order_relaxed);

	/* pairs with the acquire in rouse_evring_room() */
	atomic_store_explicit(&r->read, read + n, memory_order_release);
}

/** Any thread: entries published and not yet read; a snapshot. */
static inline uint32_t
rouse_evring_count(const struct rouse_evring *r)
{
	uint32_t read = atomic_load_explicit(&r->read, memory_order_acquire);
	uint32_t write = atomic_load_explicit(&r->write, memory_order_acquire);
	uint32_t count = write - read;

	/* read moved on between the two loads, and the producer with it */
	return count > r->capacity ? r->capacity : count;
}

/** Consumer: entries not yet read whose handshake is over; see rouse_evring_settle(). */
static inline uint32_t
rouse_evring_owed(const struct rouse_evring *r)
{
	/* pairs with the release in rouse_evring_settle() */
	uint32_t settled = atomic_load_explicit(&r->settled, memory_order_acquire);
	uint32_t read = atomic_load_explicit(&r->read, memory_order_relaxed);
	int32_t owed = (int32_t)(settled - read);

	/* entries may be read before their producer got round to settling them */
	return owed > 0 ? (uint32_t)owed : 0;
}

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_EVRING_H */
